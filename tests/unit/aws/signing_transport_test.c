/* Signing for others, over a scripted transport in virtual time. */
#include "sim/env.h"
#include "sim/transport_script.h"
#include "support/tasks.h"
#include "support/test.h"

#include "sluice/aws/sigv4.h"
#include "sluice/aws/signing_transport.h"
#include "sluice/core/loop.h"

#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define TOKEN "AQoDYXdzEPTtoken=="

struct keys {
	struct credentials_provider base;
	const char *id, *after_forget;
	unsigned forgotten;
};

static bool keys_get(struct credentials_provider *base, struct credentials *out, struct err *err)
{
	struct keys *k = (struct keys *)base;

	if (!credentials_set(out, str_c(k->id), STR(SECRET), STR(TOKEN), err))
		return false;
	buf_puts(&out->source, "the test");
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
	struct signing_transport *signing;
	struct http_response response;
	struct err err;
};

static void set_up(struct fixture *f, struct loop *loop, const struct script_step *steps, size_t n)
{
	*f = (struct fixture){ .keys = { { .get = keys_get, .forget = keys_forget }, .id = "AKID1" } };
	transport_script_init(&f->script, loop, steps, n);
	http_response_init(&f->response);

	const struct signing_settings settings = {
		.loop = loop, .transport = &f->script.transport, .credentials = &f->keys.base, .region = STR("eu-west-1"),
		.service = STR("aoss"),
	};

	f->signing = signing_transport_new(&settings, NULL);
}

static void tear_down(struct fixture *f)
{
	signing_transport_free(f->signing);
	transport_script_release(&f->script);
	http_response_release(&f->response);
}

static bool bulk(struct fixture *f)
{
	static const struct http_header headers[] = { { STR_INIT("Content-Type"), STR_INIT("application/x-ndjson") },
						      { STR_INIT("Content-Encoding"), STR_INIT("gzip") } };
	const struct http_request r = {
		.method = "POST", .url = STR("https://c.eu-west-1.aoss.amazonaws.com:443/_bulk?b=2&a=*,1"), .headers = headers,
		.n_headers = 2, .body = STR("{}\n"), .timeout_ms = 7000,
	};

	return transport_send(signing_transport_of(f->signing), &r, &f->response, &f->err);
}

/* The Authorization that sigv4 makes of what was sent. */
static bool authorization_is_right(struct fixture *f, size_t nth, const char *id, int64_t time_s)
{
	struct http_header headers[2] = {
		{ STR("host"), transport_script_header(&f->script, nth, "host") },
		{ STR("content-type"), transport_script_header(&f->script, nth, "content-type") },
	};
	const struct sigv4_request r = {
		.method = "POST", .path = STR("/_bulk"), .query = STR("a=%2A%2C1&b=2"), .headers = headers, .n_headers = 2,
		.body = STR("{}\n"), .region = STR("eu-west-1"), .service = STR("aoss"), .time_s = time_s,
		.normalize_path = true, .double_encode_path = true, .sign_body_header = true,
	};
	struct sigv4_result result;
	struct credentials who;
	bool same;

	credentials_init(&who);
	sigv4_result_init(&result);
	same = credentials_set(&who, str_c(id), STR(SECRET), STR(TOKEN), NULL) && sigv4_sign(&r, &who, &result, NULL) &&
	       str_eq(buf_str(&result.authorization), transport_script_header(&f->script, nth, "authorization"));
	sigv4_result_release(&result);
	credentials_release(&who);
	return same;
}

static void look(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { { .status = 200, .body = "yes" } };
	struct fixture f;

	(void)arg;
	set_up(&f, loop, steps, 1);
	CHECK_OK(bulk(&f), &f.err);
	CHECK_STR(buf_str(&f.response.body), "yes");
	CHECK_STR(f.script.seen[0].request.url, "https://c.eu-west-1.aoss.amazonaws.com:443/_bulk?b=2&a=*,1");
	CHECK_EQ(f.script.seen[0].request.timeout_ms, 7000);
	CHECK_STR(transport_script_header(&f.script, 0, "host"), "c.eu-west-1.aoss.amazonaws.com");
	CHECK_STR(transport_script_header(&f.script, 0, "x-amz-date"), "20260101T000000Z");
	CHECK_STR(transport_script_header(&f.script, 0, "x-amz-content-sha256"),
		  "ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356");
	CHECK_STR(transport_script_header(&f.script, 0, "x-amz-security-token"), TOKEN);
	CHECK_STR(transport_script_header(&f.script, 0, "content-encoding"), "gzip");
	CHECK(str_find(transport_script_header(&f.script, 0, "authorization"),
		       STR("/20260101/eu-west-1/aoss/aws4_request, SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;"
			   "x-amz-security-token, ")) != SIZE_MAX);
	CHECK(authorization_is_right(&f, 0, "AKID1", SIM_EPOCH_MS / 1000));
	CHECK_STR(signing_transport_source(f.signing), "the test");
	tear_down(&f);
}

static void test_requests_are_signed_with_their_bodys_digest(void **state)
{
	(void)state;
	run_simulated(1, look, NULL);
}

static void be_late(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .status = 403, .body = "{\"message\":\"Signature expired: 2026 is now earlier than …\"}" },
		{ .status = 200 }, { .status = 403, .body = "{\"message\":\"Signature expired\"}" },
		{ .status = 200 },
	};
	struct fixture f;

	(void)arg;
	set_up(&f, loop, steps, COUNT_OF(steps));
	f.script.dates = true;
	f.script.ahead_ms = 10 * 60 * 1000;
	CHECK_OK(bulk(&f), &f.err);
	CHECK_EQ(f.response.status, 200);
	CHECK_EQ(f.script.n_seen, 2);
	CHECK_STR(transport_script_header(&f.script, 1, "x-amz-date"), "20260101T001000Z");
	CHECK(authorization_is_right(&f, 1, "AKID1", SIM_EPOCH_MS / 1000 + 600));
	/* now it knows: a second refusal is not about the clock, and the keys are the same */
	CHECK_OK(bulk(&f), &f.err);
	CHECK_EQ(f.response.status, 403);
	CHECK_EQ(f.script.n_seen, 3);
	CHECK_EQ(f.keys.forgotten, 1);
	tear_down(&f);
}

static void test_a_clock_that_is_off_is_learnt_and_tried_once_more(void **state)
{
	(void)state;
	run_simulated(1, be_late, NULL);
}

static void be_renewed(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .status = 403, .body = "{\"message\":\"The security token included in the request is expired\"}" },
		{ .status = 403, .body = "{\"message\":\"The security token included in the request is invalid\"}" },
	};
	struct fixture f;

	(void)arg;
	set_up(&f, loop, steps, COUNT_OF(steps));
	f.keys.after_forget = "AKID2";
	CHECK_OK(bulk(&f), &f.err);
	CHECK_EQ(f.response.status, 403);
	CHECK_EQ(f.script.n_seen, 2);
	CHECK(authorization_is_right(&f, 1, "AKID2", SIM_EPOCH_MS / 1000));
	CHECK_EQ(f.keys.forgotten, 1);
	tear_down(&f);
}

static void test_newer_keys_are_tried_once(void **state)
{
	(void)state;
	run_simulated(1, be_renewed, NULL);
}

static void be_forbidden(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .status = 403, .body = "{\"error\":{\"type\":\"security_exception\",\"reason\":\"no permissions for [indices:data]\"}}" },
		{ .status = 500, .body = "oops" },
		{ .status = 404, .body = "{}" },
		{ .error = "http.broken" },
	};
	struct fixture f;

	(void)arg;
	set_up(&f, loop, steps, COUNT_OF(steps));
	f.keys.after_forget = "AKID2";
	for (size_t i = 0; i < 3; i++) {
		CHECK_OK(bulk(&f), &f.err);
		CHECK_EQ(f.response.status, steps[i].status);
	}
	CHECK(!bulk(&f));
	CHECK_STR(str_c(f.err.code), "http.broken");
	CHECK_EQ(f.script.n_seen, 4);
	CHECK_EQ(f.keys.forgotten, 0);
	tear_down(&f);
}

static void test_what_is_no_matter_of_signatures_is_handed_on(void **state)
{
	(void)state;
	run_simulated(1, be_forbidden, NULL);
}

static void be_repeated(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .status = 403, .body = "{\"message\":\"x-amz-security-token:" TOKEN " with " SECRET "\"}" },
	};
	struct fixture f;

	(void)arg;
	set_up(&f, loop, steps, 1);
	CHECK_OK(bulk(&f), &f.err);
	CHECK(str_find(buf_str(&f.response.body), STR(TOKEN)) == SIZE_MAX);
	CHECK(str_find(buf_str(&f.response.body), STR(SECRET)) == SIZE_MAX);
	CHECK(str_find(buf_str(&f.response.body), STR("x-amz-security-token:****")) != SIZE_MAX);
	tear_down(&f);
}

static void test_a_refusal_that_repeats_secrets_does_not_carry_them(void **state)
{
	(void)state;
	run_simulated(1, be_repeated, NULL);
}

static void refuse_names(struct loop *loop, void *arg)
{
	struct err err = { 0 };
	struct signing_settings s = { .loop = loop, .region = STR("no region!"), .service = STR("es") };

	(void)arg;
	CHECK(!signing_transport_new(&s, &err));
	CHECK_STR(str_c(err.code), "aws.region");
	s.region = STR("");
	CHECK(!signing_transport_new(&s, &err));
	s.region = STR("eu-west-1");
	s.service = STR("e/s");
	CHECK(!signing_transport_new(&s, &err));
	CHECK_STR(str_c(err.code), "aws.service");
}

static void test_what_is_no_region_or_service_is_refused(void **state)
{
	(void)state;
	run_simulated(1, refuse_names, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests_are_signed_with_their_bodys_digest),
		cmocka_unit_test(test_a_clock_that_is_off_is_learnt_and_tried_once_more),
		cmocka_unit_test(test_newer_keys_are_tried_once),
		cmocka_unit_test(test_what_is_no_matter_of_signatures_is_handed_on),
		cmocka_unit_test(test_a_refusal_that_repeats_secrets_does_not_carry_them),
		cmocka_unit_test(test_what_is_no_region_or_service_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
