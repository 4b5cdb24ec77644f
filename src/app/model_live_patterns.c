#include "model_live_impl.h"

#include "sluice/core/loop.h"
#include "sluice/core/task.h"

enum {
	PATTERN_BYTES = 128 << 20,
	INDEX_MS = 5000,                 /* so long a global index may take to show a write, */
	EVENTUAL_MS = 1000,              /* and a table, to a read that is not consistent */
	RETRY_MS = 100,
	COMMAND_SHOWN = 300,
};

/* One pattern under way. */
struct trial {
	struct live_tables *tables;
	const struct model_pattern *pattern;
	struct model_outcome *outcome;
	const struct model_call *calls;  /* its own, in order */
	size_t n_calls;
	struct live_item *before;
	struct arena arena;
	struct err *err;
};

/* ---- what stands against it ---- */

static const struct model_handler *server_of(const struct trial *t)
{
	const struct model *m = t->tables->live->model;

	for (size_t i = 0; t->pattern->served_by.len && i < m->n_handlers; i++)
		if (str_eq(m->handlers[i].name, t->pattern->served_by))
			return &m->handlers[i];
	return NULL;
}

/* What a handler writes that was not run is not there. */
static struct str not_served(const struct trial *t)
{
	struct live *l = t->tables->live;
	const struct model_handler *h = server_of(t);

	if (!h || live_runs(l, h))
		return str_of(NULL, 0);
	return arena_putf(l->arena, "served by handler %.*s, which is %.*s", STR_ARG(h->name),
			  STR_ARG(l->result->handlers[h - l->model->handlers].reason));
}

static struct str why_not(struct trial *t)
{
	struct live *l = t->tables->live;
	struct str why = not_served(t);

	if (!t->n_calls)
		return t->pattern->reason.len ? arena_putf(l->arena, "no command: %.*s", STR_ARG(t->pattern->reason)) : STR("no command");
	for (size_t i = 0; i < t->n_calls && !why.len; i++)
		why = live_why_not(t->tables, &t->calls[i], l->arena);
	return why;
}

/* ---- running ---- */

static int64_t patience_ms(const struct model_call *call)
{
	int64_t ms = 0;

	for (size_t i = 0; i < call->n_actions; i++) {
		const struct model_action *a = &call->actions[i];

		if (a->kind >= ACTION_PUT)
			return 0;
		if (a->index && a->index->global)
			return INDEX_MS;
		if (!a->consistent)
			ms = EVENTUAL_MS;
	}
	return ms;
}

/* All but the last must succeed; what they answer does not matter. */
static bool run_first(struct trial *t, bool *failed)
{
	struct expect_answer answer;
	struct str body;

	*failed = false;
	for (size_t i = 0; i + 1 < t->n_calls; i++) {
		if (!live_run_call(t->tables, &t->calls[i], &answer, &body, &t->arena, t->err))
			return false;
		if (!answer.error.len)
			continue;
		expect_differ(&t->outcome->differences, "command %zu of %zu (%.*s): expected success, found %.*s: %.*s", i + 1,
			      t->n_calls, STR_ARG(t->calls[i].command.operation->name), STR_ARG(answer.error),
			      STR_ARG(answer.message));
		*failed = true;
		return true;
	}
	return true;
}

static void keep_response(struct trial *t, struct str body)
{
	struct str kept = body;

	t->outcome->cut = body.len > MODEL_LIVE_RESPONSE_BYTES;
	if (t->outcome->cut) {
		kept.len = MODEL_LIVE_RESPONSE_BYTES;
		while (kept.len && ((unsigned char)kept.ptr[kept.len] & 0xc0) == 0x80)
			kept.len--;
	}
	t->outcome->response = arena_dup(t->tables->live->arena, kept);
}

static bool run_last(struct trial *t)
{
	struct loop *loop = t->tables->live->site->loop;
	const struct model_call *call = &t->calls[t->n_calls - 1];
	int64_t until_ms = env_mono_ms(loop_env(loop)) + patience_ms(call);
	struct expect_answer answer;
	struct str body;

	for (;;) {
		expect_differences_init(&t->outcome->differences, t->tables->live->arena);
		if (!live_run_call(t->tables, call, &answer, &body, &t->arena, t->err))
			return false;
		expect_compare(&t->pattern->expect, &answer, &t->outcome->differences);
		if (!t->outcome->differences.count || env_mono_ms(loop_env(loop)) >= until_ms)
			break;
		if (!task_sleep_ms(loop, RETRY_MS, t->err))
			return false;
	}
	keep_response(t, body);
	return true;
}

static bool run_commands(struct trial *t)
{
	bool failed;

	for (size_t i = 0; i < t->n_calls; i++)
		if (!live_remember(t->tables, &t->calls[i], &t->before, &t->arena, t->err))
			return false;
	if (!run_first(t, &failed) || (!failed && !run_last(t)) || !live_restore(t->tables, t->before, t->err))
		return false;
	t->outcome->verdict = t->outcome->differences.count ? MODEL_FAILED : MODEL_PASSED;
	t->outcome->reason = t->pattern->expect.at || t->outcome->differences.count ? STR("") : STR("ran");
	return true;
}

static bool run_pattern(struct trial *t)
{
	struct live *l = t->tables->live;
	struct str why = why_not(t);
	bool ok;

	t->tables->names.trial++;
	if (t->n_calls) {
		t->outcome->command = t->calls[t->n_calls - 1].at->text;
		if (t->calls[t->n_calls - 1].command.operation)
			t->outcome->operation = t->calls[t->n_calls - 1].command.operation->name;
	}
	if (why.len) {
		t->outcome->reason = why;
		return true;
	}
	arena_init(&t->arena, PATTERN_BYTES);
	ok = run_commands(t) || err_prefix(t->err, "pattern %.*s", STR_ARG(t->pattern->id));
	arena_release(&t->arena);
	if (!ok)
		t->outcome->reason = arena_putf(l->arena, "the run ended in it");
	return ok;
}

bool live_run_patterns(struct live_tables *tables, struct err *err)
{
	struct live *l = tables->live;
	const struct model *m = l->model;
	size_t at = 0;

	for (size_t i = 0; i < m->n_patterns; i++) {
		struct trial t = { .tables = tables, .pattern = &m->patterns[i], .outcome = &l->result->patterns[i], .err = err };

		t.calls = &l->calls.calls[at];
		while (at < l->calls.n_calls && l->calls.calls[at].pattern == t.pattern)
			at++, t.n_calls++;
		live_progress(l, "patterns", i, m->n_patterns, t.pattern->id);
		if (!run_pattern(&t))
			return false;
	}
	return true;
}
