/* fanout_fill: one member's notification. */
#include "fanout_impl.h"

#include "sluice/core/digest.h"
#include "sluice/handlers/base.h"
#include "sluice/item/number.h"

#include <inttypes.h>

static bool no_memory(const struct arena *a, struct err *err)
{
	return err_set(err, ERR_FATAL, "fanout.memory", "a notification needs more than %zu bytes", a->max);
}

static bool not_a_member(const struct fanout *f, struct err *err, const char *why)
{
	return err_set(err, ERR_DATA, "fanout.member", "a row of the audience of %.*s: member attribute %.*s %s",
		       STR_ARG(f->base.site.name), STR_ARG(f->settings->member), why);
}

static bool escape(struct fanout *f, struct str plain, struct arena *a, struct str *out, struct err *err)
{
	buf_clear(&f->text);
	json_escape(&f->text, plain);
	*out = buf_ok(&f->text) ? arena_dup(a, buf_str(&f->text)) : str_of(NULL, 0);
	return out->ptr || no_memory(a, err);
}

bool fanout_member(struct fanout *f, const struct fanout_source *s, struct value row, struct arena *a,
		   struct value *out, struct err *err)
{
	struct str plain, escaped;

	if (!value_get(row, f->settings->member, out))
		return not_a_member(f, err, "is missing");
	if (out->type != VALUE_S && out->type != VALUE_N && out->type != VALUE_B)
		return not_a_member(f, err, "is neither S, N nor B");
	if (s->sort_prefix.len == 0)
		return out->raw.len || not_a_member(f, err, "is empty");
	if (out->type != VALUE_S)
		return not_a_member(f, err, "has a sort_prefix and is not of type S");
	if (!value_text(*out, a, &plain, err))
		return false;
	if (!str_starts(plain, s->sort_prefix) || plain.len == s->sort_prefix.len)
		return not_a_member(f, err, "does not begin with sort_prefix, or is nothing else");
	plain = str_from(plain, s->sort_prefix.len);
	escaped = plain;
	if (str_find_char(out->raw, '\\') != SIZE_MAX && !escape(f, plain, a, &escaped, err))
		return false;
	out->raw = escaped;
	return true;
}

/* The same text for equal members, whatever form they came in. */
static bool member_text(struct value member, struct arena *a, struct str *out, struct err *err)
{
	struct number n;
	struct buf digits;

	if (member.type != VALUE_N)
		return value_text(member, a, out, err);
	if (!number_parse(member.raw, &n, err))
		return false;
	buf_init(&digits, NUMBER_WORK_DIGITS + 16);
	number_write(&n, &digits);
	*out = arena_dup(a, buf_str(&digits));
	buf_release(&digits);
	return out->ptr || no_memory(a, err);
}

bool fanout_notification_id(struct str task_id, struct value member, struct arena *a, char *out, struct err *err)
{
	struct str fields[] = { task_id, str_c(value_type_name(member.type)), { 0 } };
	struct digest d;

	if (!member_text(member, a, &fields[2], err))
		return false;
	digest_fields(fields, sizeof(fields) / sizeof(*fields), &d);
	memcpy(out, d.hex, FANOUT_NOTIFICATION_LEN);
	out[FANOUT_NOTIFICATION_LEN] = '\0';
	return true;
}

/* A list's member as the row it would have been read in. */
static bool make_row(const struct fanout *f, struct value member, struct arena *a, struct value *out, struct err *err)
{
	struct buf row;
	struct str text;

	buf_init(&row, member.raw.len + 6 * f->settings->member.len + 64);
	buf_puts(&row, "{\"");
	json_escape(&row, f->settings->member);
	buf_puts(&row, "\":");
	value_write(member, &row);
	buf_putc(&row, '}');
	text = arena_dup(a, buf_str(&row));
	buf_release(&row);
	*out = value_image(text);
	return text.ptr || no_memory(a, err);
}

bool fanout_member_context(const struct fanout *f, const struct fanout_task *task, struct value row,
			   struct value member, struct str notification_id, struct arena *a,
			   struct template_context *out, struct err *err)
{
	*out = task->context;
	out->notification_id = notification_id;
	out->member = row;
	return row.type == VALUE_M || make_row(f, member, a, &out->member, err);
}

bool fanout_wants(const struct fanout *f, const struct template_context *c, bool *wanted, struct err *err)
{
	*wanted = true;
	if (!f->member_where)
		return true;
	return filter_match_item(f->member_where, c->member, c, wanted, err) || err_prefix(err, "member_where");
}

/* Ends a fill: the scratch text moves into the arena. */
static bool take(const struct buf *scratch, bool ok, struct arena *a, struct str *out, struct err *err)
{
	if (!buf_ok(scratch))
		return err_set(err, ERR_DATA, "effect.size", "a notification passes %zu bytes", scratch->max);
	if (!ok)
		return false;
	*out = arena_dup(a, buf_str(scratch));
	return out->ptr || no_memory(a, err);
}

static bool write_inbox_row(const struct fanout *f, const struct template_context *c, struct buf *out, struct err *err)
{
	buf_putc(out, '{');
	if (!handler_append_tree(f->item, c, out, err))
		return false;
	if (f->settings->ttl_s)
		buf_putf(out, "%s\"ttl\":{\"N\":\"%" PRId64 "\"}", out->len > 1 ? "," : "",
			 c->event_time_s + f->settings->ttl_s);
	if (str_eq(f->settings->table, f->base.site.table))
		handler_append_mark(&f->base, out);
	return buf_putc(out, '}');
}

static bool fill_headers(struct fanout *f, const struct template_context *c, struct arena *a,
			 struct effect_message *out, struct err *err)
{
	struct effect_header *headers = arena_array(a, 2, sizeof(*headers));

	if (!headers)
		return no_memory(a, err);
	headers[0].name = STR("sluice-v");
	headers[0].value = arena_putf(a, "%" PRIu64, c->event_v);
	headers[1].name = STR("sluice-notification-id");
	headers[1].value = arena_dup(a, c->notification_id);
	out->headers = headers;
	out->n_headers = 2;
	out->address = f->address;
	return (headers[0].value.ptr && headers[1].value.ptr) || no_memory(a, err);
}

bool fanout_fill(struct fanout *f, const struct template_context *c, struct value member, struct arena *a,
		 struct effect_message *out, struct err *err)
{
	struct buf *scratch = handler_scratch(&f->base);

	*out = (struct effect_message){ .address = f->settings->table };
	if (f->item)
		return take(scratch, write_inbox_row(f, c, scratch, err), a, &out->body, err) ||
		       err_prefix(err, "item");
	if (!take(scratch, template_tree_json(f->message, c, scratch, err), a, &out->body, err))
		return err_prefix(err, "message");
	if (!f->message_key) {
		if (!member_text(member, a, &out->key, err))
			return err_prefix(err, "message_key");
	} else {
		scratch = handler_scratch(&f->base);
		if (!take(scratch, template_text(f->message_key, c, scratch, err), a, &out->key, err))
			return err_prefix(err, "message_key");
	}
	return fill_headers(f, c, a, out, err);
}
