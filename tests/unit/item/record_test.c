#include "support/test.h"

#include "sluice/item/record.h"

static struct record sample(void)
{
	struct record r = {
		.event_id = STR("e\\u0031"), .event = RECORD_REMOVE, .aws_region = STR("eu-central-1"), .created_s = 1700000000,
		.size_bytes = 26, .view_type = STR("NEW_AND_OLD_IMAGES"),
		.keys = { VALUE_M, STR("{\"Id\":{\"N\":\"101\"}}") }, .old_image = { VALUE_M, STR("{\"Id\":{\"N\":\"101\"}}") },
	};

	assert_true(sequence_parse(STR("4421584500000000017450439091"), &r.sequence, NULL));
	return r;
}

static void test_a_record_is_written_as_lambda_shows_it(void **state)
{
	struct record r = sample();
	struct buf out;

	(void)state;
	buf_init(&out, 2000);
	assert_true(record_write_lambda(&r, STR("arn:aws:dynamodb:stream"), &out));
	assert_string_equal(out.ptr,
		"{\"eventID\":\"e\\u0031\",\"eventName\":\"REMOVE\",\"eventVersion\":\"1.1\",\"eventSource\":\"aws:dynamodb\","
		"\"awsRegion\":\"eu-central-1\",\"dynamodb\":{\"ApproximateCreationDateTime\":1700000000,"
		"\"Keys\":{\"Id\":{\"N\":\"101\"}},\"OldImage\":{\"Id\":{\"N\":\"101\"}},"
		"\"SequenceNumber\":\"4421584500000000017450439091\",\"SizeBytes\":26,\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"},"
		"\"eventSourceARN\":\"arn:aws:dynamodb:stream\"}");
	assert_true(scan_check(buf_str(&out), NULL));
	buf_release(&out);
}

static void test_identities_are_shown_in_lower_camel_case(void **state)
{
	struct record r = sample();
	struct buf out;

	(void)state;
	r.user_type = STR("Service");
	r.user_principal = STR("dynamodb.amazonaws.com");
	buf_init(&out, 2000);
	assert_true(record_write_lambda(&r, STR("arn"), &out));
	assert_non_null(strstr(out.ptr, ",\"userIdentity\":{\"type\":\"Service\",\"principalId\":\"dynamodb.amazonaws.com\"},"));
	buf_release(&out);
}

static void test_a_full_buf_is_told(void **state)
{
	struct record r = sample();
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	assert_false(record_write_lambda(&r, STR("arn"), &out));
	buf_release(&out);
}

static void test_only_removals_by_the_service_are_ttl_deletions(void **state)
{
	static const struct { enum record_event event; struct str type, principal; bool ttl; } cases[] = {
		{ RECORD_REMOVE, STR_INIT("Service"), STR_INIT("dynamodb.amazonaws.com"), true },
		{ RECORD_REMOVE, STR_INIT("Serv\\u0069ce"), STR_INIT("dynamodb.amazonaws.com"), true },
		{ RECORD_MODIFY, STR_INIT("Service"), STR_INIT("dynamodb.amazonaws.com"), false },
		{ RECORD_REMOVE, STR_INIT("User"), STR_INIT("dynamodb.amazonaws.com"), false },
		{ RECORD_REMOVE, STR_INIT("Service"), STR_INIT("replication.dynamodb.amazonaws.com"), false },
		{ RECORD_REMOVE, { NULL, 0 }, { NULL, 0 }, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct record r = sample();

		r.event = cases[i].event;
		r.user_type = cases[i].type;
		r.user_principal = cases[i].principal;
		assert_int_equal(record_is_ttl_delete(&r), cases[i].ttl);
	}
}

static void test_events_have_the_names_of_the_service(void **state)
{
	(void)state;
	assert_string_equal(record_event_name(RECORD_INSERT), "INSERT");
	assert_string_equal(record_event_name(RECORD_MODIFY), "MODIFY");
	assert_string_equal(record_event_name(RECORD_REMOVE), "REMOVE");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_record_is_written_as_lambda_shows_it),
		cmocka_unit_test(test_identities_are_shown_in_lower_camel_case),
		cmocka_unit_test(test_a_full_buf_is_told),
		cmocka_unit_test(test_only_removals_by_the_service_are_ttl_deletions),
		cmocka_unit_test(test_events_have_the_names_of_the_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
