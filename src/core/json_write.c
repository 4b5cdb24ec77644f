#include "sluice/core/json_write.h"

#include "sluice/core/scan_block.h"

#include <assert.h>

/* Misuse is looked for in debug builds only: the writer stands in hot paths. */
#ifdef SLUICE_DEBUG
#define EXPECT(condition) assert(condition)
#else
#define EXPECT(condition) ((void)(0 && (condition)))
#endif

void json_write_init(struct json_writer *w, struct buf *out)
{
	*w = (struct json_writer){ .out = out };
}

static bool in_object(const struct json_writer *w)
{
	unsigned at = w->depth - 1;

	return w->depth > 0 && w->depth <= JSON_WRITE_MAX_DEPTH && (w->objects[at / 64] >> (at % 64) & 1);
}

/* True when the value that comes now needs a comma in front. */
static bool take_comma(struct json_writer *w)
{
	bool comma = w->comma;

	EXPECT(!in_object(w) || w->keyed);
	EXPECT(w->depth > 0 || !w->comma);
	w->comma = true;
	w->keyed = false;
	return comma;
}

static void before_value(struct json_writer *w)
{
	if (take_comma(w))
		buf_putc(w->out, ',');
}

/* One growth and one end for the three. */
static void put_between(struct buf *out, struct str before, struct str content, struct str after)
{
	char *to = buf_reserve(out, before.len + content.len + after.len);

	if (!to)
		return;
	memcpy(to, before.ptr, before.len);
	if (content.len)
		memcpy(to + before.len, content.ptr, content.len);
	memcpy(to + before.len + content.len, after.ptr, after.len);
	buf_commit(out, before.len + content.len + after.len);
}

static void begin(struct json_writer *w, char bracket, bool object)
{
	EXPECT(w->depth < JSON_WRITE_MAX_DEPTH);
	before_value(w);
	buf_putc(w->out, bracket);
	if (w->depth < JSON_WRITE_MAX_DEPTH) {
		uint64_t bit = (uint64_t)1 << (w->depth % 64);

		if (object)
			w->objects[w->depth / 64] |= bit;
		else
			w->objects[w->depth / 64] &= ~bit;
	}
	w->depth++;
	w->comma = false;
}

static void end(struct json_writer *w, char bracket, bool object)
{
	EXPECT(w->depth > 0 && in_object(w) == object && !w->keyed);
	(void)object;
	w->depth--;
	buf_putc(w->out, bracket);
	w->comma = true;
}

void json_begin_object(struct json_writer *w) { begin(w, '{', true); }
void json_end_object(struct json_writer *w) { end(w, '}', true); }
void json_begin_array(struct json_writer *w) { begin(w, '[', false); }
void json_end_array(struct json_writer *w) { end(w, ']', false); }

/* What stands in front of the name. */
static struct str take_key(struct json_writer *w)
{
	bool comma = w->comma;

	EXPECT(in_object(w) && !w->keyed);
	w->comma = false;
	w->keyed = true;
	return comma ? STR(",\"") : STR("\"");
}

void json_key(struct json_writer *w, struct str name)
{
	buf_put(w->out, take_key(w));
	json_escape(w->out, name);
	buf_put(w->out, STR("\":"));
}

void json_key_escaped(struct json_writer *w, struct str name)
{
	put_between(w->out, take_key(w), name, STR("\":"));
}

void json_str(struct json_writer *w, struct str text)
{
	before_value(w);
	buf_putc(w->out, '"');
	json_escape(w->out, text);
	buf_putc(w->out, '"');
}

void json_str_escaped(struct json_writer *w, struct str content)
{
	put_between(w->out, take_comma(w) ? STR(",\"") : STR("\""), content, STR("\""));
}

/* printf would be half the cost of a record's Lambda form. */
static void put_number(struct buf *out, uint64_t n, bool negative)
{
	char text[24], *at = text + sizeof(text);

	do {
		*--at = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	if (negative)
		*--at = '-';
	buf_put(out, str_of(at, (size_t)(text + sizeof(text) - at)));
}

void json_int(struct json_writer *w, int64_t n)
{
	before_value(w);
	put_number(w->out, n < 0 ? 0 - (uint64_t)n : (uint64_t)n, n < 0);
}

void json_uint(struct json_writer *w, uint64_t n)
{
	before_value(w);
	put_number(w->out, n, false);
}

void json_bool(struct json_writer *w, bool b)
{
	before_value(w);
	buf_put(w->out, b ? STR("true") : STR("false"));
}

void json_null(struct json_writer *w)
{
	before_value(w);
	buf_put(w->out, STR("null"));
}

void json_raw(struct json_writer *w, struct str json)
{
	before_value(w);
	buf_put(w->out, json);
}

void json_member_str(struct json_writer *w, struct str name, struct str text)
{
	json_key(w, name);
	json_str(w, text);
}

void json_member_int(struct json_writer *w, struct str name, int64_t n)
{
	json_key(w, name);
	json_int(w, n);
}

void json_member_bool(struct json_writer *w, struct str name, bool b)
{
	json_key(w, name);
	json_bool(w, b);
}

void json_member_raw(struct json_writer *w, struct str name, struct str json)
{
	json_key(w, name);
	json_raw(w, json);
}

static bool put_control(struct buf *out, unsigned char c)
{
	static const char letters[32] = { ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't' };
	const char two[2] = { '\\', letters[c] };

	if (letters[c])
		return buf_put(out, str_of(two, 2));
	return buf_putf(out, "\\u%04x", c);
}

/* Length of the well-formed UTF-8 sequence in front, or 0. */
static size_t sequence_length(struct str s)
{
	for (size_t n = 2; n <= 4 && n <= s.len; n++)
		if (str_utf8_valid(str_of(s.ptr, n)))
			return n;
	return 0;
}

bool json_escape(struct buf *out, struct str text)
{
	const char *end = text.len ? text.ptr + text.len : NULL;
	size_t run = 0; /* what is copied as it is */

	for (size_t i = 0; i < text.len;) {
		unsigned char c = (unsigned char)text.ptr[i];
		size_t n;

		if (scan_is_plain(text.ptr[i], false)) {
			i = (size_t)(scan_plain_end(text.ptr + i, end, false) - text.ptr);
			continue;
		}
		if (c >= 0x80 && (n = sequence_length(str_from(text, i))) > 0) {
			i += n;
			continue;
		}
		buf_put(out, str_sub(text, run, i - run));
		if (c >= 0x80)
			buf_put(out, STR("\xef\xbf\xbd"));
		else if (c == '"')
			buf_put(out, STR("\\\""));
		else if (c == '\\')
			buf_put(out, STR("\\\\"));
		else
			put_control(out, c);
		run = ++i;
	}
	buf_put(out, str_from(text, run));
	return buf_ok(out);
}
