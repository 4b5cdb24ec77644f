/* The client over a scripted transport, in virtual time. */
#include "sim/env.h"
#include "sim/transport_script.h"
#include "support/tasks.h"
#include "support/test.h"

#include "sluice/aws/client.h"

#include <stdio.h>

#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define TOKEN "AQoDYXdzEPTtoken=="

/* Keys that can be changed while a client uses them. */
struct keys {
	struct credentials_provider base;
	const char *id, *after_forget;
	const char *secret;  /* NULL: SECRET */
	unsigned forgotten;
	bool absent;
};

static bool keys_get(struct credentials_provider *base, struct credentials *out, struct err *err)
{
	struct keys *k = (struct keys *)base;

	if (k->absent)
		return err_set(err, ERR_AUTH, "credentials.absent", "no AWS credentials found (environment: none)");
	if (!credentials_set(out, str_c(k->id), str_c(k->secret ? k->secret : SECRET), STR(TOKEN), err))
		return false;
	buf_puts(&out->source, "test");
	return true;
}

static void keys_forget(struct credentials_provider *base)
{
	struct keys *k = (struct keys *)base;

	k->forgotten++;
	if (k->after_forget)
		k->id = k->after_forget;
}

struct fixture {
	struct transport_script script;
	struct keys keys;
	struct aws_client *client;
	struct loop *loop;
	struct buf answer;
	struct err err;
};

static void set_up_for(struct fixture *f, struct loop *loop, enum aws_service service, const struct aws_config *config,
		       const struct script_step *steps, size_t n)
{
	*f = (struct fixture){ .loop = loop, .keys = { { .get = keys_get, .forget = keys_forget }, .id = "AKID1" } };
	transport_script_init(&f->script, loop, steps, n);
	buf_init(&f->answer, 1 << 20);

	const struct aws_settings settings = {
		.loop = loop, .transport = &f->script.transport, .credentials = &f->keys.base, .region = STR("eu-west-1"),
		.endpoint_url = STR("http://127.0.0.1:8000"), .config = config,
	};

	f->client = aws_client_new(service, &settings, NULL);
}

static void set_up(struct fixture *f, struct loop *loop, const struct script_step *steps, size_t n)
{
	set_up_for(f, loop, AWS_DYNAMODB_STREAMS, NULL, steps, n);
}

static void tear_down(struct fixture *f)
{
	aws_client_free(f->client);
	transport_script_release(&f->script);
	buf_release(&f->answer);
}

static bool call(struct fixture *f, struct aws_request how)
{
	how.operation = "GetRecords";
	how.body = STR("{\"a\":\"\xc3\xa9\"}");
	return aws_call(f->client, &how, &f->answer, &f->err);
}

static void look_at_a_request(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { { .status = 200, .body = "{}", .crc = true } };
	struct fixture f;

	(void)arg;
	set_up(&f, loop, steps, COUNT_OF(steps));
	CHECK_OK(call(&f, (struct aws_request){ .timeout_ms = 7000, .max_answer_bytes = 500, .once = true }), &f.err);
	CHECK_STR(buf_str(&f.answer), "{}");
	CHECK_STR(f.script.seen[0].request.url, "http://127.0.0.1:8000/");
	CHECK_STR(str_c(f.script.seen[0].request.method), "POST");
	CHECK_EQ(f.script.seen[0].request.timeout_ms, 7000);
	CHECK_EQ(f.script.seen[0].request.max_response_bytes, 500);
	CHECK(f.script.seen[0].request.once);
	CHECK_STR(transport_script_header(&f.script, 0, "host"), "127.0.0.1:8000");
	CHECK_STR(transport_script_header(&f.script, 0, "content-type"), "application/x-amz-json-1.0");
	CHECK_STR(transport_script_header(&f.script, 0, "x-amz-target"), "DynamoDBStreams_20120810.GetRecords");
	CHECK_STR(transport_script_header(&f.script, 0, "x-amz-date"), "20260101T000000Z");
	CHECK_STR(transport_script_header(&f.script, 0, "x-amz-security-token"), TOKEN);
	CHECK(str_starts(transport_script_header(&f.script, 0, "authorization"),
			 STR("AWS4-HMAC-SHA256 Credential=AKID1/20260101/eu-west-1/dynamodb/aws4_request, SignedHeaders="
			     "content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=")));
	CHECK_STR(aws_client_endpoint(f.client), "http://127.0.0.1:8000");
	tear_down(&f);
}

static void test_a_request_has_what_the_service_wants(void **state)
{
	(void)state;
	run_simulated(1, look_at_a_request, NULL);
}

/* ---- the three protocols ---- */

static bool is_signed(const struct fixture *f, size_t nth, const char *name)
{
	struct str value = transport_script_header(&f->script, nth, "authorization");

	value = str_from(value, str_find(value, STR("SignedHeaders=")) + strlen("SignedHeaders="));
	value = str_sub(value, 0, str_find_char(value, ','));
	while (value.ptr)
		if (str_eq(str_split(&value, ';'), str_c(name)))
			return true;
	return false;
}

static void send_a_form(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .status = 200, .body = "<GetCallerIdentityResponse/>" }, { .status = 200, .body = "<x/>" },
	};
	struct fixture f;

	(void)arg;
	set_up_for(&f, loop, AWS_STS, NULL, steps, COUNT_OF(steps));
	CHECK_OK(aws_call(f.client, &(struct aws_request){ .operation = "GetCallerIdentity" }, &f.answer, &f.err), &f.err);
	CHECK_STR(buf_str(&f.answer), "<GetCallerIdentityResponse/>");
	CHECK_STR(str_c(f.script.seen[0].request.method), "POST");
	CHECK_STR(f.script.seen[0].request.url, "http://127.0.0.1:8000/");
	CHECK_STR(f.script.seen[0].request.body, "Action=GetCallerIdentity&Version=2011-06-15");
	CHECK_STR(transport_script_header(&f.script, 0, "content-type"), "application/x-www-form-urlencoded; charset=utf-8");
	CHECK(!transport_script_header(&f.script, 0, "x-amz-target").ptr);
	CHECK(is_signed(&f, 0, "content-type"));
	CHECK_OK(aws_call(f.client, &(struct aws_request){ .operation = "AssumeRole", .body = STR("&RoleArn=arn%3Aa") }, &f.answer,
			  &f.err), &f.err);
	CHECK_STR(f.script.seen[1].request.body, "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aa");
	tear_down(&f);
}

static void test_a_query_service_gets_a_form(void **state)
{
	(void)state;
	run_simulated(1, send_a_form, NULL);
}

static void send_rest(struct loop *loop, void *arg)
{
	static const struct http_header more[] = {
		{ STR_INIT("X-Amz-Invocation-Type"), STR_INIT("Event") }, { STR_INIT("content-type"), STR_INIT("text/x-odd") },
	};
	static const struct script_step steps[] = {
		{ .status = 202, .body = "" }, { .status = 200, .body = "{}" }, { .status = 200, .body = "12345" },
	};
	struct fixture f;

	(void)arg;
	set_up_for(&f, loop, AWS_LAMBDA, NULL, steps, COUNT_OF(steps));
	CHECK_OK(aws_call(f.client, &(struct aws_request){
				.operation = "Invoke", .path = STR("/2015-03-31/functions/f%3Ax/invocations"),
				.query = STR("Qualifier=1"), .body = STR("{\"a\":1}"), .headers = more, .n_headers = 2 },
			  &f.answer, &f.err), &f.err);
	CHECK_STR(str_c(f.script.seen[0].request.method), "POST");
	CHECK_STR(f.script.seen[0].request.url, "http://127.0.0.1:8000/2015-03-31/functions/f%3Ax/invocations?Qualifier=1");
	CHECK_STR(f.script.seen[0].request.body, "{\"a\":1}");
	CHECK_STR(transport_script_header(&f.script, 0, "content-type"), "text/x-odd");
	CHECK(is_signed(&f, 0, "x-amz-invocation-type") && is_signed(&f, 0, "content-type"));
	CHECK(!is_signed(&f, 0, "x-amz-content-sha256") && !is_signed(&f, 0, "user-agent"));
	CHECK(!transport_script_header(&f.script, 0, "x-amz-target").ptr);
	CHECK_EQ(f.answer.len, 0);
	/* Nothing in it, so of no type; and no cap but the default. */
	CHECK_OK(aws_call(f.client, &(struct aws_request){ .operation = "GetFunctionConfiguration", .method = "GET" }, &f.answer,
			  &f.err), &f.err);
	CHECK_STR(str_c(f.script.seen[1].request.method), "GET");
	CHECK_STR(f.script.seen[1].request.url, "http://127.0.0.1:8000/");
	CHECK(!transport_script_header(&f.script, 1, "content-type").ptr);
	CHECK_EQ(f.script.seen[1].request.max_response_bytes, 1 << 20);   /* the buffer's own */
	CHECK_CLASS(aws_call(f.client, &(struct aws_request){ .operation = "Invoke", .max_answer_bytes = 4, .max_attempts = 1 },
			     &f.answer, &f.err), &f.err, ERR_RETRY);
	CHECK_STR(str_c(f.err.code), "http.too_large");
	tear_down(&f);
}

static void test_a_rest_service_gets_method_path_and_query(void **state)
{
	(void)state;
	run_simulated(1, send_rest, NULL);
}

static void send_to_a_bucket(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { { .status = 200 }, { .status = 200 } };
	struct aws_answer_head head = { .header = "x-amz-bucket-region" };
	struct fixture f;

	(void)arg;
	set_up_for(&f, loop, AWS_S3, NULL, steps, COUNT_OF(steps));
	CHECK_OK(aws_call(f.client, &(struct aws_request){ .operation = "PutObject", .method = "PUT", .host_label = STR("bucket"),
			  .path = STR("/a//b%20c/../d"), .body = STR("x"), .head = &head }, &f.answer, &f.err), &f.err);
	CHECK_STR(f.script.seen[0].request.url, "http://bucket.127.0.0.1:8000/a//b%20c/../d");
	CHECK_STR(transport_script_header(&f.script, 0, "host"), "bucket.127.0.0.1:8000");
	CHECK_STR(transport_script_header(&f.script, 0, "x-amz-content-sha256"),
		  "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881");
	CHECK(is_signed(&f, 0, "x-amz-content-sha256") && is_signed(&f, 0, "host"));
	CHECK_EQ(head.status, 200);
	CHECK_STR(str_c(head.value), "");
	tear_down(&f);
}

static void test_a_bucket_stands_before_the_host(void **state)
{
	(void)state;
	run_simulated(1, send_to_a_bucket, NULL);
}

static void send_unsigned(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { { .status = 200, .body = "{}" } };
	struct fixture f;

	(void)arg;
	set_up_for(&f, loop, AWS_SSO, NULL, steps, COUNT_OF(steps));
	f.keys.absent = true; /* not even asked for */
	CHECK_OK(aws_call(f.client, &(struct aws_request){ .operation = "GetRoleCredentials", .method = "GET", .anonymous = true,
			  .path = STR("/federation/credentials") }, &f.answer, &f.err), &f.err);
	CHECK(!transport_script_header(&f.script, 0, "authorization").ptr);
	CHECK(!transport_script_header(&f.script, 0, "x-amz-date").ptr);
	CHECK(!transport_script_header(&f.script, 0, "x-amz-security-token").ptr);
	tear_down(&f);
}

static void test_an_anonymous_request_carries_no_signature(void **state)
{
	(void)state;
	run_simulated(1, send_unsigned, NULL);
}

/* Of the last answer, also where that is an error or none. */
static void look_at_heads(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .status = 503, .fields = "X-Amz-Function-Error: first" },
		{ .status = 200, .body = "{}", .fields = "X-Amz-Function-Error: Unhandled" },
		{ .status = 400, .body = "{\"__type\":\"ValidationException\"}", .fields = "x-amz-function-error: third" },
		{ .error = "http.connect" },
	};
	struct aws_answer_head head = { .header = "x-amz-function-error" };
	struct aws_request request = { .operation = "Invoke", .head = &head };
	struct fixture f;

	(void)arg;
	set_up_for(&f, loop, AWS_LAMBDA, NULL, steps, COUNT_OF(steps));
	CHECK_OK(aws_call(f.client, &request, &f.answer, &f.err), &f.err);
	CHECK_EQ(head.status, 200);
	CHECK_STR(str_c(head.value), "Unhandled");
	request.max_attempts = 1;
	CHECK_CLASS(aws_call(f.client, &request, &f.answer, &f.err), &f.err, ERR_DATA);
	CHECK_EQ(head.status, 400);
	CHECK_STR(str_c(head.value), "third");
	CHECK_CLASS(aws_call(f.client, &request, &f.answer, &f.err), &f.err, ERR_RETRY);
	CHECK_EQ(head.status, 0);
	CHECK_STR(str_c(head.value), "");
	tear_down(&f);
}

static void test_the_head_is_the_last_answers(void **state)
{
	(void)state;
	run_simulated(1, look_at_heads, NULL);
}

static void look_at_the_user_agent(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { { .status = 200 }, { .status = 200 } };
	static const struct http_header own = { STR_INIT("user-agent"), STR_INIT("mine") };
	struct aws_config config = { .app_id = STR("bill ing/7") };
	struct fixture f;
	struct str agent;

	(void)arg;
	set_up_for(&f, loop, AWS_DYNAMODB, &config, steps, COUNT_OF(steps));
	CHECK_OK(call(&f, (struct aws_request){ 0 }), &f.err);
	agent = transport_script_header(&f.script, 0, "user-agent");
	CHECK(str_starts(agent, STR("sluice/" SLUICE_VERSION " ua/2.1 os/linux#")));
	CHECK(str_ends(agent, STR(" m/E app/bill-ing-7")));
	CHECK_OK(call(&f, (struct aws_request){ .headers = &own, .n_headers = 1 }), &f.err);
	CHECK_STR(transport_script_header(&f.script, 1, "user-agent"), "mine");
	tear_down(&f);
}

static void test_each_request_says_who_asks(void **state)
{
	(void)state;
	run_simulated(1, look_at_the_user_agent, NULL);
}

/* ---- repeating ---- */

/* Delays seen over many seeds: within the bound, and not far below it always. */
struct delays {
	const struct script_step *steps;
	size_t n;
	int64_t floor_ms[3], ceiling_ms[3], longest_ms[3];
};

static void measure_delays(struct loop *loop, void *arg)
{
	struct delays *d = arg;
	struct fixture f;

	set_up(&f, loop, d->steps, d->n);
	CHECK_OK(call(&f, (struct aws_request){ 0 }), &f.err);
	CHECK_EQ(f.script.n_seen, d->n);
	for (size_t i = 0; i + 1 < d->n; i++) {
		int64_t delay = f.script.seen[i + 1].at_ms - f.script.seen[i].at_ms - d->steps[i].after_ms;

		CHECK(delay >= d->floor_ms[i] && delay <= d->ceiling_ms[i]);
		if (delay > d->longest_ms[i])
			d->longest_ms[i] = delay;
	}
	tear_down(&f);
}

static void assert_delays(struct delays d)
{
	for (uint64_t seed = 1; seed <= 40; seed++)
		run_simulated(seed, measure_delays, &d);
	for (size_t i = 0; i + 1 < d.n; i++)
		assert_true(d.longest_ms[i] >= d.floor_ms[i] + (d.ceiling_ms[i] - d.floor_ms[i]) * 3 / 4);
}

static void test_delays_double_from_25_ms_and_1_s(void **state)
{
	static const struct script_step server_errors[] = {
		{ .status = 500, .body = "{\"__type\":\"x#InternalServerError\"}", .after_ms = 30 }, { .status = 503 },
		{ .error = "http.timeout", .after_ms = 30000 }, { .status = 200, .body = "{}" },
	};
	static const struct script_step throttles[] = {
		{ .status = 400, .body = "{\"__type\":\"x#ThrottlingException\"}" },
		{ .status = 400, .body = "{\"__type\":\"x#LimitExceededException\"}" }, { .status = 429 },
		{ .status = 200, .body = "{}" },
	};

	(void)state;
	assert_delays((struct delays){ server_errors, 4, { 0 }, { 25, 50, 100 }, { 0 } });
	assert_delays((struct delays){ throttles, 4, { 0 }, { 1000, 2000, 4000 }, { 0 } });
}

struct attempts {
	enum aws_service service;
	unsigned config, request, expected;
};

static void count_attempts(struct loop *loop, void *arg)
{
	const struct attempts *a = arg;
	struct aws_config config = { .max_attempts = a->config };
	struct script_step steps[9];
	struct fixture f;

	for (size_t i = 0; i < COUNT_OF(steps); i++)
		steps[i] = (struct script_step){ .status = 500 };
	set_up_for(&f, loop, a->service, &config, steps, COUNT_OF(steps));
	CHECK_CLASS(call(&f, (struct aws_request){ .max_attempts = a->request }), &f.err, ERR_RETRY);
	CHECK_EQ(f.script.n_seen, a->expected);
	tear_down(&f);
}

static void test_attempts_are_the_services_unless_somebody_says_else(void **state)
{
	static const struct attempts cases[] = {
		{ AWS_DYNAMODB, 0, 0, 4 }, { AWS_DYNAMODB_STREAMS, 0, 0, 4 }, { AWS_SQS, 0, 0, 3 }, { AWS_S3, 0, 0, 3 },
		{ AWS_DYNAMODB, 6, 0, 6 }, { AWS_DYNAMODB, 1, 0, 1 }, { AWS_DYNAMODB, 6, 2, 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		run_simulated(1, count_attempts, (void *)&cases[i]);
}

/* A service that fails widely: 35 repetitions are paid for, then each call is one attempt;
 * calls that succeed earn them back. */
static void use_up_the_quota(struct loop *loop, void *arg)
{
	static const struct script_step bad = { .status = 500, .body = "{\"__type\":\"InternalServerError\"}" };
	static const struct script_step good = { .status = 200, .body = "{}" };
	struct script_step step = bad;
	struct fixture f;
	int refused_at = -1;

	(void)arg;
	set_up(&f, loop, &step, 1);
	for (int i = 0; i < 20; i++) {
		transport_script_release(&f.script);
		f.script.repeats = true;
		CHECK_CLASS(call(&f, (struct aws_request){ 0 }), &f.err, ERR_RETRY);
		if (f.script.n_seen < 4 && refused_at < 0)
			refused_at = i;
		CHECK_EQ(f.script.n_seen, i < 11 ? 4 : i == 11 ? 3 : 1);
		CHECK_EQ(strstr(f.err.text, "not tried again: too many calls of this client") != NULL, i >= 11);
	}
	CHECK_EQ(refused_at, 11);   /* 3 x 11 + 2 */
	step = good;
	for (int i = 0; i < 4; i++) {   /* 10 are left; 14 are needed */
		transport_script_release(&f.script);
		CHECK_OK(call(&f, (struct aws_request){ 0 }), &f.err);
	}
	step = bad;
	transport_script_release(&f.script);
	CHECK_CLASS(call(&f, (struct aws_request){ 0 }), &f.err, ERR_RETRY);
	CHECK_EQ(f.script.n_seen, 2);
	tear_down(&f);
}

static void test_a_service_that_fails_widely_is_not_asked_more(void **state)
{
	(void)state;
	run_simulated(1, use_up_the_quota, NULL);
}

static void test_the_services_wish_counts_within_five_seconds(void **state)
{
	static const struct script_step steps[] = {
		{ .status = 503, .fields = "x-amz-retry-after: 700" }, { .status = 503, .fields = "X-Amz-Retry-After: 99999999999" },
		{ .status = 503, .fields = "x-amz-retry-after: soon" }, { .status = 200, .body = "{}" },
	};

	(void)state;
	assert_delays((struct delays){ steps, 4, { 700, 5000, 0 }, { 700, 5050, 100 }, { 0 } });
}

/* What is tried again, and how the last word is classed. */
static const struct ending {
	struct script_step step;
	enum err_class class;
	const char *code;
	unsigned attempts, once_attempts;
	bool hint;           /* at the endpoint */
} endings[] = {
	{ { .status = 500, .body = "{\"__type\":\"x#InternalServerError\"}" }, ERR_RETRY, "InternalServerError", 4, 1, false },
	{ { .status = 502, .body = "<html>" }, ERR_RETRY, "aws.http_502", 4, 1, true },
	{ { .status = 404, .body = "<html>" }, ERR_RETRY, "aws.http_404", 1, 1, true },
	{ { .status = 302 }, ERR_RETRY, "aws.http_302", 1, 1, true },
	{ { .error = "http.broken" }, ERR_RETRY, "http.broken", 4, 1, true },
	{ { .error = "http.timeout" }, ERR_RETRY, "http.timeout", 4, 1, true },
	{ { .error = "http.too_large" }, ERR_RETRY, "http.too_large", 4, 1, false },
	{ { .error = "http.connect" }, ERR_RETRY, "http.connect", 4, 4, true },
	{ { .error = "http.resolve" }, ERR_RETRY, "http.resolve", 4, 4, true },
	{ { .error = "http.tls" }, ERR_RETRY, "http.tls", 4, 4, true },
	{ { .status = 200, .body = "{}", .fields = "x-amz-crc32: 1" }, ERR_RETRY, "aws.crc32", 4, 1, false },
	{ { .status = 200, .body = "{}", .fields = "x-amz-crc32: x" }, ERR_RETRY, "aws.crc32", 4, 1, false },
	{ { .status = 400, .body = "{\"__type\":\"x#ThrottlingException\"}" }, ERR_THROTTLE, "ThrottlingException", 4, 4, false },
	{ { .status = 400, .body = "{\"__type\":\"x#TransactionInProgressException\"}" }, ERR_RETRY,
	  "TransactionInProgressException", 4, 4, false },
	{ { .status = 400, .body = "{\"__type\":\"x#ValidationException\"}" }, ERR_DATA, "ValidationException", 1, 1, false },
	{ { .status = 400, .body = "{\"__type\":\"x#ResourceNotFoundException\"}" }, ERR_RETRY, "ResourceNotFoundException", 1, 1, false },
	{ { .status = 400, .body = "{\"__type\":\"x#AccessDeniedException\"}" }, ERR_AUTH, "AccessDeniedException", 1, 1, false },
	{ { .status = 400, .body = "{\"__type\":\"x#ExpiredTokenException\"}" }, ERR_AUTH, "ExpiredTokenException", 1, 1, false },
	{ { .status = 400, .body = "{\"__type\":\"x#WhatException\"}" }, ERR_FATAL, "WhatException", 1, 1, false },
};

static void end_in_each_way(struct loop *loop, void *arg)
{
	(void)arg;
	for (size_t i = 0; i < COUNT_OF(endings); i++) {
		for (int once = 0; once < 2; once++) {
			struct script_step steps[4];
			struct fixture f;

			for (size_t j = 0; j < 4; j++)
				steps[j] = endings[i].step;
			set_up(&f, loop, steps, 4);
			CHECK_CLASS(call(&f, (struct aws_request){ .once = once }), &f.err, endings[i].class);
			CHECK_STR(str_c(f.err.code), endings[i].code);
			CHECK_EQ(f.script.n_seen, once ? endings[i].once_attempts : endings[i].attempts);
			CHECK_EQ(aws_client_stats(f.client).attempts, f.script.n_seen);
			CHECK_EQ(aws_client_stats(f.client).failed, endings[i].class != ERR_DATA);
			CHECK(str_starts(str_c(f.err.text), STR("GetRecords at http://127.0.0.1:8000: ")));
			CHECK_EQ(strstr(f.err.text, "is it running? check aws.endpoint_url") != NULL, endings[i].hint);
			tear_down(&f);
		}
	}
}

static void test_each_failure_has_its_class_and_number_of_attempts(void **state)
{
	(void)state;
	run_simulated(3, end_in_each_way, NULL);
}

static void read_an_error(struct loop *loop, void *arg)
{
	static const char body[] = "{\"__type\":\"x#ConditionalCheckFailedException\",\"message\":\"The conditional request "
				   "failed\",\"Item\":{\"a\":{\"S\":\"b\"}}}";
	static const struct script_step steps[] = {
		{ .status = 400, .body = body, .fields = "x-amzn-RequestId: REQ1", .crc = true },
		{ .status = 503, .fields = "x-amzn-RequestId: REQ2\nx-amz-retry-after: 1234" },
		{ .status = 503, .body = "<Error><Code>SlowDown</Code><RequestId>X1</RequestId></Error>", .fields = "x-amz-id-2: HOST2" },
		{ .status = 503, .body = "?", .fields = "x-amz-request-id: S3ID\nx-amz-id-2: HOST3" },
		{ .status = 200, .body = "{}", .fields = "x-amzn-RequestId: REQ3\nx-amz-crc32: 1" },
		{ .status = 403, .body = "{\"__type\":\"x#AccessDeniedException\",\"message\":\"not " SECRET "\"}" },
		{ .status = 403, .body = "{\"__type\":\"x#AccessDeniedException\",\"message\":\"no\\n" TOKEN "\"}" },
	};
	struct fixture f;

	(void)arg;
	set_up(&f, loop, steps, COUNT_OF(steps));
	CHECK_CLASS(call(&f, (struct aws_request){ 0 }), &f.err, ERR_DATA);
	CHECK_STR(buf_str(&f.answer), body);
	CHECK_STR(str_c(f.err.text), "GetRecords at http://127.0.0.1:8000: ConditionalCheckFailedException: The conditional "
		  "request failed (HTTP 400, request id REQ1)");
	CHECK_CLASS(call(&f, (struct aws_request){ .max_attempts = 1 }), &f.err, ERR_RETRY);
	CHECK_EQ(f.err.retry_after_ms, 1234);
	CHECK(strstr(f.err.text, "REQ2") != NULL);
	CHECK_CLASS(call(&f, (struct aws_request){ .max_attempts = 1 }), &f.err, ERR_THROTTLE);
	CHECK(strstr(f.err.text, "(HTTP 503, request id X1, extended request id HOST2)") != NULL);
	CHECK_CLASS(call(&f, (struct aws_request){ .max_attempts = 1 }), &f.err, ERR_RETRY);
	CHECK(strstr(f.err.text, "(HTTP 503, request id S3ID, extended request id HOST3)") != NULL);
	CHECK_CLASS(call(&f, (struct aws_request){ .max_attempts = 1 }), &f.err, ERR_RETRY);
	CHECK(strstr(f.err.text, "(request id REQ3)") != NULL);
	for (int i = 0; i < 2; i++) {
		CHECK_CLASS(call(&f, (struct aws_request){ 0 }), &f.err, ERR_AUTH);
		CHECK(strstr(f.err.text, SECRET) == NULL && strstr(f.err.text, TOKEN) == NULL);
		CHECK(strstr(f.err.text, "credentials from test") != NULL);
	}
	tear_down(&f);
}

static void test_an_error_says_what_a_person_needs_and_no_secret(void **state)
{
	(void)state;
	run_simulated(4, read_an_error, NULL);
}

/* A message, as the service gives it and as it is shown. */
static void redact_each(struct loop *loop, void *arg)
{
	static char cut[300];
	static const struct {
		const char *secret, *message, *shown;
	} cases[] = {
		{ NULL, "not " SECRET " but " SECRET ", " TOKEN, "not [redacted] but [redacted], [redacted] (HTTP" },
		{ NULL, "the token of " SECRET "s", "the token of [redacted]s (HTTP" },
		{ "t", "the table is not there", "the table is not there (HTTP" },
		{ "123456789012345", "not 123456789012345", "not 123456789012345 (HTTP" },
		{ "1234567890123456", "not 1234567890123456", "not [redacted] (HTTP" },
		{ NULL, cut, ".[redacted] (HTTP" },
	};

	(void)arg;
	snprintf(cut, sizeof(cut), "%0*d.%s", 230, 0, SECRET);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char body[400];
		const struct script_step steps[] = { { .status = 400, .body = body } };
		struct fixture f;

		snprintf(body, sizeof(body), "{\"__type\":\"x#ValidationException\",\"message\":\"%s\"}", cases[i].message);
		set_up(&f, loop, steps, COUNT_OF(steps));
		f.keys.secret = cases[i].secret;
		CHECK_CLASS(call(&f, (struct aws_request){ 0 }), &f.err, ERR_DATA);
		CHECK(strstr(f.err.text, cases[i].shown));
		tear_down(&f);
	}
}

static void test_of_a_message_only_the_secret_is_left_out(void **state)
{
	(void)state;
	run_simulated(4, redact_each, NULL);
}

static void meet_newer_keys(struct loop *loop, void *arg)
{
	static const char refusal[] = "{\"__type\":\"x#UnrecognizedClientException\"}";
	static const struct script_step steps[] = {
		{ .status = 400, .body = refusal }, { .status = 200, .body = "{}" },
		{ .status = 400, .body = refusal },
	};
	struct fixture f;

	(void)arg;
	set_up(&f, loop, steps, COUNT_OF(steps));
	f.keys.after_forget = "AKID2";
	CHECK_OK(call(&f, (struct aws_request){ .max_attempts = 1 }), &f.err);
	CHECK_EQ(f.script.seen[1].at_ms, f.script.seen[0].at_ms);
	CHECK(str_find(transport_script_header(&f.script, 1, "authorization"), STR("AKID2/")) != SIZE_MAX);
	/* Now there are no newer ones. */
	CHECK_CLASS(call(&f, (struct aws_request){ 0 }), &f.err, ERR_AUTH);
	CHECK_EQ(f.script.n_seen, 3);
	CHECK_EQ(f.keys.forgotten, 2);
	tear_down(&f);
}

static void test_refused_keys_are_asked_for_again(void **state)
{
	(void)state;
	run_simulated(5, meet_newer_keys, NULL);
}

static void run_behind(struct loop *loop, void *arg)
{
	static const char refusal[] = "{\"__type\":\"x#InvalidSignatureException\",\"message\":\"Signature expired\"}";
	static const struct script_step steps[] = {
		{ .status = 403, .body = refusal, .after_ms = 400 }, { .status = 200, .body = "{}", .after_ms = 400 },
		{ .status = 200, .body = "{}" },
		{ .status = 403, .body = refusal },
	};
	struct env *env = loop_env(loop);
	struct fixture f;

	(void)arg;
	set_up(&f, loop, steps, COUNT_OF(steps));
	f.script.dates = true;
	f.script.ahead_ms = 10 * 60 * 1000;
	CHECK_EQ(aws_service_time_ms(f.client), env_wall_ms(env));
	CHECK_OK(call(&f, (struct aws_request){ .max_attempts = 1 }), &f.err);
	CHECK_STR(transport_script_header(&f.script, 0, "x-amz-date"), "20260101T000000Z");
	CHECK_STR(transport_script_header(&f.script, 1, "x-amz-date"), "20260101T001000Z");
	CHECK_EQ(f.script.seen[1].at_ms - f.script.seen[0].at_ms, 400);

	int64_t off = aws_service_time_ms(f.client) - env_wall_ms(env) - f.script.ahead_ms;

	CHECK(off >= -1000 && off <= 1000);
	CHECK_OK(call(&f, (struct aws_request){ 0 }), &f.err);
	/* The time was right: another signature would be refused as well. */
	CHECK_CLASS(call(&f, (struct aws_request){ 0 }), &f.err, ERR_AUTH);
	CHECK_EQ(f.script.n_seen, 4);
	tear_down(&f);
}

static void test_a_clock_that_is_behind_is_corrected_once(void **state)
{
	(void)state;
	run_simulated(6, run_behind, NULL);
}

static void jump_back(struct loop *loop, void *arg)
{
	static const char refusal[] = "{\"__type\":\"x#RequestTimeTooSkewed\"}";
	static const struct script_step steps[] = {
		{ .status = 200, .body = "{}" }, { .status = 403, .body = refusal }, { .status = 200, .body = "{}" },
	};
	struct fixture f;

	(void)arg;
	set_up(&f, loop, steps, COUNT_OF(steps));
	f.script.dates = true;
	f.script.ahead_ms = 6 * 60 * 1000;
	CHECK_OK(call(&f, (struct aws_request){ 0 }), &f.err);
	/* Somebody sets the machine's clock right: the skew that was learnt is wrong now. */
	sim_env_set_skew_ms(loop_env(loop), f.script.ahead_ms);
	f.script.ahead_ms = 0;
	CHECK_OK(call(&f, (struct aws_request){ 0 }), &f.err);
	CHECK_STR(transport_script_header(&f.script, 1, "x-amz-date"), "20260101T001200Z");
	CHECK_STR(transport_script_header(&f.script, 2, "x-amz-date"), "20260101T000600Z");
	tear_down(&f);
}

static void test_a_clock_that_jumps_is_followed(void **state)
{
	(void)state;
	run_simulated(7, jump_back, NULL);
}

/* Which refusals are answered with another signature, 10 minutes off and 3. */
static void refuse_for_time(struct loop *loop, void *arg)
{
	static const struct { const char *code; bool again; } cases[] = {
		{ "InvalidSignatureException", true }, { "SignatureDoesNotMatch", true }, { "AuthFailure", true },
		{ "RequestTimeTooSkewed", true }, { "AccessDeniedException", true },
		{ "RequestExpired", false }, { "AccessDenied", false }, { "ExpiredTokenException", false },
		{ "UnrecognizedClientException", false }, { "ValidationException", false },
	};

	(void)arg;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		for (int minutes = -10; minutes <= 10; minutes += 7) {
			char body[100];
			struct script_step steps[] = { { .status = 403, .body = body }, { .status = 403, .body = body } };
			bool again = cases[i].again && minutes * minutes > 16;
			struct fixture f;

			snprintf(body, sizeof(body), "{\"__type\":\"x#%s\"}", cases[i].code);
			set_up(&f, loop, steps, COUNT_OF(steps));
			f.script.dates = true;
			f.script.ahead_ms = minutes * 60 * 1000;
			CHECK(!call(&f, (struct aws_request){ 0 }));
			CHECK_STR(str_c(f.err.code), cases[i].code);
			CHECK_EQ(f.script.n_seen, again ? 2 : 1);
			tear_down(&f);
		}
	}
}

static void test_five_refusals_may_come_of_the_clock(void **state)
{
	(void)state;
	run_simulated(6, refuse_for_time, NULL);
}

static bool refuse_second(void *ctx, struct err *err)
{
	unsigned *asked = ctx;

	return ++*asked == 1 || err_set(err, ERR_FATAL, "lease.lost", "the lease may be another's");
}

static void lose_the_lease(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { { .status = 503 }, { .status = 200, .body = "{}" } };
	struct aws_client *client;
	unsigned asked = 0;
	struct fixture f;

	(void)arg;
	set_up(&f, loop, steps, COUNT_OF(steps));

	const struct aws_settings settings = {
		.loop = loop, .transport = &f.script.transport, .credentials = &f.keys.base, .region = STR("eu-west-1"),
		.may_sign = refuse_second, .may_sign_ctx = &asked,
	};

	client = aws_client_new(AWS_DYNAMODB, &settings, NULL);
	CHECK(client != NULL);
	CHECK_STR(aws_client_endpoint(client), "https://dynamodb.eu-west-1.amazonaws.com");

	const struct aws_request request = { .operation = "PutItem", .body = STR("{}") };

	CHECK_CLASS(aws_call(client, &request, &f.answer, &f.err), &f.err, ERR_FATAL);
	CHECK_STR(str_c(f.err.code), "lease.lost");
	CHECK_EQ(f.script.n_seen, 1);
	CHECK_EQ(asked, 2);
	aws_client_free(client);
	tear_down(&f);
}

static void test_nothing_is_signed_that_may_not_be(void **state)
{
	(void)state;
	run_simulated(8, lose_the_lease, NULL);
}

static void call_without_keys(struct loop *loop, void *arg)
{
	struct fixture f;

	(void)arg;
	set_up(&f, loop, NULL, 0);
	f.keys.absent = true;
	CHECK_CLASS(call(&f, (struct aws_request){ 0 }), &f.err, ERR_AUTH);
	CHECK_STR(str_c(f.err.code), "credentials.absent");
	CHECK_EQ(f.script.n_seen, 0);
	tear_down(&f);
}

static void test_without_credentials_nothing_is_sent(void **state)
{
	(void)state;
	run_simulated(9, call_without_keys, NULL);
}

static void call_in_task(void *arg)
{
	call(arg, (struct aws_request){ 0 });
}

static void cancel_at(struct loop *loop, const struct script_step *steps, size_t n, int64_t after_ms)
{
	struct scope scope;
	struct fixture f;

	set_up(&f, loop, steps, n);
	scope_init(&scope, loop);
	scope_spawn(&scope, "call", call_in_task, &f);
	CHECK(task_sleep_ms(loop, after_ms, NULL));
	scope_cancel(&scope);
	scope_wait(&scope);
	CHECK_EQ(f.err.class, ERR_CANCELLED);
	CHECK_EQ(f.script.n_seen, 1);
	CHECK_EQ(f.answer.len, 0);
	CHECK_EQ(aws_client_stats(f.client).failed, 0);
	tear_down(&f);
}

static void cancel_calls(struct loop *loop, void *arg)
{
	static const struct script_step hangs = { .hangs = true };
	/* x-amz-retry-after makes the pause at least five seconds. */
	static const struct script_step throttled = { .status = 429, .fields = "x-amz-retry-after: 20000", .after_ms = 10 };

	(void)arg;
	cancel_at(loop, &hangs, 1, 100000);
	cancel_at(loop, &throttled, 1, 3000);
}

static void test_a_call_can_be_cancelled_while_it_waits(void **state)
{
	(void)state;
	run_simulated(10, cancel_calls, NULL);
}

static void test_settings_that_cannot_work_are_refused(void **state)
{
	static const struct { const char *region, *endpoint, *code; } cases[] = {
		{ "", "", "aws.region" }, { "eu west", "http://h", "aws.region" }, { "eu-west-1", "h:8000", "aws.endpoint" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct aws_settings settings = {
			.region = str_c(cases[i].region), .endpoint_url = str_c(cases[i].endpoint),
		};
		struct err err = { 0 };

		assert_null(aws_client_new(AWS_DYNAMODB, &settings, &err));
		assert_int_equal(err.class, ERR_FATAL);
		assert_string_equal(err.code, cases[i].code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_request_has_what_the_service_wants),
		cmocka_unit_test(test_a_query_service_gets_a_form),
		cmocka_unit_test(test_a_rest_service_gets_method_path_and_query),
		cmocka_unit_test(test_a_bucket_stands_before_the_host),
		cmocka_unit_test(test_an_anonymous_request_carries_no_signature),
		cmocka_unit_test(test_the_head_is_the_last_answers),
		cmocka_unit_test(test_each_request_says_who_asks),
		cmocka_unit_test(test_delays_double_from_25_ms_and_1_s),
		cmocka_unit_test(test_attempts_are_the_services_unless_somebody_says_else),
		cmocka_unit_test(test_a_service_that_fails_widely_is_not_asked_more),
		cmocka_unit_test(test_the_services_wish_counts_within_five_seconds),
		cmocka_unit_test(test_each_failure_has_its_class_and_number_of_attempts),
		cmocka_unit_test(test_an_error_says_what_a_person_needs_and_no_secret),
		cmocka_unit_test(test_of_a_message_only_the_secret_is_left_out),
		cmocka_unit_test(test_refused_keys_are_asked_for_again),
		cmocka_unit_test(test_a_clock_that_is_behind_is_corrected_once),
		cmocka_unit_test(test_a_clock_that_jumps_is_followed),
		cmocka_unit_test(test_five_refusals_may_come_of_the_clock),
		cmocka_unit_test(test_nothing_is_signed_that_may_not_be),
		cmocka_unit_test(test_without_credentials_nothing_is_sent),
		cmocka_unit_test(test_a_call_can_be_cancelled_while_it_waits),
		cmocka_unit_test(test_settings_that_cannot_work_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
