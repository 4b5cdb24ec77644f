#include "gzip.h"
#include "sluice/sinks/opensearch.h"

#include <stdio.h>

enum {
	ANSWER_BYTES = 16 << 20,
	GZIP_BYTES = 128 << 20,
	GZIP_INLINE = 64 << 10, /* less is quicker here than on a helper thread */
	EXCERPT = 200,
};

struct zip_job {
	struct str text;
	struct buf out;
	bool ok;
};

static void zip(void *arg)
{
	struct zip_job *job = arg;

	job->ok = gzip_text(job->text, &job->out);
}

bool opensearch_send(struct opensearch_client *c, const struct opensearch_request *request,
		     struct http_response *response, struct err *err)
{
	struct http_header headers[2];
	struct zip_job job = { .text = request->body };
	struct buf url;
	struct http_request q = { .method = request->method,
				  .headers = headers,
				  .body = request->body,
				  .timeout_ms = c->timeout_ms,
				  .max_response_bytes = ANSWER_BYTES };
	bool ok;

	buf_init(&url, 16 << 10);
	buf_init(&job.out, GZIP_BYTES);
	buf_put(&url, c->url);
	buf_put(&url, request->path);
	q.url = buf_str(&url);
	if (request->body.len > 0)
		headers[q.n_headers++] =
			(struct http_header){ STR("Content-Type"),
					      request->ndjson ? STR("application/x-ndjson") : STR("application/json") };
	if (c->gzip && request->body.len > OPENSEARCH_GZIP_FROM) {
		if (request->body.len > GZIP_INLINE)
			task_offload(c->loop, zip, &job);
		else
			zip(&job);
	}
	if (job.ok) {
		headers[q.n_headers++] = (struct http_header){ STR("Content-Encoding"), STR("gzip") };
		q.body = buf_str(&job.out);
	}
	if (!buf_ok(&url))
		ok = err_set(err, ERR_DATA, "opensearch.url", "the address of a request is longer than %zu bytes",
			     url.max);
	else
		ok = transport_send(c->transport, &q, response, err) ||
		     err_prefix(err, "OpenSearch %s %.*s", request->method,
				STR_ARG(str_sub(q.url, 0, str_find_char(q.url, '?'))));
	buf_release(&job.out);
	buf_release(&url);
	return ok;
}

/* OpenSearch answers some bodies that it cannot read with 500. */
static bool blames_the_body(struct str type)
{
	return str_eq(type, STR("input_coercion_exception")) || str_eq(type, STR("illegal_argument_exception")) ||
	       str_ends(type, STR("_parse_exception"));
}

static enum err_class class_of(int status, struct str type)
{
	if (status >= 400 && blames_the_body(type))
		return ERR_DATA;
	switch (status) {
	case 401:
	case 403:
		return ERR_AUTH;
	case 429:
		return ERR_THROTTLE;
	case 400:
	case 413:
		return ERR_DATA;
	case 404:
	case 408:
	case 409:
		return ERR_RETRY;
	default:
		return status >= 500 ? ERR_RETRY : ERR_FATAL;
	}
}

/* "type: reason" of an answer's error, or its first bytes; and the class that
 * status and type make. */
static enum err_class read_reason(const struct http_response *response, struct buf *out)
{
	enum err_class class;
	struct json *root = json_parse(buf_str(&response->body), response->body.len, NULL);
	const struct json *error = json_get(root, "error");
	struct str type = { 0 }, reason = { 0 }, text = { 0 };

	if (json_get_str(json_get(error, "type"), &type) && json_get_str(json_get(error, "reason"), &reason))
		buf_putf(out, "%.*s: %.*s", STR_ARG(type), STR_ARG(reason));
	else if (json_get_str(error, &text))
		buf_put(out, text);
	else
		buf_put(out, str_sub(buf_str(&response->body), 0, EXCERPT));
	class = class_of(response->status, type);
	json_free(root);
	return class;
}

bool opensearch_fail(const struct opensearch_client *c, const struct opensearch_request *request,
		     const struct http_response *response, struct err *err)
{
	struct str path = str_sub(request->path, 0, str_find_char(request->path, '?'));
	struct str after = http_response_header(response, "Retry-After");
	enum err_class class;
	struct buf reason;
	char code[24];
	int64_t seconds;

	buf_init(&reason, 4096);
	class = read_reason(response, &reason);
	snprintf(code, sizeof(code), "opensearch.%d", response->status);
	err_set(err, class, code, "OpenSearch at %.*s answered %s %.*s with %d: %.*s", STR_ARG(c->url), request->method,
		STR_ARG(path), response->status, STR_ARG(buf_str(&reason)));
	if (err && str_to_i64(after, &seconds) && seconds > 0 && seconds < 3600)
		err->retry_after_ms = (uint32_t)seconds * 1000;
	buf_release(&reason);
	return false;
}

bool opensearch_call(struct opensearch_client *c, const struct opensearch_request *request,
		     struct http_response *response, struct err *err)
{
	if (!opensearch_send(c, request, response, err))
		return false;
	if (response->status / 100 == 2)
		return true;
	return opensearch_fail(c, request, response, err);
}

void opensearch_put_segment(struct buf *path, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char ch = (unsigned char)text.ptr[i];

		if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '-' ||
		    ch == '_' || ch == '.' || ch == '~')
			buf_putc(path, (char)ch);
		else
			buf_putf(path, "%%%02X", ch);
	}
}
