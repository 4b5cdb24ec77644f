#include "model_live_worker.h"

#include "sluice/app/plan.h"
#include "sluice/core/file.h"
#include "sluice/core/loop.h"
#include "sluice/core/mem.h"
#include "sluice/core/task.h"
#include "sluice/model/derive.h"
#include "sluice/worker/fanout.h"
#include "sluice/worker/fanout_tasks.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SETTINGS_NAME "model.conf"
#define STATE_TABLE "unused"
#define DEAD_LETTERS "trial dead letters"

enum {
	POLL_MIN_MS = 20, POLL_MAX_MS = 200, WINDOW_MS = 20, DRAIN_MS = 3000, CHECKPOINT_MS = 500,
	RETRIES = 1,                     /* of what a sink refuses: it is refused again */
	PATH_BYTES = 600,
};

/* ---- settings ---- */

/* What is done on a helper thread: parsers want more stack than a task has. */
struct making {
	struct live_worker *w;
	struct str text;
	struct problems problems;
	bool ok;
	struct err *err;
};

static struct str name_of(void *ctx, struct str table)
{
	const struct live_worker *w = ctx;
	struct str name = model_names_of(&w->tables->names, table);

	return name.len ? name : table;
}

static bool is_taken(void *ctx, const struct model_handler *h)
{
	const struct live_worker *w = ctx;

	return w->only ? w->only == h : live_runs(w->tables->live, h);
}

static bool load(void *ctx, const char *path, struct buf *out, struct err *err)
{
	const struct making *m = ctx;

	return strcmp(path, SETTINGS_NAME) == 0 ? buf_put(out, m->text) : file_read(path, out, err);
}

static const char *variable(void *ctx, const char *name)
{
	(void)ctx;
	return getenv(name);
}

static bool derive(struct making *m, struct buf *text)
{
	struct live_worker *w = m->w;
	const struct model_derive_options options = {
		.app = STR_INIT("trial"), .state_table = STR_INIT(STATE_TABLE), .plain = true,
		.table_name = name_of, .takes = is_taken, .ctx = w,
	};
	struct model_derivation derivation = { .arena = &w->arena };

	return model_derive(w->tables->live->model, &options, STR(""), text, &derivation, m->err);
}

static bool read_settings(struct making *m)
{
	const struct conf_source source = { load, variable, m };
	struct live_worker *w = m->w;
	struct settings_kinds kinds = { .handlers = settings_all_kinds.handlers, .sinks = capture_kinds(&w->arena) };

	problems_init(&m->problems, &w->arena);
	if (!kinds.sinks)
		return err_set(m->err, ERR_FATAL, "live.memory", "the settings need too much memory");
	w->settings = settings_load(&kinds, &source, SETTINGS_NAME, &m->problems);
	if (w->settings)
		return true;
	return err_set(m->err, ERR_DATA, "live.settings", "%.*s: %.*s", STR_ARG(m->problems.first->path),
		       STR_ARG(m->problems.first->text));
}

static void make_settings(void *arg)
{
	struct making *m = arg;
	struct buf text;

	buf_init(&text, MODEL_DERIVE_BYTES);
	m->ok = derive(m, &text);
	m->text = buf_str(&text);
	m->ok = m->ok && read_settings(m);
	buf_release(&text);
}

/* Settings that are refused are the handlers' own matter, not the run's. */
static bool load_settings(struct live_worker *w, struct err *err)
{
	struct making m = { .w = w, .err = err };

	task_offload(w->tables->live->site->loop, make_settings, &m);
	if (!m.ok && err_is(err, "derive.nothing") && w->only)
		w->why = arena_putf(w->tables->live->arena, "not run: this version does not run handlers of the kind %.*s",
				    STR_ARG(w->only->kind));
	else if (!m.ok && err->class == ERR_DATA)
		w->why = arena_putf(w->tables->live->arena, "not run: %s", err->text);
	return m.ok;
}

/* ---- the plan ---- */

/* Nothing waits longer than it must; everything is read from the stream's begin. */
static void hurry(struct worker_pipeline_plan *p)
{
	p->start = STREAM_START_TRIM_HORIZON;
	p->poll_min_ms = POLL_MIN_MS;
	p->poll_max_ms = POLL_MAX_MS;
	for (size_t i = 0; i < p->n_handlers; i++) {
		struct worker_handler_plan *h = &p->handlers[i];

		h->policy.retries = RETRIES;
		h->policy.dead_letter = STR(DEAD_LETTERS);
		if (h->batch_window_ms > WINDOW_MS)
			h->batch_window_ms = WINDOW_MS;
	}
}

static bool add_dead_letters(struct live_worker *w)
{
	struct worker_sink_plan *sinks = arena_array(&w->arena, w->plan.n_sinks + 1, sizeof(*sinks));

	if (!sinks)
		return false;
	if (w->plan.n_sinks)
		memcpy(sinks, w->plan.sinks, w->plan.n_sinks * sizeof(*sinks));
	sinks[w->plan.n_sinks++] = (struct worker_sink_plan){ .name = STR(DEAD_LETTERS), .ops = &capture_sink_ops };
	w->plan.sinks = sinks;
	return true;
}

static bool make_folder(struct live_worker *w, struct err *err)
{
	const char *parent = getenv("TMPDIR");

	if (!parent || !*parent)
		parent = "/tmp";
	if ((size_t)snprintf(w->folder, sizeof(w->folder), "%s/sluice-XXXXXX", parent) < sizeof(w->folder) && mkdtemp(w->folder))
		return true;
	w->folder[0] = '\0';
	return err_set(err, ERR_FATAL, "live.folder", "no temporary folder can be made in %s (TMPDIR)", parent);
}

static bool make_plan(struct live_worker *w, struct err *err)
{
	const struct model_site *site = w->tables->live->site;

	if (!make_folder(w, err))
		return false;
	plan_make(w->settings, &w->arena, &w->plan);
	w->plan.instance = plan_instance(&w->arena);
	w->plan.aws = site->aws;
	if (!w->plan.aws.region.len && site->aws.config)
		w->plan.aws.region = site->aws.config->region;
	w->plan.state_table = str_of(NULL, 0);
	w->plan.state_file = arena_putf(&w->arena, "%s/state", w->folder);
	w->plan.drain_ms = DRAIN_MS;
	w->plan.checkpoint_ms = CHECKPOINT_MS;
	for (size_t i = 0; i < w->plan.n_pipelines; i++)
		hurry(&w->plan.pipelines[i]);
	return (w->plan.state_file.ptr && add_dead_letters(w)) ||
	       err_set(err, ERR_FATAL, "live.memory", "the settings need too much memory");
}

/* ---- its life ---- */

static void attach(struct live_worker *w)
{
	w->captures = mem_array(w->plan.n_sinks, sizeof(*w->captures));
	for (size_t i = 0; i < w->plan.n_sinks; i++) {
		capture_init(&w->captures[i]);
		capture_attach(w->worker->sinks[i], &w->captures[i]);
	}
}

static void worker_task(void *arg)
{
	struct live_worker *w = arg;

	worker_run(w->worker);
}

bool live_worker_start(struct live_worker *w, struct live_tables *t, const struct model_handler *only, struct err *err)
{
	struct loop *loop = t->live->site->loop;

	*w = (struct live_worker){ .tables = t, .only = only };
	arena_init(&w->arena, SETTINGS_BYTES_MAX + MODEL_DERIVE_ARENA_BYTES);
	if (!load_settings(w, err) || !make_plan(w, err))
		return false;
	w->worker = worker_new(loop, &w->plan, err);
	if (!w->worker) {
		w->why = arena_putf(t->live->arena, "not run: %s", err->text);
		return false;
	}
	attach(w);
	scope_init(&w->scope, loop);
	scope_spawn(&w->scope, "worker", worker_task, w);
	return true;
}

/* Flat: the state's file and what SQLite puts beside it. */
static void remove_folder(struct live_worker *w)
{
	DIR *dir = w->folder[0] ? opendir(w->folder) : NULL;
	struct dirent *entry;
	char path[PATH_BYTES];

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", w->folder, entry->d_name);
		unlink(path);
	}
	if (dir)
		closedir(dir);
	if (w->folder[0])
		rmdir(w->folder);
}

void live_worker_stop(struct live_worker *w, bool drain)
{
	if (w->worker) {
		if (drain)
			worker_stop(w->worker);
		else
			scope_cancel(&w->scope);
		scope_wait(&w->scope);
		worker_free(w->worker);
		for (size_t i = 0; i < w->plan.n_sinks; i++)
			capture_release(&w->captures[i]);
		mem_free(w->captures);
	}
	remove_folder(w);
	arena_wipe(&w->arena); /* what the environment has filled in may be secret */
}

/* ---- what it has done ---- */

const struct pipeline_handler *live_worker_handler(const struct live_worker *w, struct str name)
{
	for (size_t i = 0; i < w->worker->n_pipelines; i++)
		for (size_t j = 0; j < w->worker->pipelines[i].n_handlers; j++)
			if (str_eq(w->worker->pipelines[i].places[j].name, name))
				return &w->worker->pipelines[i].handlers[j];
	return NULL;
}

uint64_t live_worker_activity(const struct live_worker *w)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < w->worker->n_pipelines; i++) {
		for (size_t j = 0; j < w->worker->pipelines[i].n_handlers; j++) {
			const struct handler_stats *s = &w->worker->pipelines[i].handlers[j].stats;

			sum += s->records + s->effects + s->dead_letters + s->notified + s->expired + s->retries;
		}
	}
	for (size_t i = 0; i < w->plan.n_sinks; i++)
		sum += w->captures[i].n;
	return sum;
}

/* For state_each(): stops at the first open task. */
static bool is_done(void *ctx, const struct state_row *row)
{
	bool *idle = ctx;
	struct value status;

	*idle = !(value_get(row->item, STR("status"), &status) && str_eq(status.raw, str_c(fanout_status_name(FANOUT_OPEN))));
	return *idle;
}

bool live_worker_is_idle(const struct live_worker *w, bool *idle, struct err *err)
{
	*idle = w->worker->opened && w->worker->effects.used_bytes == 0;
	return !*idle || !fanout_needed(w->worker) || state_each(w->worker->state, STATE_TASK, is_done, idle, err);
}

static const struct worker_handler_plan *plan_of(const struct live_worker *w, struct str name)
{
	for (size_t i = 0; i < w->plan.n_pipelines; i++)
		for (size_t j = 0; j < w->plan.pipelines[i].n_handlers; j++)
			if (str_eq(w->plan.pipelines[i].handlers[j].site.name, name))
				return &w->plan.pipelines[i].handlers[j];
	return NULL;
}

const struct capture *live_worker_messages(const struct live_worker *w, struct str handler)
{
	const struct worker_handler_plan *h = plan_of(w, handler);

	for (size_t i = 0; h && h->sink.len && i < w->plan.n_sinks; i++)
		if (str_eq(w->plan.sinks[i].name, h->sink))
			return w->worker->sinks[i]->ops == &capture_sink_ops ? &w->captures[i] : NULL;
	return NULL;
}

const struct capture *live_worker_dead_letters(const struct live_worker *w)
{
	return &w->captures[w->plan.n_sinks - 1];
}
