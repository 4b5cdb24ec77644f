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

		aws_error_read(&(struct aws_error_answer){
				       .status = cases[i].status, .type = str_c(cases[i].type), .body = str_c(cases[i].body) },
			       &e);
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
		aws_error_read(&(struct aws_error_answer){ .status = 400, .body = buf_str(&body) }, &e);
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
	aws_error_read(&(struct aws_error_answer){ .status = 400, .body = buf_str(&body) }, &e);
	assert_int_equal(strlen(e.message), 255);
	assert_true(str_utf8_valid(str_c(e.message)));
	buf_release(&body);
}

/* Names, as each service writes them. */
static void test_each_services_errors_have_their_class(void **state)
{
	enum { REPEAT = 1, SLOWER = 2, TIME = 4, KEYS = 8 };
	static const struct { const char *codes; int status; enum err_class class; unsigned flags; } rows[] = {
		{ "KMSThrottlingException KMSThrottling KmsThrottled RequestThrottled EC2ThrottledException TooManyRequestsException "
		  "ThrottlingException ProvisionedThroughputExceededException SlowDown SlowDownException LimitExceededException",
		  400, ERR_THROTTLE, REPEAT | SLOWER },
		{ "PriorRequestNotComplete TransactionInProgressException", 400, ERR_RETRY, REPEAT | SLOWER },
		{ "InternalError InternalErrorException InternalFailure InternalFailureException InternalException "
		  "ServiceException ServiceUnavailable ServiceUnavailableException RequestTimeout IDPCommunicationError "
		  "InternalServerException BadDigest XAmzContentSHA256Mismatch OperationAborted", 400, ERR_RETRY, REPEAT },
		{ "QueueDoesNotExist AWS.SimpleQueueService.NonExistentQueue NotFound NotFoundException NoSuchBucket "
		  "ResourceNotFoundException KMSDisabledException KmsInvalidState KMSNotFound ResourceConflictException "
		  "InvalidKMSResourceException EFSMountTimeoutException", 400, ERR_RETRY, 0 },
		{ "AccessDenied AuthorizationError AuthorizationErrorException KMSAccessDeniedException KmsAccessDenied "
		  "KMSOptInRequired RequestExpired InvalidGrantException IDPRejectedClaim InvalidIdentityToken", 403, ERR_AUTH, 0 },
		{ "AccessDeniedException RequestTimeTooSkewed", 403, ERR_AUTH, TIME },
		{ "InvalidSignatureException SignatureDoesNotMatch AuthFailure", 403, ERR_AUTH, TIME | KEYS },
		{ "InvalidClientTokenId InvalidAccessKeyId ExpiredToken ExpiredTokenException UnauthorizedException InvalidToken",
		  403, ERR_AUTH, KEYS },
		{ "BatchRequestTooLong BatchRequestTooLongException InvalidMessageContents InvalidParameter "
		  "InvalidParameterValueException InvalidArgumentException RequestTooLargeException NoSuchKey EntityTooLarge "
		  "AWS.SimpleQueueService.BatchRequestTooLong", 400, ERR_DATA, 0 },
		{ "PermanentRedirect AuthorizationHeaderMalformed InvalidBucketName UnsupportedOperation", 400, ERR_FATAL, 0 },
		{ "NobodyKnows", 408, ERR_RETRY, REPEAT },
		{ "NobodyKnows", 429, ERR_THROTTLE, REPEAT | SLOWER },
		{ "EC2UnexpectedException NobodyKnows", 502, ERR_RETRY, REPEAT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct str rest = str_c(rows[i].codes);

		while (rest.ptr) {
			struct str code = str_split(&rest, ' ');
			struct aws_error e;
			unsigned flags;

			aws_error_read(&(struct aws_error_answer){ .status = rows[i].status, .type = code, .body = STR("{}") }, &e);
			flags = (e.repeat ? REPEAT : 0u) | (e.throttled ? SLOWER : 0u) | (e.about_time ? TIME : 0u) |
				(e.about_keys ? KEYS : 0u);
			assert_str_equal(code, e.code);
			if (e.class != rows[i].class || flags != rows[i].flags)
				fail_msg("%s: %s, flags %u", e.code, err_class_name(e.class), flags);
		}
	}
}

static const char sns_error[] =
	"<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\n  <Error>\n    <Type>Sender</Type>\n"
	"    <Code>NotFound</Code>\n    <Message>Topic does not exist &amp; never did</Message>\n  </Error>\n"
	"  <RequestId>6de4ae2d-xml</RequestId>\n</ErrorResponse>\n";
static const char s3_error[] =
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>PermanentRedirect</Code><Message>The bucket you are "
	"attempting to access must be addressed using the specified endpoint.</Message><Endpoint>b.s3.eu-west-1.amazonaws.com"
	"</Endpoint><Bucket>b</Bucket><RequestId>4442587FB7D0A2F9</RequestId><HostId>h</HostId></Error>";
static const char s3_region[] =
	"<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region 'us-east-1' is wrong; expecting 'eu-central-1'"
	"</Message><Region>eu-central-1</Region><RequestId>R</RequestId></Error>";
static const char ec2_error[] =
	"<Response><Errors><Error><Code>AuthFailure</Code><Message>m</Message></Error></Errors><RequestID>E2</RequestID>"
	"</Response>";

static void test_answers_without_json_say_what_they_can(void **state)
{
	static const struct {
		struct aws_error_answer answer;
		enum err_class class;
		const char *code, *message, *id;
	} cases[] = {
		{ { .status = 404, .body = { sns_error, sizeof(sns_error) - 1 } }, ERR_RETRY, "NotFound",
		  "Topic does not exist & never did", "6de4ae2d-xml" },
		{ { .status = 404, .request_id = STR_INIT("head"), .body = { sns_error, sizeof(sns_error) - 1 } }, ERR_RETRY,
		  "NotFound", "Topic does not exist & never did", "head" },
		{ { .status = 301, .body = { s3_error, sizeof(s3_error) - 1 }, .bucket_region = STR_INIT("eu-west-1") }, ERR_FATAL,
		  "PermanentRedirect", "the bucket is in region eu-west-1, and was asked for elsewhere: set that region for it",
		  "4442587FB7D0A2F9" },
		{ { .status = 301, .body = { s3_error, sizeof(s3_error) - 1 } }, ERR_FATAL, "PermanentRedirect",
		  "the bucket is in another region, or not at this endpoint", "4442587FB7D0A2F9" },
		{ { .status = 400, .body = { s3_region, sizeof(s3_region) - 1 } }, ERR_FATAL, "AuthorizationHeaderMalformed",
		  "the bucket is in region eu-central-1, and was asked for elsewhere: set that region for it", "R" },
		{ { .status = 401, .body = { ec2_error, sizeof(ec2_error) - 1 } }, ERR_AUTH, "AuthFailure", "m", "E2" },
		{ { .status = 400, .query_error = STR_INIT("AWS.SimpleQueueService.NonExistentQueue;Sender"),
		    .body = STR_INIT("{\"message\":\"gone\"}") }, ERR_RETRY, "AWS.SimpleQueueService.NonExistentQueue",
		  "gone", "" },
		{ { .status = 400, .query_error = STR_INIT("AWS.SimpleQueueService.NonExistentQueue;Sender"),
		    .body = STR_INIT("{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\"}") }, ERR_RETRY,
		  "QueueDoesNotExist", "", "" },
		{ { .status = 400, .type = STR_INIT("InvalidGrantException"),
		    .body = STR_INIT("{\"error\":\"invalid_grant\",\"error_description\":\"expired\"}") }, ERR_AUTH,
		  "InvalidGrantException", "expired", "" },
		/* To HEAD, say. */
		{ { .status = 301, .request_id = STR_INIT("q"), .bucket_region = STR_INIT("eu-west-1") }, ERR_FATAL,
		  "PermanentRedirect", "the bucket is in region eu-west-1, and was asked for elsewhere: set that region for it",
		  "q" },
		{ { .status = 403, .request_id = STR_INIT("q") }, ERR_AUTH, "AccessDenied",
		  "the service says no more than the status", "q" },
		{ { .status = 404, .request_id = STR_INIT("q") }, ERR_RETRY, "NotFound",
		  "the service says no more than the status", "q" },
		{ { .status = 400, .request_id = STR_INIT("q") }, ERR_FATAL, "aws.http_400",
		  "the service says no more than the status", "q" },
		{ { .status = 503, .request_id = STR_INIT("q") }, ERR_RETRY, "aws.http_503",
		  "the service says no more than the status", "q" },
		/* Hostile ones. */
		{ { .status = 400, .request_id = STR_INIT("a\tb\x7f\xff"), .bucket_region = STR_INIT("x"),
		    .body = STR_INIT("{\"__type\":\"ValidationException\"}") }, ERR_DATA, "ValidationException", "", "a b " },
		{ { .status = 500, .body = STR_INIT("<Error><Code>SlowDown</Code><Code/></Error>") }, ERR_THROTTLE, "SlowDown",
		  "", "" },
		{ { .status = 500, .body = STR_INIT("<!DOCTYPE x><Error><Code>SlowDown</Code></Error>") }, ERR_RETRY,
		  "aws.http_500", NULL, "" },
		{ { .status = 500, .body = STR_INIT("<Error><Code>Slow Down</Code></Error>") }, ERR_RETRY, "aws.http_500", NULL,
		  "" },
		{ { .status = 500, .body = STR_INIT("<Other><Code>SlowDown</Code></Other>") }, ERR_RETRY, "aws.http_500", NULL,
		  "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct aws_error e;

		aws_error_read(&cases[i].answer, &e);
		if (e.class != cases[i].class || strcmp(e.code, cases[i].code) != 0)
			fail_msg("case %zu: got %s %s", i, err_class_name(e.class), e.code);
		if (cases[i].message)
			assert_string_equal(e.message, cases[i].message);
		else
			assert_non_null(strstr(e.message, "proxy"));
		assert_string_equal(e.request_id, cases[i].id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_are_classed_by_their_name),
		cmocka_unit_test(test_each_services_errors_have_their_class),
		cmocka_unit_test(test_answers_without_json_say_what_they_can),
		cmocka_unit_test(test_a_cancelled_transaction_is_classed_by_its_reasons),
		cmocka_unit_test(test_long_messages_are_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
