#include "sluice/app/plan.h"

#include "sluice/handlers/counter.h"

#include <unistd.h>

static struct failure_policy policy_of(const struct settings_failure *f)
{
	return (struct failure_policy){
		.retries = f->retries,
		.max_age_s = f->max_age_s,
		.bisect = f->bisect,
		.dead_letter = f->dead_letter.sink ? f->dead_letter.sink->name : str_of(NULL, 0),
		.dead_letter_address = f->dead_letter.address,
	};
}

static void plan_counter(const struct counter_settings *counter, struct worker_handler_plan *out)
{
	out->policy.max_age_s = 0; /* a counter that skips is wrong for ever */
	if (counter->window_ms > out->batch_window_ms)
		out->batch_window_ms = counter->window_ms;
}

static void plan_handler(const struct settings *s, const struct settings_pipeline *p, const struct settings_handler *h,
			 struct worker_handler_plan *out)
{
	*out = (struct worker_handler_plan){
		.ops = h->ops,
		.settings = h->settings,
		.site = settings_site(s, p, h),
		.filter = h->filter,
		.changed = h->changed,
		.mapping = h->mapping,
		.sink = h->sink ? h->sink->name : str_of(NULL, 0),
		.policy = policy_of(&h->failure),
		.batch_records = h->batch.records,
		.batch_bytes = h->batch.bytes,
		.batch_window_ms = h->batch.window_ms,
	};
	if (h->sink && h->sink->ops->flush)
		out->policy.max_age_s = 0; /* what is held would be cut differently, and be there twice */
	if (str_eq(str_c(h->ops->kind), STR("counter")))
		plan_counter(h->settings, out);
}

static enum stream_start start_of(enum settings_start start)
{
	switch (start) {
	case START_LATEST:
		return STREAM_START_LATEST;
	case START_TIME:
		return STREAM_START_TIME;
	case START_TRIM_HORIZON:
		break;
	}
	return STREAM_START_TRIM_HORIZON;
}

static void plan_pipeline(const struct settings *s, const struct settings_pipeline *p, struct arena *a,
			  struct worker_pipeline_plan *out)
{
	*out = (struct worker_pipeline_plan){
		.name = p->name,
		.table = p->table,
		.start = start_of(p->start),
		.start_ms = p->start_ms,
		.poll_min_ms = p->poll_min_ms,
		.poll_max_ms = p->poll_max_ms,
		.on_trim = p->on_trim == ON_TRIM_SKIP ? TRIM_SKIP : TRIM_HALT,
		.continues = p->on_new_stream == ON_NEW_STREAM_CONTINUE,
		.handlers = arena_array(a, p->n_handlers, sizeof(*out->handlers)),
	};
	for (size_t i = 0; i < p->n_handlers; i++)
		if (p->handlers[i].enabled)
			plan_handler(s, p, &p->handlers[i], &out->handlers[out->n_handlers++]);
}

static void plan_sinks(const struct settings *s, struct arena *a, struct worker_plan *out)
{
	out->sinks = arena_array(a, s->n_sinks, sizeof(*out->sinks));
	for (size_t i = 0; i < s->n_sinks; i++)
		out->sinks[out->n_sinks++] = (struct worker_sink_plan){
			.name = s->sinks[i].name, .ops = s->sinks[i].ops, .settings = s->sinks[i].settings,
		};
}

void plan_make(const struct settings *s, struct arena *a, struct worker_plan *out)
{
	*out = (struct worker_plan){
		.app = s->app,
		.aws = { .region = s->aws.region, .endpoint_url = s->aws.endpoint_url },
		.state_table = s->state.table,
		.state_file = s->state.file,
		.failover_ms = s->failover_s * 1000,
		.checkpoint_ms = s->checkpoint_ms,
		.drain_ms = s->drain_s * 1000,
		.memory_bytes = (size_t)s->limits.memory_bytes,
		.page_bytes = (size_t)s->limits.page_bytes,
		.window_bytes = (size_t)s->limits.window_bytes,
		.pipelines = arena_array(a, s->n_pipelines, sizeof(*out->pipelines)),
	};
	plan_sinks(s, a, out);
	for (size_t i = 0; i < s->n_pipelines; i++) {
		plan_pipeline(s, &s->pipelines[i], a, &out->pipelines[out->n_pipelines]);
		if (out->pipelines[out->n_pipelines].n_handlers)
			out->n_pipelines++;
	}
}

struct str plan_instance(struct arena *a)
{
	char host[65] = "";

	if (gethostname(host, sizeof(host) - 1) != 0 || !str_utf8_valid(str_c(host)))
		host[0] = '\0';
	return arena_putf(a, "%s:%d", host[0] ? host : "unnamed", (int)getpid());
}
