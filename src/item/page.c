#include "sluice/item/page.h"

#include "sluice/core/mem.h"

#include <stdlib.h>

/* Only a guess: the array grows when records are smaller. */
enum { TYPICAL_RECORD_BYTES = 600, SPARE_RECORDS = 16 };

/* Ordering tokens are seconds << 20 and stay below 2^53: the year 2242. */
static const int64_t LATEST_SECOND = (int64_t)1 << 33;

struct decoder {
	struct scan scan;
	struct page *page;
	size_t max_records;
	struct err *err;
};

/* A field of an object: read() consumes its value. */
struct field {
	struct str name;
	bool required;
	bool (*read)(struct decoder *d, struct record *r);
};

/* What the answer says is not what the service says: ask again. */
static bool lie(struct decoder *d, const char *what)
{
	const struct scan *s = &d->scan;

	return err_set(d->err, ERR_RETRY, "page.malformed",
		       "a GetRecords answer of %zu bytes cannot be used: at byte %zu, in or behind its record %zu, %s; "
		       "it is asked for again", d->page->bytes.len, (size_t)(s->at - s->begin), d->page->count,
		       scan_failed(s) ? s->problem : what);
}

static bool is_name(const struct scan_token *t, struct str name)
{
	return t->escaped ? scan_content_eq(t->text, name) : str_eq(t->text, name);
}

/* Fields come in a fixed order most often: the search starts behind the last one. */
static size_t find_field(const struct field *fields, size_t n, size_t from, const struct scan_token *key)
{
	for (size_t i = 0; i < n; i++) {
		size_t at = from + i < n ? from + i : from + i - n;

		if (is_name(key, fields[at].name))
			return at;
	}
	return n;
}

/* The members of an object whose { was read. */
static bool read_fields(struct decoder *d, const struct field *fields, size_t n, struct record *r)
{
	struct scan_token key;
	struct str ignored;
	uint32_t seen = 0;
	size_t next = 0;

	while (scan_next(&d->scan, &key) == SCAN_KEY) {
		size_t i = find_field(fields, n, next, &key);

		if (i == n || seen >> i & 1) {
			if (!scan_value(&d->scan, &ignored))
				return lie(d, "a value is expected");
			continue;
		}
		seen |= (uint32_t)1 << i;
		next = i + 1 < n ? i + 1 : 0;
		if (!fields[i].read(d, r))
			return false;
	}
	if (key.type != SCAN_OBJECT_END)
		return lie(d, "an object's end is expected");
	for (size_t i = 0; i < n; i++)
		if (fields[i].required && !(seen >> i & 1)) {
			char text[80] = "this field is missing: ";

			return lie(d, strncat(text, fields[i].name.ptr, sizeof(text) - strlen(text) - 1));
		}
	return true;
}

static bool read_string(struct decoder *d, struct scan_token *out)
{
	return scan_next(&d->scan, out) == SCAN_STRING || lie(d, "a string is expected");
}

static bool read_content(struct decoder *d, struct str *out)
{
	struct scan_token token;

	if (!read_string(d, &token))
		return false;
	*out = token.text;
	return true;
}

/* ---- dynamodb { } ---- */

/* A number such as 1.7E9 as whole seconds; the fraction is dropped. */
static bool parse_seconds(struct str text, int64_t *out)
{
	char copy[64];
	uint64_t whole;
	double real;

	if (str_to_u64(text, &whole)) {
		*out = (int64_t)whole;
		return whole < (uint64_t)LATEST_SECOND;
	}
	if (text.len >= sizeof(copy))
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	real = strtod(copy, NULL);
	if (!(real >= 0 && real < (double)LATEST_SECOND))
		return false;
	*out = (int64_t)real;
	return true;
}

static bool read_created(struct decoder *d, struct record *r)
{
	struct scan_token token;

	return (scan_next(&d->scan, &token) == SCAN_NUMBER && parse_seconds(token.text, &r->created_s)) ||
	       lie(d, "ApproximateCreationDateTime is no Unix time in seconds");
}

static bool read_size(struct decoder *d, struct record *r)
{
	struct scan_token token;

	return (scan_next(&d->scan, &token) == SCAN_NUMBER && str_to_u64(token.text, &r->size_bytes)) ||
	       lie(d, "SizeBytes is no whole number");
}

static bool read_sequence(struct decoder *d, struct record *r)
{
	struct scan_token token;

	return read_string(d, &token) &&
	       (sequence_parse(token.text, &r->sequence, NULL) || lie(d, "SequenceNumber is not 1 to 40 digits"));
}

/* The attributes of an image whose { is at `open`, each an object. */
static bool read_attributes(struct decoder *d, const char *open, struct value *out, size_t *count)
{
	struct scan_token token;
	struct str attribute;

	for (*count = 0; scan_next_member(&d->scan, &token, &attribute) == SCAN_KEY; (*count)++)
		if (attribute.ptr[0] != '{')
			return lie(d, "an image's attribute is no object");
	if (token.type != SCAN_OBJECT_END)
		return lie(d, "an image's end is expected");
	*out = value_image(str_of(open, (size_t)(token.text.ptr + 1 - open)));
	return true;
}

static bool read_image(struct decoder *d, struct value *out)
{
	struct scan_token token;
	size_t count;

	if (scan_next(&d->scan, &token) == SCAN_NULL)
		return true;
	if (token.type != SCAN_OBJECT_BEGIN)
		return lie(d, "an image is no object");
	return read_attributes(d, token.text.ptr, out, &count);
}

static bool read_new_image(struct decoder *d, struct record *r)
{
	return read_image(d, &r->new_image);
}

static bool read_old_image(struct decoder *d, struct record *r)
{
	return read_image(d, &r->old_image);
}

static bool read_keys(struct decoder *d, struct record *r)
{
	struct scan_token token;
	size_t count;

	if (scan_next(&d->scan, &token) != SCAN_OBJECT_BEGIN)
		return lie(d, "Keys is no object");
	if (!read_attributes(d, token.text.ptr, &r->keys, &count))
		return false;
	return (count >= 1 && count <= 2) || lie(d, "Keys has not one or two attributes");
}

static bool read_view_type(struct decoder *d, struct record *r)
{
	return read_content(d, &r->view_type);
}

static bool read_dynamodb(struct decoder *d, struct record *r)
{
	static const struct field fields[] = {
		{ STR_INIT("ApproximateCreationDateTime"), true, read_created },
		{ STR_INIT("Keys"), true, read_keys },
		{ STR_INIT("NewImage"), false, read_new_image },
		{ STR_INIT("OldImage"), false, read_old_image },
		{ STR_INIT("SequenceNumber"), true, read_sequence },
		{ STR_INIT("SizeBytes"), false, read_size },
		{ STR_INIT("StreamViewType"), false, read_view_type },
	};
	struct scan_token token;

	if (scan_next(&d->scan, &token) != SCAN_OBJECT_BEGIN)
		return lie(d, "dynamodb is no object");
	return read_fields(d, fields, sizeof(fields) / sizeof(*fields), r);
}

/* ---- A record ---- */

static bool read_event_id(struct decoder *d, struct record *r)
{
	return read_content(d, &r->event_id) && (r->event_id.len || lie(d, "eventID is empty"));
}

static bool read_event_name(struct decoder *d, struct record *r)
{
	struct scan_token token;

	if (!read_string(d, &token))
		return false;
	for (enum record_event event = RECORD_INSERT; event <= RECORD_REMOVE; event++)
		if (is_name(&token, str_c(record_event_name(event)))) {
			r->event = event;
			return true;
		}
	return lie(d, "eventName is not INSERT, MODIFY or REMOVE");
}

static bool read_region(struct decoder *d, struct record *r)
{
	return read_content(d, &r->aws_region);
}

/* The service writes Type, Lambda type: the first counts here, too. */
static bool read_first(struct decoder *d, struct str *out)
{
	struct str content;

	if (!read_content(d, &content))
		return false;
	if (!out->ptr)
		*out = content;
	return true;
}

static bool read_user_type(struct decoder *d, struct record *r)
{
	return read_first(d, &r->user_type);
}

static bool read_user_principal(struct decoder *d, struct record *r)
{
	return read_first(d, &r->user_principal);
}

static bool read_user(struct decoder *d, struct record *r)
{
	static const struct field fields[] = {
		{ STR_INIT("Type"), false, read_user_type },
		{ STR_INIT("PrincipalId"), false, read_user_principal },
		{ STR_INIT("type"), false, read_user_type },
		{ STR_INIT("principalId"), false, read_user_principal },
	};
	struct scan_token token;

	if (scan_next(&d->scan, &token) == SCAN_NULL)
		return true;
	if (token.type != SCAN_OBJECT_BEGIN)
		return lie(d, "userIdentity is no object");
	return read_fields(d, fields, sizeof(fields) / sizeof(*fields), r);
}

static struct record *add_record(struct page *p)
{
	if (p->count == p->room) {
		size_t guess = p->bytes.len / TYPICAL_RECORD_BYTES + SPARE_RECORDS;

		p->room = p->room ? 2 * p->room : guess;
		p->records = mem_resize(p->records, p->room * sizeof(*p->records));
	}
	p->records[p->count] = (struct record){ .page = p };
	return &p->records[p->count++];
}

/* A record whose { is at `open`. */
static bool read_record(struct decoder *d, const char *open)
{
	static const struct field fields[] = {
		{ STR_INIT("eventID"), true, read_event_id },
		{ STR_INIT("eventName"), true, read_event_name },
		{ STR_INIT("awsRegion"), false, read_region },
		{ STR_INIT("dynamodb"), true, read_dynamodb },
		{ STR_INIT("userIdentity"), false, read_user },
	};
	struct record *r;

	if (d->page->count == d->max_records)
		return lie(d, "there are more records than were asked for");
	r = add_record(d->page);
	if (!read_fields(d, fields, sizeof(fields) / sizeof(*fields), r))
		return false;
	r->raw = str_of(open, (size_t)(d->scan.at - open));
	if (d->page->count > 1 && sequence_compare(&r[-1].sequence, &r->sequence) >= 0)
		return lie(d, "sequence numbers do not rise");
	return true;
}

/* ---- The answer ---- */

static bool read_records(struct decoder *d, struct record *unused)
{
	struct scan_token token;

	(void)unused;
	if (scan_next(&d->scan, &token) != SCAN_ARRAY_BEGIN)
		return lie(d, "Records is no array");
	while (scan_next(&d->scan, &token) == SCAN_OBJECT_BEGIN)
		if (!read_record(d, token.text.ptr))
			return false;
	return token.type == SCAN_ARRAY_END || lie(d, "a record is no object");
}

static bool read_next_iterator(struct decoder *d, struct record *unused)
{
	struct scan_token token;

	(void)unused;
	if (scan_next(&d->scan, &token) == SCAN_NULL)
		return true;
	if (token.type != SCAN_STRING || token.text.len == 0)
		return lie(d, "NextShardIterator is neither text nor null");
	d->page->next_iterator = token.text;
	d->page->closed = false;
	return true;
}

static bool read_answer(struct decoder *d)
{
	static const struct field fields[] = {
		{ STR_INIT("Records"), true, read_records },
		{ STR_INIT("NextShardIterator"), false, read_next_iterator },
	};
	struct scan_token token;

	if (scan_next(&d->scan, &token) != SCAN_OBJECT_BEGIN)
		return lie(d, "it is no object");
	if (!read_fields(d, fields, sizeof(fields) / sizeof(*fields), NULL))
		return false;
	return scan_next(&d->scan, &token) == SCAN_END || lie(d, "something stands behind the answer");
}

struct page *page_decode(struct buf *body, size_t max_records, struct err *err)
{
	struct page *p = mem_alloc(sizeof(*p));
	struct decoder d = { .page = p, .max_records = max_records, .err = err };

	p->refs = 1;
	p->closed = true;
	p->bytes = buf_take(body);
	scan_init(&d.scan, buf_str(&p->bytes));
	if (read_answer(&d))
		return p;
	page_unref(p);
	return NULL;
}

struct page *page_ref(struct page *p)
{
	p->refs++;
	return p;
}

void page_unref(struct page *p)
{
	if (!p || --p->refs > 0)
		return;
	buf_release(&p->bytes);
	mem_free(p->records);
	mem_free(p);
}

size_t page_bytes(const struct page *p)
{
	return sizeof(*p) + p->bytes.cap + p->room * sizeof(*p->records);
}
