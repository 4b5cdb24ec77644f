#include "sim/env.h"
#include "sim/transport_script.h"
#include "support/fake_process.h"
#include "support/tasks.h"
#include "support/test.h"
#include "support/vectors.h"

#include "../../../src/aws/client_address.h"
#include "sluice/core/json.h"

#include <stdio.h>

/* ---- the published cases of configured endpoints ---- */

static struct str text_of(const struct json *object, const char *name)
{
	struct str text = { NULL, 0 };

	json_get_str(json_get(object, name), &text);
	return text;
}

/* A config file with the suite's profiles and services sections. */
static void write_config(const struct json *suite, struct buf *out)
{
	for (const struct json *p = json_first(json_get(suite, "profiles")); p; p = json_next(p)) {
		buf_putf(out, "[profile %s]\n", json_name(p).ptr);
		for (const struct json *value = json_first(p); value; value = json_next(value))
			buf_putf(out, "%s = %s\n", json_name(value).ptr, text_of(p, json_name(value).ptr).ptr);
	}
	for (const struct json *s = json_first(json_get(suite, "services")); s; s = json_next(s)) {
		buf_putf(out, "[services %s]\n", json_name(s).ptr);
		for (const struct json *service = json_first(s); service; service = json_next(service))
			buf_putf(out, "%s =\n  endpoint_url = %s\n", json_name(service).ptr, text_of(service, "endpoint_url").ptr);
	}
	assert_true(buf_ok(out));
}

static void run_case(const struct json *suite, const struct json *test, const char *config_file)
{
	const struct json *environments = json_get(suite, "environments"), *clients = json_get(suite, "client_configs");
	const struct json *environment = json_get(environments, text_of(test, "environment").ptr);
	const struct json *client = json_get(clients, text_of(test, "client_config").ptr);
	struct str expected = text_of(json_get(test, "output"), "endpointUrl");
	bool s3 = str_eq(text_of(test, "service"), STR("s3"));
	struct client_address a;
	struct fake_process process;
	struct aws_config config;
	struct err err = { 0 };

	fake_process_init(&process);
	fake_process_set(&process, "AWS_CONFIG_FILE", "/c");
	fake_process_add_file(&process, "/c", config_file);
	for (const struct json *v = json_first(environment); v; v = json_next(v))
		fake_process_set(&process, json_name(v).ptr, text_of(environment, json_name(v).ptr).ptr);
	if (json_get(client, "ignore_configured_endpoint_urls")) /* no setting of ours: the variable is its like */
		fake_process_set(&process, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
	if (!aws_config_load(&config, &process.env, &(struct aws_choices){ .profile = text_of(test, "profile") }, &err) ||
	    !client_address_init(&a, s3 ? AWS_S3 : AWS_DYNAMODB, &(struct aws_settings){ .config = &config,
				 .endpoint_url = text_of(client, "endpoint_url") }, &err))
		fail_msg("%s: %s", text_of(test, "name").ptr, err.text);
	assert_true(str_starts(buf_str(&a.endpoint.url), expected));
	assert_int_equal(a.endpoint.url.len, expected.len + 1);
	client_address_release(&a);
	aws_config_release(&config);
}

static void test_configured_endpoints_are_those_of_the_public_suite(void **state)
{
	static const char path[] = "endpoints/configured-endpoint-urls.json";
	const struct json *suite;
	struct buf text, config;
	struct json *root;
	size_t cases = 0;

	(void)state;
	if (!vectors_have(path))
		return;
	buf_init(&text, 1 << 20);
	buf_init(&config, 1 << 16);
	assert_true(vectors_read(path, &text));
	root = json_parse(buf_str(&text), text.len, NULL);
	suite = json_at(json_get(root, "testSuites"), 0);
	write_config(suite, &config);
	for (const struct json *t = json_first(json_get(suite, "endpointUrlTests")); t; t = json_next(t), cases++)
		run_case(suite, t, config.ptr);
	assert_int_equal(cases, 39);
	json_free(root);
	buf_release(&config);
	buf_release(&text);
}

/* ---- our own ---- */

static void assert_calls(struct client_address *a, const char *account, const char *arn, const char *url)
{
	const struct aws_endpoint *e;
	struct credentials who;
	struct err err = { 0 };

	credentials_init(&who);
	buf_puts(&who.account_id, account);
	e = client_address_of(a, &who, str_c(arn), &err);
	if (!e)
		fail_msg("%s: %s", url, err.text);
	assert_str_equal(buf_str(&e->url), url);
	credentials_release(&who);
}

static void test_the_accounts_host_follows_who_signs(void **state)
{
	static const struct aws_config config = { .region = STR_INIT("eu-west-1") };
	struct client_address a;
	char account[13], url[80];

	(void)state;
	assert_true(client_address_init(&a, AWS_DYNAMODB_STREAMS, &(struct aws_settings){ .config = &config }, NULL));
	assert_str_equal(buf_str(&a.endpoint.url), "https://streams.dynamodb.eu-west-1.amazonaws.com/");
	assert_ptr_equal(client_address_of(&a, NULL, STR("arn:aws:dynamodb:eu-west-1:123456789012:table/t"), NULL), &a.endpoint);
	for (int round = 0; round < 3; round++) {
		assert_calls(&a, "", "", "https://streams.dynamodb.eu-west-1.amazonaws.com/");
		for (int i = 0; i < CLIENT_ADDRESS_ACCOUNTS + 2; i++) {
			snprintf(account, sizeof(account), "%012d", i);
			snprintf(url, sizeof(url), "https://%s.streams-ddb.eu-west-1.amazonaws.com/", account);
			assert_calls(&a, account, "", url);
			assert_calls(&a, "", "arn:aws:dynamodb:eu-west-1:000000000001:table/t/stream/s",
				     "https://000000000001.streams-ddb.eu-west-1.amazonaws.com/");
		}
	}
	client_address_release(&a);
}

static void test_no_account_is_put_into_other_addresses(void **state)
{
	static const struct aws_config off = { .region = STR_INIT("eu-west-1"), .account_id_mode = ACCOUNT_ID_DISABLED };
	static const struct aws_config given = {
		.region = STR_INIT("eu-west-1"), .account_id_mode = ACCOUNT_ID_REQUIRED,
		.endpoint_urls[AWS_DYNAMODB] = STR_INIT("http://127.0.0.1:8000"),
	};
	static const struct aws_config required = { .region = STR_INIT("eu-west-1"), .account_id_mode = ACCOUNT_ID_REQUIRED };
	static const struct {
		const struct aws_config *config;
		enum aws_service service;
		const char *url;
	} cases[] = {
		{ &off, AWS_DYNAMODB, "https://dynamodb.eu-west-1.amazonaws.com/" },
		{ &given, AWS_DYNAMODB, "http://127.0.0.1:8000/" },
		{ &required, AWS_SQS, "https://sqs.eu-west-1.amazonaws.com/" },
		{ &required, AWS_DYNAMODB, "https://123456789012.ddb.eu-west-1.amazonaws.com/" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct client_address a;

		assert_true(client_address_init(&a, cases[i].service, &(struct aws_settings){ .config = cases[i].config }, NULL));
		assert_calls(&a, "123456789012", "", cases[i].url);
		client_address_release(&a);
	}
}

static void test_required_account_ids_must_be_known(void **state)
{
	static const struct aws_config config = { .region = STR_INIT("eu-west-1"), .account_id_mode = ACCOUNT_ID_REQUIRED };
	struct client_address a;
	struct credentials who;

	(void)state;
	credentials_init(&who);
	assert_true(client_address_init(&a, AWS_DYNAMODB, &(struct aws_settings){ .config = &config }, NULL));
	for (int i = 0; i < CLIENT_ADDRESS_ACCOUNTS + 1; i++) {
		struct err err = { 0 };

		assert_null(client_address_of(&a, &who, STR(""), &err));
		assert_int_equal(err.class, ERR_FATAL);
		assert_string_equal(err.code, "aws.endpoint");
		assert_non_null(strstr(err.text, "AWS_ACCOUNT_ID"));
	}
	assert_calls(&a, "123456789012", "", "https://123456789012.ddb.eu-west-1.amazonaws.com/");
	client_address_release(&a);
	credentials_release(&who);
}

static void test_a_configured_address_that_is_none_says_who_gave_it(void **state)
{
	static const struct aws_config config = {
		.region = STR_INIT("eu-west-1"), .endpoint_urls[AWS_SQS] = STR_INIT("localhost:4566"),
		.endpoint_urls_from[AWS_SQS] = "AWS_ENDPOINT_URL_SQS",
	};
	struct client_address a;
	struct err err = { 0 };

	(void)state;
	assert_false(client_address_init(&a, AWS_SQS, &(struct aws_settings){ .config = &config }, &err));
	client_address_release(&a);
	assert_string_equal(err.code, "aws.endpoint");
	assert_true(str_starts(str_c(err.text), STR("AWS_ENDPOINT_URL_SQS: ")));
	assert_true(client_address_init(&a, AWS_SNS, &(struct aws_settings){ .config = &config }, &err));
	client_address_release(&a);
}

static void test_the_signing_region_is_the_endpoints(void **state)
{
	struct client_address a;

	(void)state;
	assert_true(client_address_init(&a, AWS_STS, &(struct aws_settings){ .region = STR("aws-global") }, NULL));
	assert_str_equal(client_address_region(&a), "us-east-1");
	client_address_release(&a);
	assert_true(client_address_init(&a, AWS_DYNAMODB, &(struct aws_settings){ .region = STR("local") }, NULL));
	assert_str_equal(client_address_region(&a), "us-east-1");
	assert_str_equal(buf_str(&a.endpoint.url), "http://localhost:8000/");
	client_address_release(&a);
}

/* ---- in calls ---- */

/* Keys of one account, and when they were refused of another. */
struct keys {
	struct credentials_provider base;
	const char *account;
};

static bool keys_get(struct credentials_provider *base, struct credentials *out, struct err *err)
{
	struct keys *k = (struct keys *)base;

	return credentials_set(out, str_c(k->account), STR("wJalrXUtnFEMI/K7MDENG"), STR(""), err) &&
	       buf_puts(&out->account_id, k->account);
}

static void keys_forget(struct credentials_provider *base)
{
	((struct keys *)base)->account = "222222222222";
}

static void call_with_account(struct loop *loop, void *arg)
{
	static const struct aws_config config = { .region = STR_INIT("eu-west-1"), .max_attempts = 2 };
	static const struct script_step steps[] = {
		{ .status = 403, .body = "{\"__type\":\"x#ExpiredTokenException\"}" }, { .status = 200, .body = "{}" },
		{ .status = 500 }, { .status = 500 }, { .status = 200, .body = "{}" },
	};
	struct keys keys = { { .get = keys_get, .forget = keys_forget }, .account = "111111111111" };
	struct transport_script script;
	struct aws_client *client;
	struct buf answer;
	struct err err;

	(void)arg;
	transport_script_init(&script, loop, steps, COUNT_OF(steps));
	buf_init(&answer, 1000);
	client = aws_client_new(AWS_DYNAMODB, &(struct aws_settings){ .loop = loop, .transport = &script.transport,
				.credentials = &keys.base, .config = &config }, NULL);
	CHECK(client != NULL);
	CHECK_OK(aws_call(client, &(struct aws_request){ .operation = "GetItem", .body = STR("{}") }, &answer, &err), &err);
	CHECK_STR(script.seen[0].request.url, "https://111111111111.ddb.eu-west-1.amazonaws.com/");
	CHECK_STR(script.seen[1].request.url, "https://222222222222.ddb.eu-west-1.amazonaws.com/");
	CHECK_STR(transport_script_header(&script, 1, "host"), "222222222222.ddb.eu-west-1.amazonaws.com");
	CHECK(str_find(transport_script_header(&script, 1, "authorization"), STR("222222222222/20260101/eu-west-1/dynamodb/")) !=
	      SIZE_MAX);
	CHECK_STR(aws_client_endpoint(client), "https://dynamodb.eu-west-1.amazonaws.com");
	/* The config's two attempts; the message names the host that was called. */
	CHECK(!aws_call(client, &(struct aws_request){ .operation = "GetItem", .body = STR("{}") }, &answer, &err));
	CHECK_EQ(script.n_seen, 4);
	CHECK(str_starts(str_c(err.text), STR("GetItem at https://222222222222.ddb.eu-west-1.amazonaws.com: 2 attempts: ")));
	CHECK_OK(aws_call(client, &(struct aws_request){ .operation = "GetItem", .anonymous = true }, &answer, &err), &err);
	CHECK_STR(script.seen[4].request.url, "https://dynamodb.eu-west-1.amazonaws.com/");
	aws_client_free(client);
	transport_script_release(&script);
	buf_release(&answer);
}

static void test_a_call_goes_to_the_account_that_signs_it(void **state)
{
	(void)state;
	run_simulated(1, call_with_account, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_configured_endpoints_are_those_of_the_public_suite),
		cmocka_unit_test(test_the_accounts_host_follows_who_signs),
		cmocka_unit_test(test_no_account_is_put_into_other_addresses),
		cmocka_unit_test(test_required_account_ids_must_be_known),
		cmocka_unit_test(test_a_configured_address_that_is_none_says_who_gave_it),
		cmocka_unit_test(test_the_signing_region_is_the_endpoints),
		cmocka_unit_test(test_a_call_goes_to_the_account_that_signs_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
