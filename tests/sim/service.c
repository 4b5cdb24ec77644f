#include "sim/service.h"

#include <stdio.h>
#include <time.h>
#include <zlib.h>

enum { OLDEST_MS = 15 * 60 * 1000, AHEAD_MS = 5 * 60 * 1000 };

struct str sim_request_header(const struct http_request *request, const char *name)
{
	for (size_t i = 0; i < request->n_headers; i++)
		if (str_eq_nocase(request->headers[i].name, str_c(name)))
			return request->headers[i].value;
	return str_of(NULL, 0);
}

/* "20260101T000000Z" */
struct stamp {
	char text[20];
};

static struct stamp stamp_of(int64_t ms)
{
	time_t now = (time_t)(ms / 1000);
	struct stamp s;
	struct tm at;

	gmtime_r(&now, &at);
	strftime(s.text, sizeof(s.text), "%Y%m%dT%H%M%SZ", &at);
	return s;
}

static bool read_stamp(struct str text, int64_t *ms)
{
	struct tm at = { 0 };
	char copy[20];
	const char *end;

	if (text.len != 16)
		return false;
	snprintf(copy, sizeof(copy), "%.*s", STR_ARG(text));
	end = strptime(copy, "%Y%m%dT%H%M%SZ", &at);
	if (!end || *end)
		return false;
	*ms = (int64_t)timegm(&at) * 1000;
	return true;
}

static bool date_ok(const struct sim_dates *d, struct str text, int64_t now_ms, struct err *err)
{
	int64_t oldest_ms = d->oldest_ms ? d->oldest_ms : OLDEST_MS, ahead_ms = d->ahead_ms ? d->ahead_ms : AHEAD_MS;
	int64_t signed_ms;

	if (!read_stamp(text, &signed_ms))
		return err_set(err, ERR_AUTH, "MissingAuthenticationTokenException", "Request is missing Authentication Token");
	if (signed_ms < now_ms - oldest_ms)
		return err_set(err, ERR_AUTH, "InvalidSignatureException",
			       "Signature expired: %.*s is now earlier than %s (%s - %lld min.)", STR_ARG(text),
			       stamp_of(now_ms - oldest_ms).text, stamp_of(now_ms).text, (long long)(oldest_ms / 60000));
	if (signed_ms > now_ms + ahead_ms)
		return err_set(err, ERR_AUTH, "InvalidSignatureException",
			       "Signature not yet current: %.*s is still later than %s (%s + %lld min.)", STR_ARG(text),
			       stamp_of(now_ms + ahead_ms).text, stamp_of(now_ms).text, (long long)(ahead_ms / 60000));
	return true;
}

bool sim_date_ok(struct sim_dates *d, const struct http_request *request, int64_t now_ms, struct err *err)
{
	bool ok = !d->check_date || date_ok(d, sim_request_header(request, "x-amz-date"), now_ms, err);

	d->refused += !ok;
	return ok;
}

static void add_date(struct http_response *response, int64_t now_ms)
{
	time_t now = (time_t)(now_ms / 1000);
	char line[64];
	struct tm at;

	gmtime_r(&now, &at);
	strftime(line, sizeof(line), "Date: %a, %d %b %Y %H:%M:%S GMT", &at);
	http_response_add_line(response, str_c(line));
}

static void add_crc(struct http_response *response, struct str body)
{
	char line[64];

	snprintf(line, sizeof(line), "x-amz-crc32: %lu",
		 crc32_z(0, (const unsigned char *)(body.len ? body.ptr : ""), body.len));
	http_response_add_line(response, str_c(line));
}

bool sim_answer_put(struct http_response *response, const struct http_request *request, struct env *env, int status,
		    struct str body, struct err *err)
{
	int64_t sent_ms = response->sent_ms, received_ms = response->received_ms;

	http_response_clear(response);
	response->sent_ms = sent_ms;
	response->received_ms = received_ms;
	if ((request->max_response_bytes && body.len > request->max_response_bytes) || !buf_put(&response->body, body)) {
		buf_clear(&response->body);
		return err_set(err, ERR_RETRY, "http.too_large", "simulated: an answer of %zu bytes is more than was asked for",
			       body.len);
	}
	response->status = status;
	add_date(response, env_wall_ms(env));
	add_crc(response, body);
	http_response_end_head(response);
	return true;
}
