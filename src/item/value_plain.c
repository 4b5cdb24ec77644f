#include "sluice/item/value.h"

#include "sluice/item/number.h"

/* Plain JSON is never longer than the attribute values it is made of: {"S":"x"}
 * becomes "x". So room for the whole text is taken once and written to without
 * further checks; only a number in a form that JSON does not know can be longer. */
struct plain {
	struct scan scan;   /* over the attribute values */
	struct buf *out;
	char *to;           /* in out's reserved room */
	uint64_t maps;      /* a bit an open container, set: M; innermost lowest */
	unsigned depth;
};

static bool malformed(struct err *err, const char *what)
{
	return err_set(err, ERR_DATA, "value.malformed", "an attribute value is malformed: %s", what);
}

static bool full(const struct plain *w, struct err *err)
{
	return err_set(err, ERR_FATAL, "buf.full", "attribute values as plain JSON do not fit into %zu bytes", w->out->max);
}

static inline void put_char(struct plain *w, char c)
{
	*w->to++ = c;
}

/* The room is never less than what is left of the text, so that short pieces can
 * be copied at one stroke, with what stands behind them. */
static inline void put(struct plain *w, struct str s)
{
	enum { STROKE = 16 };

	if (s.len <= STROKE && w->scan.end - s.ptr >= STROKE)
		memcpy(w->to, s.ptr, STROKE);
	else
		memcpy(w->to, s.ptr, s.len);
	w->to += s.len;
}

static inline void put_string(struct plain *w, struct str content)
{
	put_char(w, '"');
	put(w, content);
	put_char(w, '"');
}

/* Room for all that is still to be read. */
static bool reserve(struct plain *w, struct err *err)
{
	w->to = buf_reserve(w->out, (size_t)(w->scan.end - w->scan.at));
	return w->to || full(w, err);
}

static void commit(struct plain *w)
{
	buf_commit(w->out, (size_t)(w->to - (w->out->ptr + w->out->len)));
}

static bool put_normalised(struct plain *w, struct str text, struct err *err)
{
	struct number n;

	if (!number_parse(text, &n, err))
		return false;
	commit(w);
	if (!number_write(&n, w->out))
		return full(w, err);
	return reserve(w, err);
}

static bool put_number(struct plain *w, struct str text, struct err *err)
{
	if (!scan_is_number(text))
		return put_normalised(w, text, err);
	put(w, text);
	return true;
}

/* The elements of a set, up to its end; its bracket was read. */
static bool put_set(struct plain *w, bool numbers, struct err *err)
{
	struct scan_token token;
	bool comma = false;

	put_char(w, '[');
	while (scan_next(&w->scan, &token) == SCAN_STRING) {
		if (comma)
			put_char(w, ',');
		comma = true;
		if (!numbers)
			put_string(w, token.text);
		else if (!put_number(w, token.text, err))
			return false;
	}
	if (token.type != SCAN_ARRAY_END)
		return malformed(err, "an element of a set is no string");
	put_char(w, ']');
	return true;
}

static bool open_container(struct plain *w, bool map, struct err *err)
{
	if (w->depth > VALUE_MAX_DEPTH)
		return err_set(err, ERR_DATA, "value.depth", "maps and lists are nested more than %d deep, DynamoDB's limit",
			       VALUE_MAX_DEPTH);
	w->maps = w->maps << 1 | (map ? 1 : 0);
	w->depth++;
	put_char(w, map ? '{' : '[');
	return true;
}

/* The content of a value of that type, whose first token was read. */
static bool put_content(struct plain *w, enum value_type type, const struct scan_token *first, struct err *err)
{
	switch (type) {
	case VALUE_S:
	case VALUE_B:
		if (first->type != SCAN_STRING)
			break;
		put_string(w, first->text);
		return true;
	case VALUE_N:
		return first->type == SCAN_STRING ? put_number(w, first->text, err) : malformed(err, "N wants a string");
	case VALUE_BOOL:
		if (first->type != SCAN_TRUE && first->type != SCAN_FALSE)
			break;
		put(w, first->text);
		return true;
	case VALUE_NULL:
		if (first->type != SCAN_TRUE)
			break;
		memcpy(w->to, "null", 4);
		w->to += 4;
		return true;
	case VALUE_SS:
	case VALUE_NS:
	case VALUE_BS:
		if (first->type != SCAN_ARRAY_BEGIN)
			break;
		return put_set(w, type == VALUE_NS, err);
	case VALUE_M:
		if (first->type != SCAN_OBJECT_BEGIN)
			break;
		return open_container(w, true, err);
	case VALUE_L:
		if (first->type != SCAN_ARRAY_BEGIN)
			break;
		return open_container(w, false, err);
	case VALUE_NONE:
		return malformed(err, "its type is unknown");
	}
	return malformed(err, "its content does not fit its type");
}

/* An attribute value whose { was read. M and L stay open. */
static bool put_value(struct plain *w, struct err *err)
{
	struct scan_token token;
	enum value_type type;

	if (scan_next(&w->scan, &token) != SCAN_KEY)
		return malformed(err, "it names no type");
	type = value_type_of(token.text);
	scan_next(&w->scan, &token);
	if (!put_content(w, type, &token, err))
		return false;
	if (type == VALUE_M || type == VALUE_L)
		return true;
	return scan_next(&w->scan, &token) == SCAN_OBJECT_END || malformed(err, "it has more than one type");
}

/* The innermost container ended: closes it, and the {"M": } around it. */
static bool close_container(struct plain *w, struct err *err)
{
	struct scan_token token;

	put_char(w, w->maps & 1 ? '}' : ']');
	w->maps >>= 1;
	w->depth--;
	return w->depth == 0 || scan_next(&w->scan, &token) == SCAN_OBJECT_END ||
	       malformed(err, "it has more than one type");
}

/* {"S":"text"}, {"N":"1"} or {"B":"AQI="}, most of what there is. */
static bool put_tagged(struct plain *w, char tag, const struct scan_token *content, struct err *err)
{
	if (tag == 'N')
		return put_number(w, content->text, err);
	if (tag != 'S' && tag != 'B')
		return malformed(err, "its type is unknown");
	put_string(w, content->text);
	return true;
}

/* The next member of a map, or its end. */
static bool put_member(struct plain *w, struct err *err)
{
	struct scan_token token;
	char tag;

	if (scan_next(&w->scan, &token) == SCAN_OBJECT_END)
		return close_container(w, err);
	if (token.type != SCAN_KEY)
		return malformed(err, "its text is cut");
	if (w->to[-1] != '{')
		put_char(w, ',');
	put_string(w, token.text);
	put_char(w, ':');
	if (scan_tagged(&w->scan, &tag, &token))
		return put_tagged(w, tag, &token, err);
	return scan_next(&w->scan, &token) == SCAN_OBJECT_BEGIN ? put_value(w, err) : malformed(err, "it is no object");
}

/* The next element of a list, or its end. */
static bool put_element(struct plain *w, struct err *err)
{
	bool comma = w->to[-1] != '[';
	struct scan_token token;
	char tag;

	if (scan_tagged(&w->scan, &tag, &token)) {
		if (comma)
			put_char(w, ',');
		return put_tagged(w, tag, &token, err);
	}
	if (scan_next(&w->scan, &token) == SCAN_ARRAY_END)
		return close_container(w, err);
	if (token.type != SCAN_OBJECT_BEGIN)
		return malformed(err, "it is no object");
	if (comma)
		put_char(w, ',');
	return put_value(w, err);
}

/* What a scan would give for a value that is no container. */
static struct scan_token token_of(struct value v)
{
	struct scan_token token = { .type = SCAN_STRING, .text = v.raw };

	if (v.type == VALUE_BOOL || v.type == VALUE_NULL)
		token.type = v.raw.len && v.raw.ptr[0] == 't' ? SCAN_TRUE : SCAN_FALSE;
	return token;
}

static bool write_scalar(struct plain *w, struct value v, struct err *err)
{
	enum { QUOTES_OR_NULL = 4 };
	struct scan_token token = token_of(v);

	scan_init_trusted(&w->scan, v.raw);
	w->to = buf_reserve(w->out, v.raw.len + QUOTES_OR_NULL);
	return w->to ? put_content(w, v.type, &token, err) : full(w, err);
}

static bool write_container(struct plain *w, struct value v, struct err *err)
{
	struct scan_token first;

	scan_init_trusted(&w->scan, v.raw);
	if (!reserve(w, err))
		return false;
	scan_next(&w->scan, &first);
	if (!put_content(w, v.type, &first, err))
		return false;
	while (w->depth > 0)
		if (!(w->maps & 1 ? put_member(w, err) : put_element(w, err)))
			return false;
	return true;
}

bool value_write_plain(struct value v, struct buf *out, struct err *err)
{
	struct plain w = { .out = out };
	const size_t start = out->len;
	bool ok = v.type < VALUE_M ? write_scalar(&w, v, err) : write_container(&w, v, err);

	if (ok)
		commit(&w);
	else
		buf_truncate(out, start);
	return ok;
}
