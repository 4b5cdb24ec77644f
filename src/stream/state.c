#include "sluice/stream/state.h"

#include <stdio.h>

static bool version_of(const struct state_row *row, uint64_t *out)
{
	struct value v;

	*out = 0;
	return value_get(row->item, STR("version"), &v) && v.type == VALUE_N && str_to_u64(v.raw, out);
}

static bool write_schema(struct state *s, struct err *err)
{
	char text[64];

	snprintf(text, sizeof(text), "\"version\":{\"N\":\"%d\"}", STATE_SCHEMA_VERSION);
	return state_put(s, STATE_SCHEMA, STR("state"), 0, str_c(text), err) || err_is(err, "state.conflict");
}

bool state_check_schema(struct state *s, struct str store, struct err *err)
{
	struct state_row row;
	struct arena arena;
	uint64_t found;
	bool ok;

	arena_init(&arena, 1 << 20);
	ok = state_get(s, STATE_SCHEMA, STR("state"), &arena, &row, err);
	if (ok && row.counter == 0)
		ok = write_schema(s, err);
	else if (ok && (!version_of(&row, &found) || found != STATE_SCHEMA_VERSION))
		ok = err_set(err, ERR_FATAL, "state.schema",
			     "%.*s was written by a version of sluice with schema %llu, this one knows %d; run the newer "
			     "version",
			     STR_ARG(store), (unsigned long long)found, STATE_SCHEMA_VERSION);
	arena_release(&arena);
	return ok;
}
