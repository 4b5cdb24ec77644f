#include "aws_batch.h"
#include "sluice/core/json.h"
#include "sluice/core/xml.h"

enum { CODE_BYTES = 80, MESSAGE_BYTES = 240 };

/* ---- what an error's name means ---- */

/* Errors of entries and requests that the table of aws/error lacks, or that mean
 * something else here. Without "Exception" at the end and SQS's old prefix, which
 * the same error has in one API and not in the other. Facts: the services' API
 * models; EventBridge User Guide, "Failures with PutEvents". */
static const struct known {
	const char *name;
	enum err_class class;
} known_errors[] = {
	/* its own fault; of a request with several entries: of one among them */
	{ "BatchRequestTooLong", ERR_DATA },
	{ "InvalidArgument", ERR_DATA },
	{ "InvalidMessageContents", ERR_DATA },
	{ "InvalidParameter", ERR_DATA },
	{ "InvalidParameterValue", ERR_DATA },
	{ "ParameterValueInvalid", ERR_DATA },
	{ "MalformedDetail", ERR_DATA },
	{ "InvalidRequestContent", ERR_DATA },
	{ "RequestTooLarge", ERR_DATA },
	{ "RequestEntityTooLarge", ERR_DATA },
	{ "aws.http_413", ERR_DATA },

	{ "ProvisionedThroughputExceeded", ERR_THROTTLE },
	{ "Throttling", ERR_THROTTLE },
	{ "Throttled", ERR_THROTTLE },
	{ "RequestThrottled", ERR_THROTTLE },
	{ "TooManyRequests", ERR_THROTTLE },
	{ "LimitExceeded", ERR_THROTTLE },
	{ "OverLimit", ERR_THROTTLE },
	{ "KmsThrottled", ERR_THROTTLE },
	{ "KMSThrottling", ERR_THROTTLE },

	/* can mend without us: made, switched on or allowed by somebody any minute */
	{ "InternalFailure", ERR_RETRY },
	{ "Internal", ERR_RETRY },
	{ "InternalError", ERR_RETRY },
	{ "ServiceUnavailable", ERR_RETRY },
	{ "Service", ERR_RETRY },
	{ "QueueDoesNotExist", ERR_RETRY },
	{ "NonExistentQueue", ERR_RETRY },
	{ "NotFound", ERR_RETRY },
	{ "ResourceNotFound", ERR_RETRY },
	{ "ResourceConflict", ERR_RETRY },
	{ "ResourceNotReady", ERR_RETRY },
	{ "OperationDisabled", ERR_RETRY },
	{ "KmsDisabled", ERR_RETRY },
	{ "KmsInvalidState", ERR_RETRY },
	{ "KmsNotFound", ERR_RETRY },
	{ "KMSDisabled", ERR_RETRY },
	{ "KMSInvalidState", ERR_RETRY },
	{ "KMSNotFound", ERR_RETRY },
	{ "InvalidKMSResource", ERR_RETRY },

	{ "AccessDenied", ERR_AUTH },
	{ "AuthorizationError", ERR_AUTH },
	{ "KmsAccessDenied", ERR_AUTH },
	{ "KMSAccessDenied", ERR_AUTH },
	{ "KmsOptInRequired", ERR_AUTH },
	{ "KMSOptInRequired", ERR_AUTH },

	/* the settings' fault: every message would meet it */
	{ "NotAuthorizedForSource", ERR_FATAL },
	{ "NotAuthorizedForDetailType", ERR_FATAL },
	{ "InvalidSource", ERR_FATAL },
	{ "InvalidAddress", ERR_FATAL },
	{ "InvalidSecurity", ERR_FATAL },
	{ "UnsupportedOperation", ERR_FATAL },
};

enum err_class aws_batch_class(struct str code, enum err_class unknown)
{
	static const struct str prefix = STR_INIT("AWS.SimpleQueueService."), suffix = STR_INIT("Exception");

	if (str_starts(code, prefix))
		code = str_from(code, prefix.len);
	if (str_ends(code, suffix))
		code.len -= suffix.len;
	for (size_t i = 0; i < sizeof(known_errors) / sizeof(*known_errors); i++)
		if (str_eq(code, str_c(known_errors[i].name)))
			return known_errors[i].class;
	return unknown;
}

/* ---- outcomes ---- */

static bool foreign(const char *expected, struct err *err)
{
	return err_set(err, ERR_RETRY, "aws.answer",
		       "the answer is none of the service's: expected %s; what was sent is sent again", expected);
}

/* Cut, with what is not printable replaced: it goes into logs. */
static struct str keep(struct arena *arena, struct str text, size_t most)
{
	struct str kept = arena_dup(arena, str_sub(text, 0, most));

	for (size_t i = 0; i < kept.len; i++)
		if ((unsigned char)kept.ptr[i] < ' ' || kept.ptr[i] == 0x7f)
			((char *)kept.ptr)[i] = ' ';
	while (kept.len && !str_utf8_valid(kept))
		kept.len--;
	return kept;
}

/* The outcome of an id that we gave; NULL for any other. */
static struct aws_batch_outcome *outcome_of(struct str id, struct aws_batch_outcome *out, size_t n)
{
	uint64_t i;

	if (!id.len || id.len > 3 || (id.len > 1 && id.ptr[0] == '0') || !str_to_u64(id, &i) || i >= n)
		return NULL;
	return &out[i];
}

static void note_failed(struct aws_batch_outcome *o, bool sender_fault, struct str code, struct str message,
			struct arena *arena)
{
	o->named++;
	o->failed = true;
	o->sender_fault = sender_fault;
	o->code = keep(arena, code, CODE_BYTES);
	o->message = keep(arena, message, MESSAGE_BYTES);
}

static struct str text_of(const struct json *object, const char *name)
{
	struct str text = { NULL, 0 };

	json_get_str(json_get(object, name), &text);
	return text;
}

static void read_json_failure(const struct json *failure, struct aws_batch_outcome *o, struct arena *arena)
{
	bool sender_fault = false;

	json_get_bool(json_get(failure, "SenderFault"), &sender_fault);
	note_failed(o, sender_fault, text_of(failure, "Code"), text_of(failure, "Message"), arena);
}

bool aws_batch_read_ids(const struct aws_batch_service *s, struct str answer, struct arena *arena,
			struct aws_batch_outcome *out, size_t n, struct err *err)
{
	struct json *root = json_parse(answer, answer.len, NULL);
	const struct json *done = json_get(root, "Successful"), *failed = json_get(root, "Failed");
	bool ok = done || failed;
	struct aws_batch_outcome *o;

	(void)s;
	for (const struct json *j = json_first(done); ok && j; j = json_next(j))
		if ((o = outcome_of(text_of(j, "Id"), out, n)))
			o->named++;
	for (const struct json *j = json_first(failed); ok && j; j = json_next(j))
		if ((o = outcome_of(text_of(j, "Id"), out, n)))
			read_json_failure(j, o, arena);
	json_free(root);
	return ok || foreign("JSON with Successful and Failed", err);
}

bool aws_batch_read_xml(const struct aws_batch_service *s, struct str answer, struct arena *arena,
			struct aws_batch_outcome *out, size_t n, struct err *err)
{
	const struct xml *root = xml_parse(answer, arena, NULL);
	const struct xml *result = xml_child(root, "PublishBatchResult");
	const struct xml *done = xml_child(result, "Successful"), *failed = xml_child(result, "Failed");
	struct aws_batch_outcome *o;

	(void)s;
	if (!done && !failed)
		return foreign("XML with a PublishBatchResult", err);
	for (const struct xml *x = done ? done->first : NULL; x; x = x->next)
		if ((o = outcome_of(xml_text(x, "Id"), out, n)))
			o->named++;
	for (const struct xml *x = failed ? failed->first : NULL; x; x = x->next)
		if ((o = outcome_of(xml_text(x, "Id"), out, n)))
			note_failed(o, str_eq(xml_text(x, "SenderFault"), STR("true")), xml_text(x, "Code"),
				    xml_text(x, "Message"), arena);
	return true;
}

bool aws_batch_read_list(const struct aws_batch_service *s, struct str answer, struct arena *arena,
			 struct aws_batch_outcome *out, size_t n, struct err *err)
{
	struct json *root = json_parse(answer, answer.len, NULL);
	const struct json *list = json_get(root, s->answers), *j = json_first(list);
	bool ok = list && json_type(list) == JSON_ARRAY && json_count(list) == n;

	for (size_t i = 0; ok && i < n; i++, j = json_next(j)) {
		struct str code = text_of(j, "ErrorCode");

		if (code.len)
			note_failed(&out[i], false, code, text_of(j, "ErrorMessage"), arena);
		else if (text_of(j, s->proof).len)
			out[i].named++;
	}
	json_free(root);
	return ok || foreign("JSON with one outcome for each message", err);
}
