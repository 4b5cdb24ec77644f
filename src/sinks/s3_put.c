#include "s3_put.h"

#include "gzip.h"
#include "s3_layout.h"

#include <stdio.h>

enum { PATH_BYTES = 8 << 10, ANSWER_BYTES = 64 << 10 };

/* Four bytes as base64: six digits and "==". */
static void checksum_text(uint32_t crc, char text[9])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint64_t bits = (uint64_t)crc << 4; /* 36 bits */

	for (int i = 0; i < 6; i++)
		text[i] = digits[bits >> 6 * (5 - i) & 63];
	memcpy(text + 6, "==", 3);
}

/* A certificate of *.host covers one label; what is no AWS has often no names at all. */
static bool is_virtual(const struct s3_put *p)
{
	struct str endpoint = aws_client_endpoint(p->client);

	if (p->addressing != S3_AUTO)
		return p->addressing == S3_VIRTUAL;
	return s3_bucket_is_label(p->bucket) &&
	       (str_ends(endpoint, STR(".amazonaws.com")) || str_ends(endpoint, STR(".amazonaws.com.cn")));
}

static bool explain(const struct s3_put *p, const struct aws_answer_head *head, struct err *err)
{
	if (err->class == ERR_CANCELLED)
		return false;
	if (head->status == 307 || head->status == 404 || head->status == 409)
		err->class = ERR_RETRY;
	else if (!err_can_wait(err))
		err->class = ERR_FATAL;
	if (head->status == 301 || (head->status == 400 && head->value[0]))
		err_prefix(err, "bucket %.*s is in region %s: set the sink's region", STR_ARG(p->bucket),
			   head->value[0] ? head->value : "that another endpoint serves");
	else if (head->status == 404)
		err_prefix(err, "is there a bucket %.*s", STR_ARG(p->bucket));
	return false;
}

static void put_address(const struct s3_put *p, struct buf *path, struct aws_request *request)
{
	buf_putc(path, '/');
	if (is_virtual(p))
		request->host_label = p->bucket;
	else
		buf_putf(path, "%.*s/", STR_ARG(p->bucket));
	s3_put_path(path, p->key);
}

bool s3_look(const struct s3_put *p, struct err *err)
{
	struct aws_answer_head head = { .header = "x-amz-bucket-region" };
	struct aws_request request = {
		.operation = "HeadBucket", .method = "HEAD", .head = &head, .max_answer_bytes = ANSWER_BYTES,
		.timeout_ms = p->timeout_ms,
	};
	struct buf path, answer;
	struct err why = { 0 };
	bool ok;

	buf_init(&path, PATH_BYTES);
	buf_init(&answer, ANSWER_BYTES);
	put_address(p, &path, &request);
	request.path = buf_str(&path);
	ok = aws_call(p->client, &request, &answer, &why) || explain(p, &head, &why);
	if (!ok && head.status == 403) /* without a body it has no code */
		snprintf(why.code, sizeof(why.code), "AccessDenied");
	if (!ok && err)
		*err = why;
	buf_release(&path);
	buf_release(&answer);
	return ok;
}

bool s3_put(const struct s3_put *p, struct err *err)
{
	char checksum[9];
	struct aws_answer_head head = { .header = "x-amz-bucket-region" };
	struct http_header headers[] = {
		{ STR("Content-Type"), str_c(p->content_type) },
		{ STR("x-amz-checksum-crc32"), str_of(checksum, 8) },
	};
	struct aws_request request = {
		.operation = "PutObject", .method = "PUT", .body = p->body, .headers = headers,
		.n_headers = sizeof(headers) / sizeof(*headers), .head = &head, .max_answer_bytes = ANSWER_BYTES,
		.timeout_ms = p->timeout_ms,
	};
	struct buf path, answer;
	struct err why = { 0 };
	bool ok;

	checksum_text(gzip_crc32(p->body), checksum);
	buf_init(&path, PATH_BYTES);
	buf_init(&answer, ANSWER_BYTES);
	put_address(p, &path, &request);
	request.path = buf_str(&path);
	ok = buf_ok(&path) ? aws_call(p->client, &request, &answer, &why) || explain(p, &head, &why) :
			     err_set(&why, ERR_FATAL, "s3.key", "the key of an object in bucket %.*s is too long", STR_ARG(p->bucket));
	if (!ok && err)
		*err = why;
	buf_release(&path);
	buf_release(&answer);
	return ok;
}
