#include "coordinator_impl.h"

#include "sluice/core/mem.h"

struct str coordinator_label_of(struct str stream_arn)
{
	size_t at = str_find(stream_arn, STR("/stream/"));

	return at == SIZE_MAX ? stream_arn : str_from(stream_arn, at + 8);
}

static struct str dup_str(struct str s)
{
	return str_of(mem_dup(s.ptr, s.len), s.len);
}

/* Labels are times, ISO 8601: a later stream has the greater one. An answer that
 * shows an older stream than is known is a stale one. */
static bool learn_newest(struct coordinator *c, struct str arn)
{
	if (c->newest_arn.len && str_cmp(coordinator_label_of(arn), coordinator_label_of(c->newest_arn)) <= 0)
		return false;
	mem_free((char *)c->newest_arn.ptr);
	c->newest_arn = dup_str(arn);
	return true;
}

static void say_replaced(const struct coordinator *c)
{
	log_error(c->env->log, "stream.replaced", LOG_STR("pipeline", c->set.pipeline), LOG_STR("stream", c->stream_arn),
		  LOG_STR("newest", c->newest_arn),
		  LOG_TEXT("hint", "the table's stream was switched off and on again; the rest of the old one is read first, "
				   "what was written in between is known to nobody"));
}

static bool take_table(struct coordinator *c, const struct table_description *t, struct err *err)
{
	if (t->stream_arn.len == 0)
		return err_set(err, ERR_RETRY, "table.no_stream",
			       "table %.*s has no stream; enable one with NEW_AND_OLD_IMAGES (UpdateTable, StreamSpecification)",
			       STR_ARG(c->set.table));
	if (!c->described && !c->set.described(c->set.ctx, t, err))
		return false;
	if (learn_newest(c, t->stream_arn) && c->stream_arn.len)
		say_replaced(c);
	c->described = true;
	c->described_ms = env_mono_ms(c->env);
	return true;
}

bool coordinator_describe_table(struct coordinator *c, struct err *err)
{
	struct table_description t;
	struct arena arena;
	bool ok;

	arena_init(&arena, 1 << 20);
	ok = dynamodb_describe_table(c->set.dynamodb, c->set.table, &arena, &t, err);
	if (ok)
		ok = take_table(c, &t, err);
	else if (err_is(err, "ResourceNotFoundException"))
		err_set(err, ERR_RETRY, "table.missing",
			"table %.*s does not exist at %.*s; create it with a stream, or mend pipeline %.*s's table setting",
			STR_ARG(c->set.table), STR_ARG(aws_client_endpoint(c->set.dynamodb)), STR_ARG(c->set.pipeline));
	arena_release(&arena);
	return ok;
}

/* ---- which stream ---- */

/* The oldest that a handler has begun: its rest comes first (T10). */
static struct str oldest_label(const struct coordinator *c)
{
	struct str oldest = { 0 };

	for (size_t h = 0; h < c->set.n_handlers; h++) {
		struct str label = c->places[h].label;

		if (label.len && !c->set.handlers[h].stopped && (oldest.len == 0 || str_cmp(label, oldest) < 0))
			oldest = label;
	}
	return oldest;
}

static void choose_stream(struct coordinator *c)
{
	struct str newest = coordinator_label_of(c->newest_arn), label = oldest_label(c);
	struct buf arn;

	buf_init(&arn, 4096);
	buf_put(&arn, str_sub(c->newest_arn, 0, c->newest_arn.len - newest.len));
	buf_put(&arn, label.len ? label : newest);
	mem_free((char *)c->stream_arn.ptr);
	c->stream_arn = dup_str(buf_str(&arn));
	c->label = coordinator_label_of(c->stream_arn);
	buf_release(&arn);
	learn_newest(c, c->stream_arn);
	if (!str_eq(c->label, coordinator_label_of(c->newest_arn)))
		say_replaced(c);
}

static bool make_handlers(struct coordinator *c, struct err *err)
{
	for (size_t h = 0; h < c->set.n_handlers; h++) {
		if (c->set.handlers[h].stopped || c->places[h].label.len)
			continue;
		/* Listed before a first start takes its time: what is closed by then lies
		 * wholly before it. The whole of it: a shard of a later page that closed
		 * while the start's time was being saved would be taken for one of the past. */
		if (c->set.start == STREAM_START_LATEST && !c->listed && str_eq(c->label, coordinator_label_of(c->newest_arn)) &&
		    !coordinator_list(c, err))
			return false;
		if (!coordinator_make_handler(c, h, err))
			return false;
	}
	return true;
}

bool coordinator_open(struct coordinator *c, struct err *err)
{
	if (!c->described && !coordinator_describe_table(c, err))
		return false;
	for (size_t h = 0; h < c->set.n_handlers; h++)
		if (!coordinator_load_handler(c, h, err))
			return false;
	if (c->stream_arn.len == 0)
		choose_stream(c);
	if (!make_handlers(c, err))
		return false;
	coordinator_discover_begin(c);
	return true;
}
