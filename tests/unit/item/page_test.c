#include "support/deals.h"
#include "support/test.h"

#include "sluice/core/mem.h"
#include "sluice/core/rng.h"
#include "sluice/item/page.h"

#include <stdio.h>

enum { MANY = 10000 };

/* The bytes sit in memory of exactly their size, so that a sanitizer sees every
 * step over their end. */
static struct page *decode(struct str text, size_t max_records, struct err *err)
{
	struct buf body = { .max = text.len, .len = text.len, .cap = text.len ? text.len : 1 };
	struct page *page;

	body.ptr = mem_resize(NULL, body.cap);
	memcpy(body.ptr, text.ptr, text.len);
	page = page_decode(&body, max_records, err);
	assert_null(body.ptr);
	assert_int_equal(body.len, 0);
	return page;
}

static struct page *decode_ok(const char *text)
{
	struct err err = { 0 };
	struct page *page = decode(str_c(text), MANY, &err);

	if (!page)
		fail_msg("%s\n%s", err.text, text);
	return page;
}

static const char FULL[] =
	"{\"Records\":[{\"eventID\":\"e1\",\"eventName\":\"MODIFY\",\"eventVersion\":\"1.1\",\"eventSource\":\"aws:dynamodb\","
	"\"awsRegion\":\"eu-central-1\",\"dynamodb\":{\"ApproximateCreationDateTime\":1.7E9,\"Keys\":{\"pk\":{\"S\":\"a\"},"
	"\"sk\":{\"N\":\"1\"}},\"NewImage\":{\"pk\":{\"S\":\"a\"},\"m\":{\"M\":{\"x\":{\"L\":[]}}}},\"OldImage\":{},"
	"\"SequenceNumber\":\"100000000003498069978\",\"SizeBytes\":45,\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"},"
	"\"userIdentity\":{\"Type\":\"Service\",\"PrincipalId\":\"dynamodb.amazonaws.com\"}},"
	"{\"eventID\":\"e2\",\"eventName\":\"REMOVE\",\"dynamodb\":{\"ApproximateCreationDateTime\":1700000001,"
	"\"Keys\":{\"pk\":{\"S\":\"b\"}},\"SequenceNumber\":\"100000000003498069979\"}}],\"NextShardIterator\":\"it\\/2\"}";

static void test_every_field_of_a_record_is_found(void **state)
{
	struct page *page = decode_ok(FULL);
	const struct record *r = page->records;

	(void)state;
	assert_int_equal(page->count, 2);
	assert_false(page->closed);
	assert_str_equal(page->next_iterator, "it\\/2");
	assert_ptr_equal(r->page, page);
	assert_true(str_starts(r->raw, STR("{\"eventID\":\"e1\"")));
	assert_true(str_ends(r->raw, STR("amazonaws.com\"}}")));
	assert_true(scan_check(r->raw, NULL));
	assert_str_equal(r->event_id, "e1");
	assert_int_equal(r->event, RECORD_MODIFY);
	assert_str_equal(r->aws_region, "eu-central-1");
	assert_str_equal(r->user_type, "Service");
	assert_str_equal(r->user_principal, "dynamodb.amazonaws.com");
	assert_str_equal(sequence_wire(&r->sequence), "100000000003498069978");
	assert_int_equal(r->created_s, 1700000000);
	assert_int_equal(r->size_bytes, 45);
	assert_str_equal(r->view_type, "NEW_AND_OLD_IMAGES");
	assert_int_equal(r->keys.type, VALUE_M);
	assert_str_equal(r->keys.raw, "{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"1\"}}");
	assert_str_equal(r->new_image.raw, "{\"pk\":{\"S\":\"a\"},\"m\":{\"M\":{\"x\":{\"L\":[]}}}}");
	assert_int_equal(r->old_image.type, VALUE_M);
	assert_str_equal(r->old_image.raw, "{}");
	r++;
	assert_int_equal(r->event, RECORD_REMOVE);
	assert_int_equal(r->new_image.type, VALUE_NONE);
	assert_int_equal(r->old_image.type, VALUE_NONE);
	assert_int_equal(r->aws_region.len, 0);
	assert_int_equal(r->user_type.len, 0);
	assert_int_equal(r->size_bytes, 0);
	assert_int_equal(r->v, 0);
	page_unref(page);
}

#define DYNAMODB "\"dynamodb\":{\"ApproximateCreationDateTime\":1,\"Keys\":{\"k\":{\"S\":\"a\"}},\"SequenceNumber\":\"1\"}"
#define RECORD "{\"eventID\":\"e\",\"eventName\":\"INSERT\"," DYNAMODB "}"
#define PAGE(record) "{\"Records\":[" record "]}"
#define WITH(field) PAGE("{\"eventID\":\"e\",\"eventName\":\"INSERT\"," DYNAMODB "," field "}")
#define WITH_STREAM(field)                                                                                   \
	PAGE("{\"eventID\":\"e\",\"eventName\":\"INSERT\",\"dynamodb\":{" field ",\"ApproximateCreationDateTime\":1," \
	     "\"Keys\":{\"k\":{\"S\":\"a\"}},\"SequenceNumber\":\"1\"}}")

static void test_order_unknown_fields_and_white_space_do_not_matter(void **state)
{
	static const char *const pages[] = {
		PAGE(RECORD),
		" { \"NextShardIterator\" : null , \"Records\" : [ " RECORD " ] } ",
		"{\"MillisBehindLatest\":{\"deep\":[1,{}]},\"Records\":[" RECORD "],\"x\":null}",
		PAGE("{" DYNAMODB ",\"new\":[{}],\"eventName\":\"INSERT\",\"eventID\":\"e\"}"),
		PAGE("{\"event\\u0049D\":\"e\",\"eventName\":\"\\u0049NSERT\"," DYNAMODB "}"),
		WITH("\"eventName\":\"REMOVE\",\"eventID\":5,\"dynamodb\":null"),
		WITH("\"userIdentity\":null"),
		WITH("\"userIdentity\":{}"),
		WITH_STREAM("\"NewImage\":null,\"OldImage\":null"),
		WITH_STREAM("\"x\":1,\"SizeBytes\":0"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(pages); i++) {
		struct page *page = decode_ok(pages[i]);

		assert_int_equal(page->count, 1);
		assert_true(page->closed);
		assert_int_equal(page->next_iterator.len, 0);
		assert_int_equal(page->records[0].event, RECORD_INSERT);
		assert_str_equal(page->records[0].event_id, "e");
		page_unref(page);
	}
}

static void test_identities_are_read_in_both_spellings(void **state)
{
	struct page *page = decode_ok(WITH("\"userIdentity\":{\"principalId\":\"dynamodb.amazonaws.com\",\"type\":\"Service\"}"));

	(void)state;
	assert_str_equal(page->records[0].user_type, "Service");
	assert_str_equal(page->records[0].user_principal, "dynamodb.amazonaws.com");
	page_unref(page);
	page = decode_ok(WITH("\"userIdentity\":{\"Type\":\"A\",\"type\":\"B\",\"Type\":\"C\"}"));
	assert_str_equal(page->records[0].user_type, "A");
	page_unref(page);
}

static void test_an_empty_page_is_normal(void **state)
{
	struct page *page = decode_ok("{\"Records\":[],\"NextShardIterator\":\"x\"}");

	(void)state;
	assert_int_equal(page->count, 0);
	assert_false(page->closed);
	page_unref(page);
	page = decode_ok("{\"Records\":[],\"NextShardIterator\":null}");
	assert_true(page->closed);
	page_unref(page);
}

static void test_times_are_whole_seconds_in_every_form(void **state)
{
	static const struct { const char *text; int64_t seconds; } cases[] = {
		{ "0", 0 }, { "1700000000", 1700000000 }, { "1.7E9", 1700000000 }, { "1.7e+09", 1700000000 },
		{ "1700000000.999", 1700000000 }, { "1700000000.0", 1700000000 }, { "17000000000E-1", 1700000000 },
		{ "8589934591", 8589934591 },
	};
	static const char *const lies[] = {
		"-1", "8589934592", "1700000000000", "1e300", "1E9999", "\"1700000000\"", "null", "[]",
		"1.0000000000000000000000000000000000000000000000000000000000000000000000000000000",
	};
	char text[400];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct page *page;

		snprintf(text, sizeof(text), WITH_STREAM("\"ApproximateCreationDateTime\":%s"), cases[i].text);
		page = decode_ok(text);
		assert_int_equal(page->records[0].created_s, cases[i].seconds);
		page_unref(page);
	}
	for (size_t i = 0; i < COUNT_OF(lies); i++) {
		snprintf(text, sizeof(text), WITH_STREAM("\"ApproximateCreationDateTime\":%s"), lies[i]);
		assert_null(decode(str_c(text), MANY, NULL));
	}
}

static void test_lies_are_asked_for_again(void **state)
{
	static const struct { const char *text, *told; } cases[] = {
		{ "", "text ends" }, { "null", "no object" }, { "[]", "no object" }, { "{}", "missing: Records" },
		{ "{\"NextShardIterator\":\"x\"}", "missing: Records" },
		{ "{\"__type\":\"com.amazonaws#InternalServerError\",\"message\":\"x\"}", "missing: Records" },
		{ "{\"Records\":null}", "Records is no array" }, { "{\"Records\":{}}", "Records is no array" },
		{ PAGE("null"), "a record is no object" }, { PAGE("1"), "a record is no object" },
		{ PAGE(RECORD) "x", "something stands behind" }, { "{\"Records\":[],}", "name" },
		{ "{\"Records\":[],\"NextShardIterator\":5}", "NextShardIterator is neither" },
		{ "{\"Records\":[],\"NextShardIterator\":\"\"}", "NextShardIterator is neither" },
		{ PAGE("{\"eventName\":\"INSERT\"," DYNAMODB "}"), "missing: eventID" },
		{ PAGE("{\"eventID\":\"\",\"eventName\":\"INSERT\"," DYNAMODB "}"), "eventID is empty" },
		{ PAGE("{\"eventID\":1,\"eventName\":\"INSERT\"," DYNAMODB "}"), "a string is expected" },
		{ PAGE("{\"eventID\":\"e\"," DYNAMODB "}"), "missing: eventName" },
		{ PAGE("{\"eventID\":\"e\",\"eventName\":\"insert\"," DYNAMODB "}"), "eventName is not" },
		{ PAGE("{\"eventID\":\"e\",\"eventName\":\"UPSERT\"," DYNAMODB "}"), "eventName is not" },
		{ PAGE("{\"eventID\":\"e\",\"eventName\":null," DYNAMODB "}"), "a string is expected" },
		{ PAGE("{\"eventID\":\"e\",\"eventName\":\"INSERT\"}"), "missing: dynamodb" },
		{ PAGE("{\"eventID\":\"e\",\"eventName\":\"INSERT\",\"dynamodb\":null}"), "dynamodb is no object" },
		{ PAGE("{\"eventID\":\"e\",\"eventName\":\"INSERT\",\"dynamodb\":{}}"), "missing: Approx" },
		{ PAGE("{\"eventID\":\"e\",\"eventName\":\"INSERT\",\"dynamodb\":{\"ApproximateCreationDateTime\":1,"
		       "\"SequenceNumber\":\"1\"}}"), "missing: Keys" },
		{ PAGE("{\"eventID\":\"e\",\"eventName\":\"INSERT\",\"dynamodb\":{\"ApproximateCreationDateTime\":1,"
		       "\"Keys\":{\"k\":{\"S\":\"a\"}}}}"), "missing: SequenceNumber" },
		{ WITH_STREAM("\"Keys\":null"), "Keys is no object" }, { WITH_STREAM("\"Keys\":{}"), "one or two" },
		{ WITH_STREAM("\"Keys\":{\"a\":{},\"b\":{},\"c\":{}}"), "one or two" },
		{ WITH_STREAM("\"Keys\":{\"a\":\"b\"}"), "attribute is no object" },
		{ WITH_STREAM("\"NewImage\":[]"), "image is no object" }, { WITH_STREAM("\"NewImage\":\"x\""), "image is no object" },
		{ WITH_STREAM("\"NewImage\":{\"a\":null}"), "attribute is no object" },
		{ WITH_STREAM("\"OldImage\":{\"a\":{},\"b\":[]}"), "attribute is no object" },
		{ WITH_STREAM("\"SequenceNumber\":5"), "a string is expected" },
		{ WITH_STREAM("\"SequenceNumber\":\"\""), "SequenceNumber is not" },
		{ WITH_STREAM("\"SequenceNumber\":\"12x\""), "SequenceNumber is not" },
		{ WITH_STREAM("\"SequenceNumber\":\"12345678901234567890123456789012345678901\""), "SequenceNumber is not" },
		{ WITH_STREAM("\"SizeBytes\":-1"), "SizeBytes" }, { WITH_STREAM("\"SizeBytes\":1.5"), "SizeBytes" },
		{ WITH_STREAM("\"SizeBytes\":\"1\""), "SizeBytes" }, { WITH_STREAM("\"StreamViewType\":1"), "a string is expected" },
		{ WITH("\"userIdentity\":\"x\""), "userIdentity is no object" },
		{ WITH("\"userIdentity\":{\"Type\":1}"), "a string is expected" },
		{ WITH("\"awsRegion\":null"), "a string is expected" },
		{ PAGE(RECORD "," RECORD), "do not rise" },
		{ WITH("\"x\":\"\xff\""), "UTF-8" }, { WITH("\"x\":01"), "leading zero" }, { WITH("\"x\""), "colon" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = { 0 };

		if (decode(str_c(cases[i].text), MANY, &err))
			fail_msg("accepted: %s", cases[i].text);
		assert_int_equal(err.class, ERR_RETRY);
		assert_true(err_is(&err, "page.malformed"));
		if (!strstr(err.text, cases[i].told))
			fail_msg("%s\n%s", cases[i].text, err.text);
	}
}

static void test_more_records_than_asked_for_are_a_lie(void **state)
{
	struct buf text;
	struct err err = { 0 };
	struct page *page;

	(void)state;
	buf_init(&text, 1 << 20);
	deals_write_page(&text, 1, 5, 1);
	assert_null(decode(buf_str(&text), 4, &err));
	assert_non_null(strstr(err.text, "more records"));
	page = decode(buf_str(&text), 5, &err);
	assert_int_equal(page->count, 5);
	page_unref(page);
	buf_release(&text);
}

/* What a value inside an image is worth is judged when it is read. */
static void test_a_malformed_value_deep_in_an_image_costs_only_its_record(void **state)
{
	struct page *page = decode_ok(WITH_STREAM("\"NewImage\":{\"a\":{\"Q\":1},\"b\":{\"N\":\"2\"}}"));
	struct value v;

	(void)state;
	assert_false(value_get(page->records[0].new_image, STR("a"), &v));
	assert_true(value_get(page->records[0].new_image, STR("b"), &v));
	page_unref(page);
}

static void test_a_page_lives_as_long_as_someone_holds_it(void **state)
{
	struct page *page = decode_ok(FULL), *held = page_ref(page);

	(void)state;
	assert_ptr_equal(held, page);
	page_unref(page);
	assert_str_equal(held->records[1].event_id, "e2");
	assert_true(page_bytes(held) > sizeof(FULL) + 2 * sizeof(struct record));
	page_unref(held);
	page_unref(NULL);
}

static void test_many_small_records_are_all_kept(void **state)
{
	struct buf text;
	struct page *page;

	(void)state;
	buf_init(&text, 1 << 22);
	buf_puts(&text, "{\"Records\":[");
	for (int i = 1; i <= 3000; i++)
		buf_putf(&text, "%s{\"eventID\":\"%d\",\"eventName\":\"INSERT\",\"dynamodb\":{\"ApproximateCreationDateTime\":1,"
			 "\"Keys\":{\"k\":{\"N\":\"%d\"}},\"SequenceNumber\":\"%d\"}}", i == 1 ? "" : ",", i, i, i);
	buf_puts(&text, "]}");
	page = decode_ok(text.ptr);
	assert_int_equal(page->count, 3000);
	for (int i = 1; i <= 3000; i++) {
		uint64_t n;

		assert_true(str_to_u64(page->records[i - 1].event_id, &n));
		assert_int_equal(n, i);
		assert_ptr_equal(page->records[i - 1].page, page);
	}
	page_unref(page);
	buf_release(&text);
}

static void test_a_page_cut_anywhere_is_refused(void **state)
{
	struct buf text;
	struct err err;

	(void)state;
	buf_init(&text, 1 << 20);
	deals_write_page(&text, 1, 3, 3);
	for (size_t len = 0; len < text.len; len++) {
		err_clear(&err);
		assert_null(decode(str_of(text.ptr, len), MANY, &err));
		assert_int_equal(err.class, ERR_RETRY);
	}
	buf_release(&text);
	for (size_t len = 0; len < sizeof(FULL) - 1; len++)
		assert_null(decode(str_of(FULL, len), MANY, NULL));
}

/* Reads all that a page holds, as handlers would. */
static void read_everything(const struct page *page)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	for (size_t i = 0; i < page->count; i++) {
		const struct record *r = &page->records[i];

		buf_clear(&out);
		value_write_plain(r->new_image, &out, NULL);
		record_is_ttl_delete(r);
		value_eq(r->new_image, r->old_image);
		buf_clear(&out);
		assert_true(record_write_lambda(r, STR("arn"), &out));
		assert_true(scan_check(buf_str(&out), NULL));
		assert_true(scan_check(r->raw, NULL));
		assert_true(i == 0 || sequence_compare(&r[-1].sequence, &r->sequence) < 0);
	}
	buf_release(&out);
}

static void test_changed_bytes_never_do_harm(void **state)
{
	enum { ROUNDS = 100000 };
	static const char bytes[] = "\"\"\\{}[]:,0123456789eE.+-tfn \n\x01\x80\xc3\xff";
	char text[sizeof(FULL)];
	unsigned accepted = 0;
	struct rng rng;

	(void)state;
	for (uint64_t seed = 0; seed < ROUNDS; seed++) {
		struct err err = { 0 };
		struct page *page;
		unsigned changes;

		rng_seed(&rng, seed);
		memcpy(text, FULL, sizeof(FULL));
		changes = 1 + (unsigned)rng_below(&rng, 3);
		for (unsigned i = 0; i < changes; i++)
			text[rng_below(&rng, sizeof(FULL) - 1)] = rng_below(&rng, 4) ? bytes[rng_below(&rng, sizeof(bytes) - 1)]
										   : (char)rng_below(&rng, 256);
		page = decode(str_of(text, sizeof(FULL) - 1), MANY, &err);
		if (!page) {
			assert_int_equal(err.class, ERR_RETRY);
			continue;
		}
		accepted++;
		read_everything(page);
		page_unref(page);
	}
	assert_in_range(accepted, ROUNDS / 100, ROUNDS - ROUNDS / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_field_of_a_record_is_found),
		cmocka_unit_test(test_order_unknown_fields_and_white_space_do_not_matter),
		cmocka_unit_test(test_identities_are_read_in_both_spellings),
		cmocka_unit_test(test_an_empty_page_is_normal),
		cmocka_unit_test(test_times_are_whole_seconds_in_every_form),
		cmocka_unit_test(test_lies_are_asked_for_again),
		cmocka_unit_test(test_more_records_than_asked_for_are_a_lie),
		cmocka_unit_test(test_a_malformed_value_deep_in_an_image_costs_only_its_record),
		cmocka_unit_test(test_a_page_lives_as_long_as_someone_holds_it),
		cmocka_unit_test(test_many_small_records_are_all_kept),
		cmocka_unit_test(test_a_page_cut_anywhere_is_refused),
		cmocka_unit_test(test_changed_bytes_never_do_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
