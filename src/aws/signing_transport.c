#include "sluice/aws/signing_transport.h"

#include "sluice/aws/error.h"
#include "sluice/aws/endpoint.h"
#include "sluice/aws/sigv4.h"
#include "sluice/aws/skew.h"
#include "sluice/core/loop.h"
#include "sluice/core/mask.h"
#include "sluice/core/mem.h"
#include "sluice/core/scan.h"

enum { OWN_HEADERS = 5, MORE_HEADERS = HTTP_MAX_HEADERS - OWN_HEADERS, MAX_SKEW_MS = 4 * 60 * 1000, NAME_BYTES = 64 };

struct signing_transport {
	struct transport transport;    /* first: send() gets the rest back from it */
	struct signing_settings set;
	struct buf region, service, source;
	struct aws_skew skew;
	struct sigv4_key key;
};

/* One request over its two tries at most. */
struct signing {
	struct signing_transport *t;
	const struct http_request *request;
	struct str host, path, query;  /* of its URL */
	struct credentials who;
	struct sigv4_result signature;
	struct http_header headers[HTTP_MAX_HEADERS];
	size_t n_headers;
	int64_t skew_used_ms;
};

static bool signing_send(struct transport *transport, const struct http_request *request,
			 struct http_response *response, struct err *err);

static bool is_service(struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!((name.ptr[i] >= 'a' && name.ptr[i] <= 'z') || name.ptr[i] == '-'))
			return false;
	return name.len > 0 && name.len < NAME_BYTES;
}

struct signing_transport *signing_transport_new(const struct signing_settings *settings, struct err *err)
{
	struct signing_transport *t;

	if (!aws_region_valid(settings->region)) {
		err_set(err, ERR_FATAL, "aws.region",
			"'%.*s' is no AWS region to sign for: set auth.region, aws.region, or AWS_REGION, to one like "
			"eu-central-1",
			STR_ARG(str_sub(settings->region, 0, 100)));
		return NULL;
	}
	if (!is_service(settings->service)) {
		err_set(err, ERR_FATAL, "aws.service", "\"%.*s\" is no service's signing name",
			STR_ARG(str_sub(settings->service, 0, NAME_BYTES)));
		return NULL;
	}
	t = mem_alloc(sizeof(*t));
	t->transport.send = signing_send;
	t->set = *settings;
	buf_init(&t->region, NAME_BYTES);
	buf_init(&t->service, NAME_BYTES);
	buf_init(&t->source, 1024);
	buf_put(&t->region, settings->region);
	buf_put(&t->service, settings->service);
	return t;
}

void signing_transport_free(struct signing_transport *t)
{
	if (!t)
		return;
	sigv4_key_release(&t->key);
	buf_release(&t->region);
	buf_release(&t->service);
	buf_release(&t->source);
	mem_free(t);
}

struct transport *signing_transport_of(struct signing_transport *t)
{
	return &t->transport;
}

struct str signing_transport_source(const struct signing_transport *t)
{
	return buf_str(&t->source);
}

/* ---- one try ---- */

/* "https://host:443/path?query": the scheme's own port is not in the Host header. */
static bool read_url(struct signing *k, struct err *err)
{
	struct str url = k->request->url, own_port;
	size_t scheme = str_find(url, STR("://")), slash;

	if (scheme == SIZE_MAX)
		return err_set(err, ERR_FATAL, "http.request", "a request without an absolute URL cannot be signed");
	own_port = str_starts(url, STR("https:")) ? STR(":443") : STR(":80");
	url = str_from(url, scheme + 3);
	slash = str_find_char(url, '/');
	k->host = str_sub(url, 0, slash);
	if (str_ends(k->host, own_port))
		k->host.len -= own_port.len;
	url = slash == SIZE_MAX ? STR("/") : str_from(url, slash);
	slash = str_find_char(url, '?');
	k->path = str_sub(url, 0, slash);
	k->query = slash == SIZE_MAX ? STR("") : str_from(url, slash + 1);
	return true;
}

static void add(struct signing *k, struct str name, struct str value)
{
	k->headers[k->n_headers++] = (struct http_header){ name, value };
}

/* What a proxy may change on the way is left unsigned, and stands behind the rest. */
static bool is_signed(struct str name)
{
	return str_eq_nocase(name, STR("content-type")) || str_eq_nocase(str_sub(name, 0, 6), STR("x-amz-"));
}

static void add_given(struct signing *k, bool those_signed)
{
	const struct http_request *r = k->request;

	for (size_t i = 0; i < r->n_headers; i++)
		if (is_signed(r->headers[i].name) == those_signed)
			add(k, r->headers[i].name, r->headers[i].value);
}

static bool sign(struct signing *k, struct err *err)
{
	struct signing_transport *t = k->t;
	struct sigv4_request r = {
		.method = k->request->method, .path = k->path, .query = k->query, .headers = k->headers,
		.body = k->request->body, .region = buf_str(&t->region), .service = buf_str(&t->service),
		.normalize_path = true, .double_encode_path = true, .sign_body_header = true, .key = &t->key,
	};

	k->skew_used_ms = t->skew.ms;
	r.time_s = (env_wall_ms(loop_env(t->set.loop)) + t->skew.ms) / 1000;
	k->n_headers = 0;
	if (k->request->n_headers > MORE_HEADERS)
		return err_set(err, ERR_FATAL, "http.request", "a request has more than %d headers", MORE_HEADERS);
	add(k, STR("Host"), k->host);
	add_given(k, true);
	r.n_headers = k->n_headers;
	if (!sigv4_sign(&r, &k->who, &k->signature, err))
		return false;
	add(k, STR("X-Amz-Date"), str_c(k->signature.amz_date));
	add(k, STR("X-Amz-Content-Sha256"), str_c(k->signature.content_sha256));
	add(k, STR("Authorization"), buf_str(&k->signature.authorization));
	if (k->who.session_token.len)
		add(k, STR("X-Amz-Security-Token"), buf_str(&k->who.session_token));
	add_given(k, false);
	return true;
}

static bool send_signed(struct signing *k, struct http_response *response, struct err *err)
{
	struct signing_transport *t = k->t;
	struct http_request r = *k->request;

	if (!sign(k, err))
		return false;
	r.headers = k->headers;
	r.n_headers = k->n_headers;
	if (!transport_send(t->set.transport, &r, response, err))
		return false;
	aws_skew_observe(&t->skew, response, env_wall_ms(loop_env(t->set.loop)));
	return true;
}

/* ---- refusals ---- */

static bool was_off(const struct signing *k)
{
	int64_t moved_ms = k->t->skew.ms - k->skew_used_ms;

	return k->t->skew.known && (moved_ms > MAX_SKEW_MS || moved_ms < -MAX_SKEW_MS);
}

static bool same(const struct buf *a, const struct buf *b)
{
	return str_eq(buf_str(a), buf_str(b));
}

static bool has_newer_keys(struct signing *k, struct err *err)
{
	struct credentials_provider *provider = k->t->set.credentials;
	struct credentials newer;
	bool newer_ones;

	credentials_provider_forget(provider);
	credentials_init(&newer);
	newer_ones = provider->get(provider, &newer, err) &&
		     !(same(&newer.access_key_id, &k->who.access_key_id) &&
		       same(&newer.secret_access_key, &k->who.secret_access_key) &&
		       same(&newer.session_token, &k->who.session_token));
	if (newer_ones)
		credentials_copy(&k->who, &newer);
	credentials_release(&newer);
	return newer_ones;
}

/* OpenSearch's own refusals ("error": {…}: a role that is missing) are no matter of
 * signatures; those of AWS's front door have a "message" alone. */
static bool is_from_the_front_door(const struct http_response *response)
{
	struct str body = str_trim(buf_str(&response->body)), error;

	if (response->status != 401 && response->status != 403 && response->status != 400)
		return false;
	return !(str_starts(body, STR("{")) && scan_check(body, NULL) && scan_member(body, STR("error"), &error));
}

/* Once a request: is there something to do better? */
static bool may_mend(struct signing *k, const struct http_response *response)
{
	const struct aws_error_answer answer = {
		.status = response->status, .type = http_response_header(response, "x-amzn-errortype"),
		.request_id = http_response_header(response, "x-amzn-requestid"), .body = buf_str(&response->body),
	};
	struct err unused;
	struct aws_error e;

	if (!is_from_the_front_door(response))
		return false;
	aws_error_read(&answer, &e);
	if (was_off(k))
		return true;
	/* The front door names no code in many of its answers. */
	return (e.about_keys || str_starts(str_c(e.code), STR("aws.http_"))) && response->status != 400 &&
	       has_newer_keys(k, &unused);
}

/* The canonical request, which refusals repeat, has the session token in it. */
static void mask(const struct signing *k, struct http_response *response)
{
	if (response->status < 400 || !response->body.len)
		return;
	mask_secret(response->body.ptr, response->body.len, buf_str(&k->who.secret_access_key));
	mask_secret(response->body.ptr, response->body.len, buf_str(&k->who.session_token));
}

static bool signing_send(struct transport *transport, const struct http_request *request,
			 struct http_response *response, struct err *err)
{
	struct signing_transport *t = (struct signing_transport *)transport;
	struct signing k = { .t = t, .request = request };
	bool ok;

	credentials_init(&k.who);
	sigv4_result_init(&k.signature);
	http_response_clear(response);
	ok = read_url(&k, err) && t->set.credentials->get(t->set.credentials, &k.who, err);
	if (ok) {
		buf_clear(&t->source);
		buf_put(&t->source, buf_str(&k.who.source));
		ok = send_signed(&k, response, err);
	}
	if (ok && may_mend(&k, response)) {
		mask(&k, response);
		ok = send_signed(&k, response, err);
	}
	if (ok)
		mask(&k, response);
	sigv4_result_release(&k.signature);
	credentials_release(&k.who);
	return ok;
}
