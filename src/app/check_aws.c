#include "sluice/app/check_aws.h"

#include "sluice/aws/sts.h"
#include "sluice/core/loop.h"

#include <stdio.h>
#include <stdlib.h>

enum { ARENA_BYTES = 1 << 20, MOST_PLACES = 500, ANSWER_MS = 20000, SKEW_WORTH_MS = 60 * 1000 };

/* ---- who we are ---- */

static void say_expiry(const struct session *s, const struct credentials *who, char *out, size_t size)
{
	int64_t left_ms = who->expires_ms - env_wall_ms(loop_env(s->loop));

	if (!who->expires_ms)
		snprintf(out, size, "no expiry");
	else
		snprintf(out, size, "expire in %lld min", (long long)(left_ms / 60000));
}

static bool check_credentials(struct session *s, struct findings *f)
{
	struct credentials who;
	struct err err = { 0 };
	char expiry[64];
	bool ok;

	credentials_init(&who);
	ok = s->aws.credentials->get(s->aws.credentials, &who, &err);
	if (ok) {
		say_expiry(s, &who, expiry, sizeof(expiry));
		findings_add(f, FINDING_OK, "credentials", "%.*s (%s)", STR_ARG(buf_str(&who.source)), expiry);
	} else {
		findings_fail(f, "credentials", &err);
	}
	credentials_release(&who);
	return ok;
}

/* DynamoDB Local knows no identities, and AWS not its keys. */
static bool is_local(const struct session *s)
{
	return s->aws.endpoint_url.len && !s->aws.config->endpoint_urls[AWS_STS].len;
}

/* After the first answers. */
static void check_clock(const struct session *s, const struct aws_client *asked, struct findings *f)
{
	int64_t off_ms = aws_service_time_ms(asked) - env_wall_ms(loop_env(s->loop));

	if (!aws_service_time_known(asked))
		findings_add(f, FINDING_NOTE, "clock", "not known: no answer has told the time");
	else if (llabs(off_ms) < SKEW_WORTH_MS)
		findings_add(f, FINDING_OK, "clock", "%.1f s %s the service's", (double)llabs(off_ms) / 1000, off_ms < 0 ? "ahead of" : "behind");
	else
		findings_add(f, FINDING_NOTE, "clock", "%lld s %s the service's: signatures allow for it, but set it right (NTP)",
			     (long long)llabs(off_ms) / 1000, off_ms < 0 ? "ahead of" : "behind");
}

/* False: the keys are refused. */
static bool check_identity(struct session *s, struct findings *f)
{
	struct aws_settings set = s->aws;
	struct sts_identity who;
	struct aws_client *sts;
	struct arena arena;
	struct err err = { 0 };
	bool refused;

	if (is_local(s)) {
		findings_add(f, FINDING_NOTE, "identity", "not asked for: aws.endpoint_url is set, and AWS_ENDPOINT_URL_STS is not");
		return true;
	}
	arena_init(&arena, ARENA_BYTES);
	set.endpoint_url = str_of(NULL, 0);
	sts = aws_client_new(AWS_STS, &set, &err);
	if (sts && sts_caller_identity(sts, &arena, &who, &err))
		findings_add(f, FINDING_OK, "identity", "%.*s (account %.*s)", STR_ARG(who.arn), STR_ARG(who.account));
	else
		findings_fail(f, "identity", &err);
	refused = err.class == ERR_AUTH && !findings_denied(&err); /* an endpoint's policy may deny this alone */
	if (refused)
		check_clock(s, sts, f);
	aws_client_free(sts);
	arena_release(&arena);
	return !refused;
}

static void check_region(const struct session *s, struct findings *f)
{
	const struct aws_config *c = s->aws.config;

	findings_add(f, FINDING_OK, "region", "%.*s, from %s%s%s", STR_ARG(c->region), c->region_from ? c->region_from : "nowhere",
		     c->use_fips ? "; FIPS endpoints" : "", c->use_dual_stack ? "; dual-stack endpoints" : "");
}

/* ---- sinks ---- */

/* One question to a sink: about itself, or about a place. */
struct question {
	struct sink *sink;
	struct str place;                    /* empty: about itself */
	struct sink_examination tried;
	struct event ended;
	struct err err;
	bool ok;
};

static void ask_task(void *arg)
{
	struct question *q = arg;
	const struct sink_ops *ops = q->sink->ops;

	q->ok = q->place.len ? ops->examine(q->sink, q->place, &q->tried, &q->err) : ops->probe(q->sink, &q->err);
	event_set(&q->ended);
}

/* A far side that says nothing at all is given up. */
static bool ask(struct session *s, struct question *q)
{
	struct scope scope;

	event_init(&q->ended, s->loop);
	scope_init(&scope, s->loop);
	scope_spawn(&scope, "question", ask_task, q);
	event_wait(&q->ended, ANSWER_MS, NULL, NULL);
	scope_cancel(&scope);
	scope_wait(&scope);
	if (!q->ok && q->err.class == ERR_CANCELLED)
		err_set(&q->err, ERR_RETRY, "check.timeout", "no answer within %d s", ANSWER_MS / 1000);
	return q->ok;
}

static void probe(struct session *s, struct sink *sink, struct findings *f)
{
	struct question q = { .sink = sink };

	if (ask(s, &q))
		findings_add(f, FINDING_OK, "reachable", "it answers");
	else
		findings_fail(f, "reachable", &q.err);
}

static struct sink_site sink_site_of(const struct session *s, const struct settings_sink *sink, struct aws_settings *aws)
{
	*aws = s->aws;
	aws->endpoint_url = str_of(NULL, 0);
	return (struct sink_site){
		.app = s->settings->app, .name = sink->name, .loop = s->loop, .transport = s->aws.transport,
		.dynamodb = s->dynamodb, .aws = aws, .failover_ms = s->settings->failover_s * 1000,
	};
}

/* A place may be used without being looked at: a role that may only send is no mistake. */
static void examine(struct session *s, struct sink *sink, struct str address, struct findings *f)
{
	struct question q = { .sink = sink, .place = address };

	if (ask(s, &q))
		findings_add(f, FINDING_OK, q.tried.tried, "%.*s", STR_ARG(address));
	else if (findings_denied(&q.err) && !q.tried.sure)
		findings_add(f, FINDING_NOTE, q.tried.tried, "%.*s: not allowed, and not needed", STR_ARG(address));
	else
		findings_fail(f, q.tried.tried, &q.err);
	if (!q.tried.sure)
		findings_add(f, FINDING_NOTE, q.tried.sends, "needed to send to it; not tried, since it would");
}

/* The places of one sink that were looked at. */
struct places {
	struct session *session;
	const struct settings_sink *of;
	struct sink *sink;
	struct findings *findings;
	struct str seen[MOST_PLACES];
	size_t n;
};

/* What a handler, or its dead letter, names; each once. */
static void visit(struct places *p, const struct node *group)
{
	const struct node *place = group ? node_get(group, str_c(p->of->ops->address)) : NULL;

	if (!place || place->kind != NODE_STRING || p->n == MOST_PLACES)
		return;
	for (size_t i = 0; i < p->n; i++)
		if (str_eq(p->seen[i], place->text))
			return;
	p->seen[p->n++] = place->text;
	examine(p->session, p->sink, place->text, p->findings);
}

static void examine_places(const struct settings *set, struct places *p)
{
	for (size_t i = 0; i < set->n_pipelines; i++) {
		for (size_t j = 0; j < set->pipelines[i].n_handlers; j++) {
			const struct settings_handler *h = &set->pipelines[i].handlers[j];

			if (!h->enabled)
				continue;
			if (h->sink == p->of)
				visit(p, h->node);
			if (h->failure.dead_letter.sink == p->of)
				visit(p, h->failure.dead_letter_node);
		}
	}
}

static void ask_sink(struct session *s, const struct settings_sink *set, struct sink *sink, struct findings *f)
{
	struct places places = { .session = s, .of = set, .sink = sink, .findings = f };

	if (set->ops->examine)
		examine_places(s->settings, &places);
	else if (set->ops->probe)
		probe(s, sink, f);
	else
		findings_add(f, FINDING_NOTE, "reachable", "nothing to ask without writing");
}

static void check_sink(struct session *s, const struct settings_sink *set, struct findings *f)
{
	struct aws_settings aws;
	struct sink_site site = sink_site_of(s, set, &aws);
	struct err err = { 0 };
	struct sink *sink;

	findings_group(f, "sink %.*s (%s)", STR_ARG(set->name), set->ops->kind);
	if (set->ops->path) { /* to open a file is to make it */
		findings_add(f, FINDING_NOTE, "file", "nobody to ask");
		return;
	}
	sink = set->ops->open(set->settings, &site, &err);
	if (!sink) {
		findings_fail(f, "settings", &err);
		return;
	}
	ask_sink(s, set, sink, f);
	task_shield_begin(s->loop);
	sink->ops->close(sink);
	task_shield_end(s->loop);
}

/* ---- all ---- */

void check_aws(struct session *s, struct findings *f)
{
	const struct settings *set = s->settings;

	findings_group(f, "AWS");
	check_region(s, f);
	if (!check_credentials(s, f)) {
		findings_add(f, FINDING_NOTE, "all else", "not tried: nothing can be signed");
		return;
	}
	if (!check_identity(s, f)) {
		findings_add(f, FINDING_NOTE, "all else", "not tried: these credentials are refused");
		return;
	}
	findings_add(f, FINDING_NOTE, "DynamoDB", "is called at %.*s", STR_ARG(aws_client_endpoint(s->dynamodb)));
	check_state_table(s, f);
	for (size_t i = 0; i < set->n_pipelines; i++)
		check_pipeline(s, &set->pipelines[i], f);
	for (size_t i = 0; i < set->n_sinks; i++)
		check_sink(s, &set->sinks[i], f);
	findings_group(f, "clock");
	check_clock(s, s->dynamodb, f);
}
