#include "model_live_worker.h"

#include "sluice/core/loop.h"
#include "sluice/core/task.h"

enum {
	SETTLED_MS = 4000,               /* so long a worker without anything to do is waited for, */
	STEP_MS = 60000,                 /* and so long one that is always busy */
	QUIET_MS = 250,                  /* nothing more comes when nothing has moved for so long */
};

static int64_t now_ms(const struct live *l)
{
	return env_mono_ms(loop_env(l->site->loop));
}

bool live_wait_quiet(struct live *l, const struct live_worker *w, bool *quiet, struct err *err)
{
	uint64_t before = live_worker_activity(w);

	*quiet = false;
	for (int64_t until_ms = now_ms(l) + QUIET_MS; now_ms(l) < until_ms;) {
		if (!task_sleep_ms(l->site->loop, LIVE_POLL_MS, err))
			return false;
		if (live_worker_activity(w) != before)
			return true;
	}
	return live_worker_is_idle(w, quiet, err);
}

struct live_patience live_patience(const struct live *l)
{
	return (struct live_patience){ .begun_ms = now_ms(l), .moved_ms = now_ms(l) };
}

bool live_is_over(struct live_patience *p, const struct live *l, const struct live_worker *w, bool settled)
{
	uint64_t activity = live_worker_activity(w);
	int64_t now = now_ms(l);

	if (activity != p->activity)
		p->moved_ms = now;
	p->activity = activity;
	return now - p->begun_ms >= STEP_MS || now - p->moved_ms >= (settled ? SETTLED_MS : LIVE_IDLE_MS);
}

uint64_t live_items_of(const struct model *m, const struct model_table *table)
{
	uint64_t n = 0;

	for (size_t i = 0; i < m->n_items; i++)
		n += m->items[i].table == table && m->items[i].put;
	return n;
}

/* ---- all together ---- */

static bool have_read_all(const struct live *l, const struct live_worker *w)
{
	for (size_t i = 0; i < l->model->n_handlers; i++) {
		const struct model_handler *h = &l->model->handlers[i];
		const struct pipeline_handler *running = live_worker_handler(w, h->name);

		if (running && !running->place->stopped && running->stats.records < live_items_of(l->model, h->table))
			return false;
	}
	return true;
}

static bool settle(struct live *l, const struct live_worker *w, struct err *err)
{
	struct live_patience patience = live_patience(l);
	bool quiet = false;

	while (!quiet && !live_is_over(&patience, l, w, false))
		if (have_read_all(l, w) ? !live_wait_quiet(l, w, &quiet, err) : !task_sleep_ms(l->site->loop, LIVE_POLL_MS, err))
			return false;
	return true;
}

/* The daemon would refuse them, too. */
static void say_not_together(struct live *l, struct str why)
{
	for (size_t i = 0; i < l->model->n_handlers; i++) {
		struct model_outcome *o = &l->result->handlers[i];

		if (o->verdict == MODEL_NOT_CHECKED)
			continue;
		o->verdict = MODEL_FAILED;
		expect_differ(&o->differences, "together with the other handlers: %.*s", STR_ARG(why));
	}
}

static bool any_runs(const struct live *l)
{
	for (size_t i = 0; i < l->model->n_handlers; i++)
		if (live_runs(l, &l->model->handlers[i]))
			return true;
	return false;
}

bool live_settle_handlers(struct live_tables *t, struct err *err)
{
	struct live_worker w;
	bool ok;

	if (!any_runs(t->live))
		return true;
	ok = live_worker_start(&w, t, NULL, err);
	if (ok)
		ok = settle(t->live, &w, err);
	else if (w.why.len) {
		say_not_together(t->live, w.why);
		ok = true;
	}
	live_worker_stop(&w, ok);
	return ok;
}
