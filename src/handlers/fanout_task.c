/* fanout_task: an event as a durable task. */
#include "fanout_impl.h"

#include "sluice/core/digest.h"
#include "sluice/core/mem.h"
#include "sluice/core/rfc3339.h"
#include "sluice/handlers/base.h"
#include "sluice/handlers/prune.h"
#include "sluice/item/number.h"

#include <stdlib.h>

enum { MEMBERS_MAX = 10000 };

/* ---- Attributes ---- */

static void put_name(struct buf *out, const char *name)
{
	char last = out->len ? out->ptr[out->len - 1] : '{';

	buf_puts(out, last == '{' || last == '[' ? "\"" : ",\"");
	buf_puts(out, name);
	buf_puts(out, "\":");
}

static void put_s(struct buf *out, const char *name, struct str plain)
{
	put_name(out, name);
	buf_puts(out, "{\"S\":\"");
	json_escape(out, plain);
	buf_puts(out, "\"}");
}

static void put_n(struct buf *out, const char *name, int64_t n)
{
	put_name(out, name);
	buf_puts(out, "{\"N\":\"");
	handler_put_int(out, n);
	buf_puts(out, "\"}");
}

/* Fills a template into the working space: valid until the next fill. */
static bool fill_text(struct fanout *f, const struct template *t, const struct template_context *c, struct str *out,
		      struct err *err)
{
	buf_clear(&f->text);
	if (!template_text(t, c, &f->text, err))
		return false;
	*out = buf_ok(&f->text) && f->text.ptr ? buf_str(&f->text) : STR("");
	return buf_ok(&f->text) || err_set(err, ERR_DATA, "effect.size", "a filled template passes %zu bytes",
					   f->text.max);
}

/* ---- Expiry ---- */

bool fanout_expiry(struct str text, int64_t *out, struct err *err)
{
	struct number n;
	struct buf digits;
	int64_t ms;
	bool ok;

	text = str_trim(text);
	*out = 0;
	if (text.len == 0)
		return true;
	if (rfc3339_parse(text, &ms)) {
		*out = ms / 1000;
		return true;
	}
	buf_init(&digits, NUMBER_WORK_DIGITS + 16);
	ok = number_parse(text, &n, NULL) && number_write(&n, &digits);
	if (ok) {
		struct str whole = buf_str(&digits);

		ok = str_to_i64(str_sub(whole, 0, str_find_char(whole, '.')), out) && *out >= 0;
	}
	buf_release(&digits);
	if (ok && *out < INT64_C(100000000000))
		return true;
	return err_set(err, ERR_DATA, "fanout.expires",
		       "expires is \"%.*s\"; expected seconds since 1970 (not milliseconds) or an RFC 3339 time such as "
		       "2026-11-20T12:00:00Z", (int)(text.len < 64 ? text.len : 64), text.ptr);
}

/* ---- The audience ---- */

static bool member_type(enum value_type type)
{
	return type == VALUE_S || type == VALUE_N || type == VALUE_B;
}

static bool write_key(const struct fanout_audience *a, const struct template_context *c, struct buf *out,
		      struct err *err)
{
	size_t begin = out->len;
	struct value key;

	if (!template_value(a->key, c, out, err))
		return false;
	if (!buf_ok(out))
		return true;
	if (!value_read(str_from(buf_str(out), begin), &key, err))
		return false;
	if (!member_type(key.type) || key.raw.len == 0)
		return err_set(err, ERR_DATA, "fanout.key",
			       "the audience's key in table %.*s is %s; a text, number or binary that is not empty is "
			       "expected", STR_ARG(a->settings->table),
			       key.raw.len ? value_type_name(key.type) : "empty");
	return true;
}

static void write_attributes(const struct option_names *names, struct buf *out)
{
	if (names->count == 0)
		return;
	put_name(out, "attributes");
	buf_puts(out, "{\"L\":[");
	for (size_t i = 0; i < names->count; i++) {
		buf_puts(out, i ? ",{\"S\":\"" : "{\"S\":\"");
		json_escape(out, names->items[i]);
		buf_puts(out, "\"}");
	}
	buf_puts(out, "]}");
}

static bool write_query(struct fanout *f, const struct fanout_audience *a, struct template_context *c,
			struct buf *out, struct err *err)
{
	const struct fanout_audience_settings *s = a->settings;
	struct str prefix;

	put_s(out, "table", s->table);
	if (s->index.len)
		put_s(out, "index", s->index);
	if (s->key_attribute.len)
		put_s(out, "key_attribute", s->key_attribute);
	if (a->sort_prefix) {
		if (!fill_text(f, a->sort_prefix, c, &prefix, err))
			return err_prefix(err, "sort_prefix");
		put_s(out, "sort_prefix", prefix);
	}
	put_name(out, "keys");
	buf_puts(out, "{\"L\":[");
	for (c->shard = 0; c->shard < s->shards; c->shard++) {
		if (c->shard)
			buf_putc(out, ',');
		if (!write_key(a, c, out, err))
			return err_prefix(err, "key of the audience");
	}
	c->shard = 0;
	return buf_puts(out, "]}");
}

/* Members of one list while it is sorted. */
struct members {
	struct value *values;
	size_t count, cap;
	struct arena arena;    /* what templates filled */
};

static bool members_add(struct members *m, struct value v, struct err *err)
{
	if (v.type == VALUE_S && v.raw.len == 0)
		return true;
	if (!member_type(v.type) || (m->count && m->values[0].type != v.type))
		return err_set(err, ERR_DATA, "fanout.member",
			       "a member is of type %s; members are all S, all N or all B", value_type_name(v.type));
	if (m->count == MEMBERS_MAX)
		return err_set(err, ERR_DATA, "fanout.member", "more than %d members in a list; keep them in a table",
			       MEMBERS_MAX);
	if (m->count == m->cap) {
		m->cap = m->cap ? 2 * m->cap : 16;
		m->values = mem_resize(m->values, m->cap * sizeof(*m->values));
	}
	m->values[m->count++] = v;
	return true;
}

/* An entry is one member, or a list or set of them. */
static bool members_add_entry(struct members *m, struct value v, struct err *err)
{
	struct value_iter it;
	struct value element;

	if (v.type != VALUE_L && v.type != VALUE_SS && v.type != VALUE_NS && v.type != VALUE_BS)
		return members_add(m, v, err);
	value_iter_init(&it, v);
	while (value_iter_next(&it, NULL, &element, err)) {
		if (!members_add(m, element, err))
			return false;
	}
	return err->class == ERR_NONE;
}

static bool members_fill(struct fanout *f, const struct fanout_audience *a, size_t i, const struct template_context *c,
			 struct members *m, struct err *err)
{
	struct value v;
	struct str text;

	buf_clear(&f->text);
	if (a->members[i]) {
		if (!template_value(a->members[i], c, &f->text, err))
			return false;
	} else {
		buf_putf(&f->text, "{\"N\":\"%.*s\"}", STR_ARG(a->member_nodes[i]->text));
	}
	text = buf_ok(&f->text) ? arena_dup(&m->arena, buf_str(&f->text)) : str_of(NULL, 0);
	if (!text.ptr)
		return err_set(err, ERR_DATA, "effect.size", "the members of one event pass %zu bytes", m->arena.max);
	return value_read(text, &v, err) && members_add_entry(m, v, err);
}

static int by_value(const void *a, const void *b)
{
	int order = 0;

	value_compare(*(const struct value *)a, *(const struct value *)b, &order);
	return order;
}

static bool write_members(struct fanout *f, const struct fanout_audience *a, const struct template_context *c,
			  struct buf *out, struct err *err)
{
	struct members m = { 0 };
	bool ok = true;

	arena_init(&m.arena, f->text.max);
	for (size_t i = 0; ok && i < a->n_members; i++)
		ok = members_fill(f, a, i, c, &m, err);
	if (ok && m.count) {
		qsort(m.values, m.count, sizeof(*m.values), by_value);
		put_name(out, "members");
		buf_puts(out, "{\"L\":[");
		for (size_t i = 0; i < m.count; i++) {
			if (i && by_value(&m.values[i - 1], &m.values[i]) == 0)
				continue;
			if (i)
				buf_putc(out, ',');
			value_write(m.values[i], out);
		}
		buf_puts(out, "]}");
	} else if (ok) {
		put_name(out, "members");
		buf_puts(out, "{\"L\":[]}");
	}
	mem_free(m.values);
	arena_release(&m.arena);
	return ok || err_prefix(err, "members of the audience");
}

static bool write_audience(struct fanout *f, struct template_context *c, struct buf *out, struct err *err)
{
	put_name(out, "audience");
	buf_puts(out, "{\"L\":[");
	for (size_t i = 0; i < f->n_audience; i++) {
		const struct fanout_audience *a = &f->audience[i];
		bool ok = true;

		buf_puts(out, i ? ",{\"M\":{" : "{\"M\":{");
		if (a->kind == FANOUT_QUERY)
			ok = write_query(f, a, c, out, err);
		else if (a->kind == FANOUT_MEMBERS)
			ok = write_members(f, a, c, out, err);
		else
			put_s(out, "scan", a->settings->scan);
		if (!ok)
			return false;
		if (a->settings->consistent) {
			put_name(out, "consistent");
			buf_puts(out, "{\"BOOL\":true}");
		}
		write_attributes(&a->settings->attributes, out);
		buf_puts(out, "}}");
	}
	return buf_puts(out, "]}");
}

/* ---- The task ---- */

static void write_event(const struct record *r, struct buf *out)
{
	put_name(out, "event");
	buf_puts(out, "{\"M\":{");
	put_s(out, "name", str_c(record_event_name(r->event)));
	put_name(out, "id");
	buf_puts(out, "{\"S\":\"");
	buf_put(out, r->event_id);
	buf_puts(out, "\"}");
	put_s(out, "sequence", sequence_wire(&r->sequence));
	put_n(out, "time", r->created_s);
	put_n(out, "v", (int64_t)r->v);
	buf_puts(out, "}}");
}

static bool write_values(const struct fanout *f, const struct record *r, struct buf *out, struct err *err)
{
	const struct {
		const char *name;
		const struct prune *kept;
		struct value image;
	} parts[] = {
		{ "new", f->kept_new, r->new_image },
		{ "old", f->kept_old, r->old_image },
		{ "keys", f->kept_keys, r->keys },
	};

	put_name(out, "values");
	buf_puts(out, "{\"M\":{");
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (prune_empty(parts[i].kept) || parts[i].image.type != VALUE_M)
			continue;
		put_name(out, parts[i].name);
		if (!prune_write(parts[i].kept, parts[i].image, out, err))
			return false;
	}
	return buf_puts(out, "}}");
}

static bool write_task(struct fanout *f, const struct record *r, struct template_context *c, struct buf *out,
		       struct err *err)
{
	int64_t expires_at = 0;
	struct str text;

	if (f->expires && (!fill_text(f, f->expires, c, &text, err) || !fanout_expiry(text, &expires_at, err)))
		return err_prefix(err, "expires");
	buf_putc(out, '{');
	put_s(out, "handler", f->base.site.name);
	put_s(out, "pipeline", f->base.site.pipeline);
	put_s(out, "table", f->base.site.table);
	put_s(out, "status", STR("open"));
	put_n(out, "sent", 0);
	put_n(out, "created", r->created_s);
	if (expires_at)
		put_n(out, "expires_at", expires_at);
	write_event(r, out);
	if (!write_values(f, r, out, err) || !write_audience(f, c, out, err))
		return false;
	return buf_putc(out, '}');
}

static bool make_id(struct fanout *f, const struct record *r, const struct template_context *c, struct effect *e,
		    struct err *err)
{
	struct str what = r->event_id;
	struct digest d;

	if (f->once && !fill_text(f, f->once, c, &what, err))
		return err_prefix(err, "once");

	const struct str fields[] = { f->base.site.app, f->base.site.pipeline, f->base.site.name,
				      f->once ? STR("once") : STR("record"), what };

	digest_fields(fields, sizeof(fields) / sizeof(*fields), &d);
	e->task.id = arena_dup(&e->batch->arena, str_of(d.hex, FANOUT_ID_LEN));
	return e->task.id.ptr || effect_no_memory(e->batch, err);
}

static bool fanout_record(struct handler *h, struct effect_batch *b, uint32_t index, struct err *err)
{
	struct fanout *f = fanout_of(h);
	const struct record *r = b->records[index];
	struct effect *e = effect_new(b, EFFECT_TASK, index, err);
	struct template_context c;
	struct buf *scratch;

	if (!e)
		return false;
	template_context_of(r, h->site.table, &c);
	if (!make_id(f, r, &c, e, err))
		return false;
	scratch = handler_scratch(h);
	return handler_text(write_task(f, r, &c, scratch, err), scratch, b, &e->task.body, err);
}

bool fanout_apply(struct handler *h, struct effect_batch *b, uint32_t index, struct err *err)
{
	return handler_apply(fanout_record, h, b, index, err);
}
