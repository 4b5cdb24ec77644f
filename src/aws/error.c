#include "sluice/aws/error.h"

#include "error_codes.h"
#include "sluice/core/buf.h"
#include "sluice/core/scan.h"
#include "sluice/core/xml.h"

#include <stdio.h>

/* An error is short; whatever is longer is a page of somebody else. */
enum { MAX_XML_BYTES = 64 * 1024, XML_ARENA_BYTES = 4 << 20 };

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

/* The rest may repeat the request with its token. */
void aws_error_take_line(struct str text, char *out, size_t size)
{
	size_t n = 0;

	for (text = str_sub(text, 0, str_find_char(text, '\n')); n < text.len && n + 1 < size; n++)
		out[n] = (unsigned char)text.ptr[n] < ' ' || text.ptr[n] == 0x7f ? ' ' : text.ptr[n];
	while (n && !str_utf8_valid(str_of(out, n)))
		n--;
	out[n] = '\0';
}

static void take_message(struct str text, struct aws_error *out)
{
	aws_error_take_line(text, out->message, sizeof(out->message));
}

static void take_json_message(struct str body, struct aws_error *out)
{
	static const struct str names[] = { STR_INIT("message"), STR_INIT("Message"), STR_INIT("errorMessage"),
					    STR_INIT("error_description") };
	struct str content = { NULL, 0 };
	struct buf plain;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names) && !content.len; i++)
		content = string_member(body, names[i]);
	buf_init(&plain, content.len);
	if (content.len && scan_unescape(content, &plain, NULL))
		take_message(buf_str(&plain), out);
	buf_release(&plain);
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
		out->throttled = throttled;
		out->repeat = true;
	}
}

/* What is in no row of the table: RETRY from status 500 on and for 408, THROTTLE for
 * 429, else FATAL: the request is wrong in a way nobody here foresaw, and neither
 * repeating nor skipping it would be right. */
static void classify(int status, struct aws_error *out)
{
	const struct error_code *known = error_code_find(out->code);

	if (known) {
		out->class = known->class;
		out->repeat = known->flags & CODE_REPEAT;
		out->about_time = known->flags & CODE_ABOUT_TIME;
		out->about_keys = known->flags & CODE_ABOUT_KEYS;
	} else {
		out->class = status >= 500 || status == 408 ? ERR_RETRY : status == 429 ? ERR_THROTTLE : ERR_FATAL;
		out->repeat = out->class != ERR_FATAL;
	}
	out->throttled = out->class == ERR_THROTTLE || (known && known->flags & CODE_SLOWER);
}

/* The service gives no name: answers to HEAD, and empty ones of front ends. */
static void read_status(int status, struct aws_error *out)
{
	static const struct { int status; const char *code; } names[] = {
		{ 301, "PermanentRedirect" }, { 401, "AccessDenied" }, { 403, "AccessDenied" }, { 404, "NotFound" },
		{ 412, "PreconditionFailed" },
	};

	snprintf(out->code, sizeof(out->code), "aws.http_%d", status);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].status == status)
			snprintf(out->code, sizeof(out->code), "%s", names[i].code);
	take_message(STR("the service says no more than the status"), out);
	classify(status, out);
}

/* Something on the way answered, not the service: it may be gone in a while. */
static void read_foreign(int status, struct aws_error *out)
{
	snprintf(out->code, sizeof(out->code), "aws.http_%d", status);
	snprintf(out->message, sizeof(out->message),
		 "the answer is none of the service's; is something else at this endpoint, or a proxy before it?");
	out->class = status == 429 ? ERR_THROTTLE : status == 401 || status == 403 || status == 407 ? ERR_AUTH : ERR_RETRY;
	out->repeat = status >= 500 || status == 429;
	out->throttled = status == 429;
}

static struct str read_json(struct str body, struct aws_error *out)
{
	static const struct str names[] = { STR_INIT("__type"), STR_INIT("code"), STR_INIT("Code") };
	struct str name = { NULL, 0 };

	take_json_message(body, out);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names) && !name.len; i++)
		name = short_name(string_member(body, names[i]));
	return name;
}

/* An answer as it is read. */
struct reading {
	struct str name;
	struct str region;     /* where the bucket is */
	struct arena arena;    /* of XML */
};

static struct str first_text(const struct xml *a, const struct xml *b, const char *name)
{
	struct str text = xml_text(a, name);

	return text.len ? text : xml_text(b, name);
}

/* <ErrorResponse><Error>…</Error><RequestId/></ErrorResponse> of the query protocol,
 * <Error>…<RequestId/></Error> of S3, <Response><Errors><Error>… of front ends. */
static void read_xml(struct str body, struct reading *r, struct aws_error *out)
{
	const struct xml *root, *error;

	if (body.len > MAX_XML_BYTES || !str_starts(body, STR("<")))
		return;
	root = xml_parse(body, &r->arena, NULL);
	error = xml_child(root, "Error");
	if (!error)
		error = xml_child(xml_child(root, "Errors"), "Error");
	if (!error && root && str_eq(root->name, STR("Error")))
		error = root;
	r->name = short_name(xml_text(error, "Code"));
	if (!r->name.len)
		return;
	take_message(xml_text(error, "Message"), out);
	if (!out->request_id[0])
		aws_error_take_line(first_text(error, root, "RequestId"), out->request_id, sizeof(out->request_id));
	if (!out->request_id[0])
		aws_error_take_line(first_text(error, root, "RequestID"), out->request_id, sizeof(out->request_id));
	r->region = xml_text(error, "Region");
}

/* A bucket of another region: what its answers say helps nobody who does not know S3. */
static void explain_region(const struct reading *r, struct str bucket_region, struct aws_error *out)
{
	const struct error_code *known = error_code_find(out->code);
	char region[64];

	if (!known || !(known->flags & CODE_ABOUT_REGION))
		return;
	aws_error_take_line(bucket_region.len ? bucket_region : r->region, region, sizeof(region));
	if (region[0])
		snprintf(out->message, sizeof(out->message),
			 "the bucket is in region %s, and was asked for elsewhere: set that region for it", region);
	else if (strcmp(out->code, "PermanentRedirect") == 0)
		snprintf(out->message, sizeof(out->message), "the bucket is in another region, or not at this endpoint");
}

void aws_error_read(const struct aws_error_answer *answer, struct aws_error *out)
{
	struct reading r = { .name = short_name(answer->type) };
	struct str body = str_trim(answer->body);
	bool is_object = scan_check(answer->body, NULL) && str_starts(body, STR("{"));

	*out = (struct aws_error){ 0 };
	arena_init(&r.arena, XML_ARENA_BYTES);
	aws_error_take_line(answer->request_id, out->request_id, sizeof(out->request_id));
	if (is_object) {
		struct str name = read_json(body, out);

		r.name = r.name.len ? r.name : name;
	} else {
		struct str name = r.name;

		read_xml(body, &r, out);
		r.name = name.len ? name : r.name;
	}
	if (!r.name.len)
		r.name = short_name(str_sub(answer->query_error, 0, str_find_char(answer->query_error, ';')));
	if (r.name.len) {
		snprintf(out->code, sizeof(out->code), "%.*s", STR_ARG(r.name));
		classify(answer->status, out);
		if (is_object && strcmp(out->code, "TransactionCanceledException") == 0)
			class_of_cancellation(body, out);
	} else if (!body.len && answer->request_id.len) {
		read_status(answer->status, out);
	} else {
		read_foreign(answer->status, out);
	}
	explain_region(&r, answer->bucket_region, out);
	arena_release(&r.arena);
}
