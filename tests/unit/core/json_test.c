#include "support/test.h"

#include "sluice/core/buf.h"
#include "sluice/core/json.h"
#include "sluice/core/mem.h"
#include "sluice/core/rng.h"
#include "sluice/core/scan.h"
#include "unit/core/scan_cases.h"

#include <cjson/cJSON.h>

enum { MAX_BYTES = 1 << 20 };

static struct json *parse(const char *text)
{
	struct err err = { 0 };
	struct json *j = json_parse(str_c(text), MAX_BYTES, &err);

	if (!j)
		fail_msg("%s: %s", text, err.text);
	return j;
}

static void test_lookups_chain_and_compare_names_exactly(void **state)
{
	struct json *root = parse("{\"a\":{\"b\":[1,{\"c\":\"deep\"}]},\"A\":2,\"a\":3,\"\":4}");
	struct str text;
	int64_t n;

	(void)state;
	assert_true(json_get_str(json_get(json_at(json_get(json_get(root, "a"), "b"), 1), "c"), &text));
	assert_str_equal(text, "deep");
	assert_true(json_get_int(json_get(root, "A"), &n));
	assert_int_equal(n, 2);
	assert_true(json_get_int(json_get(root, ""), &n));
	assert_int_equal(n, 4);
	assert_null(json_get(root, "B"));
	assert_null(json_get(json_get(json_get(root, "x"), "y"), "z"));
	assert_null(json_at(root, 0));
	assert_null(json_at(json_get(json_get(root, "a"), "b"), 2));
	assert_null(json_get(json_get(root, "A"), "a"));
	assert_int_equal(json_count(root), 4);
	assert_int_equal(json_count(json_get(root, "A")), 0);
	assert_int_equal(json_count(NULL), 0);
	json_free(root);
	json_free(NULL);
}

static void test_children_are_walked_in_their_order(void **state)
{
	struct json *root = parse("{\"x\":1,\"y\":[],\"z\":null}");
	char names[8] = "";

	(void)state;
	for (const struct json *j = json_first(root); j; j = json_next(j))
		strncat(names, json_name(j).ptr, json_name(j).len);
	assert_string_equal(names, "xyz");
	assert_null(json_first(json_get(root, "y")));
	assert_null(json_first(json_get(root, "x")));
	assert_null(json_first(NULL));
	assert_null(json_next(NULL));
	json_free(root);
}

static void test_every_type_is_told(void **state)
{
	static const struct { const char *text; enum json_type type; } cases[] = {
		{ "null", JSON_NULL }, { "true", JSON_BOOL }, { "false", JSON_BOOL }, { "1", JSON_NUMBER },
		{ "\"\"", JSON_STRING }, { "[]", JSON_ARRAY }, { "{}", JSON_OBJECT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct json *j = parse(cases[i].text);
		struct str text;
		int64_t n;
		double d;
		bool b;

		assert_int_equal(json_type(j), cases[i].type);
		assert_true(strlen(json_type_name(json_type(j))) > 0);
		assert_int_equal(json_get_str(j, &text), cases[i].type == JSON_STRING);
		assert_int_equal(json_get_int(j, &n), cases[i].type == JSON_NUMBER);
		assert_int_equal(json_get_real(j, &d), cases[i].type == JSON_NUMBER);
		assert_int_equal(json_get_bool(j, &b), cases[i].type == JSON_BOOL);
		json_free(j);
	}
	assert_int_equal(json_type(NULL), JSON_NULL);
}

static void test_integers_are_exact_or_refused(void **state)
{
	static const struct { const char *text; bool ok; int64_t n; } cases[] = {
		{ "0", true, 0 }, { "-1", true, -1 }, { "1e3", true, 1000 }, { "5.0", true, 5 },
		{ "9007199254740991", true, 9007199254740991 }, { "-9007199254740991", true, -9007199254740991 },
		{ "9007199254740992", false, 0 }, { "9007199254740993", false, 0 }, { "1.5", false, 0 }, { "1e300", false, 0 },
		{ "\"1\"", false, 0 }, { "0.1", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct json *j = parse(cases[i].text);
		int64_t n;

		assert_int_equal(json_get_int(j, &n), cases[i].ok);
		if (cases[i].ok)
			assert_int_equal(n, cases[i].n);
		json_free(j);
	}
}

static void test_what_cjson_would_take_loosely_is_refused(void **state)
{
	static const struct { struct str text; const char *code; } cases[] = {
		{ STR_INIT(""), "json.syntax" }, { STR_INIT("{} x"), "json.syntax" }, { STR_INIT("01"), "json.syntax" },
		{ STR_INIT("\"a\tb\""), "json.syntax" }, { STR_INIT("\"\xff\""), "json.syntax" },
		{ STR_INIT("\xef\xbb\xbf{}"), "json.syntax" }, { STR_INIT("\"\\ud800\""), "json.syntax" },
		{ STR_INIT("[1,\v2]"), "json.syntax" },
		{ STR_INIT("\"a\\u0000b\""), "json.nul" }, { STR_INIT("{\"\\u0000\":1}"), "json.nul" },
		{ STR_INIT("\"\\\\\\u0000\""), "json.nul" },
		{ STR_INIT("1e999"), "json.number" }, { STR_INIT("[-1e999]"), "json.number" },
		{ STR_INIT("1234567890123456789012345678901234567890123456789012345678901234"), "json.number" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = { 0 };

		assert_null(json_parse(cases[i].text, MAX_BYTES, &err));
		assert_int_equal(err.class, ERR_DATA);
		assert_string_equal(err.code, cases[i].code);
	}
}

static void test_an_escaped_backslash_in_front_of_u0000_is_no_nul(void **state)
{
	struct json *j = parse("\"\\\\u0000\"");
	struct str text;

	(void)state;
	assert_true(json_get_str(j, &text));
	assert_str_equal(text, "\\u0000");
	json_free(j);
}

static void test_size_and_depth_are_limited_before_a_tree_is_made(void **state)
{
	char *deep = mem_alloc(MAX_BYTES);
	struct err err = { 0 };
	struct json *j;

	(void)state;
	memset(deep, '[', MAX_BYTES);
	assert_null(json_parse(str_of(deep, MAX_BYTES), MAX_BYTES, &err));
	assert_string_equal(err.code, "json.depth");
	assert_null(json_parse(str_of(deep, MAX_BYTES), MAX_BYTES - 1, &err));
	assert_string_equal(err.code, "json.size");
	memset(deep + 128, ']', 128);
	j = json_parse(str_of(deep, 256), MAX_BYTES, &err);
	assert_non_null(j);
	json_free(j);
	mem_free(deep);
}

static void test_documents_are_printed_compactly(void **state)
{
	static const struct { const char *text, *printed; } cases[] = {
		{ " { \"a\" : [ 1 , true , null , \"x\\ny\" , { } , [ ] ] , \"b\" : { \"c\" : false } } ",
		  "{\"a\":[1,true,null,\"x\\ny\",{},[]],\"b\":{\"c\":false}}" },
		{ "1000000000000000", "1000000000000000" }, { "9007199254740991", "9007199254740991" }, { "1e3", "1000" },
		{ "-0.1", "-0.1" }, { "0.30000000000000004", "0.30000000000000004" }, { "1e300", "1e+300" },
		{ "9007199254740992", "9007199254740992" }, { "123456789.125", "123456789.125" }, { "[]", "[]" }, { "{}", "{}" },
		{ "[[[]],[]]", "[[[]],[]]" }, { "{\"\\u00e9\\\"\":\"\\/\"}", "{\"\xc3\xa9\\\"\":\"/\"}" }, { "null", "null" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct json *j = parse(cases[i].text);
		struct buf out;

		buf_init(&out, MAX_BYTES);
		assert_true(json_print(j, &out));
		assert_str_equal(buf_str(&out), cases[i].printed);
		json_free(j);
		buf_release(&out);
	}
}

static void test_a_part_of_a_document_is_printed_alone(void **state)
{
	struct json *j = parse("[1,{\"a\":[2]},3]");
	struct buf out;

	(void)state;
	buf_init(&out, 12);
	assert_true(json_print(json_at(j, 1), &out));
	assert_str_equal(buf_str(&out), "{\"a\":[2]}");
	buf_clear(&out);
	assert_true(json_print(json_at(j, 0), &out));
	assert_str_equal(buf_str(&out), "1");
	assert_false(json_print(j, &out)); /* no room */
	json_free(j);
	buf_release(&out);
}

/* ---- scan and cJSON, one against the other ---- */

static bool cjson_accepts(struct str text)
{
	const char *end = NULL;
	cJSON *root = cJSON_ParseWithLengthOpts(text.ptr, text.len, &end, false);
	bool whole = root != NULL;

	for (; whole && end < text.ptr + text.len; end++)
		whole = strchr(" \t\r\n", *end) && *end;
	cJSON_Delete(root);
	return whole;
}

/* cJSON 1.7.15 is looser than the standard in these ways alone. */
static bool is_known_laxity(struct str text, const struct scan *s)
{
	static const char *const problems[] = {
		"leading zero",           /* 01: strtod takes it */
		"digit behind its point", /* 1. */
		"wants a digit here",     /* -.5 */
		"control character",      /* raw ones in strings */
		"not UTF-8",
		"four hexadecimal",       /* \u004g is U+0000 to it */
		"too deeply",             /* its limit is 1,000 */
	};
	size_t at = (size_t)(s->at - s->begin);

	for (size_t i = 0; i < COUNT_OF(problems); i++)
		if (strstr(s->problem, problems[i]))
			return true;
	if (str_starts(text, STR("\xef\xbb\xbf")))
		return true; /* it skips a byte order mark */
	return at < text.len && (unsigned char)text.ptr[at] < ' '; /* and any control character as white space */
}

/* And stricter in these. */
static bool is_known_strictness(struct str text)
{
	struct scan_token token;
	struct scan s;
	bool known = false;

	scan_init(&s, text);
	while (scan_next(&s, &token) != SCAN_END && !known) {
		struct buf plain;

		buf_init(&plain, text.len);
		if (token.type == SCAN_STRING || token.type == SCAN_KEY)
			known = !scan_unescape(token.text, &plain, NULL); /* a lone surrogate */
		else if (token.type == SCAN_NUMBER)
			known = token.text.len > 63; /* its buffer */
		buf_release(&plain);
	}
	return known;
}

/* Both must agree but for what is listed above. */
static void judge(struct str text)
{
	struct scan_token end;
	struct str value;
	struct scan s;
	bool valid;

	scan_init(&s, text);
	valid = scan_value(&s, &value) && scan_next(&s, &end) == SCAN_END;
	if (cjson_accepts(text) == valid)
		return;
	if (valid ? !is_known_strictness(text) : !is_known_laxity(text, &s))
		fail_msg("scan %s what cJSON does not: %.*s", valid ? "accepts" : "refuses", STR_ARG(text));
}

static void test_scan_and_cjson_agree_on_the_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(scan_cases); i++)
		judge(scan_cases[i].text);
}

static void test_scan_and_cjson_agree_on_changed_documents(void **state)
{
	enum { ROUNDS = 100000 };
	static const char document[] =
		"{\"a\":[1,-2.5e3,0.125,true,false,null],\"b\":{\"c\":\"x\\ny \\u00e9 \\ud83d\\ude42\"},\"d\":\"caf\xc3\xa9\",\"e\":[[],{}]}";
	static const char bytes[] = "\"\"\\{}[]:,0123456789eE.+-tfnu \n\x01\x80\xc3\xff";
	char text[sizeof(document)];
	struct rng rng;

	(void)state;
	for (uint64_t seed = 0; seed < ROUNDS; seed++) {
		size_t len = sizeof(document) - 1;

		rng_seed(&rng, seed);
		memcpy(text, document, len);
		if (rng_below(&rng, 8) == 0)
			len = rng_below(&rng, len);
		for (uint64_t i = 1 + rng_below(&rng, 3); i > 0 && len; i--)
			text[rng_below(&rng, len)] = bytes[rng_below(&rng, sizeof(bytes) - 1)];
		judge(str_of(text, len));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookups_chain_and_compare_names_exactly),
		cmocka_unit_test(test_children_are_walked_in_their_order),
		cmocka_unit_test(test_every_type_is_told),
		cmocka_unit_test(test_integers_are_exact_or_refused),
		cmocka_unit_test(test_what_cjson_would_take_loosely_is_refused),
		cmocka_unit_test(test_an_escaped_backslash_in_front_of_u0000_is_no_nul),
		cmocka_unit_test(test_size_and_depth_are_limited_before_a_tree_is_made),
		cmocka_unit_test(test_documents_are_printed_compactly),
		cmocka_unit_test(test_a_part_of_a_document_is_printed_alone),
		cmocka_unit_test(test_scan_and_cjson_agree_on_the_cases),
		cmocka_unit_test(test_scan_and_cjson_agree_on_changed_documents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
