#include "sluice/app/model_apply.h"

#include "sluice/core/json_write.h"

const char *apply_state_name(enum apply_state state)
{
	static const char *const names[APPLY_STATES] = {
		[APPLY_LEFT] = "left", [APPLY_OPEN] = "open", [APPLY_DONE] = "done", [APPLY_LACKING] = "endpoint-lacks",
		[APPLY_FAILED] = "failed", [APPLY_BARRED] = "barred",
	};

	return names[state];
}

static size_t count(const struct model_apply *a, enum apply_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n_steps; i++)
		n += a->steps[i].state == state;
	return n;
}

/* --- for people ------------------------------------------------------------ */

void model_apply_print_plan(const struct model_apply *a, struct buf *out)
{
	size_t number = 0;

	if (!a->diff.changes)
		buf_puts(out, "Plan: nothing to do, all tables are there as the model has them\n");
	else
		buf_puts(out, "What differs from the model:\n");
	for (const struct diff_change *c = a->diff.changes; c; c = c->next)
		model_diff_print_change(c, out);
	if (count(a, APPLY_OPEN))
		buf_puts(out, "Plan, in this order:\n");
	for (size_t i = 0; i < a->n_steps; i++)
		if (a->steps[i].state == APPLY_OPEN)
			buf_putf(out, "%3zu. %.*s\n", ++number, STR_ARG(a->steps[i].step->what));
	if (a->items)
		buf_putf(out, "%3zu. Put %zu sample items, where their keys are free.\n", ++number, a->put.asked);
}

static void print_left(const struct model_apply *a, struct buf *out)
{
	size_t number = 0;

	if (!count(a, APPLY_LEFT))
		return;
	buf_puts(out, "Left as it is, since it changes or removes what is there; to do by hand, in this order:\n");
	for (size_t i = 0; i < a->n_steps; i++)
		if (a->steps[i].state == APPLY_LEFT)
			model_diff_print_step(a->steps[i].step, ++number, out);
}

static void print_trouble(const struct apply_step *s, struct buf *out)
{
	static const char *const words[APPLY_STATES] = {
		[APPLY_OPEN] = "not done", [APPLY_LACKING] = "the endpoint does not take index keys of several attributes",
		[APPLY_FAILED] = "failed", [APPLY_BARRED] = "not tried, a step of its table failed",
	};

	if (!words[s->state])
		return;
	buf_putf(out, "%s: %.*s\n", words[s->state], STR_ARG(s->step->what));
	if (s->note.len)
		buf_putf(out, "    %.*s\n", STR_ARG(s->note));
}

void model_apply_print_result(const struct model_apply *a, struct buf *out)
{
	for (size_t i = 0; i < a->n_steps; i++)
		print_trouble(&a->steps[i], out);
	print_left(a, out);
	if (a->put.note.len)
		buf_putf(out, "item: %.*s\n", STR_ARG(a->put.note));
	buf_putf(out, "%s%zu done, %zu failed, %zu not done, %zu left", a->stopped ? "stopped: " : "", count(a, APPLY_DONE),
		 count(a, APPLY_FAILED), count(a, APPLY_OPEN) + count(a, APPLY_BARRED), count(a, APPLY_LEFT));
	if (count(a, APPLY_LACKING))
		buf_putf(out, ", %zu without what the endpoint lacks", count(a, APPLY_LACKING));
	if (a->items)
		buf_putf(out, "; items: %zu put, %zu were there, %zu failed", a->put.put, a->put.there, a->put.failed);
	buf_puts(out, a->stopped ? "; run it again to go on\n" : "\n");
}

/* --- for programs ---------------------------------------------------------- */

static void write_items(const struct model_apply *a, struct json_writer *w)
{
	json_key(w, STR("items"));
	json_begin_object(w);
	json_member_int(w, STR("asked"), (int64_t)a->put.asked);
	json_member_int(w, STR("put"), (int64_t)a->put.put);
	json_member_int(w, STR("there"), (int64_t)a->put.there);
	json_member_int(w, STR("failed"), (int64_t)a->put.failed);
	json_member_int(w, STR("barred"), (int64_t)a->put.barred);
	if (a->put.note.len)
		json_member_str(w, STR("note"), a->put.note);
	json_end_object(w);
}

void model_apply_write(const struct model_apply *a, struct json_writer *w)
{
	json_begin_object(w);
	json_member_bool(w, STR("complete"), model_apply_complete(a));
	json_member_bool(w, STR("stopped"), a->stopped);
	json_key(w, STR("states"));
	json_begin_array(w);
	for (size_t i = 0; i < a->n_steps; i++) {
		json_begin_object(w);
		json_member_str(w, STR("state"), str_c(apply_state_name(a->steps[i].state)));
		json_member_str(w, STR("code"), str_c(a->steps[i].step->code));
		json_member_str(w, STR("table"), a->steps[i].step->table);
		json_member_str(w, STR("name"), a->steps[i].step->name);
		if (a->steps[i].note.len)
			json_member_str(w, STR("note"), a->steps[i].note);
		json_end_object(w);
	}
	json_end_array(w);
	model_diff_write(&a->diff, w);
	if (a->items)
		write_items(a, w);
	json_end_object(w);
}
