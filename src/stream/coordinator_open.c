#include "coordinator_impl.h"

#include "sluice/core/mem.h"

static bool describe_table(struct coordinator *c, struct err *err)
{
	struct table_description t;
	struct arena arena;
	bool ok = false;
	size_t label;

	arena_init(&arena, 1 << 20);
	if (!dynamodb_describe_table(c->set.dynamodb, c->set.table, &arena, &t, err)) {
		if (err_is(err, "ResourceNotFoundException"))
			err_set(err, ERR_RETRY, "table.missing",
				"table %.*s does not exist at %.*s; create it with a stream, or mend pipeline %.*s's table setting",
				STR_ARG(c->set.table), STR_ARG(aws_client_endpoint(c->set.dynamodb)), STR_ARG(c->set.pipeline));
		goto out;
	}
	if (t.stream_arn.len == 0) {
		err_set(err, ERR_RETRY, "table.no_stream",
			"table %.*s has no stream; enable one with NEW_AND_OLD_IMAGES (UpdateTable, StreamSpecification)",
			STR_ARG(c->set.table));
		goto out;
	}
	if (!c->set.described(c->set.ctx, &t, err))
		goto out;
	c->stream_arn = str_of(mem_dup(t.stream_arn.ptr, t.stream_arn.len), t.stream_arn.len);
	label = str_find(c->stream_arn, STR("/stream/"));
	c->label = label == SIZE_MAX ? c->stream_arn : str_from(c->stream_arn, label + 8);
	ok = true;
out:
	arena_release(&arena);
	return ok;
}

bool coordinator_open(struct coordinator *c, struct err *err)
{
	if (c->stream_arn.len == 0 && !describe_table(c, err))
		return false;
	/* Listed before a first start takes its time: what is closed by now lies wholly
	 * before it. */
	if (!c->listed && !coordinator_list(c, err))
		return false;
	for (size_t h = 0; h < c->set.n_handlers; h++)
		if (!c->set.handlers[h].stopped && !coordinator_load_handler(c, h, err))
			return false;
	return true;
}
