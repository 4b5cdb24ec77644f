#include "sim/transport_script.h"

#include "sluice/core/loop.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>
#include <zlib.h>

static struct str keep(struct buf *text, struct str s)
{
	size_t at = text->len;

	buf_put(text, s);
	return str_of(text->ptr + at, s.len); /* the memory is had at once: it does not move */
}

static void remember(struct transport_script *s, const struct http_request *r)
{
	struct script_seen *seen = &s->seen[s->n_seen++];

	assert(s->n_seen <= SCRIPT_MOST_SEEN && r->n_headers <= SCRIPT_MOST_HEADERS);
	seen->at_ms = env_mono_ms(loop_env(s->loop));
	seen->request = *r;
	buf_init(&seen->text, 1 << 20);
	buf_reserve(&seen->text, (1 << 16) + r->body.len);
	seen->request.url = keep(&seen->text, r->url);
	seen->request.body = keep(&seen->text, r->body);
	for (size_t i = 0; i < r->n_headers; i++)
		seen->headers[i] = (struct http_header){
			keep(&seen->text, r->headers[i].name), keep(&seen->text, r->headers[i].value),
		};
	seen->request.headers = seen->headers;
}

static void add_date(const struct transport_script *s, struct http_response *response)
{
	time_t now = (time_t)((env_wall_ms(loop_env(s->loop)) + s->ahead_ms) / 1000);
	char line[64];
	struct tm at;

	gmtime_r(&now, &at);
	strftime(line, sizeof(line), "Date: %a, %d %b %Y %H:%M:%S GMT", &at);
	http_response_add_line(response, str_c(line));
}

static void fill(const struct transport_script *s, const struct script_step *step, struct http_response *response)
{
	struct str rest = str_c(step->fields);
	char line[64];

	response->status = step->status;
	buf_put(&response->body, str_c(step->body));
	while (rest.ptr)
		http_response_add_line(response, str_split(&rest, '\n'));
	if (step->crc) {
		snprintf(line, sizeof(line), "x-amz-crc32: %lu",
			 crc32_z(0, (const unsigned char *)(step->body ? step->body : ""), response->body.len));
		http_response_add_line(response, str_c(line));
	}
	if (s->dates)
		add_date(s, response);
	http_response_end_head(response);
}

static bool script_send(struct transport *transport, const struct http_request *r, struct http_response *response,
			struct err *err)
{
	struct transport_script *s = (struct transport_script *)transport;
	struct env *env = loop_env(s->loop);
	const struct script_step *step;

	http_response_clear(response);
	remember(s, r);
	if (s->n_seen > s->n_steps && !s->repeats)
		return err_set(err, ERR_FATAL, "script.end", "the script has only %zu answers", s->n_steps);
	step = &s->steps[(s->n_seen < s->n_steps ? s->n_seen : s->n_steps) - 1];
	response->sent_ms = env_mono_ms(env);
	if (!task_sleep_ms(s->loop, step->hangs ? INT64_MAX / 2000000 : step->after_ms, err))
		return false;
	response->received_ms = env_mono_ms(env);
	if (step->status == 0)
		return err_set(err, ERR_RETRY, step->error ? step->error : "http.broken", "as the script says");
	if (step->body && strlen(step->body) > (r->max_response_bytes ? r->max_response_bytes : SIZE_MAX))
		return err_set(err, ERR_RETRY, "http.too_large", "more than %zu bytes", r->max_response_bytes);
	fill(s, step, response);
	return true;
}

void transport_script_init(struct transport_script *s, struct loop *loop, const struct script_step *steps, size_t n)
{
	*s = (struct transport_script){ .transport = { script_send }, .loop = loop, .steps = steps, .n_steps = n };
}

void transport_script_release(struct transport_script *s)
{
	for (size_t i = 0; i < s->n_seen; i++)
		buf_release(&s->seen[i].text);
	s->n_seen = 0;
}

struct str transport_script_header(const struct transport_script *s, size_t nth, const char *name)
{
	const struct http_request *r = &s->seen[nth].request;

	for (size_t i = 0; i < r->n_headers; i++)
		if (str_eq_nocase(r->headers[i].name, str_c(name)))
			return r->headers[i].value;
	return str_of(NULL, 0);
}
