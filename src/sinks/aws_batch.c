/* The engine of the batch services: sends are cut into requests, several of them
 * are under way at once, each message is settled by its own outcome. */
#include "aws_batch.h"
#include "key_map.h"
#include "sluice/aws/endpoint.h"
#include "sluice/core/json_write.h"
#include "sluice/core/mem.h"

#include <stdio.h>

enum {
	SEND_BYTES = 64 << 10,        /* of a plan, and for each message beside its key: */
	SEND_EFFECT_BYTES = 512,
	MOST_REQUEST_BYTES = 64 << 20,
	EXAMINATION_BYTES = 16 << 10,
};

struct batch_sink {
	struct sink base;
	const struct aws_batch_service *service;
	const struct aws_batch_settings *set;
	struct aws_client *client;
};

/* A target whose order is kept. */
struct target {
	bool busy;                    /* one of its messages is on its way */
	bool failed;
};

struct entry {
	struct effect *effect;
	struct entry *next;           /* among those that wait, in stream order */
	struct target *target;        /* NULL: no order to keep */
	size_t bytes;
};

struct sending {
	struct batch_sink *b;
	struct arena arena;
	struct key_map targets;
	struct entry *waiting;
	size_t count;
	struct event moved;           /* a request was settled */
	struct err stop;              /* requests fail as a whole: no more of them are sent */
};

/* One of the tasks that send, and its request. */
struct sender {
	struct sending *g;
	struct entry *entries[AWS_BATCH_ENTRIES];
	struct effect *effects[AWS_BATCH_ENTRIES];
	struct buf body, answer;
	struct arena arena;           /* of one answer */
};

/* ---- opening, checks ---- */

static const struct node *member_at(const struct node *group, const char *name)
{
	const struct node *member = group ? node_get(group, str_c(name)) : NULL;

	return member ? member : group;
}

void aws_batch_check(const void *settings, const struct node *at, struct problems *problems)
{
	const struct aws_batch_settings *s = settings;
	struct aws_endpoint endpoint;
	struct err err = { 0 };

	aws_endpoint_init(&endpoint);
	if (s->endpoint_url.len && !aws_endpoint_parse(&endpoint, s->endpoint_url, &err))
		problems_add(problems, member_at(at, "endpoint_url"), "%s", err.text);
	if (s->region.len && !aws_region_valid(s->region))
		problems_add(problems, member_at(at, "region"),
			     "\"%.*s\" is no AWS region; expected one like eu-central-1",
			     STR_ARG(str_sub(s->region, 0, 100)));
	aws_endpoint_release(&endpoint);
}

struct aws_client *aws_batch_client(enum aws_service service, const struct aws_batch_settings *set,
				    const struct sink_site *site, struct err *err)
{
	struct aws_settings aws;

	if (!site->aws) {
		err_set(err, ERR_FATAL, "sink.client", "there is no AWS client");
		return NULL;
	}
	aws = *site->aws;
	if (set->region.len)
		aws.region = set->region;
	if (set->endpoint_url.len)
		aws.endpoint_url = set->endpoint_url;
	aws.timeout_ms = set->timeout_ms;
	return aws_client_new(service, &aws, err);
}

struct sink *aws_batch_open(const struct sink_ops *ops, const struct aws_batch_service *service,
			    const void *settings, const struct sink_site *site, struct err *err)
{
	struct aws_client *client = aws_batch_client(service->service, settings, site, err);
	struct batch_sink *b;

	if (!client)
		return NULL;
	b = mem_alloc(sizeof(*b));
	b->base = (struct sink){ .ops = ops, .site = *site };
	b->service = service;
	b->set = settings;
	b->client = client;
	return &b->base;
}

struct str aws_batch_header(const struct effect_message *m, struct str name)
{
	for (size_t i = 0; i < m->n_headers; i++)
		if (str_eq(m->headers[i].name, name))
			return m->headers[i].value;
	return str_of(NULL, 0);
}

/* ---- the plan ---- */

static bool no_room(const struct sending *g, struct err *err)
{
	return err_set(err, ERR_FATAL, "sink.memory",
		       "sink %.*s: one send needs more than %zu bytes for its plan; make batch.records smaller",
		       STR_ARG(g->b->base.site.name), g->arena.max);
}

static size_t most_entry_bytes(const struct batch_sink *b)
{
	return b->set->entry_bytes ? (size_t)b->set->entry_bytes : b->service->entry_bytes;
}

static size_t most_request_bytes(const struct batch_sink *b)
{
	return b->service->request_bytes ? b->service->request_bytes : most_entry_bytes(b);
}

/* What the service would refuse in any case. */
static bool fits(const struct sending *g, const struct entry *e, struct err *err)
{
	const struct aws_batch_service *s = g->b->service;
	const struct effect_message *m = &e->effect->message;
	char code[48];

	if (e->bytes > most_entry_bytes(g->b)) {
		snprintf(code, sizeof(code), "%s.size", g->b->base.ops->kind);
		return err_set(err, ERR_DATA, code,
			       "a message of %zu bytes for %.*s is larger than %s takes, %zu bytes", e->bytes,
			       STR_ARG(m->address), s->name, most_entry_bytes(g->b));
	}
	if (s->attributes != SIZE_MAX && m->n_headers > s->attributes) {
		snprintf(code, sizeof(code), "%s.headers", g->b->base.ops->kind);
		return err_set(err, ERR_DATA, code,
			       "a message for %.*s has %zu headers; %s takes %zu attributes, sluice-v among them",
			       STR_ARG(m->address), m->n_headers, s->name, s->attributes);
	}
	return true;
}

static bool find_target(struct sending *g, struct entry *e)
{
	const struct effect_message *m = &e->effect->message;
	const struct str parts[2] = { m->address, m->key };
	const char *ordered = g->b->service->ordered;
	struct target **there;
	struct str name;

	if (!ordered || !str_ends(m->address, str_c(ordered)) || !m->key.len)
		return true;
	name = key_join(&g->arena, parts, 2);
	if (!name.ptr)
		return false;
	there = (struct target **)key_map_at(&g->targets, name);
	if (!*there)
		*there = ARENA_NEW(&g->arena, struct target);
	e->target = *there;
	return e->target != NULL;
}

static void plan_effect(struct sending *g, struct effect *f, struct entry ***last)
{
	struct entry *e = ARENA_NEW(&g->arena, struct entry);
	struct err err = { 0 };

	if (e)
		e->effect = f;
	if (!e || !find_target(g, e)) {
		no_room(g, &err);
		effect_fail(f, &err);
		return;
	}
	e->bytes = g->b->service->size(g->b->set, f);
	if (e->target && e->target->failed) {
		sink_fail_behind(&g->b->base, f);
	} else if (!fits(g, e, &err)) {
		effect_fail(f, &err);
		if (e->target)
			e->target->failed = true;
	} else {
		**last = e;
		*last = &e->next;
		g->count++;
	}
}

static void plan(struct sending *g, struct effect *const *effects, size_t n)
{
	bool room = key_map_init(&g->targets, &g->arena, n);
	struct entry **last = &g->waiting;
	struct err err = { 0 };

	if (!room)
		no_room(g, &err);
	for (size_t i = 0; i < n; i++) {
		if (!sink_takes(&g->b->base, effects[i]))
			continue;
		if (room)
			plan_effect(g, effects[i], &last);
		else
			effect_fail(effects[i], &err);
	}
}

/* A target's text, its slots in the map, and what blocks waste at their ends. */
static size_t plan_bytes(struct effect *const *effects, size_t n)
{
	size_t bytes = SEND_BYTES + n * SEND_EFFECT_BYTES;

	for (size_t i = 0; i < n; i++)
		if (effects[i]->kind == EFFECT_MESSAGE)
			bytes += 2 * (effects[i]->message.address.len + effects[i]->message.key.len);
	return 2 * bytes;
}

/* ---- one request ---- */

static void fail_entry(struct entry *e, const struct err *why)
{
	effect_fail(e->effect, why);
	if (e->target)
		e->target->failed = true;
}

/* Takes the next request's entries out of those that wait: in stream order, of one
 * address, none whose target is busy (from here on also by this request). */
static size_t take(struct sender *s)
{
	const struct aws_batch_service *service = s->g->b->service;
	struct entry **at = &s->g->waiting;
	size_t n = 0, bytes = 0;

	while (*at && n < service->entries) {
		struct entry *e = *at;

		if (e->target && e->target->failed) {
			sink_fail_behind(&s->g->b->base, e->effect);
			*at = e->next;
			continue;
		}
		if ((e->target && e->target->busy) ||
		    (n && !str_eq(e->effect->message.address, s->entries[0]->effect->message.address))) {
			at = &e->next;
			continue;
		}
		if (n && bytes + e->bytes > most_request_bytes(s->g->b))
			break;
		if (e->target)
			e->target->busy = true;
		bytes += e->bytes;
		s->entries[n++] = e;
		*at = e->next;
	}
	return n;
}

static void settle_entry(struct sender *s, struct entry *e, const struct aws_batch_outcome *o)
{
	const struct batch_sink *b = s->g->b;
	struct str address = e->effect->message.address;
	enum err_class class = aws_batch_class(o->code, o->sender_fault ? ERR_DATA : ERR_RETRY);
	struct err why = { 0 };
	char code[48];

	if (o->named == 1 && !o->failed) {
		effect_done(e->effect);
		return;
	}
	if (o->named == 1) {
		snprintf(code, sizeof(code), "%s.entry", b->base.ops->kind);
		err_set(&why, class, code, "%s refused a message for %.*s with %.*s: %.*s", b->service->name,
			STR_ARG(address), STR_ARG(o->code), STR_ARG(o->message));
	} else {
		err_set(&why, ERR_RETRY, "aws.answer",
			"%s at %.*s took a request for %.*s, and its answer says %s what became of one message; it is "
			"sent again",
			b->service->operation, STR_ARG(aws_client_endpoint(b->client)), STR_ARG(address),
			o->named ? "more than once" : "nowhere");
	}
	fail_entry(e, &why);
}

static void fail_all(struct sender *s, size_t from, size_t n, const struct err *why)
{
	for (size_t i = from; i < from + n && why->class != ERR_CANCELLED; i++)
		fail_entry(s->entries[i], why);
}

static void settle_answer(struct sender *s, size_t from, size_t n)
{
	const struct aws_batch_service *service = s->g->b->service;
	struct aws_batch_outcome *outcomes;
	struct err why = { 0 };

	arena_reset(&s->arena);
	outcomes = arena_array(&s->arena, n, sizeof(*outcomes));
	if (!service->read(service, buf_str(&s->answer), &s->arena, outcomes, n, &why)) {
		err_prefix(&why, "%s at %.*s", service->operation, STR_ARG(aws_client_endpoint(s->g->b->client)));
		fail_all(s, from, n, &why);
		return;
	}
	for (size_t i = 0; i < n; i++)
		settle_entry(s, s->entries[from + i], &outcomes[i]);
}

static bool post(struct sender *s, size_t from, size_t n, struct err *err)
{
	struct batch_sink *b = s->g->b;
	struct aws_request r = { .operation = b->service->operation, .max_answer_bytes = AWS_BATCH_ANSWER_BYTES };

	buf_clear(&s->body);
	buf_clear(&s->answer);
	for (size_t i = 0; i < n; i++)
		s->effects[i] = s->entries[from + i]->effect;
	b->service->write(b->set, s->effects, n, &s->body);
	if (!buf_ok(&s->body))
		return err_set(err, ERR_DATA, "sink.size", "a request is larger than %zu bytes", s->body.max);
	r.body = buf_str(&s->body);
	if (aws_call(b->client, &r, &s->answer, err))
		return true;
	err->class = aws_batch_class(str_c(err->code), err->class);
	return false;
}

/* What was refused as a whole for what is in it is halved until the one to blame
 * stands alone (at most 9 deep); any other refusal would meet the next request, too. */
static void run_request(struct sender *s, size_t from, size_t n)
{
	struct sending *g = s->g;
	struct err err = { 0 };

	if (g->stop.class != ERR_NONE) {
		fail_all(s, from, n, &g->stop);
	} else if (post(s, from, n, &err)) {
		settle_answer(s, from, n);
	} else if (err.class == ERR_DATA && n > 1) {
		run_request(s, from, n / 2);
		run_request(s, from + n / 2, n - n / 2);
	} else {
		if (err.class != ERR_DATA && err.class != ERR_CANCELLED)
			g->stop = err;
		fail_all(s, from, n, &err);
	}
}

/* ---- a send ---- */

static void release_targets(struct sender *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s->entries[i]->target)
			s->entries[i]->target->busy = false;
}

/* Sends until nothing waits any more; where all that waits is behind a request
 * that is under way, so does this task. */
static void send_requests(struct sender *s)
{
	struct sending *g = s->g;

	while (g->waiting && !task_cancelled(g->b->base.site.loop)) {
		size_t n = take(s);

		if (n) {
			run_request(s, 0, n);
			release_targets(s, n);
			event_set(&g->moved);
		} else if (g->waiting) {
			event_clear(&g->moved);
			if (!event_wait(&g->moved, -1, NULL, NULL))
				return;
		}
	}
}

static void run_sender(void *arg)
{
	struct sender *s = mem_alloc(sizeof(*s));

	s->g = arg;
	buf_init(&s->body, MOST_REQUEST_BYTES);
	buf_init(&s->answer, AWS_BATCH_ANSWER_BYTES);
	arena_init(&s->arena, AWS_BATCH_ANSWER_BYTES);
	send_requests(s);
	arena_release(&s->arena);
	buf_release(&s->answer);
	buf_release(&s->body);
	mem_free(s);
}

void aws_batch_send(struct sink *sink, struct effect *const *effects, size_t n)
{
	struct sending g = { .b = (struct batch_sink *)sink };
	size_t senders = (size_t)g.b->set->concurrency;
	struct scope scope;

	arena_init(&g.arena, plan_bytes(effects, n));
	event_init(&g.moved, sink->site.loop);
	plan(&g, effects, n);
	if (senders > g.count)
		senders = g.count;
	if (senders == 1) {
		run_sender(&g);
	} else if (senders > 1) {
		scope_init(&scope, sink->site.loop);
		for (size_t i = 0; i < senders; i++)
			scope_spawn(&scope, "sink.batch", run_sender, &g);
		scope_wait(&scope);
	}
	arena_release(&g.arena);
}

/* ---- probe, close ---- */

bool aws_batch_probed(const struct sink *s, bool answered, struct err *err)
{
	static const struct str denied[] = { STR_INIT("AccessDenied"), STR_INIT("AccessDeniedException"),
					     STR_INIT("AuthorizationError"), STR_INIT("NotAuthorized") };

	for (size_t i = 0; !answered && i < sizeof(denied) / sizeof(*denied); i++) {
		if (str_eq(str_c(err->code), denied[i])) {
			err_clear(err);
			return true;
		}
	}
	return answered || err_prefix(err, "sink %.*s cannot use its service", STR_ARG(s->site.name));
}

/* A stream may be given by its ARN; the others' members take both. */
static void write_examination(const struct aws_batch_service *service, struct str address, struct buf *out)
{
	bool by_arn = service->service == AWS_KINESIS && str_starts(address, STR("arn:"));
	struct json_writer w;

	if (aws_service_info(service->service)->protocol == AWS_QUERY) {
		buf_putf(out, "&%s=", service->member);
		aws_batch_put_encoded(out, address, "+");
		return;
	}
	json_write_init(&w, out);
	json_begin_object(&w);
	json_member_str(&w, by_arn ? STR("StreamARN") : str_c(service->member), address);
	json_end_object(&w);
}

bool aws_batch_examine(struct sink *s, struct str address, struct sink_examination *out, struct err *err)
{
	struct batch_sink *b = (struct batch_sink *)s;
	struct aws_request r = { .operation = b->service->examine };
	struct buf body, answer;
	bool ok;

	*out = b->service->examination;
	buf_init(&body, EXAMINATION_BYTES);
	buf_init(&answer, AWS_BATCH_ANSWER_BYTES);
	write_examination(b->service, address, &body);
	r.body = buf_str(&body);
	ok = aws_call(b->client, &r, &answer, err);
	buf_release(&body);
	buf_release(&answer);
	return ok;
}

bool aws_batch_probe(struct sink *s, struct err *err)
{
	struct batch_sink *b = (struct batch_sink *)s;
	const struct aws_request r = { .operation = b->service->probe, .body = b->service->probe_body };
	struct err why = { 0 };
	struct buf answer;
	bool ok;

	buf_init(&answer, AWS_BATCH_ANSWER_BYTES);
	ok = aws_batch_probed(s, aws_call(b->client, &r, &answer, &why), &why);
	buf_release(&answer);
	if (!ok && err)
		*err = why;
	return ok;
}

void aws_batch_close(struct sink *s)
{
	struct batch_sink *b = (struct batch_sink *)s;

	aws_client_free(b->client);
	mem_free(b);
}
