#include "model_live_impl.h"

#include "sluice/core/loop.h"
#include "sluice/core/task.h"

enum { SCRATCH_BYTES = MODEL_CALLS_BYTES };

/* The run as a task of its own, which a stop cancels wherever it waits. */
struct running {
	struct live live;
	struct scope work, watch;
	bool ok, stopped;
	struct err *err;
};

void live_progress(struct live *l, const char *phase, size_t done, size_t total, struct str what)
{
	struct model_live_progress p = { phase, done, total, what };

	if (l->options && l->options->progress)
		l->options->progress(l->options->ctx, &p);
}

bool live_runs(const struct live *l, const struct model_handler *h)
{
	const struct model_outcome *o = &l->result->handlers[h - l->model->handlers];

	return o->verdict != MODEL_NOT_CHECKED || !str_starts(o->reason, STR("not run"));
}

/* ---- the phases ---- */

static bool make_tables(struct live *l, struct live_tables *t, struct err *err)
{
	if (!live_tables_init(t, l, err))
		return false;
	for (size_t i = 0; i < l->model->n_tables; i++)
		t->wanted[i] = true;
	live_progress(l, "tables", 0, l->model->n_tables, STR(""));
	if (!live_tables_create(t, err))
		return false;
	live_progress(l, "items", 0, l->model->n_items, STR(""));
	return live_tables_fill(t, err);
}

static void work_task(void *arg)
{
	struct running *r = arg;
	struct live *l = &r->live;
	struct live_tables tables;

	r->ok = make_tables(l, &tables, r->err) && live_run_handlers(l, r->err) && live_settle_handlers(&tables, r->err) &&
		live_run_patterns(&tables, r->err);
}

static void watch_task(void *arg)
{
	struct running *r = arg;

	if (!event_wait(r->live.site->stop, -1, NULL, NULL))
		return;
	r->stopped = true;
	scope_cancel(&r->work);
}

/* ---- the run ---- */

static struct model_outcome *outcomes(struct arena *a, size_t n)
{
	struct model_outcome *list = arena_array(a, n + 1, sizeof(*list));

	for (size_t i = 0; list && i < n; i++) {
		list[i].reason = STR("the run ended before it");
		expect_differences_init(&list[i].differences, a);
	}
	return list;
}

/* On a helper thread: commands and expressions may nest deeper than a task's stack. */
struct calls_reading {
	struct live *live;
	bool ok;
	struct err *err;
};

static void read_calls_there(void *arg)
{
	struct calls_reading *r = arg;

	r->ok = model_calls_read(&r->live->calls, r->live->model, &r->live->scratch, r->err);
}

static bool read_calls(struct live *l, struct err *err)
{
	struct calls_reading r = { .live = l, .err = err };

	task_offload(l->site->loop, read_calls_there, &r);
	return r.ok;
}

static bool start(struct live *l, struct err *err)
{
	struct model_live_result *r = l->result;

	*r = (struct model_live_result){
		.patterns = outcomes(l->arena, l->model->n_patterns),
		.handlers = outcomes(l->arena, l->model->n_handlers),
		.endpoint = arena_dup(l->arena, aws_client_endpoint(l->site->dynamodb)),
	};
	if (!r->patterns || !r->handlers || !r->endpoint.ptr)
		return err_set(err, ERR_FATAL, "live.memory", "the model is too large to be tried");
	l->chance = rng_next(&loop_env(l->site->loop)->rng);
	return read_calls(l, err);
}

static void work(struct running *r)
{
	struct loop *loop = r->live.site->loop;

	scope_init(&r->work, loop);
	scope_init(&r->watch, loop);
	scope_spawn(&r->work, "model-live", work_task, r);
	scope_spawn(&r->watch, "model-live-stop", watch_task, r);
	scope_wait(&r->work);
	scope_cancel(&r->watch);
	scope_wait(&r->watch);
	if (!r->ok && (r->stopped || task_cancelled(loop)))
		err_set(r->err, ERR_CANCELLED, "live.stopped", "stopped before the end");
}

static void sum_up(const struct model_outcome *list, size_t n, struct model_outcomes *sums)
{
	for (size_t i = 0; i < n; i++) {
		sums->passed += list[i].verdict == MODEL_PASSED;
		sums->failed += list[i].verdict == MODEL_FAILED;
		sums->not_checked += list[i].verdict == MODEL_NOT_CHECKED;
	}
}

bool model_live_run(struct model_site *site, const struct model *m, const struct model_live_options *options,
		    struct model_live_result *out, struct arena *a, struct err *err)
{
	struct running r = {
		.live = { .site = site, .model = m, .options = options, .result = out, .arena = a }, .err = err,
	};

	arena_init(&r.live.scratch, SCRATCH_BYTES);
	if (start(&r.live, err)) {
		work(&r);
		live_progress(&r.live, "clean up", 0, 0, STR(""));
		live_drop_all(&r.live);
		sum_up(out->patterns, m->n_patterns, &out->pattern_sums);
		sum_up(out->handlers, m->n_handlers, &out->handler_sums);
	}
	arena_release(&r.live.scratch);
	if (r.ok)
		err_clear(err); /* refusals that were expected have left their words there */
	return r.ok;
}
