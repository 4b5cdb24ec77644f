#include "../../../src/sinks/gzip.h"
#include "support/test.h"

#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

/* One member, and nothing behind it. */
static void check_back(struct str packed, struct str text)
{
	char *back = test_malloc(text.len + 1);
	z_stream z = { 0 };

	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	z.next_in = (const Bytef *)packed.ptr;
	z.avail_in = (uInt)packed.len;
	z.next_out = (Bytef *)back;
	z.avail_out = (uInt)text.len + 1;
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.avail_in, 0);
	assert_int_equal(z.total_out, text.len);
	assert_memory_equal(back, text.ptr, text.len);
	inflateEnd(&z);
	test_free(back);
}

static void check_round(struct str text)
{
	struct buf out;

	buf_init(&out, text.len + 1000);
	assert_true(gzip_text(text, &out));
	check_back(buf_str(&out), text);
	buf_release(&out);
}

/* Packed in parts of a size, it is the same file each time. */
static void check_stream(struct str text, size_t part)
{
	struct gzip_stream z, again;

	gzip_stream_init(&z, 2 * text.len + 1000);
	gzip_stream_init(&again, 2 * text.len + 1000);
	for (size_t at = 0; at < text.len; at += part) {
		assert_true(gzip_stream_add(&z, str_sub(text, at, part)));
		assert_true(gzip_stream_add(&again, str_sub(text, at, part)));
	}
	assert_true(gzip_stream_end(&z));
	assert_true(gzip_stream_end(&again));
	check_back(buf_str(&z.out), text);
	assert_int_equal(z.out.len, again.out.len);
	assert_memory_equal(z.out.ptr, again.out.ptr, z.out.len);
	gzip_stream_release(&z);
	gzip_stream_release(&again);
}

static void test_a_file_grows_part_by_part(void **state)
{
	enum { BYTES = 3 << 20 };
	char *text = test_malloc(BYTES);
	struct gzip_stream z;
	unsigned x = 7;

	(void)state;
	for (size_t i = 0; i < BYTES; i++)
		text[i] = (x = x * 1103515245 + 12345) >> 30 ? (char)('a' + (i & 7)) : (char)(x >> 16);
	check_stream(str_of("", 0), 1);
	check_stream(STR("a"), 1);
	check_stream(str_of(text, 1000), 1);
	check_stream(str_of(text, 128 << 10), 1 << 10); /* to a piece's end, and no further */
	check_stream(str_of(text, BYTES), 777);
	check_stream(str_of(text, BYTES), 1 << 20); /* texts larger than a piece */
	gzip_stream_init(&z, BYTES);
	for (size_t at = 0; at < BYTES; at += 1000)
		assert_true(gzip_stream_add(&z, str_sub(str_of(text, BYTES), at, 1000)));
	assert_true(gzip_stream_memory(&z) < BYTES); /* what is compressed is not kept twice */
	gzip_stream_release(&z);
	test_free(text);
}

static void test_a_file_without_room_says_so(void **state)
{
	struct gzip_stream z;

	(void)state;
	gzip_stream_init(&z, 40);
	assert_true(gzip_stream_add(&z, STR("a text that does fit in")));
	assert_false(gzip_stream_add(&z, STR("and one that does not fit behind it")));
	gzip_stream_release(&z);
}

static void test_the_checksum_is_the_usual_one(void **state)
{
	(void)state;
	assert_int_equal(gzip_crc32(STR("123456789")), 0xcbf43926); /* the check value of CRC-32/ISO-HDLC */
	assert_int_equal(gzip_crc32(str_of(NULL, 0)), 0);
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
		cmocka_unit_test(test_a_file_grows_part_by_part),
		cmocka_unit_test(test_a_file_without_room_says_so),
		cmocka_unit_test(test_the_checksum_is_the_usual_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
