#include "support/test.h"

#include "sluice/aws/error.h"
#include "sluice/core/buf.h"

static void test_answers_are_classed_by_their_name(void **state)
{
	static const struct {
		int status;
		const char *type, *body, *code;
		enum err_class class;
		bool repeat, time, keys;
		const char *message;
	} cases[] = {
		{ 400, "", "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException\","
		  "\"message\":\"The conditional request failed\"}", "ConditionalCheckFailedException", ERR_DATA, false, false,
		  false, "The conditional request failed" },
		{ 400, "", "{\"Message\":\"m\",\"__type\":\"com.amazon.coral.validate#ValidationException\"}",
		  "ValidationException", ERR_DATA, false, false, false, "m" },
		{ 400, "ThrottlingException:http://internal.amazon.com/coral/com.amazon.coral.availability/", "{}",
		  "ThrottlingException", ERR_THROTTLE, true, false, false, "" },
		{ 400, "aws.protocoltests#LimitExceededException:x", "", "LimitExceededException", ERR_THROTTLE, true, false,
		  false, "" },
		{ 400, "", "{\"__type\":\"ProvisionedThroughputExceededException\"}",
		  "ProvisionedThroughputExceededException", ERR_THROTTLE, true, false, false, "" },
		{ 400, "", "{\"__type\":\"x#ResourceNotFoundException\"}", "ResourceNotFoundException", ERR_RETRY, false, false,
		  false, "" },
		{ 400, "", "{\"__type\":\"x#ExpiredIteratorException\"}", "ExpiredIteratorException", ERR_DATA, false, false,
		  false, "" },
		{ 400, "", "{\"__type\":\"x#TransactionInProgressException\"}", "TransactionInProgressException", ERR_RETRY,
		  true, false, false, "" },
		{ 400, "", "{\"__type\":\"x#InvalidSignatureException\",\"message\":\"Signature expired\\n\\nThe Canonical "
		  "String ... token:secret\"}", "InvalidSignatureException", ERR_AUTH, false, true, true, "Signature expired" },
		{ 400, "", "{\"__type\":\"x#AccessDeniedException\"}", "AccessDeniedException", ERR_AUTH, false, true, false, "" },
		{ 400, "", "{\"__type\":\"x#ExpiredTokenException\"}", "ExpiredTokenException", ERR_AUTH, false, false, true, "" },
		{ 500, "", "{\"__type\":\"x#InternalServerError\"}", "InternalServerError", ERR_RETRY, true, false, false, "" },
		/* Unknown names: by status. */
		{ 400, "", "{\"__type\":\"x#NeverHeardOfException\"}", "NeverHeardOfException", ERR_FATAL, false, false, false, "" },
		{ 503, "", "{\"__type\":\"x#NeverHeardOfException\"}", "NeverHeardOfException", ERR_RETRY, true, false, false, "" },
		{ 429, "", "{\"__type\":\"x#NeverHeardOfException\"}", "NeverHeardOfException", ERR_THROTTLE, true, false, false, "" },
		/* Not from the service. */
		{ 502, "", "<html>Bad Gateway</html>", "aws.http_502", ERR_RETRY, true, false, false, NULL },
		{ 404, "", "", "aws.http_404", ERR_RETRY, false, false, false, NULL },
		{ 301, "", "[]", "aws.http_301", ERR_RETRY, false, false, false, NULL },
		{ 429, "", "{\"__type\":17}", "aws.http_429", ERR_THROTTLE, true, false, false, NULL },
		{ 500, "", "{\"__type\":\"x#Internal", "aws.http_500", ERR_RETRY, true, false, false, NULL },
		{ 400, "bad name\"", "{\"__type\":\"a b#c d\"}", "aws.http_400", ERR_RETRY, false, false, false, NULL },
		{ 400, "", "{\"__type\":\"\"}", "aws.http_400", ERR_RETRY, false, false, false, NULL },
		{ 403, "", "<html>Forbidden</html>", "aws.http_403", ERR_AUTH, false, false, false, NULL },
		{ 407, "", "", "aws.http_407", ERR_AUTH, false, false, false, NULL },
		/* XML. */
		{ 403, "", "<?xml version=\"1.0\"?>\n<Error><Code>SignatureDoesNotMatch</Code><Message>no</Message></Error>",
		  "SignatureDoesNotMatch", ERR_AUTH, false, true, true, "no" },
		{ 503, "", "<Error><Code>SlowDown</Code></Error>", "SlowDown", ERR_THROTTLE, true, false, false, "" },
		{ 400, "", "<Error><Code>SlowDown", "aws.http_400", ERR_RETRY, false, false, false, NULL },
		{ 400, "", "<Code></Code>", "aws.http_400", ERR_RETRY, false, false, false, NULL },
		{ 400, "", "x<Code>SlowDown</Code>", "aws.http_400", ERR_RETRY, false, false, false, NULL },
		/* Hostile texts. */
		{ 400, "", " {\"__type\":\"x#ValidationException\",\"message\":\"a\\u0007b\\tc \\u00e9\"} ", "ValidationException",
		  ERR_DATA, false, false, false, "a b c \xc3\xa9" },
		{ 400, "", "{\"__type\":\"x#ValidationException\",\"message\":\"\\ud800\"}", "ValidationException", ERR_DATA,
		  false, false, false, "" },
		{ 400, "", "{\"__type\":\"x#ValidationException\",\"message\":{}}", "ValidationException", ERR_DATA, false,
		  false, false, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct aws_error e;

		aws_error_read(cases[i].status, str_c(cases[i].type), str_c(cases[i].body), &e);
		if (strcmp(e.code, cases[i].code) != 0 || e.class != cases[i].class || e.repeat != cases[i].repeat ||
		    e.about_time != cases[i].time || e.about_keys != cases[i].keys)
			fail_msg("case %zu: got %s %s, %d %d %d", i, e.code, err_class_name(e.class), e.repeat,
				 e.about_time, e.about_keys);
		if (cases[i].message)
			assert_string_equal(e.message, cases[i].message);
		else
			assert_non_null(strstr(e.message, "proxy"));
	}
}

static void test_a_cancelled_transaction_is_classed_by_its_reasons(void **state)
{
	static const struct { const char *reasons; enum err_class class; } cases[] = {
		{ "[{\"Code\":\"None\"},{\"Code\":\"ConditionalCheckFailed\"}]", ERR_DATA },
		{ "[{\"Code\":\"TransactionConflict\"},{\"Code\":\"None\"}]", ERR_RETRY },
		{ "[{\"Code\":\"TransactionConflict\"},{\"Code\":\"ThrottlingError\"}]", ERR_THROTTLE },
		{ "[{\"Code\":\"ProvisionedThroughputExceeded\"}]", ERR_THROTTLE },
		{ "[{\"Code\":\"TransactionConflict\"},{\"Code\":\"ValidationError\"}]", ERR_DATA },
		{ "[]", ERR_DATA }, { "{}", ERR_DATA }, { "[1,null,{\"Code\":2}]", ERR_DATA }, { "null", ERR_DATA },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct aws_error e;
		struct buf body;

		buf_init(&body, 4096);
		buf_putf(&body, "{\"__type\":\"x#TransactionCanceledException\",\"CancellationReasons\":%s}", cases[i].reasons);
		aws_error_read(400, STR(""), buf_str(&body), &e);
		if (e.class != cases[i].class || e.repeat != (e.class != ERR_DATA))
			fail_msg("%s: got %s", cases[i].reasons, err_class_name(e.class));
		buf_release(&body);
	}
}

static void test_long_messages_are_cut_between_characters(void **state)
{
	struct aws_error e;
	struct buf body;

	(void)state;
	buf_init(&body, 4096);
	buf_puts(&body, "{\"__type\":\"ValidationException\",\"message\":\"");
	for (int i = 0; i < 400; i++)
		buf_puts(&body, "\xe2\x82\xac");
	buf_puts(&body, "\"}");
	aws_error_read(400, STR(""), buf_str(&body), &e);
	assert_int_equal(strlen(e.message), 255);
	assert_true(str_utf8_valid(str_c(e.message)));
	buf_release(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_are_classed_by_their_name),
		cmocka_unit_test(test_a_cancelled_transaction_is_classed_by_its_reasons),
		cmocka_unit_test(test_long_messages_are_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
