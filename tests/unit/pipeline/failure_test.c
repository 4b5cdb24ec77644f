#include "support/test.h"

#include "sluice/core/json.h"
#include "sluice/pipeline/failure.h"

static const struct failure_policy with_dead_letter = {
	.retries = 3, .max_age_s = 100, .dead_letter = STR_INIT("failures"),
};

static void test_judgements_follow_class_age_and_policy(void **state)
{
	static const struct failure_policy without = { .retries = 3, .max_age_s = 100 };
	static const struct failure_policy for_ever = { .retries = 0, .dead_letter = STR_INIT("failures") };
	static const struct {
		const struct failure_policy *policy;
		enum err_class class;
		int64_t attempts, age_s;
		enum failure_verdict verdict;
	} cases[] = {
		{ &with_dead_letter, ERR_RETRY, 1000000, 100, FAILURE_WAIT },
		{ &with_dead_letter, ERR_THROTTLE, 0, 0, FAILURE_WAIT },
		{ &with_dead_letter, ERR_AUTH, 50, 99, FAILURE_WAIT },
		{ &with_dead_letter, ERR_RETRY, 1, 101, FAILURE_DEAD_LETTER },
		{ &with_dead_letter, ERR_DATA, 3, 0, FAILURE_WAIT },
		{ &with_dead_letter, ERR_DATA, 4, 0, FAILURE_DEAD_LETTER },
		{ &with_dead_letter, ERR_FATAL, 1, 0, FAILURE_STOP },
		{ &without, ERR_DATA, 4, 0, FAILURE_STOP },
		{ &without, ERR_RETRY, 1, 1000000, FAILURE_WAIT },
		{ &for_ever, ERR_RETRY, 1, 1000000, FAILURE_WAIT },
		{ &for_ever, ERR_DATA, 1, 0, FAILURE_DEAD_LETTER },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = { .class = cases[i].class };

		assert_int_equal(failure_judge(cases[i].policy, &err, cases[i].attempts, cases[i].age_s), cases[i].verdict);
	}
}

static void test_delays_grow_to_a_ceiling_and_honour_the_far_side(void **state)
{
	struct err err = { .class = ERR_RETRY };
	int64_t most = 0;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 1);
	for (int i = 0; i < 1000; i++) {
		int64_t first = failure_delay_ms(&err, 1, &rng), late = failure_delay_ms(&err, 1000000, &rng);

		assert_in_range(first, 1, FAILURE_FIRST_DELAY_MS);
		assert_in_range(late, 1, FAILURE_LONGEST_DELAY_MS);
		most = late > most ? late : most;
	}
	assert_true(most > FAILURE_LONGEST_DELAY_MS / 2);
	err.retry_after_ms = 5000;
	assert_true(failure_delay_ms(&err, 1, &rng) >= 5000);
	err.retry_after_ms = UINT32_MAX;
	assert_int_equal(failure_delay_ms(&err, 1, &rng), 60000);
}

static void test_dead_letter_holds_the_whole_record_and_the_reason(void **state)
{
	static const struct effect_source source = {
		.app = STR_INIT("deals"), .pipeline = STR_INIT("p"), .handler = STR_INIT("h"), .shard_id = STR_INIT("shardId-1"),
	};
	struct record r = { .raw = STR_INIT("{\"eventID\":\"x\",\"n\":[1,2]}"), .v = 77 };
	struct err why = { .class = ERR_DATA, .code = "template.missing", .text = "no \"title\"\n" };
	struct dead_letter d = { .source = &source, .record = &r, .why = &why, .attempts = 4, .time_ms = 1767225600123 };
	const struct json *record;
	struct json *j;
	struct str text;
	struct buf out, raw;
	int64_t n;

	(void)state;
	assert_true(sequence_parse(STR("123456789012345678901"), &r.sequence, NULL));
	buf_init(&out, 1 << 16);
	buf_init(&raw, 1 << 16);
	assert_true(dead_letter_write(&d, &out));
	j = json_parse(buf_str(&out), 1 << 16, NULL);
	assert_non_null(j);
	assert_true(json_get_str(json_get(j, "reason"), &text));
	assert_str_equal(text, "no \"title\"\n");
	assert_true(json_get_str(json_get(j, "time"), &text));
	assert_str_equal(text, "2026-01-01T00:00:00Z");
	assert_true(json_get_str(json_get(j, "class"), &text));
	assert_str_equal(text, "DATA");
	assert_true(json_get_str(json_get(j, "sequence_number"), &text));
	assert_str_equal(text, "123456789012345678901");
	assert_true(json_get_int(json_get(j, "attempts"), &n) && n == 4);
	assert_true(json_get_int(json_get(j, "v"), &n) && n == 77);
	record = json_get(j, "record");
	assert_true(json_print(record, &raw));
	assert_str_equal(buf_str(&raw), "{\"eventID\":\"x\",\"n\":[1,2]}");
	json_free(j);
	buf_release(&out);
	buf_release(&raw);
}

static void test_each_dead_letter_has_an_id_of_its_own_that_stays(void **state)
{
	static const struct effect_source source = {
		.app = STR_INIT("deals"), .pipeline = STR_INIT("p"), .handler = STR_INIT("h"), .shard_id = STR_INIT("shardId-1"),
	};
	static const struct {
		struct str member;
		uint32_t nth;
		const char *id;
	} cases[] = {
		{ { NULL, 0 }, 0, "deals/p/h/shardId-1/000000000000000000007/template.missing" },
		{ { NULL, 0 }, 1, "deals/p/h/shardId-1/000000000000000000007/template.missing/1" },
		/* A member's place in its batch is another on a replay. */
		{ STR_INIT("\"u1\""), 5, "deals/p/h/shardId-1/000000000000000000007/template.missing/\"u1\"" },
	};
	struct err why = { .class = ERR_DATA, .code = "template.missing" };
	struct record r = { .raw = STR_INIT("{}") };

	(void)state;
	assert_true(sequence_parse(STR("7"), &r.sequence, NULL));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct dead_letter d = { .source = &source, .record = &r, .why = &why, .member = cases[i].member, .nth = cases[i].nth };
		struct json *j;
		struct str id;
		struct buf out;

		buf_init(&out, 1 << 16);
		assert_true(dead_letter_write(&d, &out));
		j = json_parse(buf_str(&out), 1 << 16, NULL);
		assert_true(json_get_str(json_get(j, "id"), &id));
		assert_str_equal(id, cases[i].id);
		json_free(j);
		buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judgements_follow_class_age_and_policy),
		cmocka_unit_test(test_delays_grow_to_a_ceiling_and_honour_the_far_side),
		cmocka_unit_test(test_dead_letter_holds_the_whole_record_and_the_reason),
		cmocka_unit_test(test_each_dead_letter_has_an_id_of_its_own_that_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
