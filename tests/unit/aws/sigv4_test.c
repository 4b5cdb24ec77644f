/* The suite of ../shared/vectors/aws-sigv4 (aws-c-auth's), header and query form,
 * and cases of our own. */
#include "support/test.h"
#include "support/vectors.h"

#include "sluice/aws/sigv4.h"
#include "sluice/core/json.h"

#include <dirent.h>
#include <stdio.h>

enum { MAX_HEADERS = 16 };

struct parsed {
	char method[16];
	struct str head;   /* everything before the blank line */
	struct http_header headers[MAX_HEADERS];
	size_t n_headers;
	struct str path, query, body;
};

/* "GET /path?query HTTP/1.1", header lines (continued by white space), body. */
static void parse_request(struct str text, struct parsed *out)
{
	size_t blank = str_find(text, STR("\n\n"));
	struct str rest, line, target;

	*out = (struct parsed){ 0 };
	out->head = str_sub(text, 0, blank);
	if (blank != SIZE_MAX)
		out->body = str_from(text, blank + 2);
	rest = str_trim(out->head);
	out->head = rest;
	line = str_split(&rest, '\n');
	snprintf(out->method, sizeof(out->method), "%.*s", (int)str_find_char(line, ' '), line.ptr);
	target = str_from(line, str_find_char(line, ' ') + 1);
	target.len -= strlen(" HTTP/1.1");

	size_t mark = str_find_char(target, '?');

	out->path = str_sub(target, 0, mark);
	out->query = mark == SIZE_MAX ? str_of(NULL, 0) : str_from(target, mark + 1);
	while (rest.ptr) {
		line = str_split(&rest, '\n');
		if (line.len && (line.ptr[0] == ' ' || line.ptr[0] == '\t')) {
			struct str *value = &out->headers[out->n_headers - 1].value;

			value->len = (size_t)(line.ptr + line.len - value->ptr);
			continue;
		}

		size_t colon = str_find_char(line, ':');

		assert_true(out->n_headers < MAX_HEADERS);
		out->headers[out->n_headers++] =
			(struct http_header){ str_sub(line, 0, colon), str_from(line, colon + 1) };
	}
}

static void read_case_file(const char *name, const char *file, struct buf *out)
{
	char path[512];

	buf_init(out, 1 << 20);
	snprintf(path, sizeof(path), "aws-sigv4/%s/%s", name, file);
	if (!vectors_read(path, out))
		fail_msg("cannot read %s", path);
}

static void assert_file_equal(const char *name, const char *file, struct str got)
{
	struct buf expected;

	read_case_file(name, file, &expected);
	if (!str_eq(buf_str(&expected), got))
		fail_msg("%s/%s: expected\n%.*s\ngot\n%.*s", name, file, STR_ARG(buf_str(&expected)), STR_ARG(got));
	buf_release(&expected);
}

struct context {
	struct json *json;
	struct credentials who;
};

static struct str text_member(const struct json *object, const char *name)
{
	struct str text = { NULL, 0 };

	json_get_str(json_get(object, name), &text);
	return text;
}

static void read_context(const char *name, struct context *out, struct sigv4_request *r)
{
	const struct json *keys;
	struct buf text;

	read_case_file(name, "context.json", &text);
	out->json = json_parse(buf_str(&text), text.len, NULL);
	assert_non_null(out->json);
	buf_release(&text);
	keys = json_get(out->json, "credentials");
	credentials_init(&out->who);
	assert_true(credentials_set(&out->who, text_member(keys, "access_key_id"),
				    text_member(keys, "secret_access_key"), text_member(keys, "token"), NULL));
	r->region = text_member(out->json, "region");
	r->service = text_member(out->json, "service");
	assert_str_equal(text_member(out->json, "timestamp"), "2015-08-30T12:36:00Z");
	r->time_s = 1440938160;
	assert_true(json_get_bool(json_get(out->json, "normalize"), &r->normalize_path));
	assert_true(json_get_bool(json_get(out->json, "sign_body"), &r->sign_body_header));
	json_get_bool(json_get(out->json, "omit_session_token"), &r->omit_session_token);
}

static void write_signed_request(const struct parsed *p, const struct sigv4_request *r, const struct credentials *who,
				 const struct sigv4_result *result, struct buf *out)
{
	buf_put(out, p->head);
	if (who->session_token.len)
		buf_putf(out, "\nX-Amz-Security-Token:%s", who->session_token.ptr);
	buf_putf(out, "\nX-Amz-Date:%s", result->amz_date);
	if (r->sign_body_header)
		buf_putf(out, "\nx-amz-content-sha256:%s", result->content_sha256);
	buf_putf(out, "\nAuthorization:%s", result->authorization.ptr);
	buf_puts(out, "\n\n");
	buf_put(out, p->body);
}

static void sign_in_header(const char *name, const struct parsed *parsed, const struct sigv4_request *r,
			   const struct credentials *who, struct sigv4_result *result)
{
	struct buf text;

	assert_true(sigv4_sign(r, who, result, NULL));
	assert_file_equal(name, "header-canonical-request.txt", buf_str(&result->canonical_request));
	assert_file_equal(name, "header-string-to-sign.txt", buf_str(&result->string_to_sign));
	assert_file_equal(name, "header-signature.txt", str_from(buf_str(&result->authorization),
								   result->authorization.len - 64));
	buf_init(&text, 1 << 20);
	write_signed_request(parsed, r, who, result, &text);
	assert_file_equal(name, "header-signed-request.txt", buf_str(&text));
	buf_release(&text);
}

/* Nothing but the query is another one in the signed request. */
static void write_presigned_request(const struct parsed *p, const struct sigv4_result *result, struct buf *out)
{
	struct str headers = p->head;

	str_split(&headers, '\n');
	buf_putf(out, "%s %.*s?%.*s HTTP/1.1\n%.*s\n\n%.*s", p->method, STR_ARG(p->path), STR_ARG(buf_str(&result->query)),
		 STR_ARG(headers), STR_ARG(p->body));
}

static void sign_in_query(const char *name, const struct parsed *parsed, const struct sigv4_request *r,
			  int64_t expires_s, const struct credentials *who, struct sigv4_result *result)
{
	struct buf text;

	assert_true(sigv4_presign(r, expires_s, who, result, NULL));
	assert_file_equal(name, "query-canonical-request.txt", buf_str(&result->canonical_request));
	assert_file_equal(name, "query-string-to-sign.txt", buf_str(&result->string_to_sign));
	assert_file_equal(name, "query-signature.txt", str_from(buf_str(&result->query), result->query.len - 64));
	buf_init(&text, 1 << 20);
	write_presigned_request(parsed, result, &text);
	assert_file_equal(name, "query-signed-request.txt", buf_str(&text));
	buf_release(&text);
}

static void run_case(const char *name)
{
	struct sigv4_request r = { .double_encode_path = true };
	struct sigv4_result result;
	struct context context;
	struct parsed parsed;
	int64_t expires_s;
	struct buf text;

	read_context(name, &context, &r);
	assert_true(json_get_int(json_get(context.json, "expiration_in_seconds"), &expires_s));
	read_case_file(name, "request.txt", &text);
	parse_request(buf_str(&text), &parsed);
	r.method = parsed.method;
	r.path = parsed.path;
	r.query = parsed.query;
	r.headers = parsed.headers;
	r.n_headers = parsed.n_headers;
	r.body = parsed.body;
	sigv4_result_init(&result);
	sign_in_header(name, &parsed, &r, &context.who, &result);
	sign_in_query(name, &parsed, &r, expires_s, &context.who, &result);
	sigv4_result_release(&result);
	credentials_release(&context.who);
	json_free(context.json);
	buf_release(&text);
}

static void test_the_public_suite_is_signed_as_expected(void **state)
{
	unsigned cases = 0;
	struct dirent *entry;
	DIR *dir;

	(void)state;
	if (!vectors_have("aws-sigv4"))
		return;
	dir = opendir("../shared/vectors/aws-sigv4");
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || entry->d_type == DT_REG)
			continue;
		run_case(entry->d_name);
		cases++;
	}
	closedir(dir);
	assert_int_equal(cases, 38);
}

static void set_example_keys(struct credentials *who, const char *token)
{
	credentials_init(who);
	assert_true(credentials_set(who, STR("AKIDEXAMPLE"), STR("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
				    str_c(token), NULL));
}

/* The example of the IAM User Guide, "Elements of an AWS API request signature". */
static void test_the_guides_example_has_the_guides_signature(void **state)
{
	static const struct http_header headers[] = {
		{ STR_INIT("content-type"), STR_INIT("application/x-www-form-urlencoded; charset=utf-8") },
		{ STR_INIT("host"), STR_INIT("iam.amazonaws.com") },
	};
	struct sigv4_request r = {
		.method = "GET", .path = STR("/"), .query = STR("Action=ListUsers&Version=2010-05-08"),
		.headers = headers, .n_headers = 2, .region = STR("us-east-1"), .service = STR("iam"),
		.time_s = 1440938160, .normalize_path = true, .double_encode_path = true,
	};
	struct sigv4_key key = { 0 };
	struct sigv4_result result;
	struct credentials who;

	(void)state;
	set_example_keys(&who, "");
	sigv4_result_init(&result);
	r.key = &key;
	for (int i = 0; i < 2; i++) {
		assert_true(sigv4_sign(&r, &who, &result, NULL));
		assert_str_equal(buf_str(&result.authorization),
				 "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
				 "SignedHeaders=content-type;host;x-amz-date, Signature="
				 "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
	}
	sigv4_key_release(&key);
	sigv4_result_release(&result);
	credentials_release(&who);
}

/* A key that is kept must not outlive what it was derived from. */
static void test_a_kept_key_gives_what_a_fresh_one_gives(void **state)
{
	static const struct { int64_t time_s; const char *region, *service, *secret; } steps[] = {
		{ 1440938160, "us-east-1", "dynamodb", "one" },
		{ 1440938160, "us-east-1", "dynamodb", "two" },
		{ 1440938160, "eu-west-1", "dynamodb", "two" },
		{ 1440938160, "eu-west-1", "sqs", "two" },
		{ 1440938160 + 86400, "eu-west-1", "sqs", "two" },
		{ 1440938160, "us-east-1", "dynamodb", "one" },
	};
	struct sigv4_result with, without;
	struct sigv4_key key = { 0 };
	struct credentials who;

	(void)state;
	sigv4_result_init(&with);
	sigv4_result_init(&without);
	credentials_init(&who);
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		struct sigv4_request r = {
			.method = "POST", .path = STR("/"), .region = str_c(steps[i].region),
			.service = str_c(steps[i].service), .time_s = steps[i].time_s, .body = STR("{}"),
		};

		credentials_set(&who, STR("AKID"), str_c(steps[i].secret), STR(""), NULL);
		assert_true(sigv4_sign(&r, &who, &without, NULL));
		r.key = &key;
		assert_true(sigv4_sign(&r, &who, &with, NULL));
		assert_true(key.valid);
		assert_string_equal(with.authorization.ptr, without.authorization.ptr);
	}
	sigv4_key_release(&key);
	sigv4_result_release(&with);
	sigv4_result_release(&without);
	credentials_release(&who);
}

static void test_paths_and_queries_get_their_canonical_form(void **state)
{
	static const struct {
		struct str path, query;
		bool normalize, encode;
		const char *expected;   /* the two lines */
	} cases[] = {
		{ STR_INIT("/a%20b/c"), STR_INIT(""), true, true, "/a%2520b/c\n\n" },
		{ STR_INIT("/a%20b//c/../d"), STR_INIT(""), false, false, "/a%20b//c/../d\n\n" },
		{ STR_INIT(""), STR_INIT(""), false, true, "/\n\n" },
		{ STR_INIT("/../../x/./y//"), STR_INIT(""), true, true, "/x/y/\n\n" },
		{ STR_INIT("/a/.."), STR_INIT(""), true, true, "/\n\n" },
		{ STR_INIT("/"), STR_INIT("b=2&a=1&a=0&&c"), true, true, "/\na=0&a=1&b=2&c=\n" },
		{ STR_INIT("/"), STR_INIT("k=a%2fb+c%zz%2"), true, true, "/\nk=a%2Fb%2Bc%25zz%252\n" },
		{ STR_INIT("/"), STR_INIT("a=1=2"), true, true, "/\na=1%3D2\n" },
	};
	struct sigv4_result result;
	struct credentials who;

	(void)state;
	set_example_keys(&who, "");
	sigv4_result_init(&result);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct sigv4_request r = {
			.method = "GET", .path = cases[i].path, .query = cases[i].query,
			.region = STR("r"), .service = STR("s"), .time_s = 1440938160,
			.normalize_path = cases[i].normalize, .double_encode_path = cases[i].encode,
		};
		struct str lines;

		assert_true(sigv4_sign(&r, &who, &result, NULL));
		lines = str_from(buf_str(&result.canonical_request), 4);
		lines.len = str_find(lines, STR("x-amz-date"));
		assert_str_equal(lines, cases[i].expected);
	}
	sigv4_result_release(&result);
	credentials_release(&who);
}

static void test_what_no_request_can_hold_is_refused(void **state)
{
	struct http_header many[HTTP_MAX_HEADERS + 1] = { 0 };
	struct sigv4_request r = {
		.method = "GET", .path = STR("/"), .region = STR("r"), .service = STR("s"), .time_s = 1440938160,
	};
	struct sigv4_request bad[5] = { r, r, r, r, r };
	struct sigv4_result result;
	struct credentials who;
	struct buf big;

	(void)state;
	buf_init(&big, 1 << 20);
	memset(buf_reserve(&big, 1 << 19), '&', 1 << 19);
	buf_commit(&big, 1 << 19);
	for (size_t i = 0; i < big.len; i += 2)
		big.ptr[i] = 'a';
	bad[0].headers = many;
	bad[0].n_headers = COUNT_OF(many);
	bad[1].path = buf_str(&big);
	bad[2].query = buf_str(&big);
	bad[3].region = buf_str(&big);
	bad[4].time_s = INT64_MAX;
	set_example_keys(&who, "");
	sigv4_result_init(&result);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct err err = { 0 };

		assert_false(sigv4_sign(&bad[i], &who, &result, &err));
		assert_int_equal(err.class, ERR_FATAL);
		err_clear(&err);
		assert_false(sigv4_presign(&bad[i], 60, &who, &result, &err));
		assert_int_equal(err.class, ERR_FATAL);
	}
	sigv4_result_release(&result);
	credentials_release(&who);
	buf_release(&big);
}

/* The example of the S3 API Reference, "Authenticating requests: using query parameters". */
static void test_the_s3_references_url_has_its_signature(void **state)
{
	static const struct http_header headers[] = { { STR_INIT("Host"), STR_INIT("examplebucket.s3.amazonaws.com") } };
	struct sigv4_request r = {
		.method = "GET", .path = STR("/test.txt"), .headers = headers, .n_headers = 1, .region = STR("us-east-1"),
		.service = STR("s3"), .time_s = 1369353600, .unsigned_body = true,
	};
	struct sigv4_result result;
	struct credentials who;

	(void)state;
	credentials_init(&who);
	assert_true(credentials_set(&who, STR("AKIAIOSFODNN7EXAMPLE"), STR("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
				    STR(""), NULL));
	sigv4_result_init(&result);
	assert_true(sigv4_presign(&r, 86400, &who, &result, NULL));
	assert_str_equal(str_from(buf_str(&result.query), result.query.len - 64),
			 "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
	assert_str_equal(str_from(buf_str(&result.canonical_request), result.canonical_request.len - 16), "UNSIGNED-PAYLOAD");
	assert_true(buf_str(&result.authorization).len == 0);
	sigv4_result_release(&result);
	credentials_release(&who);
}

static void test_a_url_is_good_for_a_second_to_a_week(void **state)
{
	static const struct { int64_t expires_s; bool ok; } cases[] = {
		{ 0, false }, { -1, false }, { 1, true }, { 604800, true }, { 604801, false }, { INT64_MAX, false },
	};
	struct sigv4_request r = {
		.method = "GET", .path = STR("/"), .query = STR("a=1&b"), .region = STR("r"), .service = STR("s"),
		.time_s = 1440938160,
	};
	struct sigv4_result result;
	struct credentials who;

	(void)state;
	set_example_keys(&who, "");
	sigv4_result_init(&result);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = { 0 };

		assert_int_equal(sigv4_presign(&r, cases[i].expires_s, &who, &result, &err), cases[i].ok);
		if (cases[i].ok)
			assert_true(str_starts(buf_str(&result.query), STR("a=1&b&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Cred")));
		else
			assert_string_equal(err.code, "sigv4.expires");
	}
	sigv4_result_release(&result);
	credentials_release(&who);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_public_suite_is_signed_as_expected),
		cmocka_unit_test(test_the_guides_example_has_the_guides_signature),
		cmocka_unit_test(test_a_kept_key_gives_what_a_fresh_one_gives),
		cmocka_unit_test(test_paths_and_queries_get_their_canonical_form),
		cmocka_unit_test(test_the_s3_references_url_has_its_signature),
		cmocka_unit_test(test_a_url_is_good_for_a_second_to_a_week),
		cmocka_unit_test(test_what_no_request_can_hold_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
