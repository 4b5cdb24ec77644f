/* The reader of AWS errors on any bytes: x-amzn-errortype, and behind the first
 * zero byte the body. Whatever comes, the error has a class, a code that can stand
 * in a log, and one printable line of message. Items in the body are read, too.
 */
#include "sluice/aws/dynamodb.h"
#include "sluice/aws/error.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool held)
{
	if (!held)
		abort();
}

static void require_readable(const struct aws_error *e)
{
	require(e->class == ERR_RETRY || e->class == ERR_THROTTLE || e->class == ERR_AUTH || e->class == ERR_DATA ||
		e->class == ERR_FATAL);
	require(e->code[0]);
	for (const char *c = e->code; *c; c++)
		require((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '.' ||
			*c == '_');
	for (const char *c = e->message; *c; c++)
		require((unsigned char)*c >= ' ' && *c != 0x7f);
	require(str_utf8_valid(str_c(e->message)));
	for (const char *c = e->request_id; *c; c++)
		require((unsigned char)*c >= ' ' && *c != 0x7f);
	require(str_utf8_valid(str_c(e->request_id)));
	require(!e->throttled || e->repeat);
	require(!e->repeat || e->class == ERR_RETRY || e->class == ERR_THROTTLE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = { 400, 403, 429, 500, 302 };
	struct str all = str_of((const char *)data, size);
	size_t zero = str_find_char(all, '\0');
	struct str type = str_sub(all, 0, zero == SIZE_MAX ? 0 : zero);
	struct str body = str_from(all, zero == SIZE_MAX ? 0 : zero + 1);
	struct value item;
	struct err err = { 0 };

	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
		struct aws_error e;

		const struct aws_error_answer answer = {
			.status = statuses[i], .type = type, .query_error = type, .bucket_region = str_sub(type, 0, 20),
			.request_id = str_sub(body, 0, i % 2 ? 40 : 0), .body = body,
		};

		aws_error_read(&answer, &e);
		require_readable(&e);
	}
	if (!dynamodb_failed_item(body, &item, &err))
		require(err.class == ERR_RETRY && err_is(&err, "aws.answer"));
	return 0;
}
