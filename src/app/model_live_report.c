#include "sluice/app/model_live.h"

#include "sluice/core/json_write.h"
#include "sluice/core/scan.h"

enum { DESCRIPTION_SHOWN = 60, ID_WIDTH = 6, OPERATION_WIDTH = 19, NAME_WIDTH = 25 };

const char *model_verdict_name(enum model_verdict verdict)
{
	static const char *const names[] = { "not checked", "passed", "failed" };

	return names[verdict];
}

static struct str operation_of(const struct model_pattern *p, const struct model_outcome *o)
{
	return o->operation.len ? o->operation : p->operation;
}

/* ---- for people ---- */

/* Documents are not trusted with the terminal. */
static void put_shown(struct buf *out, struct str text, size_t most)
{
	size_t len = text.len;

	if (len > most) {
		len = most;
		while (len && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
			len--;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		buf_putc(out, c < ' ' || c == 0x7f ? ' ' : (char)c);
	}
	if (len < text.len)
		buf_puts(out, "…");
}

static void put_padded(struct buf *out, struct str text, size_t width)
{
	put_shown(out, text, width);
	for (size_t n = text.len; n < width; n++)
		buf_putc(out, ' ');
	buf_puts(out, "  ");
}

static void print_outcome(const struct model_outcome *o, struct buf *out)
{
	const struct expect_differences *d = &o->differences;
	size_t shown = 0;

	if (o->reason.len) {
		buf_puts(out, o->verdict == MODEL_PASSED ? " (" : ": ");
		put_shown(out, o->reason, SIZE_MAX);
		if (o->verdict == MODEL_PASSED)
			buf_putc(out, ')');
	}
	buf_putc(out, '\n');
	for (const struct expect_difference *one = d->first; one; one = one->next, shown++) {
		buf_puts(out, "        ");
		put_shown(out, one->text, SIZE_MAX);
		buf_putc(out, '\n');
	}
	if (shown < d->count)
		buf_putf(out, "        and %zu more\n", d->count - shown);
}

static void print_pattern(const struct model_pattern *p, const struct model_outcome *o, struct buf *out)
{
	buf_puts(out, "  ");
	put_padded(out, p->id, ID_WIDTH);
	buf_putf(out, "%-11s  ", o->verdict == MODEL_FAILED ? "FAILED" : model_verdict_name(o->verdict));
	put_padded(out, operation_of(p, o), OPERATION_WIDTH);
	put_shown(out, p->description, DESCRIPTION_SHOWN);
	print_outcome(o, out);
}

static void print_handler(const struct model_handler *h, const struct model_outcome *o, struct buf *out)
{
	bool not_run = str_starts(o->reason, STR("not run: "));
	struct model_outcome shown = *o;

	if (not_run)
		shown.reason = str_from(o->reason, sizeof("not run: ") - 1);
	buf_puts(out, "  ");
	put_padded(out, h->name, NAME_WIDTH);
	buf_putf(out, "%-11s  ", o->verdict == MODEL_FAILED ? "FAILED" : not_run ? "not run" : model_verdict_name(o->verdict));
	put_shown(out, h->kind, NAME_WIDTH);
	print_outcome(&shown, out);
}

static void print_sums(const char *what, const struct model_outcomes *s, struct buf *out)
{
	buf_putf(out, "%s: %zu passed, %zu failed, %zu not checked", what, s->passed, s->failed, s->not_checked);
}

bool model_live_print(const struct model_live_result *r, const struct model *m, struct buf *out)
{
	buf_putf(out, "Live validation on %.*s\n", STR_ARG(r->endpoint));
	if (m->n_patterns)
		buf_puts(out, "Access patterns\n");
	for (size_t i = 0; i < m->n_patterns; i++)
		print_pattern(&m->patterns[i], &r->patterns[i], out);
	if (m->n_handlers)
		buf_puts(out, "Stream handlers\n");
	for (size_t i = 0; i < m->n_handlers; i++)
		print_handler(&m->handlers[i], &r->handlers[i], out);
	print_sums("Patterns", &r->pattern_sums, out);
	print_sums("; handlers", &r->handler_sums, out);
	buf_putc(out, '\n');
	for (size_t i = 0; i < r->n_left; i++)
		buf_putf(out, "Left behind: table %.*s could not be dropped; drop it by hand\n", STR_ARG(r->left[i]));
	return buf_ok(out);
}

/* ---- for programs ---- */

static void write_outcome(const struct model_outcome *o, struct json_writer *w)
{
	json_member_str(w, STR("verdict"), str_c(model_verdict_name(o->verdict)));
	if (o->reason.len)
		json_member_str(w, STR("reason"), o->reason);
	json_key(w, STR("differences"));
	json_begin_array(w);
	for (const struct expect_difference *one = o->differences.first; one; one = one->next)
		json_str(w, one->text);
	json_end_array(w);
	if (o->differences.count > EXPECT_DIFFERENCES_MAX)
		json_member_int(w, STR("differences_in_all"), (int64_t)o->differences.count);
}

/* JSON as such, all else as text. */
static void write_response(const struct model_outcome *o, struct json_writer *w)
{
	if (!o->response.len)
		return;
	json_key(w, STR("response"));
	if (!o->cut && scan_check(o->response, NULL))
		json_raw(w, str_trim(o->response));
	else
		json_str(w, o->response);
	if (o->cut)
		json_member_bool(w, STR("response_cut"), true);
}

static void write_pattern(const struct model_pattern *p, const struct model_outcome *o, struct json_writer *w)
{
	json_begin_object(w);
	json_member_str(w, STR("pattern_id"), p->id);
	json_member_str(w, STR("description"), p->description);
	json_member_str(w, STR("dynamodb_operation"), operation_of(p, o));
	if (o->command.len)
		json_member_str(w, STR("command"), o->command);
	write_response(o, w);
	write_outcome(o, w);
	json_end_object(w);
}

static void write_handler(const struct model_handler *h, const struct model_outcome *o, struct json_writer *w)
{
	json_begin_object(w);
	json_member_str(w, STR("name"), h->name);
	json_member_str(w, STR("kind"), h->kind);
	write_outcome(o, w);
	json_end_object(w);
}

static void write_sums(struct json_writer *w, struct str name, const struct model_outcomes *s)
{
	json_key(w, name);
	json_begin_object(w);
	json_member_int(w, STR("passed"), (int64_t)s->passed);
	json_member_int(w, STR("failed"), (int64_t)s->failed);
	json_member_int(w, STR("not_checked"), (int64_t)s->not_checked);
	json_end_object(w);
}

static void write_patterns(const struct model_live_result *r, const struct model *m, struct json_writer *w)
{
	json_begin_array(w);
	for (size_t i = 0; i < m->n_patterns; i++)
		write_pattern(&m->patterns[i], &r->patterns[i], w);
	json_end_array(w);
}

void model_live_write(const struct model_live_result *r, const struct model *m, struct json_writer *w)
{
	json_key(w, STR("patterns"));
	write_patterns(r, m, w);
	json_key(w, STR("handler_results"));
	json_begin_array(w);
	for (size_t i = 0; i < m->n_handlers; i++)
		write_handler(&m->handlers[i], &r->handlers[i], w);
	json_end_array(w);
	json_key(w, STR("live"));
	json_begin_object(w);
	json_member_str(w, STR("endpoint"), r->endpoint);
	write_sums(w, STR("patterns"), &r->pattern_sums);
	write_sums(w, STR("handlers"), &r->handler_sums);
	json_key(w, STR("tables_left"));
	json_begin_array(w);
	for (size_t i = 0; i < r->n_left; i++)
		json_str(w, r->left[i]);
	json_end_array(w);
	json_end_object(w);
}

bool model_live_write_file(const struct model_live_result *r, const struct model *m, struct buf *out)
{
	struct json_writer w;

	json_write_init(&w, out);
	json_begin_object(&w);
	json_member_str(&w, STR("validated_by"), STR(MODEL_LIVE_WRITER));
	json_key(&w, STR("validation_response"));
	write_patterns(r, m, &w);
	json_end_object(&w);
	buf_putc(out, '\n');
	return buf_ok(out);
}
