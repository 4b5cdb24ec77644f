#include "support/test.h"

#include "sluice/core/mem.h"
#include "sluice/core/rng.h"
#include "sluice/core/scan.h"
#include "unit/core/scan_cases.h"

#include <stdio.h>

/* Every token as one letter, with names and scalars behind it. */
static const char *walk(struct scan *s, char *out, size_t size)
{
	static const char letters[] = {
		[SCAN_END] = '.', [SCAN_ERROR] = '!', [SCAN_OBJECT_BEGIN] = '{', [SCAN_OBJECT_END] = '}',
		[SCAN_ARRAY_BEGIN] = '[', [SCAN_ARRAY_END] = ']', [SCAN_KEY] = 'k', [SCAN_STRING] = 's',
		[SCAN_NUMBER] = '#', [SCAN_TRUE] = 't', [SCAN_FALSE] = 'f', [SCAN_NULL] = 'n',
	};
	struct scan_token token;
	size_t n = 0;

	do {
		scan_next(s, &token);
		n += (size_t)snprintf(out + n, size - n, "%c", letters[token.type]);
		if (token.type == SCAN_KEY || token.type == SCAN_STRING || token.type == SCAN_NUMBER)
			n += (size_t)snprintf(out + n, size - n, "%.*s%s", STR_ARG(token.text), token.escaped ? "^" : "");
	} while (token.type != SCAN_END && token.type != SCAN_ERROR && n < size);
	return out;
}

/* Walks with scan_next alone. */
static bool accepts_by_tokens(struct str text)
{
	struct scan_token token;
	struct scan s;

	scan_init(&s, text);
	do {
		scan_next(&s, &token);
	} while (token.type != SCAN_END && token.type != SCAN_ERROR);
	return token.type == SCAN_END;
}

/* The text in memory of exactly its size, so that a sanitizer sees every step
 * over its end. */
static bool accepts_exactly(struct str text, bool (*accepts)(struct str))
{
	char *copy = mem_dup(text.ptr, text.len);
	char *exact = mem_resize(copy, text.len ? text.len : 1);
	bool ok = accepts(str_of(exact, text.len));

	mem_free(exact);
	return ok;
}

static bool accepts_by_value(struct str text)
{
	return scan_check(text, NULL);
}

static void test_texts_are_accepted_and_refused_as_the_standard_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(scan_cases); i++) {
		const struct scan_case *c = &scan_cases[i];

		if (accepts_exactly(c->text, accepts_by_value) != scan_case_valid(c))
			fail_msg("%s: as a value it is judged wrongly", c->name);
		if (accepts_exactly(c->text, accepts_by_tokens) != scan_case_valid(c))
			fail_msg("%s: token by token it is judged wrongly", c->name);
	}
}

/* Deep inside a longer text, at every alignment, the judgement is the same. */
static void test_position_and_alignment_do_not_matter(void **state)
{
	char text[600];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(scan_cases); i++) {
		const struct scan_case *c = &scan_cases[i];

		/* Space, nothing and what ends the array itself mean something else inside one. */
		if (strchr(" \n,]1}", c->text.len ? c->text.ptr[0] : ' ') || c->text.ptr[0] == '/' ||
		    strncmp(c->name, "n_trailing", 10) == 0 || strncmp(c->name, "n_byte", 6) == 0)
			continue;
		for (int pad = 0; pad < 20; pad++) {
			size_t n = (size_t)snprintf(text, sizeof(text), "[\"%.*s\",", pad, "--------------------");

			memcpy(text + n, c->text.ptr, c->text.len);
			n += c->text.len;
			memcpy(text + n, ",\"some more text behind it\"]", 28);
			n += 28;
			if (accepts_exactly(str_of(text, n), accepts_by_value) != scan_case_valid(c))
				fail_msg("%s: inside an array, behind %d bytes, it is judged wrongly", c->name, pad);
			if (accepts_exactly(str_of(text, n), accepts_by_tokens) != scan_case_valid(c))
				fail_msg("%s: inside an array, token by token, it is judged wrongly", c->name);
		}
	}
}

static void test_tokens_come_with_their_text(void **state)
{
	static const struct { struct str text; const char *tokens; } cases[] = {
		{ STR_INIT("{\"a\":1,\"b\":[true,false,null,\"x\\n\"],\"c\":{}}"), "{ka#1kb[tfnsx\\n^]kc{}}." },
		{ STR_INIT(" [ -1.5e3 , [ ] ] "), "[#-1.5e3[]]." },
		{ STR_INIT("\"\""), "s." },
		{ STR_INIT("{\"\\u0061\":0}"), "{k\\u0061^#0}." },
		{ STR_INIT("[1,x"), "[#1!" },
		{ STR_INIT("{\"a\":1]"), "{ka#1!" },
	};
	char got[200];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct scan s;

		scan_init(&s, cases[i].text);
		assert_string_equal(walk(&s, got, sizeof(got)), cases[i].tokens);
		if (strchr(cases[i].tokens, '!'))
			continue;
		scan_init_trusted(&s, cases[i].text);
		assert_string_equal(walk(&s, got, sizeof(got)), cases[i].tokens);
	}
}

static void test_end_and_error_stay(void **state)
{
	struct scan_token token;
	struct scan s;
	struct str value;

	(void)state;
	scan_init(&s, STR("1"));
	assert_int_equal(scan_next(&s, &token), SCAN_NUMBER);
	assert_int_equal(scan_next(&s, &token), SCAN_END);
	assert_int_equal(scan_next(&s, &token), SCAN_END);
	assert_false(scan_value(&s, &value));
	assert_false(scan_failed(&s));
	scan_init(&s, STR("[1 2]"));
	scan_next(&s, &token);
	scan_next(&s, &token);
	assert_int_equal(scan_next(&s, &token), SCAN_ERROR);
	assert_int_equal(scan_next(&s, &token), SCAN_ERROR);
	assert_false(scan_value(&s, &value));
	assert_true(scan_failed(&s));
}

static void test_values_are_passed_over_whole(void **state)
{
	struct scan_token token;
	struct scan s;
	struct str value;

	(void)state;
	scan_init(&s, STR("{\"a\": {\"x\":[1,{}]} ,\"b\":\"}\\\"\",\"c\":[ 1 , [2] ,\"3\" ]}"));
	assert_int_equal(scan_next(&s, &token), SCAN_OBJECT_BEGIN);
	assert_false(scan_value(&s, &value)); /* a name comes next */
	assert_int_equal(scan_next(&s, &token), SCAN_KEY);
	assert_true(scan_value(&s, &value));
	assert_str_equal(value, "{\"x\":[1,{}]}");
	assert_int_equal(scan_next(&s, &token), SCAN_KEY);
	assert_true(scan_value(&s, &value));
	assert_str_equal(value, "\"}\\\"\"");
	assert_int_equal(scan_next(&s, &token), SCAN_KEY);
	assert_int_equal(scan_next(&s, &token), SCAN_ARRAY_BEGIN);
	assert_true(scan_value(&s, &value));
	assert_str_equal(value, "1");
	assert_true(scan_value(&s, &value));
	assert_str_equal(value, "[2]");
	assert_true(scan_value(&s, &value));
	assert_str_equal(value, "\"3\"");
	assert_false(scan_value(&s, &value));
	assert_false(scan_failed(&s));
	assert_int_equal(scan_next(&s, &token), SCAN_ARRAY_END);
	assert_int_equal(scan_next(&s, &token), SCAN_OBJECT_END);
	assert_int_equal(scan_next(&s, &token), SCAN_END);
}

static void test_members_come_with_their_whole_value(void **state)
{
	static const struct { const char *text; enum scan_type last; } cases[] = {
		{ "{\"a\":{\"S\":\"x\"} , \"b\" : [1,2],\"c\":null}", SCAN_OBJECT_END },
		{ "{\"a\":{\"S\":\"x\"},\"b\":[1,2],\"c\":nul}", SCAN_ERROR },
		{ "{\"a\":{\"S\":\"x\"},\"b\":[1,2] \"c\":null}", SCAN_ERROR },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		static const char *const values[] = { "{\"S\":\"x\"}", "[1,2]", "null" };
		struct scan_token name;
		struct str value;
		struct scan s;
		size_t n = 0;

		scan_init(&s, str_c(cases[i].text));
		assert_int_equal(scan_next(&s, &name), SCAN_OBJECT_BEGIN);
		while (scan_next_member(&s, &name, &value) == SCAN_KEY)
			assert_str_equal(value, values[n++]);
		assert_int_equal(name.type, cases[i].last);
		assert_int_equal(n, cases[i].last == SCAN_OBJECT_END ? 3 : 2);
		assert_int_equal(scan_failed(&s), cases[i].last == SCAN_ERROR);
	}
}

static void test_tagged_strings_are_taken_in_one_step(void **state)
{
	struct str list = STR("[{\"S\":\"one\"},{\"N\":\"a longer text of many bytes \\n\"},{\"B\":\"\"}]");
	static const char *const contents[] = { "one", "a longer text of many bytes \\n", "" };
	struct scan_token token;
	struct scan s;
	char tag;

	(void)state;
	scan_init(&s, list);
	scan_next(&s, &token);
	for (size_t i = 0; i < COUNT_OF(contents); i++) {
		assert_true(scan_tagged(&s, &tag, &token));
		assert_int_equal(tag, "SNB"[i]);
		assert_str_equal(token.text, contents[i]);
		assert_int_equal(token.escaped, i == 1);
	}
	assert_false(scan_tagged(&s, &tag, &token));
	assert_int_equal(scan_next(&s, &token), SCAN_ARRAY_END);
	assert_int_equal(scan_next(&s, &token), SCAN_END);
}

static void test_what_is_no_tagged_string_is_left_for_the_long_way(void **state)
{
	static const struct { const char *text; bool valid; } cases[] = {
		{ "{\"M\":{}}", true }, { "{ \"S\":\"x\"}", true }, { "{\"S\" :\"x\"}", true }, { "{\"S\": \"x\"}", true },
		{ "{\"S\":\"x\" }", true }, { "{\"S\":\"x\",\"N\":\"1\"}", true }, { "{\"SS\":\"x\"}", true }, { "{\"s\":\"x\"}", true },
		{ "{\"\\\\\":\"x\"}", true }, { "{\"1\":\"x\"}", true }, { "{}", true }, { "\"S\"", true }, { "[]", true }, { "1", true },
		{ "{\"S\":\"x\"", false }, { "{\"S\":\"x", false }, { "{\"S\":\"\x01\"}", false }, { "{\"S\":\"x\"]", false },
		{ "{\"S\":\"\\q\"}", false }, { "{\"S\":", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct scan_token token;
		struct scan s;
		char tag;

		scan_init(&s, str_c(cases[i].text));
		assert_false(scan_tagged(&s, &tag, &token));
		while (scan_next(&s, &token) != SCAN_END && token.type != SCAN_ERROR)
			continue;
		assert_int_equal(token.type == SCAN_END, cases[i].valid);
	}
}

/* The one step must not go deeper than the long way may. */
static void test_a_tagged_string_counts_as_a_level(void **state)
{
	char text[2 * SCAN_MAX_DEPTH + 20];

	(void)state;
	for (int depth = SCAN_MAX_DEPTH - 1; depth <= SCAN_MAX_DEPTH; depth++) {
		memset(text, '[', (size_t)depth);
		memcpy(text + depth, "{\"S\":\"x\"}", 9);
		memset(text + depth + 9, ']', (size_t)depth);
		assert_int_equal(scan_check(str_of(text, 2 * (size_t)depth + 9), NULL), depth < SCAN_MAX_DEPTH);
	}
}

static void nest(char *text, unsigned depth, char open, char close)
{
	memset(text, open, depth);
	memset(text + depth, close, depth);
}

static void test_nesting_stops_at_its_limit(void **state)
{
	char text[4 * SCAN_MAX_DEPTH];
	struct err err;

	(void)state;
	nest(text, SCAN_MAX_DEPTH, '[', ']');
	assert_true(scan_check(str_of(text, 2 * SCAN_MAX_DEPTH), &err));
	assert_true(accepts_by_tokens(str_of(text, 2 * SCAN_MAX_DEPTH)));
	nest(text, SCAN_MAX_DEPTH + 1, '[', ']');
	assert_false(scan_check(str_of(text, 2 * SCAN_MAX_DEPTH + 2), &err));
	assert_true(err_is(&err, "json.depth"));
	assert_false(accepts_by_tokens(str_of(text, 2 * SCAN_MAX_DEPTH + 2)));
}

/* Objects and arrays in turn, so that both words of the stack hold a pattern. */
static void test_the_kind_of_every_container_is_remembered(void **state)
{
	char text[SCAN_MAX_DEPTH * 8] = "";
	size_t n = 0;

	(void)state;
	for (int i = 0; i < SCAN_MAX_DEPTH; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, i % 3 ? "[" : i == 0 ? "{\"a\":" : "{\"b\":");
	text[n++] = '1';
	for (int i = SCAN_MAX_DEPTH; i-- > 0;)
		text[n++] = i % 3 ? ']' : '}';
	assert_true(scan_check(str_of(text, n), NULL));
	assert_true(accepts_by_tokens(str_of(text, n)));
	for (size_t at = n - SCAN_MAX_DEPTH; at < n; at++) {
		text[at] ^= ']' ^ '}';
		assert_false(scan_check(str_of(text, n), NULL));
		assert_false(accepts_by_tokens(str_of(text, n)));
		text[at] ^= ']' ^ '}';
	}
}

static void test_errors_name_the_place(void **state)
{
	struct err err;

	(void)state;
	assert_false(scan_check(STR("{\"a\":01}"), &err));
	assert_int_equal(err.class, ERR_DATA);
	assert_true(err_is(&err, "json.syntax"));
	assert_non_null(strstr(err.text, "byte 5 of 8"));
	assert_non_null(strstr(err.text, "leading zero"));
}

static void test_numbers_are_told_from_other_text(void **state)
{
	static const char *const numbers[] = { "0", "-0", "12", "1.5", "1e5", "-1.50E-7" };
	static const char *const others[] = { "", "-", "+1", ".5", "1.", "01", "1e", " 1", "1 ", "0x1", "NaN", "1a" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		assert_true(scan_is_number(str_c(numbers[i])));
	for (size_t i = 0; i < COUNT_OF(others); i++)
		assert_false(scan_is_number(str_c(others[i])));
}

/* A trusted scan of text that nobody validated may say nonsense, not crash. */
static void test_a_trusted_scan_stays_inside_any_text(void **state)
{
	static const char alphabet[] = "{}[],:\"\\0123456789.eEtrufalsn \xc3\xa9\x01";
	struct rng rng;
	char text[64];

	(void)state;
	rng_seed(&rng, 7);
	for (int round = 0; round < 20000; round++) {
		size_t len = rng_below(&rng, sizeof(text));
		struct scan_token token;
		struct scan s;
		char *exact;

		for (size_t i = 0; i < len; i++)
			text[i] = alphabet[rng_below(&rng, sizeof(alphabet) - 1)];
		exact = mem_resize(NULL, len ? len : 1);
		memcpy(exact, text, len);
		scan_init_trusted(&s, str_of(exact, len));
		do {
			scan_next(&s, &token);
			if (token.type == SCAN_KEY && round % 2)
				scan_value(&s, &token.text);
		} while (token.type != SCAN_END && token.type != SCAN_ERROR);
		mem_free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_are_accepted_and_refused_as_the_standard_says),
		cmocka_unit_test(test_position_and_alignment_do_not_matter),
		cmocka_unit_test(test_tokens_come_with_their_text),
		cmocka_unit_test(test_end_and_error_stay),
		cmocka_unit_test(test_values_are_passed_over_whole),
		cmocka_unit_test(test_a_tagged_string_counts_as_a_level),
		cmocka_unit_test(test_nesting_stops_at_its_limit),
		cmocka_unit_test(test_the_kind_of_every_container_is_remembered),
		cmocka_unit_test(test_errors_name_the_place),
		cmocka_unit_test(test_members_come_with_their_whole_value),
		cmocka_unit_test(test_tagged_strings_are_taken_in_one_step),
		cmocka_unit_test(test_what_is_no_tagged_string_is_left_for_the_long_way),
		cmocka_unit_test(test_numbers_are_told_from_other_text),
		cmocka_unit_test(test_a_trusted_scan_stays_inside_any_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
