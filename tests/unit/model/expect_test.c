#include "support/test.h"

#include "sluice/core/buf.h"
#include "sluice/model/expect.h"

#include <stdio.h>

#define A "{\"id\":{\"S\":\"a\"},\"n\":{\"N\":\"1\"}}"
#define B "{\"id\":{\"S\":\"b\"},\"n\":{\"N\":\"2\"}}"
#define TWO "{\"Items\":[" A "," B "],\"Count\":2,\"ScannedCount\":2}"
#define NESTED "{\"Item\":{\"id\":{\"S\":\"a\"},\"m\":{\"M\":{\"x\":{\"N\":\"1.0\"},\"l\":{\"L\":[{\"S\":\"p\"},{\"S\":\"q\"}]}}}," \
	"\"s\":{\"NS\":[\"3\",\"1\",\"2\"]},\"caf\\u00e9\":{\"BOOL\":true}}}"

/* What is expected of an answer, and what the first difference says; NULL: nothing differs. */
static const struct {
	const char *operation, *answer, *expect, *says;
} cases[] = {
	{ "Query", TWO, "{}", NULL },
	{ "Query", TWO, "{\"count\":2,\"items\":[{\"id\":{\"S\":\"a\"}},{\"id\":{\"S\":\"b\"}}]}", NULL },
	{ "Query", TWO, "{\"items\":[{\"n\":{\"N\":\"2\"}}]}", NULL },
	{ "Query", TWO, "{\"items\":[{\"n\":{\"N\":\"2.0\"}}]}", NULL },
	{ "Query", TWO, "{\"items\":[{\"n\":{\"N\":\"2E0\"}}]}", NULL },
	{ "Query", TWO, "{\"count\":1}", "count: expected 1, found 2" },
	{ "Query", TWO, "{\"items\":[{\"id\":{\"S\":\"b\"}},{\"id\":{\"S\":\"a\"}}]}", "the order differs" },
	{ "Scan", TWO, "{\"items\":[{\"id\":{\"S\":\"b\"}},{\"id\":{\"S\":\"a\"}}]}", NULL },
	{ "Query", TWO, "{\"items\":[{\"id\":{\"S\":\"a\"},\"n\":{\"N\":\"2\"}}]}",
	  "items[0].n: expected {\"N\":\"2\"}, found {\"N\":\"1\"} (item 0 of the answer)" },
	{ "Query", TWO, "{\"items\":[{\"id\":{\"S\":\"a\"},\"gone\":{\"S\":\"x\"}}]}",
	  "items[0].gone: expected {\"S\":\"x\"}, found no such attribute" },
	{ "Query", TWO, "{\"items\":[{\"id\":{\"S\":\"a\"}},{\"id\":{\"S\":\"a\"}}]}", "items[1]: expected" },
	{ "Query", TWO, "{\"items\":[{\"id\":{\"S\":\"z\"}}]}", "none of the answer's 2 items is like it" },
	{ "Query", TWO, "{\"items\":[{\"n\":{\"S\":\"1\"}}]}", "none of" },   /* a type is part of a value */
	{ "Query", "{\"Items\":[],\"Count\":0}", "{\"items\":[{\"id\":{\"S\":\"z\"}}]}", "the answer has no items" },
	{ "Query", "{\"Items\":[],\"Count\":0}", "{\"count\":0}", NULL },
	{ "Query", "{\"Count\":7,\"ScannedCount\":9}", "{\"count\":7}", NULL },   /* Select COUNT */
	{ "Query", TWO, "{\"keys\":[{\"id\":{\"S\":\"a\"}},{\"id\":{\"S\":\"b\"}}]}", NULL },
	{ "Query", TWO, "{\"keys\":[{\"id\":{\"S\":\"a\"}}]}", "keys: expected the keys of 1 items, the answer has 2" },
	{ "Query", TWO, "{\"keys\":[{\"id\":{\"S\":\"b\"}},{\"id\":{\"S\":\"a\"}}]}", "keys[0].id: expected {\"S\":\"b\"}, found {\"S\":\"a\"}" },
	{ "Query", TWO, "{\"items\":[\"a\"]}", "no item in attribute-value format" },
	{ "Query", TWO, "{\"items\":[{\"id\":\"a\"}]}", "no item in attribute-value format" },
	{ "GetItem", "{}", "{\"count\":0}", NULL },
	{ "GetItem", "{}", "{\"count\":1}", "count: expected 1, found 0" },
	{ "GetItem", NESTED, "{\"items\":[{\"m\":{\"M\":{\"l\":{\"L\":[{\"S\":\"p\"},{\"S\":\"q\"}]},\"x\":{\"N\":\"1\"}}}}]}", NULL },
	{ "GetItem", NESTED, "{\"items\":[{\"m\":{\"M\":{\"x\":{\"N\":\"1\"}}}}]}", "items[0].m: expected" },  /* whole values */
	{ "GetItem", NESTED, "{\"items\":[{\"s\":{\"NS\":[\"1\",\"2\",\"3\"]}}]}", NULL },
	{ "GetItem", NESTED, "{\"items\":[{\"s\":{\"NS\":[\"1\",\"2\"]}}]}", "items[0].s: expected" },
	{ "GetItem", NESTED, "{\"items\":[{\"caf\xc3\xa9\":{\"BOOL\":true}}]}", NULL },
	{ "GetItem", NESTED, "{\"items\":[{\"caf\\u00e9\":{\"BOOL\":true}}]}", NULL },
	{ "UpdateItem", "{\"Attributes\":" A "}", "{\"count\":1,\"items\":[{\"n\":{\"N\":\"1\"}}]}", NULL },
	{ "PutItem", "{\"Attributes\":{}}", "{\"count\":0}", NULL },
	{ "TransactGetItems", "{\"Responses\":[{\"Item\":" A "},{},{\"Item\":" B "}]}", "{\"count\":2,\"items\":[{\"id\":{\"S\":\"b\"}}]}", NULL },
	{ "TransactGetItems", "{\"Responses\":[{\"Item\":" A "},{\"Item\":" B "}]}",
	  "{\"items\":[{\"id\":{\"S\":\"b\"}},{\"id\":{\"S\":\"a\"}}]}", "order" },
	{ "BatchGetItem", "{\"Responses\":{\"T\":[" A "],\"U\":[" B "]},\"UnprocessedKeys\":{}}",
	  "{\"count\":2,\"items\":[{\"id\":{\"S\":\"b\"}},{\"id\":{\"S\":\"a\"}}]}", NULL },
	/* Each needs an item of its own, and the first that fits is not always the right one. */
	{ "BatchGetItem", "{\"Responses\":{\"T\":[" A ",{\"id\":{\"S\":\"a\"},\"n\":{\"N\":\"5\"}}]}}",
	  "{\"items\":[{\"id\":{\"S\":\"a\"}},{\"id\":{\"S\":\"a\"},\"n\":{\"N\":\"1\"}}]}", NULL },
	{ "BatchGetItem", "{\"Responses\":{\"T\":[" A "]}}", "{\"items\":[{\"id\":{\"S\":\"a\"}},{\"n\":{\"N\":\"1\"}}]}", "items[1]" },
	{ "PutItem", "{}", "{\"error\":\"ConditionalCheckFailedException\"}", "error: expected ConditionalCheckFailedException, the command succeeded" },
};

/* The document's form: what a parsed model has. */
static const struct node *read_expect(struct model *m, struct findings_list *findings, const char *expect)
{
	struct buf text;
	const struct node *n;

	buf_init(&text, 1 << 20);
	buf_putf(&text, "{\"tables\":[],\"access_patterns\":[{\"pattern\":\"1\",\"description\":\"d\",\"expect\":%s}]}", expect);
	assert_true(model_parse(m, buf_str(&text), "m.json", findings));
	n = node_get(node_get(m->root, STR("access_patterns"))->first, STR("expect"));
	assert_non_null(n);
	buf_release(&text);
	return n;
}

static void compare(const char *operation, const char *answer, const char *expect, struct expect_differences *d, struct arena *a)
{
	struct model_expectation expectation;
	struct findings_list findings;
	struct expect_answer got;
	struct model m;
	struct err err;

	findings_list_init(&findings, a, NULL);
	expect_read(read_expect(&m, &findings, expect), &expectation);
	expect_answer_init(&got, str_c(operation));
	assert_true(expect_answer_add(&got, str_c(answer), a, &err));
	expect_differences_init(d, a);
	expect_compare(&expectation, &got, d);
	model_release(&m);
}

static void test_answers_are_compared(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct expect_differences d;
		struct arena a;

		arena_init(&a, 8 << 20);
		compare(cases[i].operation, cases[i].answer, cases[i].expect, &d, &a);
		if ((cases[i].says == NULL) != (d.count == 0) || (d.first && str_find(d.first->text, str_c(cases[i].says)) == SIZE_MAX))
			fail_msg("case %zu, %s: expected \"%s\", found \"%.*s\"", i, cases[i].expect,
				 cases[i].says ? cases[i].says : "no difference", STR_ARG(d.first ? d.first->text : STR("no difference")));
		arena_release(&a);
	}
}

static void test_an_error_is_said_with_the_services_words(void **state)
{
	struct model_expectation none = { .count = -1 }, other = { .count = 3, .error = STR_INIT("ConditionalCheckFailedException") };
	struct expect_answer got;
	struct expect_differences d;
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 20);
	expect_answer_init(&got, STR("PutItem"));
	got.error = STR("ValidationException");
	got.message = STR("no \"key\"\n");
	expect_differences_init(&d, &a);
	expect_compare(&none, &got, &d);
	expect_compare(&other, &got, &d);
	assert_int_equal(d.count, 2);   /* of what did not come to pass no items are asked */
	assert_str_equal(d.first->text, "expected success, found ValidationException: no \"key\"?");
	assert_str_equal(d.last->text, "error: expected ConditionalCheckFailedException, found ValidationException: no \"key\"?");
	arena_release(&a);
}

static void test_pages_are_one_answer(void **state)
{
	struct expect_answer got;
	struct arena a;
	struct err err;

	(void)state;
	arena_init(&a, 8 << 20);
	expect_answer_init(&got, STR("Query"));
	for (int i = 0; i < 20; i++)
		assert_true(expect_answer_add(&got, STR(TWO), &a, &err));
	assert_int_equal(got.count, 40);
	expect_answer_limit(&got, 3);
	assert_int_equal(got.count, 3);
	assert_int_equal(got.n_items, 3);
	arena_release(&a);
}

static void test_hostile_answers_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "[]", "null", "{", "{\"Items\":{}}", "{\"Items\":[1]}", "{\"Items\":[{\"id\":\"a\"}]}", "{\"Items\":null}",
		"{\"Responses\":1}", "{\"Responses\":[1]}", "{\"Responses\":{\"T\":{}}}", "{\"Item\":[]}", "{\"Count\":\"x\"}",
		"{\"Count\":-1}", "{\"Items\":[{\"id\":{\"N\":\"x\"}}]}", "{} {}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct expect_answer got;
		struct arena a;
		struct err err;

		arena_init(&a, 1 << 20);
		expect_answer_init(&got, STR("Query"));
		if (expect_answer_add(&got, str_c(bad[i]), &a, &err))
			fail_msg("%s was taken", bad[i]);
		assert_true(err_is(&err, "expect.answer"));
		arena_release(&a);
	}
}

static void test_an_answer_has_a_cap(void **state)
{
	struct expect_answer got;
	struct arena a;
	struct err err;
	bool ok = true;

	(void)state;
	arena_init(&a, 64 << 20);
	expect_answer_init(&got, STR("Query"));
	for (int i = 0; ok && i < EXPECT_ITEMS_MAX; i++)
		ok = expect_answer_add(&got, STR(TWO), &a, &err);
	assert_false(ok);
	assert_true(err_is(&err, "expect.size"));
	arena_release(&a);
	arena_init(&a, 64);
	expect_answer_init(&got, STR("Query"));
	assert_false(expect_answer_add(&got, STR(TWO), &a, &err));
	assert_true(err_is(&err, "expect.memory"));
	arena_release(&a);
}

/* ---- messages ---- */

#define INSERT "{\"event_name\":\"INSERT\",\"keys\":{\"id\":\"a\"},\"new\":{\"price\":79.90,\"tags\":[\"x\",{\"k\":1}]}}"

static const struct {
	const char *expect, *says;
} messages[] = {
	{ "{}", NULL },
	{ "{\"count\":2}", NULL },
	{ "{\"count\":3}", "count: expected 3 messages, found 2" },
	{ "{\"messages\":[{\"keys\":{\"id\":\"a\"}},{\"event_name\":\"INSERT\"}]}", NULL },
	{ "{\"messages\":[{\"new\":{\"price\":79.9}}]}", NULL },
	{ "{\"messages\":[{\"new\":{\"tags\":[\"x\",{\"k\":1.0}]}}]}", NULL },
	{ "{\"messages\":[{\"new\":{\"tags\":[\"x\",{}]}}]}", "messages[0].new.tags: expected" },  /* lists are whole */
	{ "{\"messages\":[{\"event_name\":\"INSERT\",\"new\":{\"price\":80}}]}",
	  "messages[0].new.price: expected 80, found 79.90 in the message most like it" },
	{ "{\"messages\":[{\"new\":{\"gone\":null}}]}", "messages[0].new.gone: expected null, found no such member" },
	{ "{\"messages\":[\"plain text\"]}", NULL },
	{ "{\"messages\":[\"other text\"]}", "messages[0]: expected \"other text\"" },
};

static void test_messages_are_compared(void **state)
{
	const struct str sent[] = { STR_INIT(INSERT), STR_INIT("plain text") };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(messages); i++) {
		struct expect_differences d;
		struct arena a;
		struct err err;

		arena_init(&a, 1 << 20);
		expect_differences_init(&d, &a);
		expect_compare_messages(node_from_json(&a, str_c(messages[i].expect), NULL, &err), sent, COUNT_OF(sent), &d);
		if ((messages[i].says == NULL) != (d.count == 0) ||
		    (d.first && str_find(d.first->text, str_c(messages[i].says)) == SIZE_MAX))
			fail_msg("%s: found \"%.*s\"", messages[i].expect, STR_ARG(d.first ? d.first->text : STR("no difference")));
		arena_release(&a);
	}
}

static void test_no_messages_are_said(void **state)
{
	struct expect_differences d;
	struct arena a;
	struct err err;

	(void)state;
	arena_init(&a, 1 << 20);
	expect_differences_init(&d, &a);
	expect_compare_messages(node_from_json(&a, STR("{\"messages\":[{\"a\":1}]}"), NULL, &err), NULL, 0, &d);
	assert_int_equal(d.count, 1);
	assert_str_equal(d.first->text, "messages[0]: expected {\"a\":1}, found no messages");
	arena_release(&a);
}

static void test_differences_are_bounded(void **state)
{
	struct expect_differences d;
	struct arena a;
	char longest[5000];
	size_t kept = 0;

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	arena_init(&a, 1 << 20);
	expect_differences_init(&d, &a);
	for (int i = 0; i < 1000; i++)
		expect_differ(&d, "%s", longest);
	for (const struct expect_difference *one = d.first; one; one = one->next)
		kept++;
	assert_int_equal(d.count, 1000);
	assert_int_equal(kept, EXPECT_DIFFERENCES_MAX);
	assert_true(d.first->text.len < 1000);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_are_compared),
		cmocka_unit_test(test_an_error_is_said_with_the_services_words),
		cmocka_unit_test(test_pages_are_one_answer),
		cmocka_unit_test(test_hostile_answers_are_refused),
		cmocka_unit_test(test_an_answer_has_a_cap),
		cmocka_unit_test(test_messages_are_compared),
		cmocka_unit_test(test_no_messages_are_said),
		cmocka_unit_test(test_differences_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
