#include "model_load_parts.h"

#include <stdio.h>

enum { BAR_CELLS = 40, NAME_CELLS = 12 };

void model_load_total(const struct model_load *l, struct load_figures *out)
{
	*out = (struct load_figures){ 0 };
	for (size_t i = 0; i < l->n_patterns; i++) {
		const struct load_figures *f = l->patterns[i].figures;

		if (!f)
			continue;
		out->planned += f->planned;
		out->sent += f->sent;
		out->late += f->late;
		out->dropped += f->dropped;
		out->done += f->done;
		out->refused += f->refused;
		out->throttled += f->throttled;
		out->failed += f->failed;
		out->measured += f->measured;
		out->units += f->units;
		histogram_merge(&out->latency_us, &f->latency_us);
	}
}

static double rate_of(const struct model_load *l, const struct load_figures *f)
{
	return l->answered_ms > 0 ? (double)(f->done + f->refused) * 1000 / (double)l->answered_ms : 0;
}

static double ms_of(const struct load_figures *f, double share)
{
	return (double)histogram_quantile(&f->latency_us, share) / 1000;
}

static double units_each(const struct load_figures *f)
{
	return f->measured ? f->units / (double)f->measured : 0;
}

/* --- for people -------------------------------------------------------------- */

/* A name of the document in so many cells, control characters as '?'. */
static void put_name(struct buf *out, struct str name)
{
	size_t cells = 0;

	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.ptr[i];

		if ((c & 0xc0) != 0x80 && cells++ == NAME_CELLS)
			break;
		buf_putc(out, c < 0x20 || c == 0x7f ? '?' : (char)c);
	}
	for (; cells < NAME_CELLS; cells++)
		buf_putc(out, ' ');
}

static void print_figures(const struct model_load *l, struct str name, const struct load_figures *f, double per_s,
			  struct buf *out)
{
	put_name(out, name);
	buf_putf(out, " %9.1f %9.1f %8llu %8.1f %8.1f %8.1f %8.1f %8llu %8llu %8llu %7llu %7llu", per_s, rate_of(l, f),
		 (unsigned long long)f->sent, ms_of(f, 0.5), ms_of(f, 0.9), ms_of(f, 0.99), ms_of(f, 1),
		 (unsigned long long)f->refused, (unsigned long long)f->throttled, (unsigned long long)f->failed,
		 (unsigned long long)f->late, (unsigned long long)f->dropped);
}

static void print_units(const struct load_pattern *p, struct buf *out)
{
	const struct load_figures *f = p->figures;

	if (f->measured)
		buf_putf(out, "  %9.2f", units_each(f));
	else
		buf_puts(out, "          -");
	if (p->estimate >= 0)
		buf_putf(out, " %9.2f", p->estimate);
	else
		buf_puts(out, "         -");
}

static void print_table(const struct model_load *l, const struct load_figures *total, struct buf *out)
{
	double per_s = 0;

	buf_puts(out, "pattern       wanted/s reached/s     sent   p50 ms   p90 ms   p99 ms   max ms  refused throttle   failed"
		      "    late dropped  units/op  estimate\n");
	for (size_t i = 0; i < l->n_patterns; i++) {
		const struct load_pattern *p = &l->patterns[i];

		if (!p->figures)
			continue;
		per_s += p->per_s;
		print_figures(l, p->pattern->id, p->figures, p->per_s, out);
		print_units(p, out);
		buf_putc(out, '\n');
	}
	print_figures(l, STR("all"), total, per_s, out);
	buf_putc(out, '\n');
}

static void print_errors(const struct model_load *l, struct buf *out)
{
	for (size_t i = 0; i < l->n_patterns; i++) {
		const struct load_pattern *p = &l->patterns[i];

		for (size_t k = 0; p->figures && k < p->figures->n_errors; k++) {
			buf_puts(out, "failed: ");
			put_name(out, p->pattern->id);
			buf_putf(out, " %llu x %s\n", (unsigned long long)p->figures->errors[k].count, p->figures->errors[k].code);
		}
	}
}

static void print_skipped(const struct model_load *l, struct buf *out)
{
	for (size_t i = 0; i < l->n_patterns; i++)
		if (!l->patterns[i].figures) {
			buf_puts(out, "not run: ");
			put_name(out, l->patterns[i].pattern->id);
			buf_putf(out, " %.*s\n", STR_ARG(l->patterns[i].skipped));
		}
}

/* Eighths of a cell. */
static void put_bar(struct buf *out, uint64_t n, uint64_t most)
{
	static const char *const parts[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
	uint64_t eighths = (uint64_t)((double)n / (double)most * BAR_CELLS * 8);

	for (uint64_t i = 0; i < eighths / 8; i++)
		buf_puts(out, "█");
	buf_puts(out, eighths == 0 && n ? parts[1] : parts[eighths % 8]);
}

/* A row for each doubling of the latency, from the first that has any to the last. */
static void print_histogram(const struct histogram *h, struct buf *out)
{
	uint64_t most = 1, from = 64, last = 0;

	for (uint64_t at = 64; at < (uint64_t)1 << HISTOGRAM_BITS; at *= 2) {
		uint64_t n = histogram_between(h, at == 64 ? 0 : at, at * 2);

		most = n > most ? n : most;
		if (n == 0)
			continue;
		from = last ? from : at;
		last = at;
	}
	if (!last)
		return;
	buf_puts(out, "\nlatency, ms\n");
	for (uint64_t at = from; at <= last; at *= 2) {
		uint64_t n = histogram_between(h, at == 64 ? 0 : at, at * 2);

		buf_putf(out, "%9.2f - %9.2f %9llu ", at == 64 ? 0 : (double)at / 1000, (double)at * 2 / 1000,
			 (unsigned long long)n);
		put_bar(out, n, most);
		buf_putc(out, '\n');
	}
}

void model_load_print(const struct model_load *l, struct buf *out)
{
	struct load_figures total;

	model_load_total(l, &total);
	buf_putf(out, "%s%.1f s of %.1f s at x%g\n\n", l->stopped ? "stopped: " : "", (double)l->elapsed_ms / 1000,
		 (double)l->duration_ms / 1000, l->factor);
	print_table(l, &total, out);
	print_errors(l, out);
	print_skipped(l, out);
	print_histogram(&total.latency_us, out);
}

/* --- for programs ------------------------------------------------------------ */

static void put_count(struct json_writer *w, const char *name, uint64_t n)
{
	json_key(w, str_c(name));
	json_uint(w, n);
}

static void put_number(struct json_writer *w, const char *name, double n)
{
	char text[40];

	snprintf(text, sizeof(text), "%.6g", n);
	json_key(w, str_c(name));
	json_raw(w, str_c(text));
}

static void write_figures(const struct model_load *l, const struct load_figures *f, struct json_writer *w)
{
	put_number(w, "reached_per_s", rate_of(l, f));
	put_count(w, "planned", f->planned);
	put_count(w, "sent", f->sent);
	put_count(w, "done", f->done);
	put_count(w, "refused", f->refused);
	put_count(w, "throttled", f->throttled);
	put_count(w, "failed", f->failed);
	put_count(w, "late", f->late);
	put_count(w, "dropped", f->dropped);
	json_key(w, STR("latency_ms"));
	json_begin_object(w);
	put_number(w, "p50", ms_of(f, 0.5));
	put_number(w, "p90", ms_of(f, 0.9));
	put_number(w, "p99", ms_of(f, 0.99));
	put_number(w, "max", ms_of(f, 1));
	json_end_object(w);
}

static void write_errors(const struct load_figures *f, struct json_writer *w)
{
	json_key(w, STR("errors"));
	json_begin_object(w);
	for (size_t i = 0; i < f->n_errors; i++)
		put_count(w, f->errors[i].code, f->errors[i].count);
	json_end_object(w);
}

static void write_pattern(const struct model_load *l, const struct load_pattern *p, struct json_writer *w)
{
	json_begin_object(w);
	json_member_str(w, STR("pattern"), p->pattern->id);
	if (!p->figures) {
		json_member_str(w, STR("not_run"), p->skipped);
		json_end_object(w);
		return;
	}
	put_number(w, "wanted_per_s", p->per_s);
	write_figures(l, p->figures, w);
	write_errors(p->figures, w);
	put_count(w, "measured", p->figures->measured);
	if (p->figures->measured)
		put_number(w, "units_per_operation", units_each(p->figures));
	if (p->estimate >= 0)
		put_number(w, "estimated_units_per_operation", p->estimate);
	json_end_object(w);
}

void model_load_write(const struct model_load *l, struct json_writer *w)
{
	struct load_figures total;

	model_load_total(l, &total);
	json_begin_object(w);
	put_number(w, "factor", l->factor);
	put_number(w, "seconds", (double)l->elapsed_ms / 1000);
	put_number(w, "answered_after_seconds", (double)l->answered_ms / 1000);
	json_member_bool(w, STR("stopped"), l->stopped);
	json_key(w, STR("total"));
	json_begin_object(w);
	write_figures(l, &total, w);
	json_end_object(w);
	json_key(w, STR("patterns"));
	json_begin_array(w);
	for (size_t i = 0; i < l->n_patterns; i++)
		write_pattern(l, &l->patterns[i], w);
	json_end_array(w);
	json_end_object(w);
}
