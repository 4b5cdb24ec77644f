#include "filter_impl.h"

#include <inttypes.h>
#include <stdio.h>

/* Lambda's record says so of itself (Developer Guide, "Using AWS Lambda with
 * Amazon DynamoDB", example event). */
#define EVENT_VERSION "1.1"
#define EVENT_SOURCE "aws:dynamodb"

/* A plain text's largest unescaped form: an item's 400 KB, with room. */
enum { LARGEST_TEXT = 1 << 24 };

/* BY_ABSENCE: nothing that was named is there, and that is what was asked for.
 * Over the elements of a list MATCH wants one of them, BY_ABSENCE all. */
enum outcome { NO_MATCH, BY_ABSENCE, MATCH };

struct subject {
	const struct record *record;
	struct str stream_arn;
};

static enum outcome absent(bool ok)
{
	return ok ? BY_ABSENCE : NO_MATCH;
}

/* AND: false when the whole cannot match any more. */
static bool both(enum outcome *all, enum outcome one)
{
	if (one == NO_MATCH)
		*all = NO_MATCH;
	else if (one == MATCH)
		*all = MATCH;
	return one != NO_MATCH;
}

static enum outcome failed(struct filter_match *m)
{
	m->failed = true;
	return NO_MATCH;
}

/* ---- Leaves ---- */

static enum outcome test(struct filter_match *m, const struct field *f, const struct leaf *leaf)
{
	return filter_test_leaf(m, &f->tests, leaf) ? MATCH : NO_MATCH;
}

static bool leaf_of(const struct filter_match *m, struct value v, struct leaf *out)
{
	*out = (struct leaf){ .kind = LEAF_STRING, .raw = v.raw };
	switch (v.type) {
	case VALUE_S:
	case VALUE_B:
		return true;
	case VALUE_N:
		out->number_text = m->record;
		out->kind = m->record ? LEAF_STRING : LEAF_NUMBER;
		return true;
	case VALUE_BOOL:
		out->kind = LEAF_BOOL;
		out->truth = str_eq(v.raw, STR("true"));
		return true;
	case VALUE_NULL:
		out->kind = m->record ? LEAF_BOOL : LEAF_NULL;
		out->truth = true;
		return true;
	default:
		return false;
	}
}

/* Any leaf of a value: its own, or those of a list's or set's elements. */
static enum outcome test_value(struct filter_match *m, const struct field *f, struct value v)
{
	enum outcome outcome = absent(f->absent_ok);
	struct value_iter it;
	struct value element;
	struct leaf leaf;

	if (leaf_of(m, v, &leaf))
		return test(m, f, &leaf);
	if (v.type == VALUE_M)
		return outcome;
	value_iter_init(&it, v);
	while (value_iter_next(&it, NULL, &element, m->err)) {
		enum outcome one = test_value(m, f, element);

		if (one == MATCH || m->failed)
			return one;
		/* One that is a leaf and does not match takes the absence away. */
		if (one == NO_MATCH)
			outcome = NO_MATCH;
	}
	return m->err->class == ERR_NONE ? outcome : failed(m);
}

/* ---- Groups ---- */

static enum outcome match_members(struct filter_match *m, const struct pattern *p, struct value map);
static enum outcome match_type(struct filter_match *m, const struct pattern *p, struct value v);
static enum outcome match_plain(struct filter_match *m, const struct pattern *p, struct value v);

/* What each alternative of a $or is matched against. */
typedef enum outcome match_fn(struct filter_match *m, const struct pattern *p, struct value v);

static enum outcome match_ors(struct filter_match *m, const struct pattern *p, match_fn *match, struct value v)
{
	enum outcome all = BY_ABSENCE;

	for (size_t i = 0; i < p->n_ors; i++) {
		enum outcome best = NO_MATCH;

		for (size_t k = 0; k < p->ors[i].count && best != MATCH && !m->failed; k++) {
			enum outcome one = match(m, p->ors[i].items[k], v);

			best = one > best ? one : best;
		}
		if (m->failed || !both(&all, best))
			return NO_MATCH;
	}
	return all;
}

static enum outcome match_elements(struct filter_match *m, const struct pattern *p, match_fn *match, struct value list)
{
	enum outcome outcome = absent(p->absent_ok);
	struct value_iter it;
	struct value element;

	value_iter_init(&it, list);
	while (value_iter_next(&it, NULL, &element, m->err)) {
		enum outcome one = match(m, p, element);

		if (one == MATCH || m->failed)
			return one;
		if (one == NO_MATCH)
			outcome = NO_MATCH;
	}
	return m->err->class == ERR_NONE ? outcome : failed(m);
}

/* An attribute in attribute-value form: its type's name is the only member. */
static enum outcome match_type_field(struct filter_match *m, const struct field *f, struct value v)
{
	if (f->type != v.type)
		return absent(f->absent_ok);
	if (v.type == VALUE_M)
		return f->child ? match_members(m, f->child, v) : absent(f->absent_ok);
	if (v.type == VALUE_L)
		return f->child ? match_elements(m, f->child, match_type, v) : absent(f->absent_ok);
	return test_value(m, f, v);
}

static enum outcome match_type(struct filter_match *m, const struct pattern *p, struct value v)
{
	enum outcome all = BY_ABSENCE;

	for (size_t i = 0; i < p->count; i++)
		if (!both(&all, match_type_field(m, &p->fields[i], v)) || m->failed)
			return NO_MATCH;
	return both(&all, match_ors(m, p, match_type, v)) ? all : NO_MATCH;
}

static enum outcome match_plain(struct filter_match *m, const struct pattern *p, struct value v)
{
	if (v.type == VALUE_M)
		return match_members(m, p, v);
	if (v.type == VALUE_L)
		return match_elements(m, p, match_plain, v);
	return absent(p->absent_ok);
}

static enum outcome match_attribute(struct filter_match *m, const struct field *f, struct value v)
{
	if (f->child)
		return f->child->level == LEVEL_TYPE ? match_type(m, f->child, v) : match_plain(m, f->child, v);
	/* In attribute-value form an attribute is an object, no leaf. */
	return m->record ? absent(f->absent_ok) : test_value(m, f, v);
}

static size_t find_field(const struct pattern *p, const struct scan_token *name)
{
	for (size_t i = 0; i < p->count; i++)
		if (name->escaped ? scan_content_eq(name->text, p->fields[i].name) :
				    str_eq(name->text, p->fields[i].name))
			return i;
	return SIZE_MAX;
}

/* One pass over the members, up to the last one that the pattern names. */
static enum outcome scan_members(struct filter_match *m, const struct pattern *p, struct str object)
{
	enum outcome all = BY_ABSENCE;
	uint64_t unseen = p->count < 64 ? ((uint64_t)1 << p->count) - 1 : UINT64_MAX;
	struct scan_token name;
	struct scan s;

	scan_init_trusted(&s, object);
	scan_next(&s, &name);
	while (unseen && scan_next(&s, &name) == SCAN_KEY) {
		size_t i = find_field(p, &name);
		struct str json;
		struct value v;

		if (!scan_value(&s, &json)) {
			scan_fail(&s, m->err);
			return failed(m);
		}
		if (i == SIZE_MAX || !(unseen & (uint64_t)1 << i))
			continue;
		unseen &= ~((uint64_t)1 << i);
		if (!value_read(json, &v, m->err))
			return failed(m);
		if (!both(&all, match_attribute(m, &p->fields[i], v)) || m->failed)
			return NO_MATCH;
	}
	for (size_t i = 0; unseen; i++, unseen >>= 1)
		if (unseen & 1 && !p->fields[i].absent_ok)
			return NO_MATCH;
	return all;
}

static enum outcome match_members(struct filter_match *m, const struct pattern *p, struct value map)
{
	enum outcome all;

	if (map.type != VALUE_M)
		return absent(p->absent_ok);
	all = scan_members(m, p, map.raw);
	if (all == NO_MATCH || p->n_ors == 0)
		return all;
	return both(&all, match_ors(m, p, match_members, map)) ? all : NO_MATCH;
}

/* ---- The upper levels of a record ---- */

static enum outcome test_string(struct filter_match *m, const struct field *f, struct str content)
{
	struct leaf leaf = { .kind = LEAF_STRING, .raw = content };

	return content.len ? test(m, f, &leaf) : absent(f->absent_ok);
}

static enum outcome test_integer(struct filter_match *m, const struct field *f, int64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRId64, n);
	struct leaf leaf = { .kind = LEAF_NUMBER, .raw = str_of(digits, (size_t)len) };

	return test(m, f, &leaf);
}

static enum outcome match_record(struct filter_match *m, const struct pattern *p, const struct subject *s);

static enum outcome match_group(struct filter_match *m, const struct field *f, const struct subject *s)
{
	return f->child ? match_record(m, f->child, s) : absent(f->absent_ok);
}

static enum outcome match_image(struct filter_match *m, const struct field *f, struct value image)
{
	return f->child ? match_members(m, f->child, image) : absent(f->absent_ok);
}

static enum outcome match_place(struct filter_match *m, const struct field *f, const struct subject *s)
{
	const struct record *r = s->record;

	switch (f->place) {
	case PLACE_EVENT_ID:
		return test_string(m, f, r->event_id);
	case PLACE_EVENT_NAME:
		return test_string(m, f, str_c(record_event_name(r->event)));
	case PLACE_EVENT_VERSION:
		return test_string(m, f, STR(EVENT_VERSION));
	case PLACE_EVENT_SOURCE:
		return test_string(m, f, STR(EVENT_SOURCE));
	case PLACE_AWS_REGION:
		return test_string(m, f, r->aws_region);
	case PLACE_EVENT_SOURCE_ARN:
		return test_string(m, f, s->stream_arn);
	case PLACE_TYPE:
		return test_string(m, f, r->user_type);
	case PLACE_PRINCIPAL:
		return test_string(m, f, r->user_principal);
	case PLACE_CREATED:
		return test_integer(m, f, r->created_s);
	case PLACE_SEQUENCE:
		return test_string(m, f, sequence_wire(&r->sequence));
	case PLACE_SIZE:
		return test_integer(m, f, (int64_t)r->size_bytes);
	case PLACE_VIEW_TYPE:
		return test_string(m, f, r->view_type);
	case PLACE_IDENTITY:
	case PLACE_DYNAMODB:
		return match_group(m, f, s);
	case PLACE_KEYS:
		return match_image(m, f, r->keys);
	case PLACE_NEW_IMAGE:
		return match_image(m, f, r->new_image);
	case PLACE_OLD_IMAGE:
		return match_image(m, f, r->old_image);
	}
	return NO_MATCH;
}

static enum outcome match_record_any(struct filter_match *m, const struct alternatives *any, const struct subject *s)
{
	enum outcome best = NO_MATCH;

	for (size_t i = 0; i < any->count && best != MATCH && !m->failed; i++) {
		enum outcome one = match_record(m, any->items[i], s);

		best = one > best ? one : best;
	}
	return m->failed ? NO_MATCH : best;
}

static enum outcome match_record(struct filter_match *m, const struct pattern *p, const struct subject *s)
{
	enum outcome all = BY_ABSENCE;

	for (size_t i = 0; i < p->count; i++)
		if (!both(&all, match_place(m, &p->fields[i], s)) || m->failed)
			return NO_MATCH;
	for (size_t i = 0; i < p->n_ors; i++)
		if (!both(&all, match_record_any(m, &p->ors[i], s)))
			return NO_MATCH;
	return all;
}

/* ---- Entry ---- */

static void begin(struct filter_match *m, const struct template_context *c, bool record, struct err *err)
{
	m->context = c;
	m->err = err ? err : &m->own;
	m->own.class = ERR_NONE;
	m->failed = false;
	m->record = record;
	buf_init(&m->text, LARGEST_TEXT);
	buf_init(&m->operand, LARGEST_TEXT);
}

static bool finish(struct filter_match *m)
{
	buf_release(&m->text);
	buf_release(&m->operand);
	return !m->failed;
}

bool filter_match_record(const struct filter *f, const struct record *r, struct str stream_arn,
			 const struct template_context *c, bool *matches, struct err *err)
{
	struct subject s = { r, stream_arn };
	struct filter_match m;

	begin(&m, c, true, err);
	*matches = f->any.count == 0 || match_record_any(&m, &f->any, &s) != NO_MATCH;
	return finish(&m);
}

bool filter_match_item(const struct filter *f, struct value item, const struct template_context *c, bool *matches,
		       struct err *err)
{
	struct filter_match m;

	begin(&m, c, false, err);
	*matches = f->any.count == 0 || match_members(&m, f->any.items[0], item) != NO_MATCH;
	return finish(&m);
}
