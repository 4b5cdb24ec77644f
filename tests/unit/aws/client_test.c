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

static void set_up(struct fixture *f, struct loop *loop, const struct script_step *steps, size_t n)
{
	*f = (struct fixture){ .loop = loop, .keys = { { .get = keys_get, .forget = keys_forget }, .id = "AKID1" } };
	transport_script_init(&f->script, loop, steps, n);
	buf_init(&f->answer, 1 << 20);

	const struct aws_settings settings = {
		.loop = loop, .transport = &f->script.transport, .credentials = &f->keys.base, .region = STR("eu-west-1"),
		.endpoint_url = STR("http://127.0.0.1:8000"),
	};

	f->client = aws_client_new(AWS_DYNAMODB_STREAMS, &settings, NULL);
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
		cmocka_unit_test(test_delays_double_from_25_ms_and_1_s),
		cmocka_unit_test(test_the_services_wish_counts_within_five_seconds),
		cmocka_unit_test(test_each_failure_has_its_class_and_number_of_attempts),
		cmocka_unit_test(test_an_error_says_what_a_person_needs_and_no_secret),
		cmocka_unit_test(test_of_a_message_only_the_secret_is_left_out),
		cmocka_unit_test(test_refused_keys_are_asked_for_again),
		cmocka_unit_test(test_a_clock_that_is_behind_is_corrected_once),
		cmocka_unit_test(test_a_clock_that_jumps_is_followed),
		cmocka_unit_test(test_nothing_is_signed_that_may_not_be),
		cmocka_unit_test(test_without_credentials_nothing_is_sent),
		cmocka_unit_test(test_a_call_can_be_cancelled_while_it_waits),
		cmocka_unit_test(test_settings_that_cannot_work_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
