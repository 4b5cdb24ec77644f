/* When the client sends a request again: failures, throttles, a clock that is off. */
#include "sim/env.h"
#include "support/scripted_client.h"
#include "support/tasks.h"
#include "support/test.h"

#include <stdio.h>

static void set_up(struct scripted_client *f, struct loop *loop, const struct script_step *steps, size_t n)
{
	scripted_client_init(f, loop, AWS_DYNAMODB_STREAMS, NULL, steps, n);
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
	struct scripted_client f;

	set_up(&f, loop, d->steps, d->n);
	CHECK_OK(scripted_client_call(&f, (struct aws_request){ 0 }), &f.err);
	CHECK_EQ(f.script.n_seen, d->n);
	for (size_t i = 0; i + 1 < d->n; i++) {
		int64_t delay = f.script.seen[i + 1].at_ms - f.script.seen[i].at_ms - d->steps[i].after_ms;

		CHECK(delay >= d->floor_ms[i] && delay <= d->ceiling_ms[i]);
		if (delay > d->longest_ms[i])
			d->longest_ms[i] = delay;
	}
	scripted_client_release(&f);
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

	static const struct script_step in_progress[] = {
		{ .status = 400, .body = "{\"__type\":\"x#TransactionInProgressException\"}" }, { .status = 200, .body = "{}" },
	};

	(void)state;
	assert_delays((struct delays){ in_progress, 2, { 0 }, { 1000 }, { 0 } });
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
	struct scripted_client f;

	for (size_t i = 0; i < COUNT_OF(steps); i++)
		steps[i] = (struct script_step){ .status = 500 };
	scripted_client_init(&f, loop, a->service, &config, steps, COUNT_OF(steps));
	CHECK_CLASS(scripted_client_call(&f, (struct aws_request){ .max_attempts = a->request }), &f.err, ERR_RETRY);
	CHECK_EQ(f.script.n_seen, a->expected);
	scripted_client_release(&f);
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
	struct scripted_client f;
	int refused_at = -1;

	(void)arg;
	set_up(&f, loop, &step, 1);
	for (int i = 0; i < 20; i++) {
		transport_script_release(&f.script);
		f.script.repeats = true;
		CHECK_CLASS(scripted_client_call(&f, (struct aws_request){ 0 }), &f.err, ERR_RETRY);
		if (f.script.n_seen < 4 && refused_at < 0)
			refused_at = i;
		CHECK_EQ(f.script.n_seen, i < 11 ? 4 : i == 11 ? 3 : 1);
		CHECK_EQ(strstr(f.err.text, "not tried again: too many calls of this client") != NULL, i >= 11);
	}
	transport_script_release(&f.script);
	CHECK_CLASS(scripted_client_call(&f, (struct aws_request){ .urgent = true }), &f.err, ERR_RETRY);
	CHECK_EQ(f.script.n_seen, 4); /* a heartbeat asks for no quota */
	CHECK_EQ(refused_at, 11);   /* 3 x 11 + 2 */
	step = good;
	for (int i = 0; i < 4; i++) {   /* 10 are left; 14 are needed */
		transport_script_release(&f.script);
		CHECK_OK(scripted_client_call(&f, (struct aws_request){ 0 }), &f.err);
	}
	step = bad;
	transport_script_release(&f.script);
	CHECK_CLASS(scripted_client_call(&f, (struct aws_request){ 0 }), &f.err, ERR_RETRY);
	CHECK_EQ(f.script.n_seen, 2);
	scripted_client_release(&f);
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
			struct scripted_client f;

			for (size_t j = 0; j < 4; j++)
				steps[j] = endings[i].step;
			set_up(&f, loop, steps, 4);
			CHECK_CLASS(scripted_client_call(&f, (struct aws_request){ .once = once }), &f.err, endings[i].class);
			CHECK_STR(str_c(f.err.code), endings[i].code);
			CHECK_EQ(f.script.n_seen, once ? endings[i].once_attempts : endings[i].attempts);
			CHECK_EQ(aws_client_stats(f.client).attempts, f.script.n_seen);
			CHECK_EQ(aws_client_stats(f.client).failed, endings[i].class != ERR_DATA);
			CHECK(str_starts(str_c(f.err.text), STR("GetRecords at http://127.0.0.1:8000: ")));
			CHECK_EQ(strstr(f.err.text, "is it running? check aws.endpoint_url") != NULL, endings[i].hint);
			scripted_client_release(&f);
		}
	}
}

static void test_each_failure_has_its_class_and_number_of_attempts(void **state)
{
	(void)state;
	run_simulated(3, end_in_each_way, NULL);
}

/* ---- clocks ---- */

static void run_behind(struct loop *loop, void *arg)
{
	static const char refusal[] = "{\"__type\":\"x#InvalidSignatureException\",\"message\":\"Signature expired\"}";
	static const struct script_step steps[] = {
		{ .status = 403, .body = refusal, .after_ms = 400 }, { .status = 200, .body = "{}", .after_ms = 400 },
		{ .status = 200, .body = "{}" },
		{ .status = 403, .body = refusal },
	};
	struct env *env = loop_env(loop);
	struct scripted_client f;

	(void)arg;
	set_up(&f, loop, steps, COUNT_OF(steps));
	f.script.dates = true;
	f.script.ahead_ms = 10 * 60 * 1000;
	CHECK(!aws_service_time_known(f.client));
	CHECK_EQ(aws_service_time_ms(f.client), env_wall_ms(env));
	CHECK_OK(scripted_client_call(&f, (struct aws_request){ .max_attempts = 1 }), &f.err);
	CHECK_STR(transport_script_header(&f.script, 0, "x-amz-date"), "20260101T000000Z");
	CHECK_STR(transport_script_header(&f.script, 1, "x-amz-date"), "20260101T001000Z");
	CHECK_EQ(f.script.seen[1].at_ms - f.script.seen[0].at_ms, 400);

	int64_t off = aws_service_time_ms(f.client) - env_wall_ms(env) - f.script.ahead_ms;

	CHECK(aws_service_time_known(f.client));
	CHECK(off >= -1000 && off <= 1000);
	CHECK_OK(scripted_client_call(&f, (struct aws_request){ 0 }), &f.err);
	/* The time was right: another signature would be refused as well. */
	CHECK_CLASS(scripted_client_call(&f, (struct aws_request){ 0 }), &f.err, ERR_AUTH);
	CHECK_EQ(f.script.n_seen, 4);
	scripted_client_release(&f);
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
	struct scripted_client f;

	(void)arg;
	set_up(&f, loop, steps, COUNT_OF(steps));
	f.script.dates = true;
	f.script.ahead_ms = 6 * 60 * 1000;
	CHECK_OK(scripted_client_call(&f, (struct aws_request){ 0 }), &f.err);
	/* Somebody sets the machine's clock right: the skew that was learnt is wrong now. */
	sim_env_set_skew_ms(loop_env(loop), f.script.ahead_ms);
	f.script.ahead_ms = 0;
	CHECK_OK(scripted_client_call(&f, (struct aws_request){ 0 }), &f.err);
	CHECK_STR(transport_script_header(&f.script, 1, "x-amz-date"), "20260101T001200Z");
	CHECK_STR(transport_script_header(&f.script, 2, "x-amz-date"), "20260101T000600Z");
	scripted_client_release(&f);
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
			struct scripted_client f;

			snprintf(body, sizeof(body), "{\"__type\":\"x#%s\"}", cases[i].code);
			set_up(&f, loop, steps, COUNT_OF(steps));
			f.script.dates = true;
			f.script.ahead_ms = minutes * 60 * 1000;
			CHECK(!scripted_client_call(&f, (struct aws_request){ 0 }));
			CHECK_STR(str_c(f.err.code), cases[i].code);
			CHECK_EQ(f.script.n_seen, again ? 2 : 1);
			scripted_client_release(&f);
		}
	}
}

static void test_five_refusals_may_come_of_the_clock(void **state)
{
	(void)state;
	run_simulated(6, refuse_for_time, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delays_double_from_25_ms_and_1_s),
		cmocka_unit_test(test_attempts_are_the_services_unless_somebody_says_else),
		cmocka_unit_test(test_a_service_that_fails_widely_is_not_asked_more),
		cmocka_unit_test(test_the_services_wish_counts_within_five_seconds),
		cmocka_unit_test(test_each_failure_has_its_class_and_number_of_attempts),
		cmocka_unit_test(test_a_clock_that_is_behind_is_corrected_once),
		cmocka_unit_test(test_a_clock_that_jumps_is_followed),
		cmocka_unit_test(test_five_refusals_may_come_of_the_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
