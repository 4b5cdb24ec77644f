#include "sluice/worker/figures.h"

#include "sluice/core/mem.h"
#include "sluice/worker/shard_run.h"

enum { EVERY_MS = 10 * 60 * 1000, HOUR_MS = 3600 * 1000, HOURS_PER_MONTH = 730 };

/* aws.amazon.com/dynamodb/pricing/on-demand, us-east-1, as they are since November 2024:
 * streams read requests $0.02 per 100,000, the first 2,500,000 of a month free;
 * write request units $0.625 and read request units $0.125 per million. */
static const double getrecords_usd = 0.20e-6, getrecords_free_per_month = 2.5e6;
static const double read_unit_usd = 0.125e-6, write_unit_usd = 0.625e-6;

/* ---- computing ---- */

double figures_per_hour(uint64_t n, int64_t ms)
{
	return ms > 0 ? (double)n * HOUR_MS / (double)ms : 0;
}

struct figures_price figures_reading_price(double getrecords_per_hour)
{
	double per_month = getrecords_per_hour * HOURS_PER_MONTH;
	double billed = per_month > getrecords_free_per_month ? per_month - getrecords_free_per_month : 0;

	return (struct figures_price){ .list_usd = per_month * getrecords_usd, .billed_usd = billed * getrecords_usd };
}

double figures_state_price(double read_units_per_hour, double write_units_per_hour)
{
	return HOURS_PER_MONTH * (read_units_per_hour * read_unit_usd + write_units_per_hour * write_unit_usd);
}

/* ---- gathering ---- */

static void take_pipeline(const struct pipeline *p, struct pipeline_figures *out)
{
	*out = (struct pipeline_figures){
		.name = p->name, .reads = p->reads, .shards = coordinator_stats(p->coordinator), .n_handlers = p->n_handlers,
		.handlers = mem_array(p->n_handlers, sizeof(*out->handlers)),
	};
	for (const struct shard_run *run = p->runs; run; run = run->next)
		reader_stats_add(&out->reads, &run->reads);
	for (size_t i = 0; i < p->n_handlers; i++)
		out->handlers[i] = (struct handler_figures){
			.name = p->places[i].name, .stats = p->handlers[i].stats, .stopped = p->places[i].stopped,
		};
}

void worker_stats_take(const struct worker *w, struct worker_stats *out)
{
	*out = (struct worker_stats){
		.taken_ms = env_mono_ms(w->env), .state = w->state->stats, .n_pipelines = w->n_pipelines,
		.pipelines = mem_array(w->n_pipelines, sizeof(*out->pipelines)),
	};
	for (size_t i = 0; i < w->n_pipelines; i++)
		take_pipeline(&w->pipelines[i], &out->pipelines[i]);
}

void worker_stats_release(struct worker_stats *s)
{
	for (size_t i = 0; i < s->n_pipelines; i++)
		mem_free(s->pipelines[i].handlers);
	mem_free(s->pipelines);
	*s = (struct worker_stats){ 0 };
}

/* ---- telling ---- */

/* The state at both ends of the span that is told of. */
struct span {
	struct log *log;
	const struct worker_stats *from, *to;
	int64_t ms;
};

static void log_handler(const struct span *s, const struct pipeline_figures *p, const struct handler_figures *from,
			const struct handler_figures *to)
{
	const struct handler_stats *a = &from->stats, *b = &to->stats;

	log_info(s->log, "handler.figures", LOG_STR("pipeline", p->name), LOG_STR("handler", to->name),
		 LOG_INT("span_s", s->ms / 1000), LOG_INT("records", b->records - a->records),
		 LOG_INT("filtered", b->filtered - a->filtered), LOG_INT("effects", b->effects - a->effects),
		 LOG_INT("notified", b->notified - a->notified), LOG_INT("expired", b->expired - a->expired),
		 LOG_INT("retries", b->retries - a->retries), LOG_INT("dead_letters", b->dead_letters - a->dead_letters),
		 LOG_INT("lag_ms", b->lag_ms), LOG_INT("stopped", to->stopped));
}

static void log_pipeline(const struct span *s, const struct pipeline_figures *from, const struct pipeline_figures *to)
{
	const struct reader_stats *a = &from->reads, *b = &to->reads;
	double per_hour = figures_per_hour(b->calls - a->calls, s->ms);

	log_info(s->log, "pipeline.figures", LOG_STR("pipeline", to->name), LOG_INT("span_s", s->ms / 1000),
		 LOG_INT("shards", to->shards.shards), LOG_INT("records", b->records - a->records),
		 LOG_INT("bytes", b->bytes - a->bytes), LOG_INT("pages", b->pages - a->pages),
		 LOG_INT("empty_pages", b->empty - a->empty), LOG_INT("failures", b->failures - a->failures),
		 LOG_INT("iterators", b->iterators - a->iterators),
		 LOG_INT("describes", to->shards.describes - from->shards.describes),
		 LOG_REAL("getrecords_per_hour", per_hour), LOG_REAL("usd_per_month", figures_reading_price(per_hour).list_usd));
	for (size_t i = 0; i < to->n_handlers; i++)
		log_handler(s, to, &from->handlers[i], &to->handlers[i]);
}

static uint64_t getrecords_of(const struct worker_stats *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s->n_pipelines; i++)
		n += s->pipelines[i].reads.calls;
	return n;
}

static void log_worker(const struct span *s)
{
	const struct state_stats *a = &s->from->state, *b = &s->to->state;
	double getrecords_per_hour = figures_per_hour(getrecords_of(s->to) - getrecords_of(s->from), s->ms);
	struct figures_price reading = figures_reading_price(getrecords_per_hour);
	double read_units_per_hour = figures_per_hour(b->read_units - a->read_units, s->ms);
	double write_units_per_hour = figures_per_hour(b->write_units - a->write_units, s->ms);

	log_info(s->log, "worker.figures", LOG_INT("span_s", s->ms / 1000),
		 LOG_REAL("getrecords_per_hour", getrecords_per_hour), LOG_REAL("usd_per_month", reading.list_usd),
		 LOG_REAL("usd_per_month_billed", reading.billed_usd),
		 LOG_REAL("state_reads_per_hour", figures_per_hour(b->reads - a->reads, s->ms)),
		 LOG_REAL("state_writes_per_hour", figures_per_hour(b->writes - a->writes, s->ms)),
		 LOG_REAL("state_usd_per_month", figures_state_price(read_units_per_hour, write_units_per_hour)));
}

void figures_log(struct worker *w)
{
	struct worker_stats now;
	struct span s = { .log = w->env->log, .from = &w->told, .to = &now };

	worker_stats_take(w, &now);
	s.ms = now.taken_ms - w->told.taken_ms;
	log_worker(&s);
	for (size_t i = 0; i < now.n_pipelines; i++)
		log_pipeline(&s, &w->told.pipelines[i], &now.pipelines[i]);
	worker_stats_release(&w->told);
	w->told = now;
}

void figures_run(struct worker *w)
{
	while (task_sleep_ms(w->loop, EVERY_MS, NULL))
		figures_log(w);
}
