#include "sluice/aws/imds.h"

#include "sluice/aws/config.h"
#include "sluice/aws/endpoint.h"
#include "sluice/core/loop.h"
#include "sluice/core/mem.h"
#include "sluice/http/transport.h"

enum {
	DEFAULT_TIMEOUT_MS = 1000,
	TOKEN_TTL_S = 21600,            /* the longest */
	TOKEN_SPARE_MS = 60 * 1000,     /* a token is not used in its last minute */
	MAX_TOKEN_BYTES = 1024,
	MAX_ANSWER_BYTES = 64 * 1024,
	ATTEMPTS_WHEN_BUSY = 4,
	BASE_DELAY_MS = 100,
};

#define TTL_HEADER "x-aws-ec2-metadata-token-ttl-seconds"

struct imds {
	struct credentials_site site;
	struct aws_endpoint endpoint;
	struct buf token;               /* empty with token_until_ms: IMDSv1 */
	int64_t token_until_ms;         /* mono clock; 0: none was asked for */
	/* config's, or the defaults */
	struct str address;
	int64_t timeout_ms;
	unsigned attempts;
	bool disabled, v1;
};

struct imds *imds_new(const struct credentials_site *site)
{
	struct imds *m = mem_alloc(sizeof(*m));
	const struct aws_config *config = site->config;

	m->site = *site;
	m->address = config && config->imds.ipv6 ? STR("http://[fd00:ec2::254]") : STR("http://169.254.169.254");
	m->timeout_ms = DEFAULT_TIMEOUT_MS;
	m->attempts = 1;
	if (config) {
		if (config->imds.endpoint.len)
			m->address = config->imds.endpoint;
		if (config->imds.timeout_ms > 0)
			m->timeout_ms = config->imds.timeout_ms;
		if (config->imds.attempts > 0)
			m->attempts = config->imds.attempts;
		m->disabled = config->imds.disabled;
	}
	m->v1 = str_eq_nocase(process_env_value(site->env, "AWS_EC2_METADATA_V1_DISABLED"), STR("false")) &&
		!(config && config->imds.v1_disabled);
	aws_endpoint_init(&m->endpoint);
	buf_init(&m->token, MAX_TOKEN_BYTES);
	return m;
}

void imds_free(struct imds *m)
{
	aws_endpoint_release(&m->endpoint);
	buf_wipe(&m->token);
	mem_free(m);
}

/* One exchange over its attempts. The token is a copy: another task may get a new
 * one while this waits. */
struct exchange {
	struct imds *m;
	const char *method, *path;
	struct buf url, token;
	struct http_response response;
};

static void exchange_init(struct exchange *x, struct imds *m, const char *method, const char *path)
{
	*x = (struct exchange){ .m = m, .method = method, .path = path };
	buf_init(&x->url, 4096);
	buf_init(&x->token, MAX_TOKEN_BYTES);
	http_response_init(&x->response);
	buf_put(&x->url, buf_str(&m->endpoint.url));
	buf_putf(&x->url, "latest/%s", path);
}

static void exchange_release(struct exchange *x)
{
	buf_release(&x->url);
	buf_wipe(&x->token);
	buf_wipe(&x->response.body);
	http_response_release(&x->response);
}

static bool send_once(struct exchange *x, struct err *err)
{
	bool put = strcmp(x->method, "PUT") == 0;
	const struct http_header header = {
		put ? STR(TTL_HEADER) : STR("x-aws-ec2-metadata-token"), put ? STR("21600") : buf_str(&x->token),
	};
	const struct http_request r = {
		.method = x->method, .url = buf_str(&x->url), .headers = &header, .n_headers = put || x->token.len ? 1 : 0,
		.connect_timeout_ms = x->m->timeout_ms, .timeout_ms = x->m->timeout_ms,
		.max_response_bytes = MAX_ANSWER_BYTES, .direct = true,
	};

	return transport_send(x->m->site.transport, &r, &x->response, err);
}

/* The transport's word in the sentence: err's own text is written anew. */
static bool no_use(const struct imds *m, const char *what, struct err *err)
{
	const struct err why = *err;

	return err_set(err, ERR_AUTH, "credentials.imds", "the metadata service at %.*s %s (%s)", STR_ARG(m->address), what,
		       why.code);
}

/* True for an answer with any other status than "later". */
static bool send(struct exchange *x, struct err *err)
{
	struct env *env = loop_env(x->m->site.loop);

	for (unsigned n = 1;; n++) {
		bool answered = send_once(x, err);
		int status = x->response.status;
		bool busy = answered && (status >= 500 || status == 429);

		if (!answered && err->class == ERR_CANCELLED)
			return false;
		if (!answered && err->class != ERR_RETRY)
			return no_use(x->m, "cannot be asked", err);
		if (answered && !busy)
			return true;
		if (busy)
			err_set(err, ERR_AUTH, "credentials.imds", "the metadata service answered %d to %s /latest/%s (%u times)",
				status, x->method, x->path, n);
		if (n >= (busy && x->m->attempts < ATTEMPTS_WHEN_BUSY ? ATTEMPTS_WHEN_BUSY : x->m->attempts))
			return false;
		if (!task_sleep_ms(x->m->site.loop, (int64_t)(rng_unit(&env->rng) * (BASE_DELAY_MS << (n < 6 ? n : 6))), err))
			return false;
	}
}

/* ---- the token ---- */

/* Asked without a token the service says 401 at once, or gives the answer; either
 * shows that it can be reached. */
static bool answers(struct imds *m, struct err *err)
{
	struct exchange probe;
	bool answered;

	exchange_init(&probe, m, "GET", "meta-data/");
	answered = send_once(&probe, err);
	exchange_release(&probe);
	return answered;
}

/* No answer to the PUT: is it no instance, or do answers get lost on their last hop? */
static bool explain_silence(struct imds *m, struct err *err)
{
	bool lost = err_is(err, "http.timeout") || err_is(err, "http.broken");
	const struct err silence = *err;
	struct err why = { 0 };

	if (lost && answers(m, &why))
		return err_set(err, ERR_AUTH, "credentials.imds_hops",
			       "the metadata service at %.*s answers, but its session token does not arrive: in a container the "
			       "instance's HttpPutResponseHopLimit must be 2 ('aws ec2 modify-instance-metadata-options "
			       "--http-put-response-hop-limit 2'), or a firewall drops PUT", STR_ARG(m->address));
	if (why.class == ERR_CANCELLED) {
		*err = why;
		return false;
	}
	if (!lost && !http_unsent(err))
		return no_use(m, "gave no session token", err);
	return err_set(err, ERR_AUTH, "credentials.absent", "no instance metadata service at %.*s (%s)", STR_ARG(m->address),
		       silence.code);
}

static bool is_token(struct str token)
{
	for (size_t i = 0; i < token.len; i++)
		if (token.ptr[i] < 0x21 || token.ptr[i] > 0x7e)
			return false;
	return token.len != 0 && token.len <= MAX_TOKEN_BYTES;
}

static bool keep_token(struct imds *m, const struct http_response *response, struct err *err)
{
	struct str token = str_trim(buf_str(&response->body));
	int64_t ttl_s;

	if (!is_token(token))
		return err_set(err, ERR_AUTH, "credentials.imds",
			       "what the metadata service at %.*s gave as a session token is none; is something else there?",
			       STR_ARG(m->address));
	if (!str_to_i64(http_response_header(response, TTL_HEADER), &ttl_s) || ttl_s < 0 || ttl_s > TOKEN_TTL_S)
		ttl_s = TOKEN_TTL_S;
	buf_clear(&m->token);
	buf_put(&m->token, token);
	m->token_until_ms = env_mono_ms(loop_env(m->site.loop)) + ttl_s * 1000 - TOKEN_SPARE_MS;
	return true;
}

static bool judge_token(struct imds *m, const struct http_response *response, struct err *err)
{
	switch (response->status) {
	case 200:
		return keep_token(m, response, err);
	case 403:
		return err_set(err, ERR_AUTH, "credentials.imds_disabled",
			       "the metadata service is disabled on this instance (403): 'aws ec2 "
			       "modify-instance-metadata-options --http-endpoint enabled', or give credentials in another way");
	case 404:
	case 405:
		return err_set(err, ERR_AUTH, "credentials.imds_v1",
			       "the metadata service at %.*s has no session tokens (%d), only the insecure IMDSv1: update it, or "
			       "allow that by AWS_EC2_METADATA_V1_DISABLED=false", STR_ARG(m->address), response->status);
	default:
		return err_set(err, ERR_AUTH, "credentials.imds", "the metadata service at %.*s answered %d to PUT "
			       "/latest/api/token", STR_ARG(m->address), response->status);
	}
}

static bool fetch_token(struct imds *m, struct err *err)
{
	struct exchange x;
	bool ok;

	exchange_init(&x, m, "PUT", "api/token");
	ok = send(&x, err);
	if (ok)
		ok = judge_token(m, &x.response, err);
	else if (err->class == ERR_RETRY)
		ok = explain_silence(m, err);
	exchange_release(&x);
	if (ok || !m->v1 || !(err_is(err, "credentials.imds_v1") || err_is(err, "credentials.imds_hops")))
		return ok;
	log_warn(loop_env(m->site.loop)->log, "imds.v1", LOG_ERR(err));
	buf_clear(&m->token);
	m->token_until_ms = env_mono_ms(loop_env(m->site.loop)) + (int64_t)TOKEN_TTL_S * 1000;
	return true;
}

/* ---- paths ---- */

static bool judge(struct exchange *x, struct buf *out, struct err *err)
{
	int status = x->response.status;

	buf_clear(out);
	if (status == 200)
		return buf_put(out, buf_str(&x->response.body)) ||
		       err_set(err, ERR_AUTH, "credentials.imds", "the metadata service's answer to /latest/%s has more than %zu "
			       "bytes", x->path, out->max);
	if (status == 404)
		return err_set(err, ERR_AUTH, "imds.absent", "the metadata service has nothing at /latest/%s", x->path);
	if (status == 403)
		return err_set(err, ERR_AUTH, "credentials.imds_disabled",
			       "the metadata service forbids /latest/%s (403): it is disabled for this instance, or a firewall "
			       "stands before it", x->path);
	return err_set(err, ERR_AUTH, "credentials.imds", "the metadata service at %.*s answered %d to /latest/%s",
		       STR_ARG(x->m->address), status, x->path);
}

/* A refused token gets one new one: the instance may have been moved or changed. */
static bool get_with_token(struct exchange *x, struct buf *out, struct err *err)
{
	struct imds *m = x->m;

	for (bool again = false;; again = true) {
		if (again || env_mono_ms(loop_env(m->site.loop)) >= m->token_until_ms)
			if (!fetch_token(m, err))
				return false;
		buf_clear(&x->token);
		buf_put(&x->token, buf_str(&m->token));
		if (!send(x, err))
			return err->class == ERR_RETRY && no_use(m, "gave a session token, then no answer", err);
		if (x->response.status != 401 || again)
			return judge(x, out, err);
	}
}

bool imds_get(struct imds *m, const char *path, struct buf *out, struct err *err)
{
	struct exchange x;
	struct err why = { 0 };
	bool ok;

	if (m->disabled)
		return err_set(err, ERR_AUTH, "credentials.absent", "AWS_EC2_METADATA_DISABLED is true");
	if (!aws_endpoint_parse(&m->endpoint, m->address, &why))
		return err_set(err, ERR_AUTH, "credentials.imds", "the metadata service's %s", why.text);
	exchange_init(&x, m, "GET", path);
	ok = get_with_token(&x, out, &why);
	exchange_release(&x);
	if (!ok && err)
		*err = why;
	return ok;
}

bool aws_imds_region(const struct credentials_site *site, struct buf *out, struct err *err)
{
	struct imds *m = imds_new(site);
	struct buf text;
	bool ok;

	buf_init(&text, 1024);
	ok = imds_get(m, "meta-data/placement/region", &text, err);
	if (ok && !aws_region_valid(str_trim(buf_str(&text))))
		ok = err_set(err, ERR_AUTH, "credentials.imds", "what the metadata service names as its region is none");
	if (ok)
		buf_put(out, str_trim(buf_str(&text)));
	buf_release(&text);
	imds_free(m);
	return ok;
}
