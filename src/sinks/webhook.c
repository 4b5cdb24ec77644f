/* The webhook sink: messages as signed HTTP requests. */
#include "sluice/core/mem.h"
#include "sluice/sinks/kinds.h"
#include "key_map.h"
#include "sluice/sinks/web_address.h"
#include "web_header.h"
#include "webhook_sink.h"

enum {
	SEND_BYTES = 1 << 20, /* of a plan, and for each effect: */
	SEND_EFFECT_BYTES = 32 << 10, /* its url and key */
	BATCH_BYTES = 1 << 20,
	SHORTEST_SECRET = 16,
};

#define AT(field) offsetof(struct webhook_settings, field)
static const struct option options[] = {
	{ .name = "secrets",
	  .type = OPTION_NAMES,
	  .offset = AT(secrets),
	  .flags = OPTION_SECRET | OPTION_BARE,
	  .min = 0,
	  .max = WEBHOOK_MOST_SECRETS,
	  .help = "Keys of the header `sluice-signature: t=<Unix seconds>,v1=<hex>`, where v1 is the HMAC-SHA-256 of "
		  "`<t>.<body>`; with several secrets it has a v1 of each, so that receivers change to a new one at "
		  "their leisure. At least 16 characters each. Without one nothing is signed." },
	{ .name = "headers",
	  .type = OPTION_NAMES,
	  .offset = AT(headers),
	  .flags = OPTION_SECRET,
	  .min = 0,
	  .max = WEBHOOK_MOST_HEADERS,
	  .help = "Headers of every request, as \"Name=value\"; they stand in the place of a message's own of that name." },
	{ .name = "batch_records",
	  .type = OPTION_INT,
	  .offset = AT(batch_records),
	  .default_text = "1",
	  .min = 1,
	  .max = WEBHOOK_MOST_RECORDS,
	  .help = "Messages of one request: with 1 the body is the message; above it is always a JSON array of up to "
		  "so many, and the headers with ids are lists in the same order." },
	{ .name = "concurrency",
	  .type = OPTION_INT,
	  .offset = AT(concurrency),
	  .default_text = "8",
	  .min = 1,
	  .max = 1000,
	  .help = "Requests of a worker under way at once. Messages with the same key wait for each other." },
	{ .name = "timeout_ms",
	  .type = OPTION_INT,
	  .offset = AT(timeout_ms),
	  .default_text = "10000",
	  .min = 100,
	  .max = 600000,
	  .unit = "ms",
	  .help = "How long one request may take." },
	{ .name = "breaker_failures",
	  .type = OPTION_INT,
	  .offset = AT(breaker_failures),
	  .default_text = "5",
	  .min = 1,
	  .max = 1000,
	  .help = "So many failures in a row (no answer, 408, 5xx) and a server is left alone for 1 s; then one request "
		  "goes to see whether it is back, and each that fails doubles the pause, up to 60 s." },
	{ .name = "insecure",
	  .type = OPTION_BOOL,
	  .offset = AT(insecure),
	  .default_text = "false",
	  .help = "Whether a `url` may be http:// to another machine: everybody on the way can read the messages and the "
		  "headers, and replay them. To this machine (localhost, 127.0.0.1, ::1) http is always allowed." },
	{ .name = "tls",
	  .type = OPTION_GROUP,
	  .offset = AT(tls),
	  .table = tls_options,
	  .help = "How servers are trusted, and who asks." },
	{ 0 },
};

/* ---- settings ---- */

static const struct node *member(const struct node *at, const char *name)
{
	const struct node *n = at ? node_get(at, str_c(name)) : NULL;

	return n ? n : at;
}

static void check_headers(const struct webhook_settings *s, const struct node *at, struct problems *problems)
{
	for (size_t i = 0; i < s->headers.count; i++) {
		struct str text = s->headers.items[i];
		struct str name = str_sub(text, 0, str_find_char(text, '='));
		struct http_header h;

		if (!web_header_split(text, &h)) /* what stands behind the name may be secret */
			problems_add(problems, at,
				     "element %zu is no header; expected \"Name=value\" without line ends and control "
				     "characters",
				     i + 1);
		else if (web_header_reserved(name))
			problems_add(problems, at, "the header \"%.*s\" is sluice's or the connection's own", STR_ARG(name));
	}
}

static void check(const void *settings, const struct node *at, struct problems *problems)
{
	const struct webhook_settings *s = settings;

	for (size_t i = 0; i < s->secrets.count; i++)
		if (s->secrets.items[i].len < SHORTEST_SECRET)
			problems_add(problems, member(at, "secrets"),
				     "secret %zu is shorter than %d characters; take a random one, such as "
				     "`openssl rand -hex 32` prints",
				     i + 1, SHORTEST_SECRET);
	check_headers(s, member(at, "headers"), problems);
	tls_option_check(&s->tls, member(at, "tls"), problems);
}

static void check_address(const void *settings, struct str url, const struct node *at, struct problems *problems)
{
	const struct webhook_settings *s = settings;
	struct web_address address;
	const char *why = "";

	if (!web_address_parse(url, &address, &why))
		problems_add(problems, at, "expected a URL such as \"https://hooks.example.com/deals\": %s", why);
	else if (!address.tls && !address.loopback && !s->insecure)
		problems_add(problems, at,
			     "http:// to another machine sends messages and headers in the clear; use https://, or set "
			     "insecure = true in the sink");
	else if (!address.tls && tls_option_given(&s->tls))
		problems_add(problems, at, "the sink has `tls`, which means nothing to an http:// url; use https://");
}

static struct sink *webhook_open(const void *settings, const struct sink_site *site, struct err *err)
{
	const struct webhook_settings *s = settings;
	struct webhook *w;

	if (!site->transport) {
		err_set(err, ERR_FATAL, "sink.client", "there is no HTTP client");
		return NULL;
	}
	w = mem_alloc(sizeof(*w));
	w->base = (struct sink){ .ops = &webhook_sink, .site = *site };
	w->set = s;
	for (size_t i = 0; i < s->headers.count && i < WEBHOOK_MOST_HEADERS; i++)
		if (web_header_split(s->headers.items[i], &w->headers[w->n_headers]))
			w->n_headers++;
	tls_files_init(&w->tls, &s->tls);
	budget_init(&w->turns, site->loop, (size_t)s->concurrency);
	return &w->base;
}

/* ---- one send ---- */

/* Lanes with something to post stand in a queue; each task takes what makes a
 * request from its head, and puts the lanes back when the answer is there: so of one
 * lane there is never more than one request under way. */
struct outbox {
	struct webhook *w;
	struct arena arena;
	struct key_map lanes;
	size_t n_lanes;
	struct webhook_lane *ready, *last_ready;
	bool stopped;          /* cancelled */
};

static void put_back(struct outbox *o, struct webhook_lane *lane)
{
	lane->next_ready = NULL;
	if (o->ready)
		o->last_ready->next_ready = lane;
	else
		o->ready = lane;
	o->last_ready = lane;
}

static struct webhook_lane *lane_of(struct outbox *o, const struct effect_message *m)
{
	const struct str parts[2] = { m->address, m->key };
	struct webhook_lane **there, *lane;
	struct str target;

	if (m->key.len == 0) { /* without a key there is no order to keep */
		lane = ARENA_NEW(&o->arena, struct webhook_lane);
	} else {
		target = key_join(&o->arena, parts, 2);
		if (!target.ptr)
			return NULL;
		there = (struct webhook_lane **)key_map_at(&o->lanes, target);
		if (*there)
			return *there;
		lane = *there = ARENA_NEW(&o->arena, struct webhook_lane);
	}
	if (lane) {
		put_back(o, lane);
		o->n_lanes++;
	}
	return lane;
}

static bool plan(struct outbox *o, struct effect *e)
{
	struct webhook_message *m = ARENA_NEW(&o->arena, struct webhook_message);

	if (!m || !(m->lane = lane_of(o, &e->message)))
		return false;
	m->effect = e;
	if (m->lane->last)
		m->lane->last->next = m;
	else
		m->lane->first = m;
	m->lane->last = m;
	return true;
}

static void plan_all(struct outbox *o, struct effect *const *effects, size_t n)
{
	bool room = key_map_init(&o->lanes, &o->arena, n);
	struct err err = { 0 };

	err_set(&err, ERR_FATAL, "sink.memory",
		"sink %.*s: one send needs more than %zu bytes for its plan; make batch.records smaller",
		STR_ARG(o->w->base.site.name), o->arena.max);
	for (size_t i = 0; i < n; i++)
		if (sink_takes(&o->w->base, effects[i]) && !(room && plan(o, effects[i])))
			effect_fail(effects[i], &err);
}

static bool same_headers(const struct effect_message *a, const struct effect_message *b)
{
	if (a->n_headers != b->n_headers)
		return false;
	for (size_t i = 0; i < a->n_headers; i++)
		if (!str_eq(a->headers[i].name, b->headers[i].name) ||
		    (!webhook_header_is_ours(a->headers[i].name) && !str_eq(a->headers[i].value, b->headers[i].value)))
			return false;
	return true;
}

/* One request: messages, and the lanes that they were taken from. */
struct request {
	struct webhook_message *messages[WEBHOOK_MOST_RECORDS];
	struct webhook_lane *lanes[WEBHOOK_MOST_RECORDS];
	size_t n, n_lanes, bytes;
};

static bool fits(const struct outbox *o, const struct request *r, const struct webhook_message *m)
{
	const struct effect_message *first = r->n ? &r->messages[0]->effect->message : NULL, *x = &m->effect->message;

	return !first || (r->n < (size_t)o->w->set->batch_records && r->bytes + x->body.len <= BATCH_BYTES &&
			  str_eq(first->address, x->address) && same_headers(first, x));
}

static void take_from(struct outbox *o, struct request *r, struct webhook_lane *lane)
{
	while (lane->first && fits(o, r, lane->first)) {
		r->bytes += lane->first->effect->message.body.len;
		r->messages[r->n++] = lane->first;
		lane->first = lane->first->next;
	}
}

/* The head of the queue, and what of those behind it goes with it. */
static void take_request(struct outbox *o, struct request *r)
{
	r->n = r->n_lanes = r->bytes = 0;
	while (o->ready && fits(o, r, o->ready->first)) {
		struct webhook_lane *lane = o->ready;

		o->ready = lane->next_ready;
		r->lanes[r->n_lanes++] = lane;
		take_from(o, r, lane);
	}
}

static void fail_lane(struct outbox *o, struct webhook_lane *lane)
{
	for (struct webhook_message *m = lane->first; m; m = m->next)
		sink_fail_behind(&o->w->base, m->effect);
	lane->first = NULL;
}

/* Leaves those whose lane goes on. */
static size_t drop_failed(struct outbox *o, struct webhook_message **messages, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (messages[i]->lane->failed)
			sink_fail_behind(&o->w->base, messages[i]->effect);
		else
			messages[kept++] = messages[i];
	}
	return kept;
}

/* Posts them; where the answer blames the content, halves, until what it blames
 * stands alone. False when cancelled. */
static bool deliver(struct outbox *o, struct webhook_message **messages, size_t n)
{
	struct err err = { 0 };

	n = drop_failed(o, messages, n);
	if (n == 0)
		return true;
	if (webhook_post(o->w, messages, n, &err)) {
		for (size_t i = 0; i < n; i++)
			effect_done(messages[i]->effect);
		return true;
	}
	if (err.class == ERR_CANCELLED)
		return false;
	if (err.class == ERR_DATA && n > 1)
		return deliver(o, messages, n / 2) && deliver(o, messages + n / 2, n - n / 2);
	for (size_t i = 0; i < n; i++) {
		effect_fail(messages[i]->effect, &err);
		messages[i]->lane->failed = true;
	}
	return true;
}

static bool next_request(struct outbox *o)
{
	struct request r;
	bool ok;

	if (!budget_take(&o->w->turns, 1, NULL))
		return false;
	take_request(o, &r); /* behind the wait: another task may have emptied the queue */
	ok = r.n == 0 || deliver(o, r.messages, r.n);
	budget_return(&o->w->turns, 1);
	for (size_t i = 0; i < r.n_lanes && ok; i++) {
		if (r.lanes[i]->failed)
			fail_lane(o, r.lanes[i]);
		if (r.lanes[i]->first)
			put_back(o, r.lanes[i]);
	}
	return ok;
}

static void post_all(void *arg)
{
	struct outbox *o = arg;

	while (o->ready && !o->stopped)
		if (!next_request(o))
			o->stopped = true;
}

static void webhook_send(struct sink *s, struct effect *const *effects, size_t n)
{
	struct outbox o = { .w = (struct webhook *)s };
	size_t tasks;

	arena_init(&o.arena, SEND_BYTES + n * SEND_EFFECT_BYTES);
	plan_all(&o, effects, n);
	tasks = o.n_lanes < (size_t)o.w->set->concurrency ? o.n_lanes : (size_t)o.w->set->concurrency;
	if (tasks <= 1) {
		post_all(&o);
	} else {
		struct scope scope;

		scope_init(&scope, s->site.loop);
		for (size_t i = 0; i < tasks; i++)
			scope_spawn(&scope, "sink.webhook", post_all, &o);
		scope_wait(&scope);
	}
	if (n)
		effect_batch_silent(effects[0]->batch, 0);
	arena_release(&o.arena);
}

static void webhook_close(struct sink *s)
{
	struct webhook *w = (struct webhook *)s;

	while (w->hosts) {
		struct breaker *b = w->hosts;

		w->hosts = b->next;
		breaker_free(b);
	}
	tls_files_release(&w->tls);
	mem_free(w);
}

const struct sink_ops webhook_sink = {
	.kind = "webhook",
	.summary = "Posts messages to the handler's `url`, signed, in order per key; retried until the receiver says 2xx.",
	.options = options,
	.settings_size = sizeof(struct webhook_settings),
	.accepts = 1u << EFFECT_MESSAGE,
	.address = "url",
	.check = check,
	.check_address = check_address,
	.open = webhook_open,
	.send = webhook_send,
	.close = webhook_close,
};
