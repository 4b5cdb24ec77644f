#include "sim/world/recorder.h"

#include "sluice/core/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BODY_BYTES = 4 << 20 };

/* ---- the sink ---- */

struct recorder_settings {
	struct str url;
};

static const struct option options[] = {
	{ .name = "url", .type = OPTION_STR, .offset = offsetof(struct recorder_settings, url), .flags = OPTION_REQUIRED,
	  .help = "Where the recorder listens." },
	{ 0 },
};

struct recorder_sink {
	struct sink sink;
	const struct recorder_settings *settings;
};

static void write_body(struct effect *const *effects, size_t n, struct buf *body)
{
	const struct effect_source *source = &effects[0]->batch->source;

	buf_putf(body, "%.*s %.*s %.*s\n", STR_ARG(source->pipeline), STR_ARG(source->handler), STR_ARG(source->shard_id));
	for (size_t i = 0; i < n; i++)
		buf_putf(body, "%s %" PRIu64 "\n", effects[i]->batch->records[effects[i]->record]->sequence.digits, effects[i]->v);
}

static bool is_behind_failed(struct effect *const *effects, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (effects[j]->state == EFFECT_FAILED && str_eq(effects[j]->message.key, effects[i]->message.key))
			return true;
	return false;
}

/* One letter a message: '.' taken, 'r' not now, 'p' never, '-' behind one of these. */
static void settle(struct recorder_sink *s, struct effect *const *effects, size_t n, struct str verdicts)
{
	struct err later, never;

	err_set(&later, ERR_RETRY, "recorder.refused", "the recorder refused it for now");
	err_set(&never, ERR_DATA, "recorder.poison", "the recorder never takes it");
	for (size_t i = 0; i < n; i++) {
		char verdict = i < verdicts.len ? verdicts.ptr[i] : 'r';

		if (is_behind_failed(effects, i))
			sink_fail_behind(&s->sink, effects[i]);
		else if (verdict == '.')
			effect_done(effects[i]);
		else
			effect_fail(effects[i], verdict == 'p' ? &never : &later);
	}
}

static void recorder_send(struct sink *sink, struct effect *const *effects, size_t n)
{
	struct recorder_sink *s = (struct recorder_sink *)sink;
	struct http_request request = { .method = "POST", .url = s->settings->url };
	struct http_response response;
	struct err err;
	struct buf body;
	bool ok;

	buf_init(&body, BODY_BYTES);
	http_response_init(&response);
	write_body(effects, n, &body);
	request.body = buf_str(&body);
	ok = transport_send(sink->site.transport, &request, &response, &err);
	if (ok && response.status != 200)
		ok = err_set(&err, response.status == 429 ? ERR_THROTTLE : ERR_RETRY, "recorder.status", "the recorder answered %d",
			     response.status);
	for (size_t i = 0; i < n && !ok && err.class != ERR_CANCELLED; i++)
		effect_fail(effects[i], &err);
	if (ok)
		settle(s, effects, n, buf_str(&response.body));
	http_response_release(&response);
	buf_release(&body);
}

static void recorder_close(struct sink *sink)
{
	mem_free(sink);
}

static struct sink *recorder_open(const void *settings, const struct sink_site *site, struct err *err)
{
	struct recorder_sink *s = mem_alloc(sizeof(*s));

	(void)err;
	s->sink = (struct sink){ .ops = &recorder_sink_ops, .site = *site };
	s->settings = settings;
	return &s->sink;
}

const struct sink_ops recorder_sink_ops = {
	.kind = "recorder", .summary = "Records, for the simulator.", .options = options,
	.settings_size = sizeof(struct recorder_settings), .accepts = 1u << EFFECT_MESSAGE, .open = recorder_open,
	.send = recorder_send, .close = recorder_close,
};

/* ---- the service ---- */

bool recorder_request_of(struct str body, struct str *pipeline, struct str *handler, struct str *shard)
{
	struct str line = str_split(&body, '\n');

	*pipeline = str_split(&line, ' ');
	*handler = str_split(&line, ' ');
	*shard = line;
	return pipeline->len && handler->len && shard->len;
}

struct recorder *recorder_named(struct recorders *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->list[i].name, name) == 0)
			return &r->list[i];
	r->list[r->n] = (struct recorder){ .poison_key = SIZE_MAX };
	snprintf(r->list[r->n].name, sizeof(r->list[r->n].name), "%s", name);
	return &r->list[r->n++];
}

static char take(struct recorders *r, struct recorder *at, struct ledger_track *t, struct str shard, struct str line)
{
	struct str digits = str_split(&line, ' ');
	const struct sim_change *c;
	struct sequence sequence;
	uint64_t v;

	if (!sequence_parse(digits, &sequence, NULL) || !str_to_u64(line, &v)) {
		world_fail(r->world, "a recorder's message says nothing: %.*s", STR_ARG(digits));
		return 'p';
	}
	c = sim_source_change(r->ledger->source, shard, &sequence);
	if (!at->dead_letters && c && c->key == at->poison_key)
		return 'p';
	if (at->some > 0 && rng_unit(&r->world->rng) < at->some)
		return 'r';
	at->messages++;
	if (at->dead_letters)
		ledger_dead(r->ledger, t, shard, &sequence);
	else
		ledger_arrived(r->ledger, t, shard, &sequence, v);
	return '.';
}

/* A message behind a refused one of the same item is not taken either; so it is
 * known by the item, as the sink knows it by the message's key. */
static bool item_is_held(struct recorders *r, struct str shard, struct str line, const size_t *held, size_t n_held, size_t *key)
{
	struct str digits = str_split(&line, ' ');
	const struct sim_change *c;
	struct sequence sequence;

	*key = SIZE_MAX;
	c = sequence_parse(digits, &sequence, NULL) ? sim_source_change(r->ledger->source, shard, &sequence) : NULL;
	if (!c)
		return false;
	*key = c->key;
	for (size_t i = 0; i < n_held; i++)
		if (held[i] == c->key)
			return true;
	return false;
}

static void take_all(struct recorders *r, struct recorder *at, struct str body, struct buf *answer)
{
	struct str pipeline, handler, shard;
	struct ledger_track *t;
	size_t *held, n_held = 0, key;

	if (!recorder_request_of(body, &pipeline, &handler, &shard) || !(t = ledger_find(r->ledger, pipeline, handler))) {
		world_fail(r->world, "a recorder's request of nobody");
		return;
	}
	held = mem_array(body.len / 20 + 1, sizeof(*held));
	str_split(&body, '\n');
	while (body.len) {
		struct str line = str_split(&body, '\n');
		char verdict = '-';

		if (!item_is_held(r, shard, line, held, n_held, &key)) {
			verdict = take(r, at, t, shard, line);
			if (verdict != '.')
				held[n_held++] = key;
		}
		buf_putc(answer, verdict);
	}
	mem_free(held);
}

static bool serve(struct transport *transport, const struct http_request *request, struct http_response *response,
		  struct err *err)
{
	struct recorders *r = (struct recorders *)transport;
	struct str host = request->url, rest;
	struct recorder *at;
	char name[32];

	if (str_find(host, STR(".recorder.test")) == SIZE_MAX)
		return transport_send(r->next, request, response, err);
	rest = str_from(host, str_find(host, STR("://")) + 3);
	snprintf(name, sizeof(name), "%.*s", STR_ARG(str_split(&rest, '.')));
	at = recorder_named(r, name);
	at->requests++;
	http_response_clear(response);
	if (world_ms(r->world) < at->hangs_until_ms)
		return err_set(err, ERR_RETRY, "http.timeout", "simulated: the recorder hangs");
	if (world_ms(r->world) < at->down_until_ms || rng_unit(&r->world->rng) < at->refuse) {
		response->status = 503;
		return true;
	}
	response->status = 200;
	take_all(r, at, request->body, &response->body);
	return true;
}

void recorders_init(struct recorders *r, struct world *w, struct ledger *l, struct transport *next)
{
	*r = (struct recorders){ .transport.send = serve, .next = next, .world = w, .ledger = l };
}
