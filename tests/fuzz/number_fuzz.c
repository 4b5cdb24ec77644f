/* Two numbers, a space between: each keeps its value when written and read again,
 * and a + b - b is a; the text is also tried as a sequence number and a path. */
#include "sluice/item/number.h"
#include "sluice/item/path.h"
#include "sluice/item/sequence.h"

#include <stdlib.h>

static void expect(bool condition)
{
	if (!condition)
		abort();
}

static void write_and_read(const struct number *n)
{
	struct number again;
	struct buf out;

	buf_init(&out, 1000);
	expect(number_write(n, &out) && scan_is_number(buf_str(&out)));
	expect(number_parse(buf_str(&out), &again, NULL) && number_compare(n, &again) == 0);
	expect(again.count == n->count && again.exponent == n->exponent && again.negative == n->negative);
	buf_release(&out);
}

static void calculate(struct number a, struct number b)
{
	struct number sum = a, minus_b = b;

	expect(number_compare(&a, &b) == -number_compare(&b, &a));
	number_negate(&minus_b);
	if (!number_add(&sum, &b, NULL)) {
		expect(number_compare(&sum, &a) == 0);
		return;
	}
	write_and_read(&sum);
	expect(number_compare(&sum, &a) == (b.count == 0 ? 0 : b.negative ? -1 : 1));
	if (number_add(&sum, &minus_b, NULL))
		expect(number_compare(&sum, &a) == 0);
}

static void try_others(struct str text)
{
	struct sequence sequence, again;
	struct arena arena;
	struct path path;
	struct value v;

	if (sequence_parse(text, &sequence, NULL)) {
		expect(sequence_parse(sequence_wire(&sequence), &again, NULL));
		expect(sequence_compare(&sequence, &again) == 0);
	}
	arena_init(&arena, 1 << 16);
	if (path_parse(text, &arena, &path, NULL))
		path_get(&path, (struct value){ VALUE_M, STR("{\"a\":{\"L\":[{\"N\":\"1\"}]},\"0\":{\"S\":\"x\"}}") }, &v);
	arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str second = str_of((const char *)data, size), first = str_split(&second, ' ');
	struct number a, b;

	try_others(str_of((const char *)data, size));
	if (!number_parse(first, &a, NULL))
		return 0;
	write_and_read(&a);
	if (number_parse(second, &b, NULL))
		calculate(a, b);
	return 0;
}
