#include "../../../src/sinks/gzip.h"
#include "support/test.h"

#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

static void check_round(struct str text)
{
	char *back = test_malloc(text.len + 1);
	struct buf out;
	z_stream z = { 0 };

	buf_init(&out, text.len + 1000);
	assert_true(gzip_text(text, &out));
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	z.next_in = (const Bytef *)out.ptr;
	z.avail_in = (uInt)out.len;
	z.next_out = (Bytef *)back;
	z.avail_out = (uInt)text.len + 1;
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.total_out, text.len);
	assert_memory_equal(back, text.ptr, text.len);
	inflateEnd(&z);
	buf_release(&out);
	test_free(back);
}

static void test_what_is_compressed_comes_back(void **state)
{
	char *noise = test_malloc(100000);
	unsigned x = 1;

	(void)state;
	for (size_t i = 0; i < 100000; i++)
		noise[i] = (char)((x = x * 1103515245 + 12345) >> 16);
	check_round(str_of("", 0));
	check_round(STR("{\"index\":{}}\n{\"a\":1}\n"));
	check_round(str_of(noise, 100000));
	test_free(noise);
}

static void test_without_room_it_says_so(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 10);
	assert_false(gzip_text(STR("a text that does not fit into ten bytes, whatever is done"), &out));
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_compressed_comes_back),
		cmocka_unit_test(test_without_room_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
