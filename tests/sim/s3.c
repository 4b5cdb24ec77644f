#include "sim/s3.h"

#include "sluice/core/mem.h"

#include <stdio.h>
#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

enum { OBJECT_BYTES = 256 << 20 };

static const enum sim_fault faults[] = { SIM_DROP_BEFORE, SIM_DROP_AFTER, SIM_500, SIM_THROTTLE, SIM_HANG };

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static char *decoded(struct str path)
{
	char *text = mem_alloc(path.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < path.len; i++) {
		if (path.ptr[i] == '%' && i + 2 < path.len && hex(path.ptr[i + 1]) >= 0 && hex(path.ptr[i + 2]) >= 0) {
			text[n++] = (char)(16 * hex(path.ptr[i + 1]) + hex(path.ptr[i + 2]));
			i += 2;
		} else {
			text[n++] = path.ptr[i];
		}
	}
	text[n] = '\0';
	return text;
}

static struct sim_object *object_at(struct sim_s3 *s, char *key)
{
	struct sim_object **at = &s->objects, *o;

	while (*at && strcmp((*at)->key, key) < 0)
		at = &(*at)->next;
	if (*at && strcmp((*at)->key, key) == 0) {
		mem_free(key);
		return *at;
	}
	o = mem_alloc(sizeof(*o));
	*o = (struct sim_object){ .key = key, .next = *at, .first_ms = env_wall_ms(loop_env(s->loop)) };
	buf_init(&o->bytes, OBJECT_BYTES);
	buf_init(&o->text, OBJECT_BYTES);
	*at = o;
	s->n_objects++;
	return o;
}

/* One member and nothing behind it. */
static bool unzip(struct str bytes, struct buf *out)
{
	z_stream z = { 0 };
	int status = Z_OK;

	if (inflateInit2(&z, 15 + 16) != Z_OK)
		return false;
	z.next_in = (const Bytef *)bytes.ptr;
	z.avail_in = (uInt)bytes.len;
	while (status == Z_OK) {
		char *to = buf_reserve(out, 64 << 10);

		z.next_out = (Bytef *)to;
		z.avail_out = 64 << 10;
		status = to ? inflate(&z, Z_NO_FLUSH) : Z_MEM_ERROR;
		if (to)
			buf_commit(out, (64 << 10) - z.avail_out);
	}
	inflateEnd(&z);
	return status == Z_STREAM_END && z.avail_in == 0;
}

static bool checksum_ok(const struct http_request *request)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint64_t crc = crc32_z(0, (const Bytef *)(request->body.len ? request->body.ptr : ""), request->body.len) << 4;
	char want[9] = "";

	for (int i = 0; i < 6; i++)
		want[i] = digits[crc >> (30 - 6 * i) & 63];
	return str_eq(sim_request_header(request, "x-amz-checksum-crc32"), str_of(strcat(want, "=="), 8));
}

static int put(struct sim_s3 *s, const struct http_request *request)
{
	struct sim_object *o;
	struct buf text;
	bool ok = strcmp(request->method, "PUT") == 0 && checksum_ok(request);

	buf_init(&text, OBJECT_BYTES);
	if (ok && str_ends(request->url, STR(".gz")))
		ok = unzip(request->body, &text);
	if (!ok) {
		s->refused++;
		buf_release(&text);
		return 400;
	}
	o = object_at(s, decoded(str_from(request->url, strlen(s->url) + 1)));
	o->changes += o->puts && !str_eq(buf_str(&o->bytes), request->body);
	o->puts++;
	s->puts++;
	buf_clear(&o->bytes);
	buf_put(&o->bytes, request->body);
	buf_release(&o->text);
	o->text = text;
	return 200;
}

static bool answer(struct sim_s3 *s, const struct http_request *request, struct http_response *response, int status,
		   const char *code, struct err *err)
{
	char body[200] = "";

	if (code)
		snprintf(body, sizeof(body), "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>simulated</Message></Error>", code);
	return sim_answer_put(response, request, loop_env(s->loop), status, str_c(body), err);
}

static bool simulate(struct transport *t, const struct http_request *request, struct http_response *response,
		     struct err *err)
{
	struct sim_s3 *s = (struct sim_s3 *)t;
	struct rng *rng = &loop_env(s->loop)->rng;
	enum sim_fault fault = SIM_NO_FAULT;
	int status = 200;

	if (!str_starts(request->url, str_c(s->url))) {
		if (s->next)
			return transport_send(s->next, request, response, err);
		return err_set(err, ERR_RETRY, "http.connect", "simulated: nobody is there");
	}
	if (s->latency_ms && !task_sleep_ms(s->loop, 1 + (int64_t)rng_below(rng, (uint64_t)s->latency_ms), err))
		return false;
	if (s->slow_ms && !task_sleep_ms(s->loop, s->slow_ms, err))
		return false;
	if (s->faulty > 0 && rng_unit(rng) < s->faulty)
		fault = faults[rng_below(rng, sizeof(faults) / sizeof(*faults))];
	if (s->down || fault == SIM_500)
		return answer(s, request, response, 500, "InternalError", err);
	if (fault == SIM_THROTTLE)
		return answer(s, request, response, 503, "SlowDown", err);
	if (fault == SIM_HANG && !task_sleep_ms(s->loop, request->timeout_ms, err))
		return false;
	if (fault != SIM_DROP_BEFORE)
		status = put(s, request);
	if (fault != SIM_NO_FAULT)
		return err_set(err, ERR_RETRY, fault == SIM_HANG ? "http.timeout" : "http.broken", "simulated: the answer is lost");
	return answer(s, request, response, status, status == 200 ? NULL : "InvalidRequest", err);
}

struct sim_s3 *sim_s3_new(struct loop *loop, const char *url, struct transport *next)
{
	struct sim_s3 *s = mem_alloc(sizeof(*s));

	*s = (struct sim_s3){ .transport.send = simulate, .next = next, .loop = loop, .url = url };
	return s;
}

void sim_s3_clear(struct sim_s3 *s)
{
	while (s->objects) {
		struct sim_object *o = s->objects;

		s->objects = o->next;
		buf_release(&o->bytes);
		buf_release(&o->text);
		mem_free(o->key);
		mem_free(o);
	}
	s->n_objects = 0;
}

void sim_s3_free(struct sim_s3 *s)
{
	sim_s3_clear(s);
	mem_free(s);
}
