#include "sluice/aws/error.h"

#include "sluice/core/buf.h"
#include "sluice/core/scan.h"

#include <stdio.h>

enum { REPEAT = 1, ABOUT_TIME = 2, ABOUT_KEYS = 4 };

/* DynamoDB Developer Guide, "Error handling with DynamoDB"; Streams' and the
 * common errors of the API references; the SDKs' lists of throttling, transient
 * and clock-skew errors. What is in no row: RETRY from status 500 on, THROTTLE
 * for 429, else FATAL: the request is wrong in a way nobody here foresaw, and
 * neither repeating nor skipping it would be right. */
static const struct known_error {
	const char *code;
	enum err_class class;
	unsigned flags;
} known_errors[] = {
	{ "ConditionalCheckFailedException", ERR_DATA, 0 },
	{ "ValidationException", ERR_DATA, 0 },
	{ "SerializationException", ERR_DATA, 0 },
	{ "ItemCollectionSizeLimitExceededException", ERR_DATA, 0 },
	{ "IdempotentParameterMismatchException", ERR_DATA, 0 },
	{ "DuplicateItemException", ERR_DATA, 0 },
	{ "ResourceInUseException", ERR_DATA, 0 },
	{ "ExpiredIteratorException", ERR_DATA, 0 },
	{ "TrimmedDataAccessException", ERR_DATA, 0 },
	/* By its reasons; see class_of_cancellation(). */
	{ "TransactionCanceledException", ERR_DATA, 0 },

	{ "ThrottlingException", ERR_THROTTLE, REPEAT },
	{ "Throttling", ERR_THROTTLE, REPEAT },
	{ "ThrottledException", ERR_THROTTLE, REPEAT },
	{ "RequestThrottled", ERR_THROTTLE, REPEAT },
	{ "RequestThrottledException", ERR_THROTTLE, REPEAT },
	{ "TooManyRequestsException", ERR_THROTTLE, REPEAT },
	{ "ProvisionedThroughputExceededException", ERR_THROTTLE, REPEAT },
	{ "RequestLimitExceeded", ERR_THROTTLE, REPEAT },
	{ "BandwidthLimitExceeded", ERR_THROTTLE, REPEAT },
	{ "LimitExceededException", ERR_THROTTLE, REPEAT },
	{ "SlowDown", ERR_THROTTLE, REPEAT },

	{ "InternalServerError", ERR_RETRY, REPEAT },
	{ "InternalServerErrorException", ERR_RETRY, REPEAT },
	{ "InternalFailure", ERR_RETRY, REPEAT },
	{ "ServiceUnavailable", ERR_RETRY, REPEAT },
	{ "ServiceUnavailableException", ERR_RETRY, REPEAT },
	{ "RequestTimeout", ERR_RETRY, REPEAT },
	{ "RequestTimeoutException", ERR_RETRY, REPEAT },
	{ "TransactionInProgressException", ERR_RETRY, REPEAT },
	{ "TransactionConflictException", ERR_RETRY, REPEAT },
	{ "ReplicatedWriteConflictException", ERR_RETRY, REPEAT },
	{ "ResourceNotFoundException", ERR_RETRY, 0 },
	{ "TableNotFoundException", ERR_RETRY, 0 },

	{ "AccessDeniedException", ERR_AUTH, ABOUT_TIME },
	{ "AccessDenied", ERR_AUTH, ABOUT_TIME },
	{ "NotAuthorized", ERR_AUTH, 0 },
	{ "OptInRequired", ERR_AUTH, 0 },
	{ "UnrecognizedClientException", ERR_AUTH, ABOUT_KEYS },
	{ "InvalidClientTokenId", ERR_AUTH, ABOUT_KEYS },
	{ "InvalidAccessKeyId", ERR_AUTH, ABOUT_KEYS },
	{ "InvalidSignatureException", ERR_AUTH, ABOUT_TIME | ABOUT_KEYS },
	{ "SignatureDoesNotMatch", ERR_AUTH, ABOUT_TIME | ABOUT_KEYS },
	{ "AuthFailure", ERR_AUTH, ABOUT_TIME | ABOUT_KEYS },
	{ "RequestTimeTooSkewed", ERR_AUTH, ABOUT_TIME },
	{ "RequestExpired", ERR_AUTH, ABOUT_TIME },
	{ "ExpiredTokenException", ERR_AUTH, ABOUT_KEYS },
	{ "ExpiredToken", ERR_AUTH, ABOUT_KEYS },
	{ "TokenRefreshRequired", ERR_AUTH, ABOUT_KEYS },
	{ "MissingAuthenticationTokenException", ERR_AUTH, ABOUT_KEYS },
	{ "MissingAuthenticationToken", ERR_AUTH, ABOUT_KEYS },
	{ "IncompleteSignatureException", ERR_AUTH, ABOUT_KEYS },
	{ "IncompleteSignature", ERR_AUTH, ABOUT_KEYS },
};

/* "com.amazonaws.dynamodb.v20120810#ValidationException:http://..." holds the
 * name between '#' and ':'. Empty when that is no name. */
static struct str short_name(struct str type)
{
	size_t hash;

	type = str_sub(type, 0, str_find_char(type, ':'));
	hash = str_find_char(type, '#');
	if (hash != SIZE_MAX)
		type = str_from(type, hash + 1);
	type = str_trim(type);
	for (size_t i = 0; i < type.len; i++) {
		char c = type.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_'))
			return str_of(NULL, 0);
	}
	return type.len < sizeof(((struct aws_error *)0)->code) ? type : str_of(NULL, 0);
}

/* A string member's content, still escaped; empty when there is none. */
static struct str string_member(struct str object, struct str name)
{
	struct str value;

	if (!scan_member(object, name, &value) || value.len < 2 || value.ptr[0] != '"')
		return str_of(NULL, 0);
	return str_sub(value, 1, value.len - 2);
}

/* The first line, printable; the rest may repeat the request with its token. */
static void take_line(struct str text, struct aws_error *out)
{
	size_t n = 0;

	for (text = str_sub(text, 0, str_find_char(text, '\n')); n < text.len && n + 1 < sizeof(out->message); n++)
		out->message[n] = (unsigned char)text.ptr[n] < ' ' || text.ptr[n] == 0x7f ? ' ' : text.ptr[n];
	while (n && !str_utf8_valid(str_of(out->message, n)))
		n--;
	out->message[n] = '\0';
}

static void take_json_message(struct str body, struct aws_error *out)
{
	static const struct str names[] = { STR_INIT("message"), STR_INIT("Message"), STR_INIT("errorMessage") };
	struct str content = { NULL, 0 };
	struct buf plain;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names) && !content.len; i++)
		content = string_member(body, names[i]);
	buf_init(&plain, content.len);
	if (content.len && scan_unescape(content, &plain, NULL))
		take_line(buf_str(&plain), out);
	buf_release(&plain);
}

/* Between the first <name> and the </name> behind it; empty when they are not there. */
static struct str xml_text(struct str body, struct str open, struct str close)
{
	size_t at = str_find(body, open);
	struct str rest = str_from(body, at == SIZE_MAX ? body.len : at + open.len);

	at = str_find(rest, close);
	return at == SIZE_MAX ? str_of(NULL, 0) : str_sub(rest, 0, at);
}

/* A cancelled transaction is as bad as the worst of its reasons: one that will
 * come again, else one that asks for less, else one that passes. */
static void class_of_cancellation(struct str body, struct aws_error *out)
{
	bool throttled = false, passing = false;
	struct str reasons, reason;
	struct scan scan;
	struct scan_token token;

	if (!scan_member(body, STR("CancellationReasons"), &reasons) || reasons.ptr[0] != '[')
		return;
	scan_init_trusted(&scan, reasons);
	scan_next(&scan, &token);
	while (scan_value(&scan, &reason)) {
		struct str code = reason.ptr[0] == '{' ? string_member(reason, STR("Code")) : STR("");

		if (!code.len || str_eq(code, STR("None")))
			continue;
		if (str_eq(code, STR("ThrottlingError")) || str_eq(code, STR("ProvisionedThroughputExceeded")))
			throttled = true;
		else if (str_eq(code, STR("TransactionConflict")))
			passing = true;
		else
			return;
	}
	if (throttled || passing) {
		out->class = throttled ? ERR_THROTTLE : ERR_RETRY;
		out->repeat = true;
	}
}

static void classify(int status, struct aws_error *out)
{
	for (size_t i = 0; i < sizeof(known_errors) / sizeof(*known_errors); i++) {
		const struct known_error *known = &known_errors[i];

		if (strcmp(known->code, out->code) != 0)
			continue;
		out->class = known->class;
		out->repeat = known->flags & REPEAT;
		out->about_time = known->flags & ABOUT_TIME;
		out->about_keys = known->flags & ABOUT_KEYS;
		return;
	}
	out->class = status >= 500 ? ERR_RETRY : status == 429 ? ERR_THROTTLE : ERR_FATAL;
	out->repeat = out->class != ERR_FATAL;
}

/* Something on the way answered, not the service: it may be gone in a while. */
static void read_foreign(int status, struct aws_error *out)
{
	snprintf(out->code, sizeof(out->code), "aws.http_%d", status);
	snprintf(out->message, sizeof(out->message),
		 "the answer is none of the service's; is something else at this endpoint, or a proxy before it?");
	out->class = status == 429 ? ERR_THROTTLE : status == 401 || status == 403 || status == 407 ? ERR_AUTH : ERR_RETRY;
	out->repeat = status >= 500 || status == 429;
}

/* Front ends of AWS, and services with other protocols, answer in XML. */
static struct str read_xml(struct str body, struct aws_error *out)
{
	struct str name = str_of(NULL, 0);

	if (str_starts(str_trim(body), STR("<")))
		name = short_name(xml_text(body, STR("<Code>"), STR("</Code>")));
	if (name.len)
		take_line(xml_text(body, STR("<Message>"), STR("</Message>")), out);
	return name;
}

void aws_error_read(int status, struct str type, struct str body, struct aws_error *out)
{
	bool is_object = scan_check(body, NULL) && str_starts(str_trim(body), STR("{"));
	struct str name = short_name(type);

	*out = (struct aws_error){ 0 };
	if (is_object) {
		body = str_trim(body);
		take_json_message(body, out);
		if (!name.len)
			name = short_name(string_member(body, STR("__type")));
		if (!name.len)
			name = short_name(string_member(body, STR("code")));
	} else if (!name.len) {
		name = read_xml(body, out);
	}
	if (!name.len) {
		read_foreign(status, out);
		return;
	}
	snprintf(out->code, sizeof(out->code), "%.*s", STR_ARG(name));
	classify(status, out);
	if (is_object && strcmp(out->code, "TransactionCanceledException") == 0)
		class_of_cancellation(body, out);
}
