#include "sluice/aws/client.h"

#include "client_address.h"
#include "sluice/aws/error.h"
#include "sluice/aws/retry.h"
#include "sluice/aws/skew.h"
#include "sluice/aws/user_agent.h"
#include "sluice/core/loop.h"
#include "sluice/core/mem.h"

#include <stdio.h>
#include <zlib.h>

enum {
	DEFAULT_ANSWER_BYTES = 16 * 1024 * 1024,
	MAX_USER_AGENT_BYTES = 512,
	MAX_SKEW_MS = 4 * 60 * 1000,     /* AWS takes 5 minutes, before or after */
};

struct aws_client {
	enum aws_service which;
	const struct aws_service_info *service;
	struct aws_settings set;
	struct client_address address;
	struct aws_skew skew;
	struct sigv4_key key;
	struct retry_quota quota;
	struct buf user_agent;           /* made at the first call */
	struct aws_client_stats stats;
};

/* One call over its attempts. */
struct call {
	struct aws_client *c;
	const struct aws_request *request;
	struct credentials who;
	struct sigv4_result signature;
	struct http_response response;
	struct buf target, url, host, form;
	size_t base_bytes;               /* of the URL: the endpoint */
	struct str body;                 /* the request's, or the form */
	int64_t skew_used_ms;
	unsigned attempts;
	struct retry_call retries;
	bool asked_clock, asked_provider;  /* the two refusals were answered once */
};

/* What an attempt that failed means for the next one. */
struct verdict {
	bool repeat;       /* may succeed in a moment */
	bool throttled;    /* paid for and waited for like a throttle */
	bool at_once;      /* what was wrong with it is mended */
	bool not_done;     /* the service has surely not acted on it */
};

struct aws_client *aws_client_new(enum aws_service service, const struct aws_settings *settings, struct err *err)
{
	struct aws_client *c = mem_alloc(sizeof(*c));

	c->which = service;
	c->service = aws_service_info(service);
	c->set = *settings;
	if (!c->set.max_attempts && settings->config)
		c->set.max_attempts = settings->config->max_attempts;
	if (!client_address_init(&c->address, service, settings, err)) {
		aws_client_free(c);
		return NULL;
	}
	return c;
}

void aws_client_free(struct aws_client *c)
{
	if (!c)
		return;
	sigv4_key_release(&c->key);
	client_address_release(&c->address);
	buf_release(&c->user_agent);
	mem_free(c);
}

int64_t aws_service_time_ms(const struct aws_client *c)
{
	return env_wall_ms(loop_env(c->set.loop)) + c->skew.ms;
}

bool aws_service_time_known(const struct aws_client *c)
{
	return c->skew.known;
}

struct str aws_client_endpoint(const struct aws_client *c)
{
	struct str url = buf_str(&c->address.endpoint.url);

	return str_sub(url, 0, url.len - 1); /* without the last '/' */
}

struct aws_client_stats aws_client_stats(const struct aws_client *c)
{
	return c->stats;
}

/* ---- one attempt ---- */

enum { OWN_HEADERS = 8, MORE_HEADERS = 16, MAX_URL_BYTES = 16 * 1024, MAX_FORM_BYTES = 16 * 1024 * 1024 };

/* The headers of one attempt: Host, Content-Type, X-Amz-Target, four of the signature, User-Agent. */
struct headers {
	struct http_header list[OWN_HEADERS + MORE_HEADERS];
	size_t n;
};

static void add_header(struct headers *h, struct str name, struct str value)
{
	h->list[h->n++] = (struct http_header){ name, value };
}

static bool gives_header(const struct aws_request *r, struct str name)
{
	for (size_t i = 0; i < r->n_headers; i++)
		if (str_eq_nocase(r->headers[i].name, name))
			return true;
	return false;
}

/* What is signed: Host, the content's type, the operation, what the caller adds. */
static void begin_headers(const struct call *k, struct headers *h)
{
	const struct aws_request *r = k->request;

	h->n = 0;
	add_header(h, STR("Host"), buf_str(&k->host));
	if (!gives_header(r, STR("Content-Type")) && k->body.len)
		add_header(h, STR("Content-Type"), str_c(k->c->service->content_type));
	if (k->c->service->protocol == AWS_JSON)
		add_header(h, STR("X-Amz-Target"), buf_str(&k->target));
	for (size_t i = 0; i < r->n_headers && i < MORE_HEADERS; i++)
		add_header(h, r->headers[i].name, r->headers[i].value);
}

static struct str method_of(const struct aws_request *r)
{
	return r->method ? str_c(r->method) : STR("POST");
}

/* "/", or the endpoint's path and the request's behind it. */
static struct str path_of(const struct call *k)
{
	struct str url = buf_str(&k->url);
	size_t begin = str_find(url, STR("://")) + 3;

	url = str_from(url, begin + str_find_char(str_from(url, begin), '/'));
	return str_sub(url, 0, str_find_char(url, '?'));
}

static bool sign(struct call *k, struct headers *h, struct err *err)
{
	struct aws_client *c = k->c;
	bool s3 = c->which == AWS_S3;
	struct sigv4_request r = {
		.method = method_of(k->request).ptr, .path = path_of(k), .query = k->request->query, .headers = h->list,
		.n_headers = h->n, .body = k->body, .region = client_address_region(&c->address),
		.service = str_c(c->service->signing_name), .time_s = aws_service_time_ms(c) / 1000,
		.normalize_path = !s3, .double_encode_path = !s3, .sign_body_header = s3, .key = &c->key,
	};

	k->skew_used_ms = c->skew.ms;
	if (!sigv4_sign(&r, &k->who, &k->signature, err))
		return false;
	add_header(h, STR("X-Amz-Date"), str_c(k->signature.amz_date));
	if (s3)
		add_header(h, STR("X-Amz-Content-Sha256"), str_c(k->signature.content_sha256));
	add_header(h, STR("Authorization"), buf_str(&k->signature.authorization));
	if (k->who.session_token.len)
		add_header(h, STR("X-Amz-Security-Token"), buf_str(&k->who.session_token));
	return true;
}

/* Host and URL, which may be those of the credentials' account. */
static bool locate(struct call *k, struct err *err)
{
	const struct aws_request *r = k->request;
	const struct aws_endpoint *e =
		client_address_of(&k->c->address, r->anonymous ? NULL : &k->who, r->resource_arn, err);
	size_t scheme = e ? str_find(buf_str(&e->url), STR("://")) + 3 : 0;

	if (!e)
		return false;
	buf_clear(&k->host);
	buf_clear(&k->url);
	if (r->host_label.len)
		buf_putf(&k->host, "%.*s.", STR_ARG(r->host_label));
	buf_put(&k->host, buf_str(&e->host));
	buf_put(&k->url, str_sub(buf_str(&e->url), 0, scheme));
	buf_put(&k->url, buf_str(&k->host));
	buf_put(&k->url, buf_str(&e->path));
	k->base_bytes = k->url.len - 1; /* without the last '/' */
	if (str_starts(r->path, STR("/"))) /* the endpoint's path ends with one */
		buf_put(&k->url, str_from(r->path, 1));
	if (r->query.len)
		buf_putf(&k->url, "?%.*s", STR_ARG(r->query));
	return (buf_ok(&k->url) && buf_ok(&k->host)) ||
	       err_set(err, ERR_FATAL, "http.request", "its address is too long");
}

/* The body, once a call. */
static bool compose(struct call *k, struct err *err)
{
	const struct aws_request *r = k->request;

	k->body = r->body;
	if (k->c->service->protocol == AWS_QUERY) {
		buf_putf(&k->form, "Action=%s&Version=%s", r->operation, k->c->service->target);
		buf_put(&k->form, r->body);
		k->body = buf_str(&k->form);
	}
	return (buf_ok(&k->form) && r->n_headers <= MORE_HEADERS) ||
	       err_set(err, ERR_FATAL, "http.request", "its form or headers are too long");
}

/* What the caller wants of the answer's head. */
static void note_head(struct call *k, bool answered)
{
	struct aws_answer_head *head = k->request->head;
	struct str value = { NULL, 0 };

	if (!head)
		return;
	head->status = answered ? k->response.status : 0;
	if (answered && head->header)
		value = http_response_header(&k->response, head->header);
	snprintf(head->value, sizeof(head->value), "%.*s", STR_ARG(value));
}

static bool send(struct call *k, struct buf *answer, struct err *err)
{
	struct aws_client *c = k->c;
	size_t most = k->request->max_answer_bytes ? k->request->max_answer_bytes : DEFAULT_ANSWER_BYTES;
	struct headers headers;
	struct http_request r = {
		.method = method_of(k->request).ptr, .headers = headers.list, .body = k->body,
		.connect_timeout_ms = c->set.connect_timeout_ms,
		.timeout_ms = k->request->timeout_ms ? k->request->timeout_ms : c->set.timeout_ms,
		.max_response_bytes = most < answer->max ? most : answer->max, .once = k->request->once,
	};
	bool ok;

	if (!k->request->anonymous && !c->set.credentials->get(c->set.credentials, &k->who, err))
		return false;
	if (!locate(k, err))
		return false;
	if (c->set.may_sign && !c->set.may_sign(c->set.may_sign_ctx, err))
		return false;
	begin_headers(k, &headers);
	if (!k->request->anonymous && !sign(k, &headers, err))
		return false;
	r.url = buf_str(&k->url);
	/* Unsigned, as proxies may add to it. */
	if (!gives_header(k->request, STR("User-Agent")))
		add_header(&headers, STR("User-Agent"), buf_str(&c->user_agent));
	r.n_headers = headers.n;
	/* The transport fills the caller's memory: a page of 2 MB is not copied. */
	k->response.body = buf_take(answer);
	ok = transport_send(c->set.transport, &r, &k->response, err);
	*answer = buf_take(&k->response.body);
	note_head(k, ok);
	return ok;
}

enum { MOST_ID_BYTES = 128, MOST_IDS_BYTES = 2 * MOST_ID_BYTES + 40, TEXT_BEFORE_REFUSAL = 130 };

/* By which AWS's support finds the request: of one service or of S3, which has two. */
static struct str request_id(const struct call *k)
{
	struct str id = http_response_header(&k->response, "x-amzn-requestid");

	return id.len ? id : http_response_header(&k->response, "x-amz-request-id");
}

/* id: what the answer's head or body says, may be empty. */
static void put_ids(const struct call *k, const char *id, char *out, size_t size)
{
	char extended[MOST_ID_BYTES];

	aws_error_take_line(http_response_header(&k->response, "x-amz-id-2"), extended, sizeof(extended));
	snprintf(out, size, "request id %s%s%s", id[0] ? id : "none", extended[0] ? ", extended request id " : "", extended);
}

/* Shorter ones are no keys of AWS, and stand in many a message by chance. */
enum { SHORTEST_SECRET = 16 };

/* How much of `at` repeats the secret: all of it, or a beginning where the text is
 * cut. 0: nothing. */
static size_t repeats(const char *at, struct str secret)
{
	size_t n = 0;

	while (n < secret.len && at[n] && at[n] == secret.ptr[n])
		n++;
	return n == secret.len || (!at[n] && n >= SHORTEST_SECRET) ? n : 0;
}

/* The service's message must not carry what was signed with. */
static void redact(char *message, struct str secret)
{
	static const char instead[] = "[redacted]"; /* not longer than a secret */
	const size_t len = sizeof(instead) - 1;

	if (secret.len < SHORTEST_SECRET)
		return;
	for (char *at = message; *at; at++) {
		size_t n = repeats(at, secret);

		if (!n)
			continue;
		memcpy(at, instead, len);
		memmove(at + len, at + n, strlen(at + n) + 1);
		at += len - 1;
	}
}

static void append_text(struct err *err, const char *text)
{
	size_t at = strlen(err->text);

	snprintf(err->text + at, sizeof(err->text) - at, "%s", text);
}

/* The ids stand at the end, and must not fall victim to a long message. */
static void say_refusal(const struct call *k, struct aws_error *e, struct err *err)
{
	char ids[MOST_IDS_BYTES], message[sizeof(e->message)];
	size_t taken;

	_Static_assert(TEXT_BEFORE_REFUSAL + sizeof(e->code) + sizeof(ids) < sizeof(err->text), "room for a message");
	redact(e->message, buf_str(&k->who.secret_access_key));
	redact(e->message, buf_str(&k->who.session_token));
	put_ids(k, e->request_id, ids, sizeof(ids));
	taken = TEXT_BEFORE_REFUSAL + strlen(e->code) + strlen(ids);
	aws_error_take_line(str_c(e->message), message,
			    taken + sizeof(message) < sizeof(err->text) ? sizeof(message) : sizeof(err->text) - taken);
	err_set(err, e->class, e->code, "%s%s%s (HTTP %d, %s)", e->code, message[0] ? ": " : "", message,
		k->response.status, ids);
	if (e->class == ERR_AUTH && err && !k->request->anonymous) {
		append_text(err, "; signed with credentials from ");
		append_text(err, k->who.source.len ? k->who.source.ptr : "an unnamed provider");
	}
}

static bool crc_matches(const struct call *k, struct str body)
{
	struct str expected = http_response_header(&k->response, "x-amz-crc32");
	uint64_t crc;

	if (!expected.ptr)
		return true;
	return str_to_u64(expected, &crc) &&
	       crc == crc32_z(0, (const unsigned char *)(body.len ? body.ptr : ""), body.len);
}

/* True when the provider has other keys than those that were refused. */
static bool has_newer_keys(struct call *k)
{
	struct credentials_provider *provider = k->c->set.credentials;
	struct credentials newer;
	bool differ;

	credentials_provider_forget(provider);
	if (k->asked_provider)
		return false;
	k->asked_provider = true;
	credentials_init(&newer);
	differ = provider->get(provider, &newer, NULL) &&
		 !(str_eq(buf_str(&newer.access_key_id), buf_str(&k->who.access_key_id)) &&
		   str_eq(buf_str(&newer.secret_access_key), buf_str(&k->who.secret_access_key)) &&
		   str_eq(buf_str(&newer.session_token), buf_str(&k->who.session_token)));
	credentials_release(&newer);
	return differ;
}

/* The time that was signed with was off by what is known now. (Not: the machine's clock
 * is off. One that is always 10 minutes off gets no second try at every refusal.) */
static bool was_off(struct call *k)
{
	int64_t moved_ms = k->c->skew.ms - k->skew_used_ms;

	if (k->asked_clock || !k->c->skew.known || (moved_ms <= MAX_SKEW_MS && moved_ms >= -MAX_SKEW_MS))
		return false;
	k->asked_clock = true;
	return true;
}

static struct verdict judge_answer(struct call *k, struct str body, struct err *err)
{
	struct verdict v = { 0 };
	struct str wait = http_response_header(&k->response, "x-amz-retry-after");
	struct aws_error e;
	uint64_t wait_ms;
	const struct aws_error_answer answer = {
		.status = k->response.status, .type = http_response_header(&k->response, "x-amzn-errortype"),
		.query_error = http_response_header(&k->response, "x-amzn-query-error"),
		.bucket_region = http_response_header(&k->response, "x-amz-bucket-region"),
		.request_id = request_id(k), .body = body,
	};

	aws_error_read(&answer, &e);
	say_refusal(k, &e, err);
	if (err && str_to_u64(wait, &wait_ms))
		err->retry_after_ms = wait_ms < UINT32_MAX ? (uint32_t)wait_ms : UINT32_MAX;
	if (e.class == ERR_THROTTLE)
		k->c->stats.throttled++;
	v.repeat = e.repeat;
	v.throttled = e.throttled;
	v.not_done = k->response.status < 500;
	/* An anonymous request was signed with nothing, and there may be no provider. */
	v.at_once = !k->request->anonymous && ((e.about_time && was_off(k)) || (e.about_keys && has_newer_keys(k)));
	return v;
}

static struct verdict judge_silence(const struct err *err)
{
	return (struct verdict){
		.repeat = err->class == ERR_RETRY || err->class == ERR_THROTTLE, .throttled = err->class == ERR_THROTTLE,
		.not_done = http_unsent(err),
	};
}

static bool say_damaged(const struct call *k, struct err *err)
{
	char id[MOST_ID_BYTES], ids[MOST_IDS_BYTES];

	aws_error_take_line(request_id(k), id, sizeof(id));
	put_ids(k, id, ids, sizeof(ids));
	return err_set(err, ERR_RETRY, "aws.crc32",
		       "the answer was damaged on its way: its bytes do not match x-amz-crc32 (%s)", ids);
}

static bool attempt(struct call *k, struct buf *answer, struct verdict *verdict, struct err *err)
{
	struct aws_client *c = k->c;

	k->attempts++;
	c->stats.attempts++;
	*verdict = (struct verdict){ 0 };
	if (!send(k, answer, err)) {
		buf_clear(answer);
		*verdict = judge_silence(err);
		return false;
	}
	aws_skew_observe(&c->skew, &k->response, env_wall_ms(loop_env(c->set.loop)));
	if (!crc_matches(k, buf_str(answer))) {
		buf_clear(answer);
		verdict->repeat = true;
		return say_damaged(k, err);
	}
	if (k->response.status >= 200 && k->response.status < 300)
		return true;
	*verdict = judge_answer(k, buf_str(answer), err);
	return false;
}

/* ---- the call ---- */

static unsigned most_attempts(const struct call *k)
{
	const struct aws_settings *set = &k->c->set;

	return retry_most_attempts(k->request->max_attempts, set->max_attempts,
				   set->config ? set->config->max_attempts : 0, k->c->service->attempts);
}

/* Waits for the next attempt. False: there is none. */
static bool goes_on(struct call *k, const struct verdict *v, struct err *err)
{
	struct env *env = loop_env(k->c->set.loop);
	int64_t delay_ms;
	struct err cancelled;

	if (v->at_once)
		return true;
	if (!v->repeat || (k->request->once && !v->not_done) || k->attempts >= most_attempts(k))
		return false;
	if (!k->request->urgent && !retry_take(&k->c->quota, &k->retries, v->throttled)) {
		append_text(err, "; not tried again: too many calls of this client had to be repeated lately");
		return false;
	}
	delay_ms = retry_delay_ms(k->c->service->base_ms, v->throttled, k->attempts, rng_unit(&env->rng),
				  err->retry_after_ms);
	if (task_sleep_ms(k->c->set.loop, delay_ms, &cancelled))
		return true;
	*err = cancelled;
	return false;
}

static bool run_attempts(struct call *k, struct buf *answer, struct err *err)
{
	struct verdict v;

	while (!attempt(k, answer, &v, err))
		if (!goes_on(k, &v, err))
			return false;
	retry_succeeded(&k->c->quota, &k->retries);
	return true;
}

/* No answer at all, or none of the service's: the address may be wrong. */
static void hint_at_endpoint(const struct call *k, struct err *err)
{
	static const char *const codes[] = { "http.connect", "http.resolve", "http.tls", "http.timeout", "http.broken" };
	bool about_it = str_starts(str_c(err->code), STR("aws.http_"));
	const char *given_by = k->c->address.given_by;

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		about_it = about_it || err_is(err, codes[i]);
	if (!about_it)
		return;
	append_text(err, given_by ? "; is it running? check " : "; check aws.region and the network");
	if (given_by)
		append_text(err, given_by);
}

/* The endpoint, for messages; before the first attempt, the client's. */
static struct str called(const struct call *k)
{
	return k->base_bytes ? str_sub(buf_str(&k->url), 0, k->base_bytes) : aws_client_endpoint(k->c);
}

bool aws_call(struct aws_client *c, const struct aws_request *request, struct buf *answer, struct err *err)
{
	struct call k = { .c = c, .request = request };
	struct err why = { 0 };
	bool ok;

	credentials_init(&k.who);
	sigv4_result_init(&k.signature);
	http_response_init(&k.response);
	buf_init(&k.target, 256);
	buf_init(&k.url, MAX_URL_BYTES);
	buf_init(&k.host, MAX_URL_BYTES);
	buf_init(&k.form, MAX_FORM_BYTES);
	buf_putf(&k.target, "%s.%s", c->service->target, request->operation);
	if (!c->user_agent.len) {
		buf_init(&c->user_agent, MAX_USER_AGENT_BYTES);
		aws_user_agent(c->set.config, &c->user_agent);
	}
	c->stats.calls++;
	ok = compose(&k, &why) && run_attempts(&k, answer, &why);
	if (!ok) {
		if (why.class != ERR_DATA && why.class != ERR_CANCELLED)
			c->stats.failed++;
		if (k.attempts > 1 && why.class != ERR_CANCELLED)
			err_prefix(&why, "%u attempts", k.attempts);
		err_prefix(&why, "%s at %.*s", request->operation, STR_ARG(called(&k)));
		hint_at_endpoint(&k, &why);
		if (err)
			*err = why;
	}
	buf_release(&k.target);
	buf_release(&k.url);
	buf_release(&k.host);
	buf_wipe(&k.form); /* web identity tokens stand in it */
	http_response_release(&k.response);
	sigv4_result_release(&k.signature);
	credentials_release(&k.who);
	return ok;
}
