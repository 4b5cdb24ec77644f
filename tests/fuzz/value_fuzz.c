/* Attribute values of any bytes; behind the first line break, a second one to
 * compare with. What is accepted must become valid plain JSON and be the same when
 * it is written and read again; valid JSON of any other shape must do no harm. */
#include "sluice/item/key.h"
#include "sluice/item/path.h"

#include <stdlib.h>

static void expect(bool condition)
{
	if (!condition)
		abort();
}

static void walk(struct value v, unsigned depth)
{
	struct value_iter it;
	struct value element;
	struct str name;

	if (depth > SCAN_MAX_DEPTH)
		return;
	value_iter_init(&it, v);
	while (value_iter_next(&it, &name, &element, NULL))
		walk(element, depth + 1);
}

static void write_and_read(struct value v)
{
	struct buf out;
	struct value again = { .type = VALUE_NONE };
	struct arena arena;
	struct str text;

	buf_init(&out, 64 * v.raw.len + 4096);
	arena_init(&arena, 64 * v.raw.len + 4096);
	expect(value_write_plain(v, &out, NULL) && scan_check(buf_str(&out), NULL));
	buf_clear(&out);
	expect(value_write(v, &out) && value_parse(buf_str(&out), &again, NULL));
	expect(value_eq(v, again));
	value_text(v, &arena, &text, NULL);
	buf_release(&out);
	arena_release(&arena);
}

static void read_loosely(struct str json)
{
	struct value image = value_image(json), v;
	struct buf out;

	buf_init(&out, 64 * json.len + 4096);
	if (value_read(json, &v, NULL)) {
		walk(v, 0);
		value_write_plain(v, &out, NULL);
		expect(value_eq(v, v));
	}
	walk(image, 0);
	buf_clear(&out);
	expect(!value_write_plain(image, &out, NULL) || scan_check(buf_str(&out), NULL));
	buf_clear(&out);
	key_write(image, &out, NULL);
	buf_release(&out);
}

static void compare(struct value a, struct value b)
{
	int order, turned;

	expect(value_eq(a, b) == value_eq(b, a));
	expect(value_compare(a, b, &order) == value_compare(b, a, &turned));
	if (!value_compare(a, b, &order) || !value_compare(b, a, &turned))
		return;
	expect((order > 0) - (order < 0) == (turned < 0) - (turned > 0));
	expect((order == 0) == value_eq(a, b));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str second = str_of((const char *)data, size), first = str_split(&second, '\n');
	struct value a, b;

	if (scan_check(first, NULL))
		read_loosely(str_trim(first));
	if (value_parse(first, &a, NULL)) {
		write_and_read(a);
		if (value_parse(second, &b, NULL))
			compare(a, b);
	}
	if (value_parse_image(first, &a, NULL)) {
		walk(a, 0);
		if (value_parse_image(second, &b, NULL))
			compare(a, b);
	}
	return 0;
}
