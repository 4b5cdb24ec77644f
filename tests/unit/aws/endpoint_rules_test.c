#include "support/test.h"
#include "support/vectors.h"

#include "sluice/aws/endpoint.h"
#include "sluice/core/json.h"

/* ---- the published cases ---- */

/* What the rules say, and what stands in ours. */
static const struct { const char *published, *ours; } refusals[] = {
	{ "FIPS and custom endpoint", "FIPS (AWS_USE_FIPS_ENDPOINT, use_fips_endpoint) and a custom endpoint" },
	{ "Dualstack and custom endpoint", "dual stack (AWS_USE_DUALSTACK_ENDPOINT, use_dualstack_endpoint) and a custom" },
	{ "FIPS and local endpoint", "FIPS (AWS_USE_FIPS_ENDPOINT) and the region 'local'" },
	{ "Dualstack and local endpoint", "dual stack (AWS_USE_DUALSTACK_ENDPOINT) and the region 'local'" },
	{ "account endpoints are not supported in this partition", "this partition has no endpoints with account ids" },
	{ "FIPS account endpoints are not supported", "FIPS endpoints with account ids do not exist" },
	{ "Endpoint override is not supported for dual-stack", "is DynamoDB's dual-stack endpoint" },
	{ "no AccountID was provided", "the credentials have no account id" },
	{ "account ID parameter is invalid", "the credentials' account id is none" },
	{ "Missing Region", "no AWS region is set" },
};

static struct str text_of(const struct json *object, const char *name)
{
	struct str text = { NULL, 0 };

	json_get_str(json_get(object, name), &text);
	return text;
}

static bool flag_of(const struct json *object, const char *name)
{
	bool b = false;

	json_get_bool(json_get(object, name), &b);
	return b;
}

/* A mode that is not set is one that is off. */
static enum account_id_mode mode_of(const struct json *params)
{
	struct str mode = text_of(params, "AccountIdEndpointMode");

	return str_eq(mode, STR("preferred"))  ? ACCOUNT_ID_PREFERRED :
	       str_eq(mode, STR("required")) ? ACCOUNT_ID_REQUIRED :
						 ACCOUNT_ID_DISABLED;
}

static void assert_refused(const struct err *err, struct str published, const char *name)
{
	assert_int_equal(err->class, ERR_FATAL);
	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		if (str_find(published, str_c(refusals[i].published)) == SIZE_MAX)
			continue;
		if (!strstr(err->text, refusals[i].ours))
			fail_msg("%s: expected '%s', got: %s", name, refusals[i].ours, err->text);
		return;
	}
	fail_msg("%s: no word of ours for: %s", name, published.ptr);
}

static void assert_signed_for(const struct aws_endpoint *e, const struct json *endpoint)
{
	const struct json *schemes = json_get(json_get(endpoint, "properties"), "authSchemes");
	struct str region = schemes ? text_of(json_at(schemes, 0), "signingRegion") : str_of(NULL, 0);

	assert_str_equal(str_c(e->signing_region), region.ptr ? region.ptr : "");
}

static void run_case(enum aws_service service, const struct json *c)
{
	const struct json *params = json_get(c, "params"), *expect = json_get(c, "expect");
	const struct json *endpoint = json_get(expect, "endpoint"), *list = json_get(params, "ResourceArnList");
	struct aws_endpoint_params p = {
		.region = text_of(params, "Region"), .use_fips = flag_of(params, "UseFIPS"),
		.use_dual_stack = flag_of(params, "UseDualStack"), .custom = text_of(params, "Endpoint"),
		.account_id_mode = mode_of(params), .account_id = text_of(params, "AccountId"),
		.resource_arn = text_of(params, "ResourceArn"), .search = flag_of(params, "IsSearchOperation"),
	};
	const char *name = text_of(c, "documentation").ptr;
	struct aws_endpoint e;
	struct err err = { 0 };
	bool ok;

	if (list)
		json_get_str(json_at(list, 0), &p.list_arn);
	aws_endpoint_init(&e);
	ok = aws_endpoint_resolve(&e, service, &p, &err);
	if (ok != (endpoint != NULL))
		fail_msg("%s: %s", name, ok ? e.url.ptr : err.text);
	if (ok) {
		struct str url = text_of(endpoint, "url"), ours = buf_str(&e.url);

		if (!str_ends(url, STR("/")))
			ours.len--; /* ours end with one */
		if (!str_eq(ours, url))
			fail_msg("%s: expected %s, got %s", name, url.ptr, e.url.ptr);
		assert_signed_for(&e, endpoint);
	} else {
		assert_refused(&err, text_of(expect, "error"), name);
	}
	aws_endpoint_release(&e);
}

static void run_file(enum aws_service service, const char *path, size_t expected)
{
	size_t cases = 0;
	struct json *root;
	struct buf text;

	if (!vectors_have(path))
		return;
	buf_init(&text, 1 << 24);
	assert_true(vectors_read(path, &text));
	root = json_parse(buf_str(&text), text.len, NULL);
	assert_non_null(root);
	for (const struct json *c = json_first(json_get(root, "testCases")); c; c = json_next(c), cases++)
		run_case(service, c);
	assert_int_equal(cases, expected);
	json_free(root);
	buf_release(&text);
}

static void test_dynamodbs_published_cases(void **state)
{
	(void)state;
	run_file(AWS_DYNAMODB, "endpoints/dynamodb.json", 548);
}

static void test_the_streams_published_cases(void **state)
{
	(void)state;
	run_file(AWS_DYNAMODB_STREAMS, "endpoints/dynamodbstreams.json", 26);
}

/* ---- our own ---- */

enum { PLAIN, FIPS, DUAL, BOTH };

static void test_each_exception_has_its_host(void **state)
{
	static const struct {
		enum aws_service service;
		const char *region;
		int how;
		const char *url, *signed_for;
	} cases[] = {
		{ AWS_SQS, "eu-west-1", PLAIN, "https://sqs.eu-west-1.amazonaws.com/", NULL },
		{ AWS_SQS, "eu-west-1", BOTH, "https://sqs-fips.eu-west-1.api.aws/", NULL },
		{ AWS_SQS, "us-gov-west-1", FIPS, "https://sqs.us-gov-west-1.amazonaws.com/", NULL },
		{ AWS_SQS, "us-gov-west-1", BOTH, "https://sqs-fips.us-gov-west-1.api.aws/", NULL },
		{ AWS_SNS, "us-gov-west-1", FIPS, "https://sns.us-gov-west-1.amazonaws.com/", NULL },
		{ AWS_SNS, "us-gov-moon-1", FIPS, "https://sns-fips.us-gov-moon-1.amazonaws.com/", NULL },
		{ AWS_EVENTBRIDGE, "us-gov-moon-1", BOTH, "https://events.us-gov-moon-1.api.aws/", NULL },
		{ AWS_EVENTBRIDGE, "eu-west-1", BOTH, "https://events-fips.eu-west-1.api.aws/", NULL },
		{ AWS_FIREHOSE, "us-gov-west-1", FIPS, "https://firehose-fips.us-gov-west-1.amazonaws.com/", NULL },
		{ AWS_LAMBDA, "cn-north-1", DUAL, "https://lambda.cn-north-1.api.amazonwebservices.com.cn/", NULL },
		{ AWS_SSO, "us-east-1", FIPS, "https://portal.sso-fips.us-east-1.amazonaws.com/", NULL },
		{ AWS_SSO_OIDC, "eusc-de-east-1", PLAIN, "https://oidc.eusc-de-east-1.amazonaws.eu/", NULL },
		{ AWS_KINESIS, "us-isob-east-1", PLAIN, "https://kinesis.us-isob-east-1.sc2s.sgov.gov/", NULL },
		{ AWS_STS, "us-east-1", PLAIN, "https://sts.us-east-1.amazonaws.com/", NULL },
		{ AWS_STS, "aws-global", PLAIN, "https://sts.amazonaws.com/", "us-east-1" },
		{ AWS_STS, "aws-global", FIPS, "https://sts-fips.aws-global.amazonaws.com/", NULL },
		{ AWS_S3, "us-east-1", PLAIN, "https://s3.us-east-1.amazonaws.com/", NULL },
		{ AWS_S3, "eu-west-1", DUAL, "https://s3.dualstack.eu-west-1.amazonaws.com/", NULL },
		{ AWS_S3, "eu-west-1", BOTH, "https://s3-fips.dualstack.eu-west-1.amazonaws.com/", NULL },
		{ AWS_S3, "aws-global", PLAIN, "https://s3.amazonaws.com/", "us-east-1" },
		{ AWS_S3, "aws-global", FIPS, "https://s3-fips.us-east-1.amazonaws.com/", "us-east-1" },
		{ AWS_S3, "cn-north-1", FIPS, NULL, NULL },
		{ AWS_S3, "cn-north-1", DUAL, "https://s3.dualstack.cn-north-1.amazonaws.com.cn/", NULL },
		{ AWS_SQS, "ddblocal", PLAIN, "https://sqs.ddblocal.amazonaws.com/", NULL },
		{ AWS_SQS, "cn-north", PLAIN, "https://sqs.cn-north.amazonaws.com/", NULL },
		{ AWS_SQS, "local", DUAL, "https://sqs.local.api.aws/", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct aws_endpoint_params p = {
			.region = str_c(cases[i].region), .use_fips = cases[i].how == FIPS || cases[i].how == BOTH,
			.use_dual_stack = cases[i].how == DUAL || cases[i].how == BOTH,
		};
		struct aws_endpoint e;

		aws_endpoint_init(&e);
		assert_int_equal(aws_endpoint_resolve(&e, cases[i].service, &p, NULL), cases[i].url != NULL);
		if (cases[i].url) {
			assert_str_equal(buf_str(&e.url), cases[i].url);
			assert_str_equal(str_c(e.signing_region), cases[i].signed_for ? cases[i].signed_for : "");
		}
		aws_endpoint_release(&e);
	}
}

static void test_the_streams_have_hosts_of_accounts(void **state)
{
	static const struct { const char *region, *arn, *account; int how; const char *url; } cases[] = {
		{ "eu-west-1", NULL, "123456789012", PLAIN, "https://123456789012.streams-ddb.eu-west-1.amazonaws.com/" },
		{ "eu-west-1", NULL, "123456789012", BOTH, "https://123456789012.streams-ddb-fips.eu-west-1.api.aws/" },
		{ "us-gov-west-1", NULL, "123456789012", FIPS, "https://123456789012.streams-ddb-fips.us-gov-west-1.amazonaws.com/" },
		{ "eu-west-1", "arn:aws:dynamodb:eu-west-1:210987654321:table/t/stream/2026-01-01T00:00:00.000|1|AAA", "123456789012",
		  PLAIN, "https://210987654321.streams-ddb.eu-west-1.amazonaws.com/" },
		{ "eu-west-1", "000|arn:aws:dynamodb:eu-west-1:000000000000:table/t", "123456789012", PLAIN,
		  "https://123456789012.streams-ddb.eu-west-1.amazonaws.com/" },
		{ "eu-west-1", NULL, NULL, PLAIN, "https://streams.dynamodb.eu-west-1.amazonaws.com/" },
		{ "me-south-1", NULL, "123456789012", PLAIN, "https://streams.dynamodb.me-south-1.amazonaws.com/" },
		{ "us-iso-east-1", NULL, "123456789012", DUAL, "https://streams-dynamodb.us-iso-east-1.api.aws.ic.gov/" },
		{ "eu-west-1", NULL, "evil.com/", PLAIN, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct aws_endpoint_params p = {
			.region = str_c(cases[i].region), .use_fips = cases[i].how == FIPS || cases[i].how == BOTH,
			.use_dual_stack = cases[i].how == DUAL || cases[i].how == BOTH, .account_id = str_c(cases[i].account),
			.resource_arn = str_c(cases[i].arn), .account_id_mode = ACCOUNT_ID_PREFERRED,
		};
		struct aws_endpoint e;

		aws_endpoint_init(&e);
		assert_int_equal(aws_endpoint_resolve(&e, AWS_DYNAMODB_STREAMS, &p, NULL), cases[i].url != NULL);
		if (cases[i].url)
			assert_str_equal(buf_str(&e.url), cases[i].url);
		aws_endpoint_release(&e);
	}
}

static void test_only_arns_of_dynamodb_in_the_region_name_an_account(void **state)
{
	static const struct { const char *arn, *account; } cases[] = {
		{ "arn:aws:dynamodb:eu-west-1:123456789012:table/t", "123456789012" },
		{ "arn:aws:dynamodb:eu-west-2:123456789012:table/t", "" }, { "arn:aws:s3:eu-west-1:123456789012:b", "" },
		{ "arn:aws:dynamodb:eu-west-1:123456789012:", "" }, { "arn:aws:dynamodb:eu-west-1:123456789012", "" },
		{ "arn:aws:dynamodb:eu-west-1::table/t", "" }, { "arn:aws:dynamodb:eu-west-1:a.b/c:table/t", "" },
		{ "arn::dynamodb:eu-west-1:123456789012:table/t", "" }, { "", "" }, { "table", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_str_equal(aws_arn_account(str_c(cases[i].arn), STR("eu-west-1")), cases[i].account);
}

static void test_what_is_no_region_is_refused(void **state)
{
	static const char *const regions[] = { "", "evil.com/", "a@b", "-a", "a-", "eu_west" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(regions); i++) {
		struct aws_endpoint e;
		struct err err = { 0 };

		aws_endpoint_init(&e);
		assert_false(aws_endpoint_resolve(&e, AWS_SQS, &(struct aws_endpoint_params){ .region = str_c(regions[i]) }, &err));
		assert_string_equal(err.code, "aws.region");
		aws_endpoint_release(&e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dynamodbs_published_cases),
		cmocka_unit_test(test_the_streams_published_cases),
		cmocka_unit_test(test_each_exception_has_its_host),
		cmocka_unit_test(test_the_streams_have_hosts_of_accounts),
		cmocka_unit_test(test_only_arns_of_dynamodb_in_the_region_name_an_account),
		cmocka_unit_test(test_what_is_no_region_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
