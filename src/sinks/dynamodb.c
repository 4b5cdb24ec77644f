/* The dynamodb sink: runs a plan's units side by side. */
#include "dynamodb_sink.h"

#include "sluice/core/mem.h"

enum {
	PLAN_BYTES = 4 << 20,         /* of a plan, and for each effect: */
	PLAN_EFFECT_BYTES = 16 << 10, /* keys are 3 KiB at most, escaped six times that */
	NAMES_BYTES = 1 << 20,
	PAUSE_MS = 25,
};

struct dynamodb_settings {
	int64_t parallel;
};

static const struct option options[] = {
	{ .name = "parallel",
	  .type = OPTION_INT,
	  .offset = offsetof(struct dynamodb_settings, parallel),
	  .default_text = "16",
	  .min = 1,
	  .max = 256,
	  .help = "Requests that one batch of effects may have under way at once." },
	{ 0 },
};

static struct sink *dynamodb_open(const void *settings, const struct sink_site *site, struct err *err)
{
	const struct dynamodb_settings *s = settings;
	struct dynamodb_sink *d;

	if (!site->dynamodb) {
		err_set(err, ERR_FATAL, "sink.client", "there is no DynamoDB client");
		return NULL;
	}
	d = mem_alloc(sizeof(*d));
	d->base = (struct sink){ .ops = &dynamodb_sink, .site = *site };
	d->parallel = s && s->parallel > 0 ? (size_t)s->parallel : 16;
	arena_init(&d->names, NAMES_BYTES);
	return &d->base;
}

static bool wait_until_ended(struct plan *p, struct unit *u)
{
	while (!u->ended) {
		event_clear(&p->moved);
		if (!event_wait(&p->moved, -1, NULL, NULL))
			return false;
	}
	return true;
}

/* True when the unit may run; else it is settled (or cancelled). */
static bool wait_in_line(struct plan *p, struct unit *u)
{
	bool failed = false;

	for (struct dependency *d = u->after; d; d = d->next) {
		if (!wait_until_ended(p, d->on) || d->on->cancelled) {
			u->cancelled = true;
			return false;
		}
		failed = failed || d->on->failed;
	}
	if (failed) {
		struct err why = { 0 };

		err_set(&why, ERR_RETRY, "sink.behind",
			"sink %.*s: an earlier change of the same row was not accepted; this one waits behind it",
			STR_ARG(p->sink->base.site.name));
		unit_fail(u, &why);
	}
	return !failed;
}

static void run_unit(struct plan *p, struct unit *u)
{
	static void (*const run[])(struct dynamodb_sink *, struct unit *) = {
		[UNIT_ROW] = dynamodb_run_row,
		[UNIT_TRANSACTION] = dynamodb_run_transaction,
		[UNIT_COUNTER] = dynamodb_run_counter,
		[UNIT_INBOX] = dynamodb_run_inbox,
		[UNIT_INBOX_PUT] = dynamodb_run_inbox_put,
	};

	if (wait_in_line(p, u))
		run[u->kind](p->sink, u);
	u->ended = true;
	event_set(&p->moved);
}

static void run_units(void *arg)
{
	struct plan *p = arg;
	struct loop *loop = p->sink->base.site.loop;

	while (p->todo && !task_cancelled(loop)) {
		struct unit *u = p->todo;

		p->todo = u->next;
		run_unit(p, u);
	}
}

static void dynamodb_send(struct sink *s, struct effect *const *effects, size_t n)
{
	struct dynamodb_sink *d = (struct dynamodb_sink *)s;
	struct plan p = { .sink = d };
	size_t tasks;

	arena_init(&p.arena, PLAN_BYTES + n * PLAN_EFFECT_BYTES);
	event_init(&p.moved, s->site.loop);
	plan_effects(&p, effects, n);
	p.todo = p.first;
	tasks = p.count < d->parallel ? p.count : d->parallel;
	if (tasks <= 1) {
		run_units(&p);
	} else {
		struct scope scope;

		scope_init(&scope, s->site.loop);
		for (size_t i = 0; i < tasks; i++)
			scope_spawn(&scope, "sink.dynamodb", run_units, &p);
		scope_wait(&scope);
	}
	arena_release(&p.arena);
}

bool dynamodb_condition_failed(const struct err *err)
{
	return err_is(err, "ConditionalCheckFailedException");
}

/* " with the key attributes pk (S) and sk (N)", as far as the effect tells. */
static void put_key_names(const struct effect *e, struct buf *out)
{
	struct value_iter it;
	struct value v;
	struct str name;
	bool more = false;

	if (e->kind != EFFECT_ADD && e->kind != EFFECT_PUT_ROW && e->kind != EFFECT_DELETE_ROW)
		return;
	value_iter_init(&it, value_image(e->kind == EFFECT_ADD ? e->add.key : e->row.key));
	for (; value_iter_next(&it, &name, &v, NULL); more = true)
		buf_putf(out, "%s%.*s (%s)", more ? " and " : " with the key attributes ", STR_ARG(name),
			 value_type_name(v.type));
}

static bool no_table(struct dynamodb_sink *d, const char *operation, struct str table, const struct effect *e,
		     struct err *err)
{
	struct str endpoint = aws_client_endpoint(d->base.site.dynamodb);
	struct buf names;

	buf_init(&names, 256);
	put_key_names(e, &names);
	err_set(err, ERR_RETRY, "dynamodb.no_table",
		"%s: table %.*s is not there at %.*s; create it%.*s, the writes are waiting", operation, STR_ARG(table),
		STR_ARG(endpoint), STR_ARG(buf_str(&names)));
	buf_release(&names);
	return false;
}

static struct str table_of(const struct effect *e)
{
	switch (e->kind) {
	case EFFECT_ADD:
		return e->add.table;
	case EFFECT_PUT_ROW:
	case EFFECT_DELETE_ROW:
		return e->row.table;
	default:
		return e->message.address;
	}
}

bool dynamodb_write(struct dynamodb_sink *d, const char *operation, const struct buf *body, const struct effect *e,
		    struct buf *answer, struct err *err)
{
	struct str table = table_of(e);

	if (!buf_ok(body))
		return err_set(err, ERR_DATA, "dynamodb.request_size", "a %s for table %.*s would pass %zu bytes",
			       operation, STR_ARG(table), body->max);
	if (dynamodb_call(d->base.site.dynamodb, operation, buf_str(body), answer, err))
		return true;
	if (err_is(err, "ResourceNotFoundException"))
		return no_table(d, operation, table, e, err);
	return false;
}

bool dynamodb_pause(struct dynamodb_sink *d, unsigned attempt, struct err *err)
{
	struct loop *loop = d->base.site.loop;
	uint64_t most = (uint64_t)PAUSE_MS << (attempt < 7 ? attempt : 7);

	return task_sleep_ms(loop, (int64_t)(most / 2 + rng_below(&loop_env(loop)->rng, most / 2 + 1)), err);
}

const struct key_names *dynamodb_key_names(struct dynamodb_sink *d, struct str table, struct err *err)
{
	struct table_description found;
	struct key_names *k;
	struct arena arena;
	bool ok;

	for (k = d->tables; k; k = k->next)
		if (str_eq(k->table, table))
			return k;
	arena_init(&arena, NAMES_BYTES);
	ok = dynamodb_describe_table(d->base.site.dynamodb, table, &arena, &found, err);
	if (ok && (k = ARENA_NEW(&d->names, struct key_names))) {
		*k = (struct key_names){ .next = d->tables,
					 .table = arena_dup(&d->names, table),
					 .hash = arena_dup(&d->names, found.key_names[0]),
					 .range = arena_dup(&d->names, found.key_names[1]) };
		d->tables = k;
	}
	if (ok && (!k || !k->hash.ptr || !k->table.ptr)) {
		err_set(err, ERR_FATAL, "sink.memory", "the names of the tables that sink %.*s writes pass %d bytes",
			STR_ARG(d->base.site.name), NAMES_BYTES);
		k = NULL;
	}
	if (!ok && err_is(err, "ResourceNotFoundException"))
		err_set(err, ERR_RETRY, "dynamodb.no_table",
			"inbox table %.*s is not there at %.*s; create it with the key attributes that `item` "
			"of the fanout handler has, the writes are waiting",
			STR_ARG(table), STR_ARG(aws_client_endpoint(d->base.site.dynamodb)));
	arena_release(&arena);
	return ok ? k : NULL;
}

void dynamodb_forget_names(struct dynamodb_sink *d, struct str table)
{
	for (struct key_names **at = &d->tables; *at; at = &(*at)->next) {
		if (str_eq((*at)->table, table)) {
			*at = (*at)->next;
			return;
		}
	}
}

/* Any permission error is an answer, too. */
static bool dynamodb_probe(struct sink *s, struct err *err)
{
	struct buf answer;
	struct err why = { 0 };
	bool ok;

	buf_init(&answer, 1 << 20);
	ok = dynamodb_call(s->site.dynamodb, "ListTables", STR("{\"Limit\":1}"), &answer, &why) ||
	     err_is(&why, "AccessDeniedException");
	buf_release(&answer);
	if (!ok && err)
		*err = why;
	return ok;
}

static void dynamodb_close(struct sink *s)
{
	struct dynamodb_sink *d = (struct dynamodb_sink *)s;

	arena_release(&d->names);
	mem_free(d);
}

const struct sink_ops dynamodb_sink = {
	.kind = "dynamodb",
	.summary = "Writes rows, counters and inbox notifications to DynamoDB tables.",
	.options = options,
	.settings_size = sizeof(struct dynamodb_settings),
	.accepts = 1u << EFFECT_MESSAGE | 1u << EFFECT_PUT_ROW | 1u << EFFECT_DELETE_ROW | 1u << EFFECT_ADD,
	.address = "table",
	.open = dynamodb_open,
	.send = dynamodb_send,
	.probe = dynamodb_probe,
	.close = dynamodb_close,
};
