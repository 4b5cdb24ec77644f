#include "template_impl.h"

#include "letter_case.h"
#include "sluice/core/json_write.h"

#include <inttypes.h>
#include <stdio.h>

void template_context_of(const struct record *r, struct str table, struct template_context *out)
{
	*out = (struct template_context){
		.new_image = r->new_image,
		.old_image = r->old_image,
		.keys = r->keys,
		.event_name = str_c(record_event_name(r->event)),
		.event_id = r->event_id,
		.event_table = table,
		.event_sequence = sequence_wire(&r->sequence),
		.event_time_s = r->created_s,
		.event_v = r->v,
	};
}

bool template_missing(const struct reference *r, struct err *err)
{
	return err_set(err, ERR_DATA, "template.missing",
		       "${%.*s} cannot be filled: there is no such value here and the template gives none; "
		       "write ${%.*s | default(\"…\")}, or leave such records out with a filter",
		       STR_ARG(r->name), STR_ARG(r->name));
}

bool template_too_large(const struct buf *out, struct err *err)
{
	return err_set(err, ERR_DATA, "template.size", "a filled template passes the %zu bytes that it may have", out->max);
}

/* ---- What a reference points to ---- */

static bool plain_text(struct str text, struct resolved *got)
{
	got->plain = true;
	got->value = (struct value){ VALUE_S, text };
	return text.len > 0;
}

static bool number(int64_t n, struct resolved *got)
{
	int len = snprintf(got->digits, sizeof(got->digits), "%" PRId64, n);

	got->value = (struct value){ VALUE_N, str_of(got->digits, (size_t)len) };
	return true;
}

static bool from_event(enum template_event field, const struct template_context *c, struct resolved *got)
{
	switch (field) {
	case EVENT_NAME:
		return plain_text(c->event_name, got);
	case EVENT_ID:
		got->value = (struct value){ VALUE_S, c->event_id };
		return c->event_id.len > 0;
	case EVENT_TIME:
		return number(c->event_time_s, got);
	case EVENT_SEQUENCE_NUMBER:
		return plain_text(c->event_sequence, got);
	case EVENT_TABLE:
		return plain_text(c->event_table, got);
	case EVENT_V:
		return number((int64_t)c->event_v, got);
	}
	return false;
}

static bool from_value(struct value v, const struct path *path, struct resolved *got)
{
	got->value = v;
	if (v.type == VALUE_NONE || path->count == 0)
		return v.type != VALUE_NONE;
	return path_get(path, v, &got->value);
}

static bool look_up(const struct reference *r, const struct template_context *c, struct resolved *got)
{
	got->plain = false;
	switch (r->root) {
	case TEMPLATE_NEW:
		return from_value(c->new_image, &r->path, got);
	case TEMPLATE_OLD:
		return from_value(c->old_image, &r->path, got);
	case TEMPLATE_KEYS:
		return from_value(c->keys, &r->path, got);
	case TEMPLATE_ITEM:
		return from_value(c->item, &r->path, got);
	case TEMPLATE_MEMBER:
		return from_value(c->member, &r->path, got);
	case TEMPLATE_ELEMENT:
		return from_value(c->element, &r->path, got);
	case TEMPLATE_EVENT:
		return from_event(r->event, c, got);
	case TEMPLATE_NOTIFICATION:
		return plain_text(c->notification_id, got);
	case TEMPLATE_SHARD:
		return number(c->shard, got);
	}
	return false;
}

/* ---- What a value looks like ---- */

static bool wrong_type(const struct reference *r, const struct resolved *got, struct err *err)
{
	return err_set(err, ERR_DATA, "template.type",
		       "${%.*s} is a value of type %s, which cannot stand inside text (expected S, N, B or BOOL); "
		       "write ${%.*s | json} for its JSON text", STR_ARG(r->name), value_type_name(got->value.type),
		       STR_ARG(r->name));
}

static bool no_text(const struct reference *r, struct err *err)
{
	return err_set(err, ERR_DATA, "json.surrogate", "${%.*s} holds half a surrogate pair, which is no character",
		       STR_ARG(r->name));
}

bool template_put_text(const struct reference *r, const struct resolved *got, struct buf *out, struct err *err)
{
	struct str raw = got->value.raw;

	switch (got->value.type) {
	case VALUE_S:
	case VALUE_N:
	case VALUE_B:
		if (!got->plain && str_find_char(raw, '\\') != SIZE_MAX) {
			if (!content_is_text(raw))
				return no_text(r, err);
			return scan_unescape(raw, out, NULL) || template_too_large(out, err);
		}
		/* fall through */
	case VALUE_BOOL:
		return buf_put(out, raw) || template_too_large(out, err);
	default:
		return wrong_type(r, got, err);
	}
}

/* The same as JSON string content. */
static bool put_content(const struct reference *r, const struct resolved *got, struct buf *out, struct err *err)
{
	switch (got->value.type) {
	case VALUE_S:
	case VALUE_N:
	case VALUE_B:
		if (got->plain)
			return json_escape(out, got->value.raw) || template_too_large(out, err);
		if (!content_is_text(got->value.raw))
			return no_text(r, err);
		/* fall through */
	case VALUE_BOOL:
		return buf_put(out, got->value.raw) || template_too_large(out, err);
	default:
		return wrong_type(r, got, err);
	}
}

static bool put_plain_json(const struct resolved *got, struct buf *out, struct err *err)
{
	if (!got->plain)
		return value_write_plain(got->value, out, err);
	buf_putc(out, '"');
	json_escape(out, got->value.raw);
	buf_putc(out, '"');
	return buf_ok(out) || template_too_large(out, err);
}

static bool put_attribute_value(const struct resolved *got, struct buf *out, struct err *err)
{
	if (!got->plain)
		return value_write(got->value, out) || template_too_large(out, err);
	buf_put(out, STR("{\"S\":\""));
	json_escape(out, got->value.raw);
	buf_put(out, STR("\"}"));
	return buf_ok(out) || template_too_large(out, err);
}

/* ---- Transforms ---- */

static bool make_text(const struct reference *r, const struct transform *t, const struct resolved *got, struct buf *out,
		      struct err *err)
{
	if (t->op == TRANSFORM_JSON)
		return put_plain_json(got, out, err);
	return template_put_text(r, got, out, err);
}

static bool quote_tail(struct buf *out, size_t start)
{
	return tail_escape(out, start) && tail_prefix(out, start, STR("\"")) && buf_putc(out, '"');
}

/* Changes the text behind `start`; *missing: nothing is left of it. */
static bool change_text(const struct transform *t, struct buf *out, size_t start, bool *missing)
{
	switch (t->op) {
	case TRANSFORM_SPLIT:
		*missing = !tail_split(out, start, t->separator, t->from);
		return true;
	case TRANSFORM_SLICE:
		tail_slice(out, start, t->from, t->to);
		return true;
	case TRANSFORM_LOWER:
		return tail_map(out, start, letter_lower);
	case TRANSFORM_UPPER:
		return tail_map(out, start, letter_upper);
	case TRANSFORM_JSON:
		return quote_tail(out, start);
	case TRANSFORM_DEFAULT:
		break;
	}
	return true;
}

enum template_got template_resolve(const struct reference *r, const struct template_context *c, struct buf *out,
				   struct resolved *got, struct err *err)
{
	enum template_got state = look_up(r, c, got) ? TEMPLATE_VALUE : TEMPLATE_MISSING;
	size_t start = out->len;

	for (size_t i = 0; i < r->n_transforms; i++) {
		const struct transform *t = &r->transforms[i];
		bool was_text = state == TEMPLATE_TEXT, missing = false;

		if (t->op == TRANSFORM_DEFAULT) {
			if (state == TEMPLATE_MISSING)
				*got = (struct resolved){ .value = t->value };
			state = state == TEMPLATE_MISSING ? TEMPLATE_VALUE : state;
			continue;
		}
		if (state == TEMPLATE_MISSING)
			continue;
		if (!was_text && !make_text(r, t, got, out, err))
			return TEMPLATE_FAILED;
		state = TEMPLATE_TEXT;
		/* `json` of a value has made its text already. */
		if ((was_text || t->op != TRANSFORM_JSON) && !change_text(t, out, start, &missing)) {
			template_too_large(out, err);
			return TEMPLATE_FAILED;
		}
		if (missing) {
			buf_truncate(out, start);
			state = TEMPLATE_MISSING;
		}
	}
	return state;
}

/* ---- Filling ---- */

static bool fill_text(const struct template *t, const struct template_context *c, struct buf *out, struct err *err)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct reference *r = t->parts[i].reference;
		struct resolved got;

		if (!r) {
			buf_put(out, t->parts[i].plain);
			continue;
		}
		switch (template_resolve(r, c, out, &got, err)) {
		case TEMPLATE_FAILED:
			return false;
		case TEMPLATE_MISSING:
			return template_missing(r, err);
		case TEMPLATE_VALUE:
			if (!template_put_text(r, &got, out, err))
				return false;
			break;
		case TEMPLATE_TEXT:
			break;
		}
	}
	return buf_ok(out) || template_too_large(out, err);
}

static bool fill_content(const struct template *t, const struct template_context *c, struct buf *out, struct err *err)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct reference *r = t->parts[i].reference;
		size_t start = out->len;
		struct resolved got;

		if (!r) {
			buf_put(out, t->parts[i].escaped);
			continue;
		}
		switch (template_resolve(r, c, out, &got, err)) {
		case TEMPLATE_FAILED:
			return false;
		case TEMPLATE_MISSING:
			return template_missing(r, err);
		case TEMPLATE_VALUE:
			if (!put_content(r, &got, out, err))
				return false;
			break;
		case TEMPLATE_TEXT:
			if (!tail_escape(out, start))
				return template_too_large(out, err);
			break;
		}
	}
	return buf_ok(out) || template_too_large(out, err);
}

/* How a string and any other value are written. */
struct form {
	struct str open, close;
	bool (*put)(const struct resolved *got, struct buf *out, struct err *err);
};

static const struct form plain_json = { STR_INIT("\""), STR_INIT("\""), put_plain_json };
static const struct form attribute_value = { STR_INIT("{\"S\":\""), STR_INIT("\"}"), put_attribute_value };

static bool fill_exact(const struct reference *r, const struct template_context *c, const struct form *form,
		       struct buf *out, struct err *err)
{
	size_t start = out->len, text;
	struct resolved got;

	/* A chain that makes text appends it: what stands in front comes first. */
	if (r->text)
		buf_put(out, form->open);
	text = out->len;
	switch (template_resolve(r, c, out, &got, err)) {
	case TEMPLATE_FAILED:
		return false;
	case TEMPLATE_MISSING:
		return template_missing(r, err);
	case TEMPLATE_VALUE:
		buf_truncate(out, start);
		return form->put(&got, out, err);
	case TEMPLATE_TEXT:
		return (tail_escape(out, text) && buf_put(out, form->close)) || template_too_large(out, err);
	}
	return false;
}

static bool fill_form(const struct template *t, const struct template_context *c, const struct form *form,
		      struct buf *out, struct err *err)
{
	size_t start = out->len;
	bool ok;

	if (t->exact) {
		ok = fill_exact(t->parts[0].reference, c, form, out, err);
	} else {
		buf_put(out, form->open);
		ok = fill_content(t, c, out, err) && (buf_put(out, form->close) || template_too_large(out, err));
	}
	if (!ok)
		buf_truncate(out, start);
	return ok;
}

bool template_text(const struct template *t, const struct template_context *c, struct buf *out, struct err *err)
{
	size_t start = out->len;

	if (fill_text(t, c, out, err))
		return true;
	buf_truncate(out, start);
	return false;
}

bool template_json(const struct template *t, const struct template_context *c, struct buf *out, struct err *err)
{
	return fill_form(t, c, &plain_json, out, err);
}

bool template_value(const struct template *t, const struct template_context *c, struct buf *out, struct err *err)
{
	return fill_form(t, c, &attribute_value, out, err);
}

/* ---- Operands ---- */

static enum template_got exact_operand(const struct reference *r, const struct template_context *c, struct buf *scratch,
				       struct template_operand *out, struct err *err)
{
	struct resolved got;
	enum template_got state = template_resolve(r, c, scratch, &got, err);

	if (state != TEMPLATE_VALUE) {
		*out = (struct template_operand){ VALUE_S, buf_str(scratch) };
		return state == TEMPLATE_TEXT ? TEMPLATE_VALUE : state;
	}
	*out = (struct template_operand){ got.value.type, got.value.raw };
	if (got.value.type == VALUE_NULL)
		return TEMPLATE_VALUE;
	if (got.value.raw.ptr == got.digits || str_find_char(got.value.raw, '\\') != SIZE_MAX ||
	    got.value.type > VALUE_BOOL) {
		/* Made here, to be unescaped, or no scalar. */
		if (!template_put_text(r, &got, scratch, err))
			return TEMPLATE_FAILED;
		out->text = buf_str(scratch);
	}
	return TEMPLATE_VALUE;
}

enum template_got template_operand(const struct template *t, const struct template_context *c, struct buf *scratch,
				   struct template_operand *out, struct err *err)
{
	buf_clear(scratch);
	if (t->exact)
		return exact_operand(t->parts[0].reference, c, scratch, out, err);
	for (size_t i = 0; i < t->count; i++) {
		const struct reference *r = t->parts[i].reference;
		enum template_got state = TEMPLATE_TEXT;
		struct resolved got;

		if (r)
			state = template_resolve(r, c, scratch, &got, err);
		else
			buf_put(scratch, t->parts[i].plain);
		if (state == TEMPLATE_VALUE && !template_put_text(r, &got, scratch, err))
			state = TEMPLATE_FAILED;
		if (state == TEMPLATE_FAILED || state == TEMPLATE_MISSING)
			return state;
	}
	if (!buf_ok(scratch)) {
		template_too_large(scratch, err);
		return TEMPLATE_FAILED;
	}
	*out = (struct template_operand){ VALUE_S, buf_str(scratch) };
	return TEMPLATE_VALUE;
}
