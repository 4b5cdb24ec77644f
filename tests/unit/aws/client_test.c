/* The client over a scripted transport, in virtual time: what it sends, what it says. What it sends
 * again is in client_repeat_test.c. */
#include "sim/env.h"
#include "support/scripted_client.h"
#include "support/tasks.h"
#include "support/test.h"

#include <stdio.h>

#define SECRET SCRIPTED_SECRET
#define TOKEN SCRIPTED_TOKEN

static void set_up(struct scripted_client *f, struct loop *loop, const struct script_step *steps, size_t n)
{
	scripted_client_init(f, loop, AWS_DYNAMODB_STREAMS, NULL, steps, n);
}

static void look_at_a_request(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { { .status = 200, .body = "{}", .crc = true } };
	struct scripted_client f;

	(void)arg;
	set_up(&f, loop, steps, COUNT_OF(steps));
	CHECK_OK(scripted_client_call(&f, (struct aws_request){ .timeout_ms = 7000, .max_answer_bytes = 500, .once = true }),
		 &f.err);
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
	scripted_client_release(&f);
}

static void test_a_request_has_what_the_service_wants(void **state)
{
	(void)state;
	run_simulated(1, look_at_a_request, NULL);
}

/* ---- the three protocols ---- */

static bool is_signed(const struct scripted_client *f, size_t nth, const char *name)
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
	struct scripted_client f;

	(void)arg;
	scripted_client_init(&f, loop, AWS_STS, NULL, steps, COUNT_OF(steps));
	CHECK_OK(aws_call(f.client, &(struct aws_request){ .operation = "GetCallerIdentity" }, &f.answer, &f.err), &f.err);
	CHECK_STR(buf_str(&f.answer), "<GetCallerIdentityResponse/>");
	CHECK_STR(str_c(f.script.seen[0].request.method), "POST");
	CHECK_STR(f.script.seen[0].request.url, "http://127.0.0.1:8000/");
	CHECK_STR(f.script.seen[0].request.body, "Action=GetCallerIdentity&Version=2011-06-15");
	CHECK_STR(transport_script_header(&f.script, 0, "content-type"), "application/x-www-form-urlencoded; charset=utf-8");
	CHECK(!transport_script_header(&f.script, 0, "x-amz-target").ptr);
	CHECK(is_signed(&f, 0, "content-type"));
	CHECK_OK(aws_call(f.client, &(struct aws_request){ .operation = "AssumeRole", .body = STR("&RoleArn=arn%3Aa") },
			  &f.answer, &f.err), &f.err);
	CHECK_STR(f.script.seen[1].request.body, "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aa");
	scripted_client_release(&f);
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
	struct scripted_client f;

	(void)arg;
	scripted_client_init(&f, loop, AWS_LAMBDA, NULL, steps, COUNT_OF(steps));
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
	CHECK_OK(aws_call(f.client, &(struct aws_request){ .operation = "GetFunctionConfiguration", .method = "GET" },
			  &f.answer, &f.err), &f.err);
	CHECK_STR(str_c(f.script.seen[1].request.method), "GET");
	CHECK_STR(f.script.seen[1].request.url, "http://127.0.0.1:8000/");
	CHECK(!transport_script_header(&f.script, 1, "content-type").ptr);
	CHECK_EQ(f.script.seen[1].request.max_response_bytes, 1 << 20);   /* the buffer's own */
	CHECK_CLASS(aws_call(f.client,
			     &(struct aws_request){ .operation = "Invoke", .max_answer_bytes = 4, .max_attempts = 1 },
			     &f.answer, &f.err), &f.err, ERR_RETRY);
	CHECK_STR(str_c(f.err.code), "http.too_large");
	scripted_client_release(&f);
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
	struct scripted_client f;

	(void)arg;
	scripted_client_init(&f, loop, AWS_S3, NULL, steps, COUNT_OF(steps));
	CHECK_OK(aws_call(f.client, &(struct aws_request){
				.operation = "PutObject", .method = "PUT", .host_label = STR("bucket"),
				.path = STR("/a//b%20c/../d"), .body = STR("x"), .head = &head }, &f.answer, &f.err), &f.err);
	CHECK_STR(f.script.seen[0].request.url, "http://bucket.127.0.0.1:8000/a//b%20c/../d");
	CHECK_STR(transport_script_header(&f.script, 0, "host"), "bucket.127.0.0.1:8000");
	CHECK_STR(transport_script_header(&f.script, 0, "x-amz-content-sha256"),
		  "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881");
	CHECK(is_signed(&f, 0, "x-amz-content-sha256") && is_signed(&f, 0, "host"));
	CHECK_EQ(head.status, 200);
	CHECK_STR(str_c(head.value), "");
	scripted_client_release(&f);
}

static void test_a_bucket_stands_before_the_host(void **state)
{
	(void)state;
	run_simulated(1, send_to_a_bucket, NULL);
}

static void send_unsigned(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .status = 200, .body = "{}" }, { .status = 401, .body = "{\"__type\":\"UnauthorizedException\"}" },
		{ .status = 400, .body = "{\"__type\":\"InvalidSignatureException\"}" },
	};
	const struct aws_request unsigned_one = { .operation = "CreateToken", .anonymous = true };
	struct scripted_client f;

	(void)arg;
	scripted_client_init(&f, loop, AWS_SSO, NULL, steps, COUNT_OF(steps));
	f.keys.absent = true; /* not even asked for */
	CHECK_OK(aws_call(f.client, &(struct aws_request){
				.operation = "GetRoleCredentials", .method = "GET", .anonymous = true,
				.path = STR("/federation/credentials") }, &f.answer, &f.err), &f.err);
	CHECK(!transport_script_header(&f.script, 0, "authorization").ptr);
	CHECK(!transport_script_header(&f.script, 0, "x-amz-date").ptr);
	CHECK(!transport_script_header(&f.script, 0, "x-amz-security-token").ptr);
	/* Refusals are not the keys' fault, nor the clock's. */
	f.script.dates = true;
	f.script.ahead_ms = 3600 * 1000;
	for (int i = 0; i < 2; i++) {
		CHECK_CLASS(aws_call(f.client, &unsigned_one, &f.answer, &f.err), &f.err, ERR_AUTH);
		CHECK(!strstr(f.err.text, "signed with"));
	}
	CHECK_EQ(f.script.n_seen, 3);
	CHECK_EQ(f.keys.forgotten, 0);
	scripted_client_release(&f);
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
	struct scripted_client f;

	(void)arg;
	scripted_client_init(&f, loop, AWS_LAMBDA, NULL, steps, COUNT_OF(steps));
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
	scripted_client_release(&f);
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
	struct scripted_client f;
	struct str agent;

	(void)arg;
	scripted_client_init(&f, loop, AWS_DYNAMODB, &config, steps, COUNT_OF(steps));
	CHECK_OK(scripted_client_call(&f, (struct aws_request){ 0 }), &f.err);
	agent = transport_script_header(&f.script, 0, "user-agent");
	CHECK(str_starts(agent, STR("sluice/" SLUICE_VERSION " ua/2.1 os/linux#")));
	CHECK(str_ends(agent, STR(" m/E app/bill-ing-7")));
	CHECK_OK(scripted_client_call(&f, (struct aws_request){ .headers = &own, .n_headers = 1 }), &f.err);
	CHECK_STR(transport_script_header(&f.script, 1, "user-agent"), "mine");
	scripted_client_release(&f);
}

static void test_each_request_says_who_asks(void **state)
{
	(void)state;
	run_simulated(1, look_at_the_user_agent, NULL);
}

/* ---- errors and keys ---- */

static void read_an_error(struct loop *loop, void *arg)
{
	static const char body[] = "{\"__type\":\"x#ConditionalCheckFailedException\",\"message\":\"The conditional request "
				   "failed\",\"Item\":{\"a\":{\"S\":\"b\"}}}";
	static const struct script_step steps[] = {
		{ .status = 400, .body = body, .fields = "x-amzn-RequestId: REQ1", .crc = true },
		{ .status = 503, .fields = "x-amzn-RequestId: REQ2\nx-amz-retry-after: 1234" },
		{ .status = 503, .body = "<Error><Code>SlowDown</Code><RequestId>X1</RequestId></Error>",
		  .fields = "x-amz-id-2: HOST2" },
		{ .status = 503, .body = "?", .fields = "x-amz-request-id: S3ID\nx-amz-id-2: HOST3" },
		{ .status = 200, .body = "{}", .fields = "x-amzn-RequestId: REQ3\nx-amz-crc32: 1" },
		{ .status = 403, .body = "{\"__type\":\"x#AccessDeniedException\",\"message\":\"not " SECRET "\"}" },
		{ .status = 403, .body = "{\"__type\":\"x#AccessDeniedException\",\"message\":\"no\\n" TOKEN "\"}" },
	};
	struct scripted_client f;

	(void)arg;
	set_up(&f, loop, steps, COUNT_OF(steps));
	CHECK_CLASS(scripted_client_call(&f, (struct aws_request){ 0 }), &f.err, ERR_DATA);
	CHECK_STR(buf_str(&f.answer), body);
	CHECK_STR(str_c(f.err.text), "GetRecords at http://127.0.0.1:8000: ConditionalCheckFailedException: The conditional "
		  "request failed (HTTP 400, request id REQ1)");
	CHECK_CLASS(scripted_client_call(&f, (struct aws_request){ .max_attempts = 1 }), &f.err, ERR_RETRY);
	CHECK_EQ(f.err.retry_after_ms, 1234);
	CHECK(strstr(f.err.text, "REQ2") != NULL);
	CHECK_CLASS(scripted_client_call(&f, (struct aws_request){ .max_attempts = 1 }), &f.err, ERR_THROTTLE);
	CHECK(strstr(f.err.text, "(HTTP 503, request id X1, extended request id HOST2)") != NULL);
	CHECK_CLASS(scripted_client_call(&f, (struct aws_request){ .max_attempts = 1 }), &f.err, ERR_RETRY);
	CHECK(strstr(f.err.text, "(HTTP 503, request id S3ID, extended request id HOST3)") != NULL);
	CHECK_CLASS(scripted_client_call(&f, (struct aws_request){ .max_attempts = 1 }), &f.err, ERR_RETRY);
	CHECK(strstr(f.err.text, "(request id REQ3)") != NULL);
	for (int i = 0; i < 2; i++) {
		CHECK_CLASS(scripted_client_call(&f, (struct aws_request){ 0 }), &f.err, ERR_AUTH);
		CHECK(strstr(f.err.text, SECRET) == NULL && strstr(f.err.text, TOKEN) == NULL);
		CHECK(strstr(f.err.text, "credentials from test") != NULL);
	}
	scripted_client_release(&f);
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
		struct scripted_client f;

		snprintf(body, sizeof(body), "{\"__type\":\"x#ValidationException\",\"message\":\"%s\"}", cases[i].message);
		set_up(&f, loop, steps, COUNT_OF(steps));
		f.keys.secret = cases[i].secret;
		CHECK_CLASS(scripted_client_call(&f, (struct aws_request){ 0 }), &f.err, ERR_DATA);
		CHECK(strstr(f.err.text, cases[i].shown));
		scripted_client_release(&f);
	}
}

static void test_of_a_message_only_the_secret_is_left_out(void **state)
{
	(void)state;
	run_simulated(4, redact_each, NULL);
}

/* Whatever else is too long for the text. */
static void keep_the_ids(struct loop *loop, void *arg)
{
	static char body[1000], fields[500];
	static const struct script_step steps[] = { { .status = 400, .body = body, .fields = fields } };
	struct scripted_client f;

	(void)arg;
	snprintf(body, sizeof(body), "{\"__type\":\"x#%0*d\",\"message\":\"%0*d\"}", 63, 0, 600, 0);
	snprintf(fields, sizeof(fields), "x-amzn-requestid: %0*d\nx-amz-id-2: %0*d", 300, 1, 76, 2);
	set_up(&f, loop, steps, COUNT_OF(steps));
	CHECK_CLASS(scripted_client_call(&f, (struct aws_request){ 0 }), &f.err, ERR_FATAL);
	CHECK(strstr(f.err.text, " (HTTP 400, request id 000"));
	CHECK(strstr(f.err.text, ", extended request id 000"));
	CHECK(str_ends(str_c(f.err.text), STR("0002)")));
	scripted_client_release(&f);
}

static void test_a_long_message_leaves_the_ids_their_room(void **state)
{
	(void)state;
	run_simulated(4, keep_the_ids, NULL);
}

static void meet_newer_keys(struct loop *loop, void *arg)
{
	static const char refusal[] = "{\"__type\":\"x#UnrecognizedClientException\"}";
	static const struct script_step steps[] = {
		{ .status = 400, .body = refusal }, { .status = 200, .body = "{}" },
		{ .status = 400, .body = refusal },
	};
	struct scripted_client f;

	(void)arg;
	set_up(&f, loop, steps, COUNT_OF(steps));
	f.keys.after_forget = "AKID2";
	CHECK_OK(scripted_client_call(&f, (struct aws_request){ .max_attempts = 1 }), &f.err);
	CHECK_EQ(f.script.seen[1].at_ms, f.script.seen[0].at_ms);
	CHECK(str_find(transport_script_header(&f.script, 1, "authorization"), STR("AKID2/")) != SIZE_MAX);
	/* Now there are no newer ones. */
	CHECK_CLASS(scripted_client_call(&f, (struct aws_request){ 0 }), &f.err, ERR_AUTH);
	CHECK_EQ(f.script.n_seen, 3);
	CHECK_EQ(f.keys.forgotten, 2);
	scripted_client_release(&f);
}

static void test_refused_keys_are_asked_for_again(void **state)
{
	(void)state;
	run_simulated(5, meet_newer_keys, NULL);
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
	struct scripted_client f;

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
	scripted_client_release(&f);
}

static void test_nothing_is_signed_that_may_not_be(void **state)
{
	(void)state;
	run_simulated(8, lose_the_lease, NULL);
}

static void call_without_keys(struct loop *loop, void *arg)
{
	struct scripted_client f;

	(void)arg;
	set_up(&f, loop, NULL, 0);
	f.keys.absent = true;
	CHECK_CLASS(scripted_client_call(&f, (struct aws_request){ 0 }), &f.err, ERR_AUTH);
	CHECK_STR(str_c(f.err.code), "credentials.absent");
	CHECK_EQ(f.script.n_seen, 0);
	scripted_client_release(&f);
}

static void test_without_credentials_nothing_is_sent(void **state)
{
	(void)state;
	run_simulated(9, call_without_keys, NULL);
}

static void call_in_task(void *arg)
{
	scripted_client_call(arg, (struct aws_request){ 0 });
}

static void cancel_at(struct loop *loop, const struct script_step *steps, size_t n, int64_t after_ms)
{
	struct scope scope;
	struct scripted_client f;

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
	scripted_client_release(&f);
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
		cmocka_unit_test(test_an_error_says_what_a_person_needs_and_no_secret),
		cmocka_unit_test(test_of_a_message_only_the_secret_is_left_out),
		cmocka_unit_test(test_a_long_message_leaves_the_ids_their_room),
		cmocka_unit_test(test_refused_keys_are_asked_for_again),
		cmocka_unit_test(test_nothing_is_signed_that_may_not_be),
		cmocka_unit_test(test_without_credentials_nothing_is_sent),
		cmocka_unit_test(test_a_call_can_be_cancelled_while_it_waits),
		cmocka_unit_test(test_settings_that_cannot_work_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
