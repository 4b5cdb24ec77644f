#include "support/fake_process.h"
#include "support/test.h"

#include "sluice/aws/config.h"

#include <stdio.h>

#define PAIRS 6

/* What a process finds around it. */
struct around {
	const char *env[PAIRS][2];
	const char *config, *credentials;   /* the two files; NULL: absent */
	struct aws_choices choices;
};

static void set_up(struct fake_process *process, const struct around *a)
{
	fake_process_init(process);
	fake_process_set(process, "HOME", "/h");
	for (size_t i = 0; i < PAIRS && a->env[i][0]; i++)
		fake_process_set(process, a->env[i][0], a->env[i][1]);
	fake_process_add_file(process, "/h/.aws/config", a->config);
	fake_process_add_file(process, "/h/.aws/credentials", a->credentials);
}

static void load(struct aws_config *c, struct fake_process *process, const struct around *a)
{
	struct err err = { 0 };

	set_up(process, a);
	if (!aws_config_load(c, &process->env, &a->choices, &err))
		fail_msg("%s: %s", err.code, err.text);
}

static void expect_refused(const struct around *a, const char *code, const char *const *parts)
{
	struct fake_process process;
	struct err err = { 0 };
	struct aws_config c;

	set_up(&process, a);
	assert_false(aws_config_load(&c, &process.env, &a->choices, &err));
	aws_config_release(&c);
	assert_int_equal(err.class, ERR_FATAL);
	assert_string_equal(err.code, code);
	for (; *parts; parts++)
		if (!strstr(err.text, *parts))
			fail_msg("'%s' is not in: %s", *parts, err.text);
}

static void test_nothing_set_gives_the_defaults(void **state)
{
	struct fake_process process;
	struct aws_config c;

	(void)state;
	load(&c, &process, &(struct around){ 0 });
	assert_str_equal(c.profile, "default");
	assert_false(c.profile_named || c.use_fips || c.use_dual_stack || c.ignore_endpoint_urls);
	assert_int_equal(c.region.len, 0);
	assert_null(c.region_from);
	assert_int_equal(c.account_id_mode, ACCOUNT_ID_PREFERRED);
	assert_int_equal(c.max_attempts, 0);
	assert_int_equal(c.ca_bundle.len + c.app_id.len + c.imds.endpoint.len, 0);
	assert_false(c.imds.ipv6 || c.imds.disabled || c.imds.v1_disabled);
	assert_int_equal(c.imds.timeout_ms, 1000);
	assert_int_equal(c.imds.attempts, 1);
	for (int i = 0; i < AWS_SERVICES; i++)
		assert_int_equal(c.endpoint_urls[i].len, 0);
	aws_config_release(&c);
}

static void test_the_first_that_names_a_region_wins(void **state)
{
	static const struct {
		struct around around;
		const char *region, *from;
	} cases[] = {
		{ { .env = { { "AWS_REGION", "a-1" } }, .choices = { .region = STR_INIT(" eu-west-1") } }, "eu-west-1",
		  "the setting aws.region" },
		{ { .env = { { "AWS_REGION", "a-1" }, { "AWS_DEFAULT_REGION", "b-1" } }, "[default]\nregion=c-1" }, "a-1",
		  "AWS_REGION" },
		{ { .env = { { "AWS_REGION", " " }, { "AWS_DEFAULT_REGION", "b-1" } }, "[default]\nregion=c-1" }, "b-1",
		  "AWS_DEFAULT_REGION" },
		{ { .config = "[default]\nregion=c-1\n[profile p]\nregion=d-1" }, "c-1", "region in profile 'default'" },
		{ { .config = "[default]\nregion=c-1\n[profile p]\nregion=d-1", .choices = { .profile = STR_INIT("p") } }, "d-1",
		  "region in profile 'p'" },
		{ { .env = { { "AWS_PROFILE", "p" } }, .config = "[default]\nregion=c-1\n[profile p]\nregion=d-1" }, "d-1",
		  "region in profile 'p'" },
		{ { .env = { { "AWS_PROFILE", "q" } }, .config = "[profile p]\nregion=d-1", .choices = { .profile = STR_INIT("p") } },
		  "d-1", "region in profile 'p'" },
		{ { .config = "[default]\nregion=c-1", .credentials = "[default]\nregion=e-1" }, "e-1",
		  "region in profile 'default'" },
		{ { .env = { { "AWS_REGION", "ddblocal" } } }, "ddblocal", "AWS_REGION" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct fake_process process;
		struct aws_config c;

		load(&c, &process, &cases[i].around);
		assert_str_equal(c.region, cases[i].region);
		assert_string_equal(c.region_from, cases[i].from);
		aws_config_release(&c);
	}
}

static void test_the_environment_goes_before_the_profile(void **state)
{
	static const char profile[] =
		"[profile p]\nuse_fips_endpoint = TRUE\nuse_dualstack_endpoint = true\naccount_id_endpoint_mode = Required\n"
		"sts_regional_endpoints = legacy\nmax_attempts = 7\nca_bundle = /ca.pem\nsdk_ua_app_id = shop\nec2_metadata_v1_disabled = true\n"
		"ec2_metadata_service_endpoint = http://m:1\nec2_metadata_service_endpoint_mode = IPv6\n"
		"metadata_service_timeout = 3\nmetadata_service_num_attempts = 4\n";
	static const struct around alone = { .env = { { "AWS_PROFILE", "p" } }, .config = profile };
	static const char *const over[][2] = {
		{ "AWS_PROFILE", "p" }, { "AWS_USE_FIPS_ENDPOINT", "false" }, { "AWS_USE_DUALSTACK_ENDPOINT", "False" },
		{ "AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled" }, { "AWS_STS_REGIONAL_ENDPOINTS", "regional" }, { "AWS_MAX_ATTEMPTS", "2" }, { "AWS_CA_BUNDLE", "/other.pem" },
		{ "AWS_SDK_UA_APP_ID", "till" }, { "AWS_EC2_METADATA_V1_DISABLED", "false" },
		{ "AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://m:2" }, { "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv4" },
		{ "AWS_METADATA_SERVICE_TIMEOUT", "5" }, { "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "6" },
		{ "AWS_EC2_METADATA_DISABLED", "True" },
	};
	struct fake_process process;
	struct aws_config c;

	(void)state;
	load(&c, &process, &alone);
	assert_true(c.profile_named && c.use_fips && c.use_dual_stack && c.sts_global && c.imds.v1_disabled && c.imds.ipv6);
	assert_int_equal(c.account_id_mode, ACCOUNT_ID_REQUIRED);
	assert_int_equal(c.max_attempts, 7);
	assert_str_equal(c.ca_bundle, "/ca.pem");
	assert_str_equal(c.app_id, "shop");
	assert_str_equal(c.imds.endpoint, "http://m:1");
	assert_int_equal(c.imds.timeout_ms, 3000);
	assert_int_equal(c.imds.attempts, 4);
	aws_config_release(&c);

	set_up(&process, &alone);
	for (size_t i = 0; i < COUNT_OF(over); i++)
		fake_process_set(&process, over[i][0], over[i][1]);
	assert_true(aws_config_load(&c, &process.env, &(struct aws_choices){ .ca_bundle = STR("/mine.pem") }, NULL));
	assert_false(c.use_fips || c.use_dual_stack || c.sts_global || c.imds.v1_disabled || c.imds.ipv6);
	assert_int_equal(c.account_id_mode, ACCOUNT_ID_DISABLED);
	assert_int_equal(c.max_attempts, 2);
	assert_str_equal(c.ca_bundle, "/mine.pem");
	assert_str_equal(c.app_id, "till");
	assert_str_equal(c.imds.endpoint, "http://m:2");
	assert_int_equal(c.imds.timeout_ms, 5000);
	assert_int_equal(c.imds.attempts, 6);
	assert_true(c.imds.disabled);
	aws_config_release(&c);
}

static void test_values_that_are_none_are_named_with_their_place(void **state)
{
	static const struct { const char *variable, *property, *value, *code, *expected; } cases[] = {
		{ "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", "yes", "aws.config", "true or false" },
		{ "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint", "1", "aws.config", "true or false" },
		{ "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls", "on", "aws.config", "true or false" },
		{ "AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled", "tru", "aws.config", "true or false" },
		{ "AWS_ACCOUNT_ID_ENDPOINT_MODE", "account_id_endpoint_mode", "always", "aws.config", "preferred" },
		{ "AWS_STS_REGIONAL_ENDPOINTS", "sts_regional_endpoints", "global", "aws.config", "regional or legacy" },
		{ "AWS_MAX_ATTEMPTS", "max_attempts", "0", "aws.config", "from 1" },
		{ "AWS_MAX_ATTEMPTS", "max_attempts", "-3", "aws.config", "whole number" },
		{ "AWS_MAX_ATTEMPTS", "max_attempts", "4294967297", "aws.config", "to 1000000" },
		{ "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout", "1.5", "aws.config", "seconds" },
		{ "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts", "x", "aws.config", "whole number" },
		{ "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode", "IPv7", "aws.config", "IPv4 or IPv6" },
		{ "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint", "not a uri", "aws.endpoint", "http://" },
		{ "AWS_DEFAULT_REGION", "region", "x.evil.com/", "aws.region", "no region" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *in_environment[] = { cases[i].variable, cases[i].value, cases[i].expected, NULL };
		const char *in_profile[] = { cases[i].property, "in profile 'default'", cases[i].value, cases[i].expected, NULL };
		char config[200];

		snprintf(config, sizeof(config), "[default]\n%s = %s\n", cases[i].property, cases[i].value);
		expect_refused(&(struct around){ .env = { { cases[i].variable, cases[i].value } } }, cases[i].code, in_environment);
		expect_refused(&(struct around){ .config = config }, cases[i].code, in_profile);
	}
}

static void test_a_profile_that_is_named_must_be_there(void **state)
{
	static const struct around missing = { .env = { { "AWS_PROFILE", "gone" } }, .config = "[default]\n" };
	static const struct around chosen = { .choices = { .profile = STR_INIT("gone") } };
	static const char *const by_variable[] = { "AWS_PROFILE", "'gone'", NULL }, *const by_setting[] = { "aws.profile", NULL };

	(void)state;
	expect_refused(&missing, "aws.profile", by_variable);
	expect_refused(&chosen, "aws.profile", by_setting);
}

static void test_files_that_are_broken_say_where(void **state)
{
	static const char *const line[] = { "/h/.aws/config line 2", NULL };

	(void)state;
	expect_refused(&(struct around){ .config = "[default]\nregion" }, "profile.syntax", line);
	expect_refused(&(struct around){ .env = { { "AWS_REGION", "eu-west-1" } }, .config = "[default]\nregion" },
		       "profile.syntax", line);
}

static void test_only_files_that_somebody_named_must_be_readable(void **state)
{
	static const char *const named[][2] = {
		{ "AWS_CONFIG_FILE", "/h/.aws/config" }, { "AWS_SHARED_CREDENTIALS_FILE", "/x" }, { "AWS_PROFILE", "p" },
	};
	struct fake_process process;
	struct err err = { 0 };
	struct aws_config c;

	(void)state;
	set_up(&process, &(struct around){ .env = { { "AWS_REGION", "eu-west-1" } } });
	process.unreadable = "/h/.aws/config";
	assert_true(aws_config_load(&c, &process.env, &(struct aws_choices){ 0 }, &err));
	assert_str_equal(c.region, "eu-west-1");
	aws_config_release(&c);
	for (size_t i = 0; i < COUNT_OF(named); i++) {
		set_up(&process, &(struct around){ .env = { { named[i][0], named[i][1] } } });
		process.unreadable = "/h/.aws/config";
		assert_false(aws_config_load(&c, &process.env, &(struct aws_choices){ 0 }, &err));
		assert_string_equal(err.code, "file.open");
		assert_int_equal(err.class, ERR_FATAL);
		aws_config_release(&c);
	}
}

#define SERVICES "[services s]\ndynamodb =\n  Endpoint_URL = http://d:1\n  # endpoint_url = http://no\n" \
		 "sqs=\n retries = 1\n endpoint_url= http://q:1 \n"
#define PROFILE "[default]\nendpoint_url = http://all:1\nservices = s\n"

static void test_endpoint_urls_have_an_order(void **state)
{
	static const struct {
		struct around around;
		const char *dynamodb, *streams, *sqs, *streams_from;
	} cases[] = {
		{ { .config = "[default]\nendpoint_url = http://all:1\n" }, "http://all:1", "http://all:1", "http://all:1",
		  "endpoint_url in profile 'default'" },
		{ { .config = PROFILE SERVICES }, "http://d:1", "http://all:1", "http://q:1", "endpoint_url in profile 'default'" },
		{ { .env = { { "AWS_ENDPOINT_URL", "http://e:1" } }, .config = PROFILE SERVICES }, "http://e:1", "http://e:1",
		  "http://e:1", "AWS_ENDPOINT_URL" },
		{ { .env = { { "AWS_ENDPOINT_URL_DYNAMODB_STREAMS", "http://e:2" } }, .config = PROFILE SERVICES }, "http://d:1",
		  "http://e:2", "http://q:1", "AWS_ENDPOINT_URL_DYNAMODB_STREAMS" },
		{ { .env = { { "AWS_ENDPOINT_URL_SQS", "http://e:2" }, { "AWS_ENDPOINT_URL", "http://e:1" } } }, "http://e:1",
		  "http://e:1", "http://e:2", "AWS_ENDPOINT_URL" },
		{ { .env = { { "AWS_ENDPOINT_URL", "http://e:1" } }, .config = "[default]\nservices = absent" }, "http://e:1",
		  "http://e:1", "http://e:1", "AWS_ENDPOINT_URL" },
		{ { .env = { { "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true" }, { "AWS_ENDPOINT_URL", "http://e:1" } },
		    .config = PROFILE SERVICES }, "", "", "", NULL },
		{ { .config = PROFILE "ignore_configured_endpoint_urls = true\n" }, "", "", "", NULL },
		{ { .config = "[default]\nservices = s\n[services s]\ndynamodb_streams =\n  endpoint_url = http://s:1\n" }, "",
		  "http://s:1", "", "endpoint_url of dynamodb_streams in section 'services s'" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct fake_process process;
		struct aws_config c;

		load(&c, &process, &cases[i].around);
		assert_str_equal(c.endpoint_urls[AWS_DYNAMODB], cases[i].dynamodb);
		assert_str_equal(c.endpoint_urls[AWS_DYNAMODB_STREAMS], cases[i].streams);
		assert_str_equal(c.endpoint_urls[AWS_SQS], cases[i].sqs);
		if (cases[i].streams_from)
			assert_string_equal(c.endpoint_urls_from[AWS_DYNAMODB_STREAMS], cases[i].streams_from);
		else
			assert_null(c.endpoint_urls_from[AWS_DYNAMODB_STREAMS]);
		aws_config_release(&c);
	}
}

static void test_a_services_section_that_is_named_must_be_there(void **state)
{
	static const char *const parts[] = { "'default'", "'services absent'", NULL };

	(void)state;
	expect_refused(&(struct around){ .config = "[default]\nservices = absent\n" }, "aws.config", parts);
}

static void test_more_than_fits_is_refused(void **state)
{
	static char config[300000] = "[default]\nca_bundle = ";
	static const char *const parts[] = { "262144 bytes", NULL };
	size_t at = strlen(config);

	(void)state;
	memset(config + at, 'a', sizeof(config) - at - 1);
	expect_refused(&(struct around){ .config = config }, "aws.config", parts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_set_gives_the_defaults),
		cmocka_unit_test(test_the_first_that_names_a_region_wins),
		cmocka_unit_test(test_the_environment_goes_before_the_profile),
		cmocka_unit_test(test_values_that_are_none_are_named_with_their_place),
		cmocka_unit_test(test_a_profile_that_is_named_must_be_there),
		cmocka_unit_test(test_files_that_are_broken_say_where),
		cmocka_unit_test(test_only_files_that_somebody_named_must_be_readable),
		cmocka_unit_test(test_endpoint_urls_have_an_order),
		cmocka_unit_test(test_a_services_section_that_is_named_must_be_there),
		cmocka_unit_test(test_more_than_fits_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
