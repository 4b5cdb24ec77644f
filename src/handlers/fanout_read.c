/* fanout_read: a task's row back into what the runner works with. */
#include "fanout_impl.h"

/* A row being read: what is looked up, and where its errors go. */
struct reading {
	struct str id;
	struct arena *arena;
	struct err *err;
};

static bool bad(const struct reading *r, const char *name, const char *expected)
{
	return err_set(r->err, ERR_DATA, "fanout.task", "fan-out task %.*s: attribute %s is missing or not %s",
		       STR_ARG(r->id), name, expected);
}

static bool no_memory(const struct reading *r)
{
	return err_set(r->err, ERR_FATAL, "fanout.memory", "fan-out task %.*s needs more than %zu bytes",
		       STR_ARG(r->id), r->arena->max);
}

static bool get(const struct reading *r, struct value map, const char *name, enum value_type type, struct value *out)
{
	if (!value_get(map, str_c(name), out) || out->type != type)
		return bad(r, name, value_type_name(type));
	return true;
}

static bool get_text(const struct reading *r, struct value map, const char *name, struct str *out)
{
	struct value v;

	return get(r, map, name, VALUE_S, &v) && value_text(v, r->arena, out, r->err);
}

static bool get_optional(const struct reading *r, struct value map, const char *name, struct str *out)
{
	struct value v;

	*out = STR("");
	return !value_get(map, str_c(name), &v) || get_text(r, map, name, out);
}

static bool get_int(const struct reading *r, struct value map, const char *name, int64_t *out)
{
	struct value v;

	if (!get(r, map, name, VALUE_N, &v))
		return false;
	return (str_to_i64(v.raw, out) && *out >= 0) || bad(r, name, "a whole number");
}

static bool read_event(const struct reading *r, struct value row, struct template_context *c)
{
	struct value event, id;
	int64_t v;

	if (!get(r, row, "event", VALUE_M, &event) || !get_text(r, event, "name", &c->event_name) ||
	    !get(r, event, "id", VALUE_S, &id) || !get_text(r, event, "sequence", &c->event_sequence) ||
	    !get_int(r, event, "time", &c->event_time_s) || !get_int(r, event, "v", &v))
		return false;
	c->event_id = id.raw;
	c->event_v = (uint64_t)v;
	return true;
}

static bool read_values(const struct reading *r, struct value row, struct template_context *c)
{
	struct value values;
	const struct {
		const char *name;
		struct value *image;
	} parts[] = { { "new", &c->new_image }, { "old", &c->old_image }, { "keys", &c->keys } };

	if (!get(r, row, "values", VALUE_M, &values))
		return false;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		struct value found;

		if (value_get(values, str_c(parts[i].name), &found) &&
		    !get(r, values, parts[i].name, VALUE_M, parts[i].image))
			return false;
	}
	return true;
}

/* ---- Sources ---- */

static bool count_elements(const struct reading *r, struct value list, size_t *count)
{
	struct value_iter it;
	struct value v;

	*count = 0;
	value_iter_init(&it, list);
	while (value_iter_next(&it, NULL, &v, r->err))
		(*count)++;
	return r->err->class == ERR_NONE;
}

static bool read_names(const struct reading *r, struct value map, struct option_names *out)
{
	struct value_iter it;
	struct value list, v;
	size_t count;

	*out = (struct option_names){ 0 };
	if (!value_get(map, STR("attributes"), &list))
		return true;
	if (!get(r, map, "attributes", VALUE_L, &list) || !count_elements(r, list, &count))
		return false;
	out->items = arena_array(r->arena, count, sizeof(*out->items));
	if (!out->items)
		return no_memory(r);
	value_iter_init(&it, list);
	while (value_iter_next(&it, NULL, &v, r->err)) {
		if (v.type != VALUE_S)
			return bad(r, "attributes", "a list of S");
		if (!value_text(v, r->arena, &out->items[out->count++], r->err))
			return false;
	}
	return true;
}

/* What all shards of an audience's entry share; *shards is how many there are. */
static bool read_entry(const struct reading *r, struct value entry, struct fanout_source *s, struct value *keys,
		       size_t *shards)
{
	struct value v;

	*s = (struct fanout_source){ .kind = FANOUT_QUERY };
	*shards = 1;
	s->consistent = value_get(entry, STR("consistent"), &v) && v.type == VALUE_BOOL && str_eq(v.raw, STR("true"));
	if (!read_names(r, entry, &s->attributes))
		return false;
	if (value_get(entry, STR("members"), &v)) {
		s->kind = FANOUT_MEMBERS;
		return get(r, entry, "members", VALUE_L, &s->members);
	}
	if (value_get(entry, STR("scan"), &v)) {
		s->kind = FANOUT_SCAN;
		return get_text(r, entry, "scan", &s->table);
	}
	return get_text(r, entry, "table", &s->table) && get_optional(r, entry, "index", &s->index) &&
	       get_optional(r, entry, "key_attribute", &s->key_attribute) &&
	       get_optional(r, entry, "sort_prefix", &s->sort_prefix) && get(r, entry, "keys", VALUE_L, keys) &&
	       count_elements(r, *keys, shards);
}

static bool expand_entry(const struct reading *r, struct value entry, struct fanout_task *out)
{
	struct fanout_source shared;
	struct value keys = { 0 };
	struct value_iter it;
	size_t shards;

	if (entry.type != VALUE_M)
		return bad(r, "audience", "a list of M");
	if (!read_entry(r, entry, &shared, &keys, &shards))
		return false;
	if (shards > FANOUT_SOURCES_MAX - out->n_sources)
		return bad(r, "audience", "of so few sources as can be merged");
	value_iter_init(&it, keys);
	for (size_t i = 0; i < shards; i++) {
		if (shared.kind == FANOUT_QUERY && !value_iter_next(&it, NULL, &shared.key, r->err))
			return bad(r, "keys", "a list of keys");
		out->sources[out->n_sources++] = shared;
	}
	return true;
}

static bool read_audience(const struct reading *r, struct value row, struct fanout_task *out)
{
	struct value audience, entry;
	struct value_iter it;

	if (!get(r, row, "audience", VALUE_L, &audience))
		return false;
	out->sources = arena_array(r->arena, FANOUT_SOURCES_MAX, sizeof(*out->sources));
	if (!out->sources)
		return no_memory(r);
	value_iter_init(&it, audience);
	while (value_iter_next(&it, NULL, &entry, r->err)) {
		if (!expand_entry(r, entry, out))
			return false;
	}
	return r->err->class == ERR_NONE;
}

bool fanout_task_read(struct str id, struct value row, struct arena *a, struct fanout_task *out, struct err *err)
{
	struct err unread = { 0 };
	const struct reading r = { .id = id, .arena = a, .err = err ? err : &unread };
	struct value expires;

	err_clear(r.err);
	*out = (struct fanout_task){ .id = id };
	if (row.type != VALUE_M)
		return bad(&r, "(row)", "an item");
	if (!get_text(&r, row, "handler", &out->handler) || !get_text(&r, row, "pipeline", &out->pipeline) ||
	    !get_text(&r, row, "table", &out->table) || !get_int(&r, row, "created", &out->created_s))
		return false;
	if (value_get(row, STR("expires_at"), &expires) && !get_int(&r, row, "expires_at", &out->expires_at_s))
		return false;
	out->context.event_table = out->table;
	return read_event(&r, row, &out->context) && read_values(&r, row, &out->context) &&
	       read_audience(&r, row, out);
}
