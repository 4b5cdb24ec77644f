/* aws_sign <REQUESTS >SIGNATURES: signs requests as the program does, for judges
 * outside. In: a JSON array of objects
 *   { "form": "header" | "query", "method", "path", "query", "headers": [[name, value], …],
 *     "body": hex digits, "region", "service", "time_s", "id", "secret", "token", "expires_s",
 *     "normalize", "double_encode", "sign_body", "unsigned_body", "omit_session_token" }
 * all of them there. Out: one object a line with what must be added to the request.
 */
#include "sluice/aws/sigv4.h"
#include "sluice/core/json.h"
#include "sluice/core/json_write.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST_BYTES = 1 << 26, MOST_HEADERS = 32 };

static void die(const char *what)
{
	fprintf(stderr, "aws_sign: %s\n", what);
	exit(2);
}

static struct str text_of(const struct json *j, const char *name)
{
	struct str text = { NULL, 0 };

	if (!json_get_str(json_get(j, name), &text))
		die(name);
	return text;
}

static int64_t number_of(const struct json *j, const char *name)
{
	int64_t n = 0;

	if (!json_get_int(json_get(j, name), &n))
		die(name);
	return n;
}

static bool is_set(const struct json *j, const char *name)
{
	bool set = false;

	if (!json_get_bool(json_get(j, name), &set))
		die(name);
	return set;
}

static void put_bytes(struct str hex, struct buf *out)
{
	for (size_t i = 0; i + 1 < hex.len; i += 2) {
		char digits[3] = { hex.ptr[i], hex.ptr[i + 1], '\0' };

		buf_putc(out, (char)strtol(digits, NULL, 16));
	}
}

static size_t read_headers(const struct json *list, struct http_header *out)
{
	size_t n = 0;

	for (const struct json *pair = json_first(list); pair; pair = json_next(pair)) {
		if (n == MOST_HEADERS || !json_get_str(json_at(pair, 0), &out[n].name) ||
		    !json_get_str(json_at(pair, 1), &out[n].value))
			die("headers");
		n++;
	}
	return n;
}

static void write_result(bool ok, const struct sigv4_result *r, const struct err *err)
{
	struct json_writer w;
	struct buf line;

	buf_init(&line, MOST_BYTES);
	json_write_init(&w, &line);
	json_begin_object(&w);
	if (ok) {
		json_member_str(&w, STR("date"), str_c(r->amz_date));
		json_member_str(&w, STR("content_sha256"), str_c(r->content_sha256));
		json_member_str(&w, STR("authorization"), buf_str(&r->authorization));
		json_member_str(&w, STR("query"), buf_str(&r->query));
		json_member_str(&w, STR("canonical_request"), buf_str(&r->canonical_request));
	} else {
		json_member_str(&w, STR("error"), str_c(err->text));
	}
	json_end_object(&w);
	printf("%.*s\n", STR_ARG(buf_str(&line)));
	buf_release(&line);
}

static void sign_one(const struct json *j)
{
	struct http_header headers[MOST_HEADERS];
	bool in_query = str_eq(text_of(j, "form"), STR("query"));
	struct sigv4_result result;
	struct credentials who;
	struct err err = { 0 };
	struct buf method, body;
	bool ok;

	buf_init(&method, 64);
	buf_init(&body, MOST_BYTES);
	buf_put(&method, text_of(j, "method"));
	put_bytes(text_of(j, "body"), &body);
	credentials_init(&who);
	sigv4_result_init(&result);

	const struct sigv4_request r = {
		.method = method.ptr, .path = text_of(j, "path"), .query = text_of(j, "query"), .headers = headers,
		.n_headers = read_headers(json_get(j, "headers"), headers), .body = buf_str(&body),
		.region = text_of(j, "region"), .service = text_of(j, "service"), .time_s = number_of(j, "time_s"),
		.normalize_path = is_set(j, "normalize"), .double_encode_path = is_set(j, "double_encode"),
		.sign_body_header = is_set(j, "sign_body"), .unsigned_body = is_set(j, "unsigned_body"),
		.omit_session_token = is_set(j, "omit_session_token"),
	};

	ok = credentials_set(&who, text_of(j, "id"), text_of(j, "secret"), text_of(j, "token"), &err) &&
	     (in_query ? sigv4_presign(&r, number_of(j, "expires_s"), &who, &result, &err)
		       : sigv4_sign(&r, &who, &result, &err));
	write_result(ok, &result, &err);
	sigv4_result_release(&result);
	credentials_release(&who);
	buf_release(&method);
	buf_release(&body);
}

int main(void)
{
	struct err err = { 0 };
	struct json *requests;
	char chunk[4096];
	struct buf text;
	size_t n;

	buf_init(&text, MOST_BYTES);
	while ((n = fread(chunk, 1, sizeof(chunk), stdin)) > 0)
		buf_put(&text, str_of(chunk, n));
	requests = json_parse(buf_str(&text), MOST_BYTES, &err);
	if (!requests)
		die(err.text);
	for (const struct json *j = json_first(requests); j; j = json_next(j))
		sign_one(j);
	json_free(requests);
	buf_release(&text);
	return 0;
}
