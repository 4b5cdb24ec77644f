#include "sluice/aws/credentials.h"
#include "sluice/aws/credentials_document.h"
#include "sluice/aws/endpoint.h"
#include "sluice/core/loop.h"
#include "sluice/core/mem.h"
#include "sluice/http/transport.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>

/* ECS (a URI below the agent's address), EKS pod identity and whoever else speaks
 * their language (a whole URI). AWS SDKs and Tools Reference Guide, "Container
 * credential provider". */

#define RELATIVE_URI "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL_URI "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define TOKEN "AWS_CONTAINER_AUTHORIZATION_TOKEN"
#define TOKEN_FILE "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
#define ECS_AGENT "http://169.254.170.2"

enum {
	CONNECT_TIMEOUT_MS = 2000,
	TIMEOUT_MS = 5000,
	ATTEMPTS = 3,
	BASE_DELAY_MS = 500,
	MAX_URI_BYTES = 2048,
	MAX_TOKEN_BYTES = 16 * 1024,
	MAX_DOCUMENT_BYTES = 64 * 1024,
	MAX_HOST_BYTES = 255,
	TELLING_BYTES = 16,
};

struct container_provider {
	struct credentials_provider base;
	struct credentials_site site;
};

/* One get(). */
struct inquiry {
	struct container_provider *p;
	struct aws_endpoint endpoint;    /* the URI's scheme and host */
	struct buf url, host;            /* host: the header, where the URL has an address instead */
	struct buf token;                /* of the Authorization header; may be empty */
	bool tls;
	struct http_response response;
};

static bool bad_uri(struct err *err, const char *why)
{
	return err_set(err, ERR_AUTH, "credentials.container_uri",
		       FULL_URI " (or " RELATIVE_URI ") cannot be used: %s", why);
}

/* ---- who may be asked ---- */

static bool is_loopback_v4(const struct in_addr *a)
{
	return ntohl(a->s_addr) >> 24 == 127;
}

static bool is_loopback(const struct sockaddr *a)
{
	if (a->sa_family == AF_INET)
		return is_loopback_v4(&((const struct sockaddr_in *)(const void *)a)->sin_addr);
	return a->sa_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr);
}

/* Addresses that are this machine's or its agents' and that nobody else answers at. */
static bool is_local_address(const char *host)
{
	struct in6_addr v6, eks;
	struct in_addr v4;

	if (inet_pton(AF_INET, host, &v4) == 1)
		return is_loopback_v4(&v4) || v4.s_addr == inet_addr("169.254.170.2") ||
		       v4.s_addr == inet_addr("169.254.170.23");
	if (inet_pton(AF_INET6, host, &v6) != 1)
		return false;
	inet_pton(AF_INET6, "fd00:ec2::23", &eks);
	return IN6_IS_ADDR_LOOPBACK(&v6) || IN6_ARE_ADDR_EQUAL(&v6, &eks);
}

/* A name that is looked up on a helper thread. */
struct lookup {
	char host[MAX_HOST_BYTES + 1];
	char address[INET6_ADDRSTRLEN + 2];  /* the first one, as it stands in a URL */
	bool found, loopback;                /* all of them are */
};

static void look_up(void *arg)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct lookup *l = arg;
	struct addrinfo *list = NULL;
	char text[INET6_ADDRSTRLEN];

	if (getaddrinfo(l->host, NULL, &hints, &list) != 0)
		return;
	l->found = list != NULL;
	l->loopback = l->found;
	for (const struct addrinfo *a = list; a; a = a->ai_next)
		l->loopback = l->loopback && is_loopback(a->ai_addr);
	if (l->loopback &&
	    getnameinfo(list->ai_addr, list->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST) == 0)
		snprintf(l->address, sizeof(l->address), list->ai_family == AF_INET6 ? "[%s]" : "%s", text);
	freeaddrinfo(list);
}

/* The request goes to the address that was looked at, not to the name: that could
 * be answered differently a moment later. */
static bool pin_name(struct inquiry *q, struct str host, struct str port, struct err *err)
{
	struct lookup l = { 0 };

	snprintf(l.host, sizeof(l.host), "%.*s", STR_ARG(host));
	task_offload(q->p->site.loop, look_up, &l);
	if (!l.found)
		return bad_uri(err, "its host cannot be resolved");
	if (!l.loopback || !l.address[0])
		return bad_uri(err, "without https only this machine (loopback), 169.254.170.2, 169.254.170.23 and "
			       "[fd00:ec2::23] may be asked: keys would go over the network in the clear");
	buf_put(&q->host, buf_str(&q->endpoint.host));
	buf_putf(&q->url, "http://%s%.*s/", l.address, STR_ARG(port));
	return true;
}

static bool check_host(struct inquiry *q, struct err *err)
{
	struct str all = buf_str(&q->endpoint.host), host = all, port;
	char plain[MAX_HOST_BYTES + 1];
	bool bracketed = str_starts(all, STR("["));

	host = str_sub(all, 0, bracketed ? str_find_char(all, ']') + 1 : str_find_char(all, ':'));
	port = str_from(all, host.len);
	if (host.len > MAX_HOST_BYTES)
		return bad_uri(err, "its host is too long");
	snprintf(plain, sizeof(plain), "%.*s", STR_ARG(bracketed ? str_sub(host, 1, host.len - 2) : host));
	/* localhost is this machine by RFC 6761, and the transport takes it so. */
	if (q->tls || is_local_address(plain) || str_eq_nocase(host, STR("localhost")))
		return buf_put(&q->url, buf_str(&q->endpoint.url));
	return pin_name(q, str_c(plain), port, err);
}

/* Path and query, as they stand. */
static bool is_target(struct str rest)
{
	for (size_t i = 0; i < rest.len; i++)
		if (rest.ptr[i] <= ' ' || rest.ptr[i] > '~' || strchr("#\\\"<>", rest.ptr[i]))
			return false;
	return !rest.len || rest.ptr[0] == '/' || rest.ptr[0] == '?';
}

static bool address(struct inquiry *q, struct str uri, struct err *err)
{
	size_t at = str_find(uri, STR("://"));
	struct str rest = at == SIZE_MAX ? uri : str_from(uri, at + 3), target;
	size_t n = 0;

	if (at == SIZE_MAX)
		return bad_uri(err, "it names no scheme and host; expected something like http://127.0.0.1:1338/credentials");
	while (n < rest.len && !strchr("/?#", rest.ptr[n]))
		n++;
	target = str_from(rest, n);
	q->tls = str_eq_nocase(str_sub(uri, 0, at), STR("https"));
	if (!aws_endpoint_parse(&q->endpoint, str_sub(uri, 0, at + 3 + n), NULL))
		return bad_uri(err, "its scheme (http, https), host or port is none, or it holds a user's name");
	if (!is_target(target))
		return bad_uri(err, "its path or query has characters that belong escaped");
	if (!check_host(q, err))
		return false;
	buf_put(&q->url, str_starts(target, STR("/")) ? str_from(target, 1) : target);
	return buf_ok(&q->url) || bad_uri(err, "it is too long");
}

static bool find_uri(struct inquiry *q, struct err *err)
{
	const struct process_env *env = q->p->site.env;
	struct str relative = process_env_value(env, RELATIVE_URI), full = process_env_value(env, FULL_URI);
	struct buf uri;
	bool ok;

	if (!relative.len && !full.len)
		return err_set(err, ERR_AUTH, "credentials.absent", "neither " RELATIVE_URI " nor " FULL_URI " is set");
	if (!relative.len)
		return address(q, full, err);
	if (relative.ptr[0] != '/')
		return bad_uri(err, RELATIVE_URI " does not begin with '/'");
	buf_init(&uri, MAX_URI_BYTES);
	buf_puts(&uri, ECS_AGENT);
	buf_put(&uri, relative);
	ok = buf_ok(&uri) ? address(q, buf_str(&uri), err) : bad_uri(err, "it is too long");
	buf_release(&uri);
	return ok;
}

/* ---- what is shown ---- */

/* Read each time: EKS writes a new one into the file before the old one ends. */
static bool find_token(struct inquiry *q, struct err *err)
{
	const struct process_env *env = q->p->site.env;
	const char *file = env->get(env->ctx, TOKEN_FILE), *text = env->get(env->ctx, TOKEN);
	struct err why = { 0 };
	struct str token;

	if (file && file[0]) {
		if (!env->read_file(env->ctx, file, &q->token, &why))
			return err_set(err, ERR_AUTH, "credentials.container_token", TOKEN_FILE ": %s", why.text);
	} else if (text) {
		buf_puts(&q->token, text);
	}
	token = buf_str(&q->token);
	if (!buf_ok(&q->token))
		return err_set(err, ERR_AUTH, "credentials.container_token", TOKEN " is longer than %d bytes", MAX_TOKEN_BYTES);
	for (size_t i = 0; i < token.len; i++)
		if ((unsigned char)token.ptr[i] < ' ' || token.ptr[i] == 0x7f)
			return err_set(err, ERR_AUTH, "credentials.container_token",
				       "the token of %s holds a line break or another control character: write it without one "
				       "(printf, not echo)", file && file[0] ? file : TOKEN);
	return true;
}

/* ---- asking ---- */

static bool send_once(struct inquiry *q, struct err *err)
{
	struct http_header headers[3];
	struct http_request r = {
		.method = "GET", .url = buf_str(&q->url), .headers = headers, .connect_timeout_ms = CONNECT_TIMEOUT_MS,
		.timeout_ms = TIMEOUT_MS, .max_response_bytes = MAX_DOCUMENT_BYTES, .direct = !q->tls,
	};

	headers[r.n_headers++] = (struct http_header){ STR("Accept"), STR("application/json") };
	if (q->host.len)
		headers[r.n_headers++] = (struct http_header){ STR("Host"), buf_str(&q->host) };
	if (q->token.len)
		headers[r.n_headers++] = (struct http_header){ STR("Authorization"), buf_str(&q->token) };
	return transport_send(q->p->site.transport, &r, &q->response, err);
}

static bool explain_silence(const struct inquiry *q, struct err *err)
{
	const struct err why = *err;

	return err_set(err, ERR_AUTH, "credentials.container", "the container credentials' endpoint %.*s gave no answer (%s)",
		       STR_ARG(buf_str(&q->endpoint.host)), why.code);
}

static bool explain_status(const struct inquiry *q, struct err *err)
{
	bool refused = q->response.status >= 400 && q->response.status < 500;
	char said[256];

	credentials_document_refusal(buf_str(&q->response.body), said, sizeof(said));
	/* By how the token begins: what is said is cut. */
	if (q->token.len && str_find(str_c(said), str_sub(buf_str(&q->token), 0, TELLING_BYTES)) != SIZE_MAX)
		said[0] = '\0';
	return err_set(err, ERR_AUTH, "credentials.container", "the container credentials' endpoint %.*s answered %d%s%s%s",
		       STR_ARG(buf_str(&q->endpoint.host)), q->response.status, said[0] ? ": " : "", said,
		       refused ? "; has the task a role (ECS), or the service account a pod identity association (EKS)?" : "");
}

static bool ask(struct inquiry *q, struct err *err)
{
	struct loop *loop = q->p->site.loop;

	for (unsigned n = 1;; n++) {
		bool answered = send_once(q, err), later;

		if (answered && q->response.status == 200)
			return true;
		if (!answered && err->class == ERR_CANCELLED)
			return false;
		later = answered ? q->response.status >= 500 || q->response.status == 429 : err->class == ERR_RETRY;
		if (answered)
			explain_status(q, err);
		else
			explain_silence(q, err);
		if (!later || n == ATTEMPTS)
			return false;
		if (!task_sleep_ms(loop, (int64_t)(rng_unit(&loop_env(loop)->rng) * (BASE_DELAY_MS << n)), err))
			return false;
	}
}

static void inquiry_init(struct inquiry *q, struct container_provider *p)
{
	*q = (struct inquiry){ .p = p };
	aws_endpoint_init(&q->endpoint);
	buf_init(&q->url, MAX_URI_BYTES);
	buf_init(&q->host, MAX_URI_BYTES);
	buf_init(&q->token, MAX_TOKEN_BYTES);
	http_response_init(&q->response);
}

static void inquiry_release(struct inquiry *q)
{
	aws_endpoint_release(&q->endpoint);
	buf_release(&q->url);
	buf_release(&q->host);
	buf_wipe(&q->token);
	buf_wipe(&q->response.body);
	http_response_release(&q->response);
}

static bool container_get(struct credentials_provider *base, struct credentials *out, struct err *err)
{
	struct container_provider *p = (struct container_provider *)base;
	struct err why = { 0 };
	struct inquiry q;
	bool ok;

	inquiry_init(&q, p);
	ok = find_uri(&q, &why) && find_token(&q, &why) && ask(&q, &why) &&
	     credentials_document_read(buf_str(&q.response.body), CREDENTIALS_DOCUMENT_CONTAINER, out, &why);
	if (ok)
		buf_putf(&out->source, "container: %.*s", STR_ARG(buf_str(&q.endpoint.host)));
	else if (err)
		*err = why;
	inquiry_release(&q);
	return ok;
}

static void container_free(struct credentials_provider *base)
{
	mem_free(base);
}

struct credentials_provider *credentials_container_new(const struct credentials_site *site)
{
	struct container_provider *p = mem_alloc(sizeof(*p));

	p->base = (struct credentials_provider){
		.get = container_get, .free = container_free, .name = "container",
	};
	p->site = *site;
	return &p->base;
}
