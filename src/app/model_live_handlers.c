#include "model_live_worker.h"

#include "sluice/core/loop.h"
#include "sluice/core/scan.h"
#include "sluice/core/task.h"

enum {
	STEP_BYTES = 128 << 20,
	AT_A_TIME = 4,                   /* handlers; they mostly wait */
	REASON_SHOWN = 400,
};

/* One handler under way. */
struct trial {
	struct live_tables tables;
	const struct model_handler *handler;
	struct model_outcome *outcome;
	struct live_worker worker;
	const struct pipeline_handler *running;
	const struct node *step;
	uint64_t read;                   /* records that it must have read by now */
	size_t messages, dead_letters;   /* what steps before this one have had */
	struct str skipped;              /* why a step could not be checked; empty: all were */
	struct arena arena;              /* one step's */
	struct err *err;
};

/* ---- its tables ---- */

static void want(struct live_tables *t, struct str name)
{
	const struct model_table *table = model_table(t->live->model, name);

	if (table)
		t->wanted[table - t->live->model->tables] = true;
}

/* Whatever the settings call "table" or "scan", at whatever depth: one too many does no harm. */
static void want_named(struct live_tables *t, const struct node *settings)
{
	for (const struct node *n = settings->first; n; n = n->next) {
		if (n->kind == NODE_STRING && (str_eq(n->name, STR("table")) || str_eq(n->name, STR("scan"))))
			want(t, n->text);
		else if (n->kind == NODE_OBJECT || n->kind == NODE_ARRAY)
			want_named(t, n);
	}
}

static void want_all_of(struct live_tables *t, const struct model_handler *h)
{
	const struct model_calls *calls = &t->live->calls;

	want(t, h->source);
	for (const struct node *n = h->at->first; n; n = n->next)
		if (!str_eq(n->name, STR("expect_after")) && !str_eq(n->name, STR("filter")) && n->kind != NODE_STRING)
			want_named(t, n);
	if (node_get(h->at, STR("table")))
		want(t, node_get(h->at, STR("table"))->text);
	if (node_get(h->at, STR("scan")))
		want(t, node_get(h->at, STR("scan"))->text);
	for (size_t i = 0; i < calls->n_calls; i++)
		for (size_t j = 0; calls->calls[i].handler == h && j < calls->calls[i].n_actions; j++)
			want(t, calls->calls[i].actions[j].table_name);
}

/* An audience may be read through an index that the endpoint could not make. */
static bool lacks_audience(const struct live_tables *t, const struct model_handler *h)
{
	const struct node *audience = node_get(h->at, STR("audience"));

	for (const struct node *n = audience ? audience->first : NULL; n; n = n->next) {
		const struct node *table = node_get(n, STR("table")), *index = node_get(n, STR("index"));
		const struct model_table *of = table ? model_table(t->live->model, table->text) : NULL;

		if (of && index && live_lacks_index(t, of, model_index(of, index->text)))
			return true;
	}
	return false;
}

/* ---- one step ---- */

/* What differs, with the step in front. */
static void differ(struct trial *t, struct str text)
{
	expect_differ(&t->outcome->differences, "expect_after[%u]: %.*s", t->step->index, STR_ARG(text));
}

static const struct model_call *call_of(const struct trial *t, enum model_call_role role, const struct model_call *after)
{
	const struct model_calls *calls = &t->tables.live->calls;

	for (size_t i = after ? (size_t)(after - calls->calls) + 1 : 0; i < calls->n_calls; i++)
		if (calls->calls[i].handler == t->handler && calls->calls[i].step == t->step && calls->calls[i].role == role)
			return &calls->calls[i];
	return NULL;
}

/* One command of `run`, and how many records of the source's stream come of it. */
static bool change(struct trial *t, const struct model_call *call, bool *failed)
{
	struct live_item *before = NULL;
	struct expect_answer answer;
	struct str body;
	size_t n;

	if (!live_remember(&t->tables, call, &before, &t->arena, t->err) ||
	    !live_run_call(&t->tables, call, &answer, &body, &t->arena, t->err))
		return false;
	*failed = answer.error.len > 0;
	if (*failed) {
		differ(t, arena_putf(&t->arena, "run[%u]: expected success, found %.*s: %.*s", call->at->index,
				     STR_ARG(answer.error), STR_ARG(answer.message)));
		return true;
	}
	if (!live_count_changed(&t->tables, before, t->handler->table, &n, t->err))
		return false;
	t->read += n;
	return true;
}

/* What cannot be run here makes the step, and all behind it, unknown. */
static bool can_run(struct trial *t)
{
	for (enum model_call_role role = CALL_OF_STEP_RUN; role <= CALL_OF_STEP; role++)
		for (const struct model_call *c = call_of(t, role, NULL); c && !t->skipped.len; c = call_of(t, role, c))
			t->skipped = live_why_not(&t->tables, c, t->tables.live->arena);
	return !t->skipped.len;
}

static bool run_changes(struct trial *t, bool *failed)
{
	t->read = t->running->stats.records > t->read ? t->running->stats.records : t->read;
	for (const struct model_call *c = call_of(t, CALL_OF_STEP_RUN, NULL); c; c = call_of(t, CALL_OF_STEP_RUN, c))
		if (!change(t, c, failed) || *failed)
			return *failed;
	return true;
}

static bool compare_answer(struct trial *t, const struct model_call *call, struct expect_differences *d)
{
	struct model_expectation expect;
	struct expect_answer answer;
	struct str body;

	if (!live_run_call(&t->tables, call, &answer, &body, &t->arena, t->err))
		return false;
	expect_read(node_get(t->step, STR("expect")), &expect);
	expect_compare(&expect, &answer, d);
	return true;
}

static void compare_messages(struct trial *t, struct expect_differences *d)
{
	const struct capture *sent = live_worker_messages(&t->worker, t->handler->name);

	if (sent)
		expect_compare_messages(node_get(t->step, STR("expect")), sent->bodies + t->messages, sent->n - t->messages, d);
	else
		expect_differ(d, "a step without `command` is about messages, and this handler sends none: give it a command "
			      "that reads the table");
}

static bool compare(struct trial *t, struct expect_differences *d)
{
	const struct model_call *call = call_of(t, CALL_OF_STEP, NULL);

	arena_reset(&t->arena);
	expect_differences_init(d, &t->arena);
	if (call)
		return compare_answer(t, call, d);
	compare_messages(t, d);
	return true;
}

static bool has_read(const struct trial *t)
{
	return t->running->stats.records >= t->read;
}

static bool wait_for_more(struct trial *t, bool fits, bool *quiet)
{
	struct live *l = t->tables.live;

	return fits ? live_wait_quiet(l, &t->worker, quiet, t->err) : task_sleep_ms(l->site->loop, LIVE_POLL_MS, t->err);
}

/* Until it is as expected and stays so, or nothing more comes; *d then says how it is. */
static bool await(struct trial *t, struct expect_differences *d)
{
	struct live *l = t->tables.live;
	struct live_patience patience = live_patience(l);
	bool quiet = false, idle = false;

	for (;;) {
		if (!compare(t, d))
			return false;
		if (quiet && !d->count)
			return true;
		quiet = false;
		if (!wait_for_more(t, !d->count && has_read(t), &quiet))
			return false;
		if (quiet)
			continue;
		if (!live_worker_is_idle(&t->worker, &idle, t->err))
			return false;
		if (t->running->place->stopped || live_is_over(&patience, l, &t->worker, idle && has_read(t)))
			break;
	}
	if (!d->count && has_read(t) && !idle)
		expect_differ(d, "it is as expected, but the handler cannot get done with what it has read");
	return true;
}

static void say_unread(struct trial *t)
{
	if (t->running->place->stopped)
		differ(t, STR("the handler stopped (the log line above says why)"));
	else if (!has_read(t))
		differ(t, arena_putf(&t->arena, "the handler has read %llu of %llu changes and no more for %d s",
				     (unsigned long long)t->running->stats.records, (unsigned long long)t->read, LIVE_IDLE_MS / 1000));
}

static void say_expired(struct trial *t)
{
	if (t->running->stats.expired)
		differ(t, arena_putf(&t->arena, "%llu events were dropped, or cut short, for their age (max_age_s, expires; DynamoDB "
				     "Local cuts creation times to the minute)", (unsigned long long)t->running->stats.expired));
}

static void say_dead_letters(struct trial *t)
{
	const struct capture *letters = live_worker_dead_letters(&t->worker);

	for (; t->dead_letters < letters->n; t->dead_letters++) {
		struct str letter = letters->bodies[t->dead_letters], reason = { NULL, 0 };

		scan_member(letter, STR("reason"), &reason);
		differ(t, arena_putf(&t->arena, "a record went to the dead letter: %.*s",
				     STR_ARG(str_sub(reason.len ? reason : letter, 0, REASON_SHOWN))));
	}
}

/* False with err: trouble of the run itself. */
static bool run_step(struct trial *t)
{
	const struct capture *sent = live_worker_messages(&t->worker, t->handler->name);
	struct expect_differences d;
	bool failed = false;

	if (!can_run(t))
		return true;
	t->tables.names.trial++;
	if (!run_changes(t, &failed))
		return false;
	if (failed)
		return true;
	if (!await(t, &d))
		return false;
	say_unread(t);
	for (const struct expect_difference *one = d.first; one; one = one->next)
		differ(t, one->text);
	if (d.count)
		say_expired(t);
	say_dead_letters(t);
	t->messages = sent ? sent->n : 0;
	return true;
}

/* ---- one handler ---- */

static bool run_steps(struct trial *t)
{
	bool ok = true;

	t->read = live_items_of(t->tables.live->model, t->handler->table);
	t->running = live_worker_handler(&t->worker, t->handler->name);
	if (!t->running) {
		t->outcome->reason = STR("not run: it is disabled");
		return true;
	}
	for (t->step = t->handler->expect_after->first; ok && t->step; t->step = t->step->next) {
		arena_init(&t->arena, STEP_BYTES);
		ok = run_step(t);
		arena_release(&t->arena);
		if (t->outcome->differences.count || t->skipped.len)
			break;
	}
	if (ok)
		t->outcome->verdict = t->outcome->differences.count ? MODEL_FAILED : t->skipped.len ? MODEL_NOT_CHECKED : MODEL_PASSED;
	t->outcome->reason = t->skipped;
	return ok;
}

static bool run_worker(struct trial *t)
{
	bool ok = live_worker_start(&t->worker, &t->tables, t->handler, t->err);

	if (ok)
		ok = run_steps(t);
	else if (t->worker.why.len) {
		t->outcome->reason = t->worker.why;
		ok = true;
	}
	live_worker_stop(&t->worker, ok);
	return ok;
}

static bool run_handler(struct live *l, const struct model_handler *h, struct model_outcome *outcome, struct err *err)
{
	struct trial t = { .handler = h, .outcome = outcome, .err = err };
	bool ok;

	if (!h->expect_after || !h->expect_after->count) {
		outcome->reason = STR("nothing is expected of it (expect_after)");
		return true;
	}
	ok = live_tables_init(&t.tables, l, err);
	if (ok)
		want_all_of(&t.tables, h);
	ok = ok && live_tables_create(&t.tables, err);
	if (ok && lacks_audience(&t.tables, h))
		outcome->reason = STR("not run: " LIVE_LACKS_KEYS);
	else
		ok = ok && live_tables_fill(&t.tables, err) && run_worker(&t);
	if (t.tables.names.names)
		live_tables_drop(&t.tables);
	return ok || err_prefix(err, "handler %.*s", STR_ARG(h->name));
}

/* ---- several at a time ---- */

/* Handlers that wait for somebody; each task takes the next. */
struct queue {
	struct live *live;
	struct scope scope;
	size_t next, done;
	bool ok;
	struct err *err;                 /* of the first that found trouble, which ends the others */
};

static void handlers_task(void *arg)
{
	struct queue *q = arg;
	struct live *l = q->live;
	struct err err;

	while (q->ok && q->next < l->model->n_handlers) {
		size_t i = q->next++;

		live_progress(l, "handlers", q->done, l->model->n_handlers, l->model->handlers[i].name);
		if (run_handler(l, &l->model->handlers[i], &l->result->handlers[i], &err)) {
			q->done++;
			continue;
		}
		if (q->ok)
			*q->err = err;
		q->ok = false;
		scope_cancel(&q->scope);
	}
}

bool live_run_handlers(struct live *l, struct err *err)
{
	struct queue q = { .live = l, .ok = true, .err = err };

	scope_init(&q.scope, l->site->loop);
	for (int i = 0; i < AT_A_TIME; i++)
		scope_spawn(&q.scope, "model-live-handler", handlers_task, &q);
	scope_wait(&q.scope);
	return q.ok;
}
