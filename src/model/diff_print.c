#include "diff_parts.h"

#include "sluice/core/json_write.h"
#include "sluice/model/operations.h"

#include <stddef.h>
#include <stdio.h>

enum { COMMAND_MAX = 8 << 20, REQUEST_SHOWN = 4000 };

/* --- the command ----------------------------------------------------------- */

/* In single quotes nothing means anything to a shell but the quote itself. */
static void put_quoted(struct buf *out, struct str text)
{
	buf_putc(out, '\'');
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '\'')
			buf_puts(out, "'\\''");
		else
			buf_putc(out, text.ptr[i]);
	}
	buf_putc(out, '\'');
}

/* A few operations that commands of patterns cannot name are not in the table. */
static void put_operation(struct buf *out, const char *name)
{
	char word[OPTION_NAME_BYTES];
	const struct operation *op = operation_by_name(str_c(name));
	struct str text = op ? op->command : option_name(str_c(name), word);

	buf_put(out, text);
}

void model_diff_put_command(const struct diff_step *s, struct buf *out)
{
	if (!s->operation)
		return;
	buf_puts(out, "aws dynamodb ");
	put_operation(out, s->operation);
	buf_puts(out, " --cli-input-json ");
	put_quoted(out, s->request);
}

/* --- for people ------------------------------------------------------------ */

static void put_place(const struct diff_change *c, struct buf *out)
{
	bool name = c->name.len > 0, table = c->table.len > 0;

	/* Tables and their parts are "Orders.ByDay"; others have a name of their own. */
	if (strcmp(c->what, "pattern") == 0 || strcmp(c->what, "handler") == 0 || !table)
		buf_putf(out, "%.*s", NAME_ARG(c->name));
	else
		buf_putf(out, "%.*s%s%.*s", NAME_ARG(c->table), name ? "." : "", NAME_ARG(c->name));
}

/* Names may hold anything; a terminal shall not obey them. */
static void put_clean(struct buf *out, const struct buf *line)
{
	for (size_t i = 0; i < line->len; i++) {
		unsigned char c = (unsigned char)line->ptr[i];

		buf_putc(out, c < 0x20 || c == 0x7f ? '?' : (char)c);
	}
}

void model_diff_print_change(const struct diff_change *c, struct buf *out)
{
	static const char marks[] = { [DIFF_ADDED] = '+', [DIFF_REMOVED] = '-', [DIFF_CHANGED] = '~' };
	struct buf line;

	buf_init(&line, 8000);
	buf_putf(&line, "  %c %s ", marks[c->kind], c->what);
	put_place(c, &line);
	if (c->text.len)
		buf_putf(&line, ": %.*s", STR_ARG(c->text));
	put_clean(out, &line);
	buf_putc(out, '\n');
	if (c->hint.len)
		buf_putf(out, "      %.*s\n", STR_ARG(c->hint));
	buf_release(&line);
}

static void put_part(struct buf *out, const char *label, struct str text)
{
	if (text.len)
		buf_putf(out, "      %-7s %.*s\n", label, STR_ARG(text));
}

void model_diff_print_step(const struct diff_step *s, size_t number, struct buf *out)
{
	struct buf command;

	buf_putf(out, "%3zu. [%s] %.*s\n", number, diff_phase_name(s->phase), STR_ARG(s->what));
	put_part(out, "why", s->why);
	put_part(out, "before", s->before);
	if (s->operation) {
		buf_init(&command, COMMAND_MAX);
		model_diff_put_command(s, &command);
		put_part(out, "run", s->request.len <= REQUEST_SHOWN && buf_ok(&command) ? buf_str(&command) :
			 STR("(a long command: --json has it)"));
		buf_release(&command);
	}
	put_part(out, "then", s->after);
}

/* Parts of the sum, in the order in which they are shown. */
static const struct {
	const char *name;            /* in JSON */
	const char *words;
	size_t offset;
} costs[] = {
	{ "reads_usd", "reads", offsetof(struct diff_cost, reads) },
	{ "writes_usd", "writes", offsetof(struct diff_cost, writes) },
	{ "index_writes_usd", "index writes", offsetof(struct diff_cost, index_writes) },
	{ "storage_usd", "storage", offsetof(struct diff_cost, storage) },
	{ "streams_usd", "streams", offsetof(struct diff_cost, streams) },
	{ "handlers_usd", "handlers", offsetof(struct diff_cost, handlers) },
	{ "state_usd", "state", offsetof(struct diff_cost, state) },
	{ "usd", "in all", offsetof(struct diff_cost, usd) },
};

static double part_of(const struct diff_cost *c, size_t i)
{
	return *(const double *)(const void *)((const char *)c + costs[i].offset);
}

/* Only what differs, by a cent at least; nothing where nothing does. */
static void print_costs(const struct model_diff *d, struct buf *out)
{
	bool any = false;

	for (size_t i = 0; d->costs && i < sizeof(costs) / sizeof(*costs); i++) {
		double was = part_of(&d->was, i), is = part_of(&d->is, i);

		if (is - was < 0.005 && was - is < 0.005)
			continue;
		if (!any)
			buf_puts(out, "\nCost a month, at average rates, on demand, list prices (`sluice model cost` has the details):\n");
		any = true;
		buf_putf(out, "  %-13s $%.2f -> $%.2f (%+.2f)\n", costs[i].words, was, is, is - was);
	}
	if (any && d->was.not_counted + d->is.not_counted)
		buf_putf(out, "  not counted, for want of figures: %zu patterns and handlers before, %zu after\n", d->was.not_counted,
			 d->is.not_counted);
}

bool model_diff_print(const struct model_diff *d, struct buf *out)
{
	size_t number = 0;

	if (!d->changes) {
		buf_puts(out, "nothing changes\n");
		return buf_ok(out);
	}
	buf_puts(out, "Changes:\n");
	for (const struct diff_change *c = d->changes; c; c = c->next)
		model_diff_print_change(c, out);
	print_costs(d, out);
	buf_puts(out, d->steps ? "\nSteps, in this order:\n" : "\nNo steps: a system that runs needs none.\n");
	for (const struct diff_step *s = d->steps; s; s = s->next)
		model_diff_print_step(s, ++number, out);
	return buf_ok(out);
}

/* --- for programs ---------------------------------------------------------- */

static void put_member(struct json_writer *w, const char *name, struct str text)
{
	if (text.len)
		json_member_str(w, str_c(name), text);
}

static void write_change(const struct diff_change *c, struct json_writer *w)
{
	json_begin_object(w);
	json_member_str(w, STR("change"), str_c(diff_kind_name(c->kind)));
	json_member_str(w, STR("what"), str_c(c->what));
	put_member(w, "table", c->table);
	put_member(w, "name", c->name);
	put_member(w, "text", c->text);
	put_member(w, "hint", c->hint);
	json_end_object(w);
}

void model_diff_write_step(const struct diff_step *s, struct json_writer *w)
{
	struct buf command;

	json_begin_object(w);
	json_member_str(w, STR("phase"), str_c(diff_phase_name(s->phase)));
	json_member_str(w, STR("code"), str_c(s->code));
	put_member(w, "table", s->table);
	put_member(w, "name", s->name);
	put_member(w, "what", s->what);
	put_member(w, "why", s->why);
	put_member(w, "before", s->before);
	put_member(w, "after", s->after);
	json_member_bool(w, STR("apply"), s->makes);
	if (s->operation) {
		json_member_str(w, STR("operation"), str_c(s->operation));
		json_member_raw(w, STR("request"), s->request);
		buf_init(&command, COMMAND_MAX);
		model_diff_put_command(s, &command);
		put_member(w, "command", buf_ok(&command) ? buf_str(&command) : STR(""));
		buf_release(&command);
	}
	json_end_object(w);
}

static void write_cost(const struct diff_cost *c, const char *name, struct json_writer *w)
{
	char text[40];

	json_key(w, str_c(name));
	json_begin_object(w);
	for (size_t i = 0; i < sizeof(costs) / sizeof(*costs); i++) {
		snprintf(text, sizeof(text), "%.2f", part_of(c, i));
		json_member_raw(w, str_c(costs[i].name), str_c(text));
	}
	json_member_int(w, STR("not_counted"), (int64_t)c->not_counted);
	json_end_object(w);
}

static void write_costs(const struct model_diff *d, struct json_writer *w)
{
	json_key(w, STR("cost"));
	json_begin_object(w);
	write_cost(&d->was, "old", w);
	write_cost(&d->is, "new", w);
	json_end_object(w);
}

void model_diff_write(const struct model_diff *d, struct json_writer *w)
{
	json_key(w, STR("changes"));
	json_begin_array(w);
	for (const struct diff_change *c = d->changes; c; c = c->next)
		write_change(c, w);
	json_end_array(w);
	json_key(w, STR("steps"));
	json_begin_array(w);
	for (const struct diff_step *s = d->steps; s; s = s->next)
		model_diff_write_step(s, w);
	json_end_array(w);
	if (d->costs)
		write_costs(d, w);
}
