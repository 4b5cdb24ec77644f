#include "../../../src/app/model_load_parts.h"

#include "support/test.h"

static void test_factors_and_times_are_read_and_nonsense_is_refused(void **state)
{
	static const struct { const char *text; double factor; } factors[] = {
		{ NULL, 1 }, { "x2", 2 }, { "X3", 3 }, { "×0.5", 0.5 }, { "*4", 4 }, { "7", 7 }, { "x10000", 10000 },
		{ "x0", 0 }, { "x", 0 }, { "", 0 }, { "xx2", 0 }, { "x1e3", 0 }, { "x-1", 0 }, { "xnan", 0 }, { "x10001", 0 },
		{ "x1.2.3", 0 }, { "x00000000000000000000000000000000000000000000000001", 0 },
	};
	static const struct { const char *text; int64_t ms; } times[] = {
		{ NULL, 60000 }, { "30s", 30000 }, { "5m", 300000 }, { "1h", 3600000 }, { "90", 90000 }, { "0.5s", 500 },
		{ "24h", 86400000 }, { "25h", 0 }, { "0s", 0 }, { "s", 0 }, { "", 0 }, { "1d", 0 }, { "-1s", 0 }, { "1ss", 0 },
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(factors); i++) {
		double factor;
		bool ok = model_load_factor(factors[i].text, &factor, &err);

		if (ok != (factors[i].factor > 0) || (ok && factor != factors[i].factor))
			fail_msg("factor %s: %d, %g", factors[i].text, ok, factor);
		assert_true(ok || err_is(&err, "load.rps"));
	}
	for (size_t i = 0; i < COUNT_OF(times); i++) {
		int64_t ms;
		bool ok = model_load_duration(times[i].text, &ms, &err);

		if (ok != (times[i].ms > 0) || (ok && ms != times[i].ms))
			fail_msg("time %s: %d, %lld", times[i].text, ok, (long long)ms);
		assert_true(ok || err_is(&err, "load.for"));
	}
}

static void test_what_answers_mean(void **state)
{
#define REASONS(a, b) "{\"CancellationReasons\":[{\"Code\":\"" a "\"},{\"Code\":\"" b "\"}]}"
	static const struct {
		enum err_class class;
		const char *code, *answer, *expected_error;
		enum load_outcome outcome;
		const char *name;
	} cases[] = {
		{ ERR_NONE, NULL, "{\"Items\":[]}", "", LOAD_DONE, "" },
		{ ERR_NONE, NULL, "{\"UnprocessedItems\":{}}", "", LOAD_DONE, "" },
		{ ERR_NONE, NULL, "{\"UnprocessedItems\":{\"T\":[{}]}}", "", LOAD_THROTTLED, "" },
		{ ERR_NONE, NULL, "{\"UnprocessedKeys\":{\"T\":{}}}", "", LOAD_THROTTLED, "" },
		{ ERR_NONE, NULL, "not json", "", LOAD_DONE, "" },
		{ ERR_DATA, "ConditionalCheckFailedException", "{}", "", LOAD_REFUSED, "" },
		{ ERR_THROTTLE, "ThrottlingException", "{}", "", LOAD_THROTTLED, "" },
		{ ERR_DATA, "ValidationException", "{}", "", LOAD_FAILED, "ValidationException" },
		{ ERR_DATA, "ValidationException", "{}", "ValidationException", LOAD_REFUSED, "" },
		{ ERR_RETRY, "http.timeout", "", "", LOAD_FAILED, "http.timeout" },
		{ ERR_DATA, "TransactionCanceledException", REASONS("None", "ConditionalCheckFailed"), "", LOAD_REFUSED, "" },
		{ ERR_DATA, "TransactionCanceledException", REASONS("TransactionConflict", "ConditionalCheckFailed"), "", LOAD_FAILED,
		  "TransactionConflict" },
		{ ERR_DATA, "TransactionCanceledException", REASONS("ThrottlingError", "None"), "", LOAD_THROTTLED, "" },
		{ ERR_DATA, "TransactionCanceledException", REASONS("ValidationError", "None"), "", LOAD_FAILED,
		  "TransactionCanceledException" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct model_pattern p = { .expect = { .error = str_c(cases[i].expected_error) } };
		const char *name = "";
		enum load_outcome outcome;
		struct err err;

		if (cases[i].code)
			err_set(&err, cases[i].class, cases[i].code, "x");
		outcome = load_judge(&p, cases[i].code ? &err : NULL, str_c(cases[i].answer), &name);
		if (outcome != cases[i].outcome || (outcome == LOAD_FAILED && strcmp(name, cases[i].name) != 0))
			fail_msg("case %zu: outcome %d, name %s", i, outcome, name);
	}
}

static void test_consumed_capacity_is_summed(void **state)
{
	static const struct { const char *answer; bool told; double units; } cases[] = {
		{ "{\"ConsumedCapacity\":{\"TableName\":\"T\",\"CapacityUnits\":2.5,\"Table\":{\"CapacityUnits\":1.5}}}", true, 2.5 },
		{ "{\"Responses\":{},\"ConsumedCapacity\":[{\"CapacityUnits\":2},{\"CapacityUnits\":0.5}]}", true, 2.5 },
		{ "{\"ConsumedCapacity\":[]}", false, 0 },
		{ "{\"ConsumedCapacity\":{\"CapacityUnits\":\"2\"}}", false, 0 },
		{ "{}", false, 0 },
		{ "{\"ConsumedCapacity\":", false, 0 },
		{ "", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		double units;

		if (load_consumed(str_c(cases[i].answer), &units) != cases[i].told || units != cases[i].units)
			fail_msg("case %zu: %g", i, units);
	}
}

static void test_more_names_of_errors_than_are_kept_count_as_other(void **state)
{
	struct load_figures f = { 0 };
	char name[8] = "A";
	uint64_t sum = 0;

	(void)state;
	for (int i = 0; i < 12; i++, name[0]++) {
		load_count_error(&f, name);
		load_count_error(&f, name);
	}
	assert_int_equal(f.n_errors, LOAD_ERRORS_MAX);
	assert_string_equal(f.errors[0].code, "A");
	assert_int_equal(f.errors[0].count, 2);
	assert_string_equal(f.errors[LOAD_ERRORS_MAX - 1].code, "other");
	for (size_t i = 0; i < f.n_errors; i++)
		sum += f.errors[i].count;
	assert_int_equal(sum, 24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_factors_and_times_are_read_and_nonsense_is_refused),
		cmocka_unit_test(test_what_answers_mean),
		cmocka_unit_test(test_consumed_capacity_is_summed),
		cmocka_unit_test(test_more_names_of_errors_than_are_kept_count_as_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
