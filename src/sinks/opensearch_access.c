#include "opensearch_access.h"

#include "sluice/aws/endpoint.h"
#include "sluice/core/mask.h"
#include "sluice/core/mem.h"
#include "sluice/item/base64.h"
#include "sluice/sinks/web_address.h"
#include "web_header.h"

#include <stdio.h>

enum { LONGEST_TOKEN = 16 << 10, MOST_HEADERS = 16 };

static const char *const kind_names[] = { "none", "basic", "api_key", "bearer", "sigv4", NULL };
static const char *const service_names[] = { "es", "aoss", NULL };

#define AT(field) offsetof(struct opensearch_auth, field)
const struct option opensearch_auth_options[] = {
	{ .name = "kind",
	  .type = OPTION_ENUM,
	  .offset = AT(kind),
	  .default_text = "none",
	  .names = kind_names,
	  .help = "`basic`: user name and password; `api_key` and `bearer`: a token in the header Authorization; `sigv4`: "
		  "requests are signed with AWS credentials, for Amazon OpenSearch Service and Serverless." },
	{ .name = "username",
	  .type = OPTION_STR,
	  .offset = AT(username),
	  .help = "basic: the user." },
	{ .name = "password",
	  .type = OPTION_STR,
	  .offset = AT(password),
	  .flags = OPTION_SECRET,
	  .help = "basic: its password." },
	{ .name = "token",
	  .type = OPTION_STR,
	  .offset = AT(token),
	  .flags = OPTION_SECRET,
	  .help = "api_key, bearer: the token, without the word in front of it." },
	{ .name = "service",
	  .type = OPTION_ENUM,
	  .offset = AT(service),
	  .default_text = "es",
	  .names = service_names,
	  .help = "sigv4: `es` for a domain of OpenSearch Service, `aoss` for a Serverless collection, which must be of "
		  "the type search: others take no document ids." },
	{ .name = "region",
	  .type = OPTION_STR,
	  .offset = AT(region),
	  .help = "sigv4: the region that is signed for; default: that of `aws`." },
	{ .name = "insecure",
	  .type = OPTION_BOOL,
	  .offset = AT(insecure),
	  .default_text = "false",
	  .help = "Whether password or token may go over http:// to another machine." },
	{ 0 },
};

/* ---- settings ---- */

static const struct node *node_of(const struct node *at, const char *group, const char *name)
{
	const struct node *g = at ? node_get(at, str_c(group)) : NULL;
	const struct node *n = g && name ? node_get(g, str_c(name)) : NULL;

	return n ? n : g ? g : at;
}

/* Each setting belongs to some kinds, and these need it or not. */
static void check_settings(const struct opensearch_auth *auth, const struct node *at, struct problems *problems)
{
	const struct {
		const char *name;
		unsigned kinds;  /* 1 << kind */
		bool needed;
		bool given;
	} rules[] = {
		{ "username", 1u << AUTH_BASIC, true, auth->username.len > 0 },
		{ "password", 1u << AUTH_BASIC, true, auth->password.len > 0 },
		{ "token", 1u << AUTH_API_KEY | 1u << AUTH_BEARER, true, auth->token.len > 0 },
		{ "region", 1u << AUTH_SIGV4, false, auth->region.len > 0 },
		{ "service", 1u << AUTH_SIGV4, false, auth->service != SERVICE_ES },
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		bool fits = rules[i].kinds & 1u << auth->kind;

		if (rules[i].given && !fits)
			problems_add(problems, node_of(at, "auth", rules[i].name), "%s has no meaning for auth.kind \"%s\"",
				     rules[i].name, kind_names[auth->kind]);
		else if (fits && rules[i].needed && !rules[i].given)
			problems_add(problems, node_of(at, "auth", NULL), "the setting '%s' is missing: auth.kind is \"%s\"",
				     rules[i].name, kind_names[auth->kind]);
	}
}

static void check_texts(const struct opensearch_auth *auth, const struct node *at, struct problems *problems)
{
	if (str_find_char(auth->username, ':') != SIZE_MAX || !web_header_value_ok(auth->username) ||
	    !web_header_value_ok(auth->password))
		problems_add(problems, node_of(at, "auth", NULL),
			     "username and password can hold no control characters, and a username no ':'");
	if (!web_header_value_ok(auth->token) || auth->token.len > LONGEST_TOKEN)
		problems_add(problems, node_of(at, "auth", "token"),
			     "the token holds a line end or control character, or is longer than %d bytes", LONGEST_TOKEN);
	if (auth->region.len && !aws_region_valid(auth->region))
		problems_add(problems, node_of(at, "auth", "region"), "no AWS region; expected one like eu-central-1");
}

/* "search-deals-x.eu-west-1.es.amazonaws.com" says by its name what it is. */
static void check_amazon(const struct opensearch_auth *auth, struct str host, const struct node *at,
			 struct problems *problems)
{
	bool aoss = str_find(host, STR(".aoss.amazonaws.com")) != SIZE_MAX;
	bool es = str_find(host, STR(".es.amazonaws.com")) != SIZE_MAX;

	if (aoss && auth->kind != AUTH_SIGV4)
		problems_add(problems, node_of(at, "auth", "kind"),
			     "OpenSearch Serverless takes signed requests only: "
			     "auth: { kind = \"sigv4\"; service = \"aoss\"; }");
	else if (auth->kind == AUTH_SIGV4 && ((aoss && auth->service != SERVICE_AOSS) || (es && auth->service != SERVICE_ES)))
		problems_add(problems, node_of(at, "auth", "service"), "the url is one of \"%s\", not of \"%s\"",
			     aoss ? "aoss" : "es", service_names[auth->service]);
	if (auth->kind == AUTH_SIGV4 && auth->region.len && (aoss || es)) {
		char label[80];

		snprintf(label, sizeof(label), ".%.*s.%s.", STR_ARG(str_sub(auth->region, 0, 60)), aoss ? "aoss" : "es");
		if (str_find(host, str_c(label)) == SIZE_MAX)
			problems_add(problems, node_of(at, "auth", "region"), "the url is in another region");
	}
}

void opensearch_access_check(struct str url, const struct opensearch_auth *auth, const struct tls_option *tls,
			     const struct node *at, struct problems *problems)
{
	struct web_address address;
	const char *why;

	check_settings(auth, at, problems);
	check_texts(auth, at, problems);
	tls_option_check(tls, node_of(at, "tls", NULL), problems);
	if (!web_address_parse(url, &address, &why))
		return; /* said of the url itself */
	check_amazon(auth, address.host, at, problems);
	if (!address.tls && tls_option_given(tls))
		problems_add(problems, node_of(at, "tls", NULL), "tls means nothing to an http:// url; use https://");
	if (!address.tls && !address.loopback && auth->kind != AUTH_NONE && auth->kind != AUTH_SIGV4 && !auth->insecure)
		problems_add(problems, node_of(at, "auth", NULL),
			     "over http:// to another machine the password or token can be read by everybody on the way; use "
			     "https://, or set auth.insecure = true");
}

/* ---- requests ---- */

/* The token or password may stand in what a refusal repeats of the request. */
static void mask(const struct opensearch_access *a, struct http_response *response)
{
	struct str value = buf_str(&a->authorization);

	if (response->status < 400 || !response->body.len)
		return;
	mask_secret(response->body.ptr, response->body.len, a->auth->password);
	mask_secret(response->body.ptr, response->body.len, a->auth->token);
	mask_secret(response->body.ptr, response->body.len, str_from(value, str_find_char(value, ' ') + 1));
}

static bool access_send(struct transport *t, const struct http_request *request, struct http_response *response,
			struct err *err)
{
	struct opensearch_access *a = (struct opensearch_access *)t;
	struct http_header headers[MOST_HEADERS];
	struct http_request r = *request;

	r.tls = tls_files_of(&a->tls);
	if (a->authorization.len) {
		if (request->n_headers >= MOST_HEADERS)
			return err_set(err, ERR_FATAL, "http.request", "a request has more than %d headers", MOST_HEADERS - 1);
		for (size_t i = 0; i < request->n_headers; i++)
			headers[i] = request->headers[i];
		headers[request->n_headers] = (struct http_header){ STR("Authorization"), buf_str(&a->authorization) };
		r.headers = headers;
		r.n_headers = request->n_headers + 1;
	}
	if (!transport_send(a->beyond, &r, response, err))
		return false;
	mask(a, response);
	return true;
}

/* Room for all of it at once, or growing would leave copies of the secret. */
static void set_authorization(struct opensearch_access *a)
{
	const struct opensearch_auth *auth = a->auth;
	struct buf pair;

	buf_init(&pair, LONGEST_TOKEN);
	buf_init(&a->authorization, 2 * LONGEST_TOKEN);
	switch (auth->kind) {
	case AUTH_BASIC:
		buf_reserve(&pair, auth->username.len + auth->password.len + 2);
		buf_reserve(&a->authorization, 2 * (auth->username.len + auth->password.len) + 16);
		buf_putf(&pair, "%.*s:%.*s", STR_ARG(auth->username), STR_ARG(auth->password));
		buf_puts(&a->authorization, "Basic ");
		base64_encode(buf_str(&pair), &a->authorization);
		break;
	case AUTH_API_KEY:
	case AUTH_BEARER:
		buf_reserve(&a->authorization, auth->token.len + 16);
		buf_puts(&a->authorization, auth->kind == AUTH_API_KEY ? "ApiKey " : "Bearer ");
		buf_put(&a->authorization, auth->token);
		break;
	default:
		break;
	}
	buf_wipe(&pair);
}

static bool set_signing(struct opensearch_access *a, const struct sink_site *site, struct err *err)
{
	const struct aws_settings *aws = site->aws;
	struct str region = a->auth->region;

	if (!aws || !aws->credentials)
		return err_set(err, ERR_FATAL, "sink.credentials", "there are no AWS credentials to sign with");
	if (!region.len)
		region = aws->region;
	if (!region.len && aws->config)
		region = aws->config->region;
	buf_put(&a->region, region);

	const struct signing_settings settings = {
		.loop = site->loop, .transport = site->transport, .credentials = aws->credentials,
		.region = buf_str(&a->region), .service = str_c(service_names[a->auth->service]),
	};

	a->signing = signing_transport_new(&settings, err);
	if (!a->signing)
		return false;
	a->beyond = signing_transport_of(a->signing);
	return true;
}

bool opensearch_access_init(struct opensearch_access *a, const struct opensearch_auth *auth,
			    const struct tls_option *tls, const struct sink_site *site, struct err *err)
{
	*a = (struct opensearch_access){ .transport = { access_send }, .beyond = site->transport, .auth = auth };
	buf_init(&a->region, 256);
	set_authorization(a);
	tls_files_init(&a->tls, tls);
	if (!buf_ok(&a->authorization))
		err_set(err, ERR_FATAL, "sink.auth", "password or token are longer than %d bytes", LONGEST_TOKEN);
	else if (auth->kind != AUTH_SIGV4 || set_signing(a, site, err))
		return true;
	opensearch_access_release(a);
	return false;
}

void opensearch_access_release(struct opensearch_access *a)
{
	signing_transport_free(a->signing);
	buf_wipe(&a->authorization);
	buf_release(&a->region);
	tls_files_release(&a->tls);
	a->signing = NULL;
}

bool opensearch_access_serverless(const struct opensearch_access *a)
{
	return a->auth->kind == AUTH_SIGV4 && a->auth->service == SERVICE_AOSS;
}

/* ---- for people ---- */

static void put_used(const struct opensearch_access *a, struct buf *out)
{
	const struct opensearch_auth *auth = a->auth;
	struct str source;

	switch (auth->kind) {
	case AUTH_NONE:
		buf_puts(out, a->tls.cert_file ? "asked with the certificate of tls.cert_file alone; is it mapped to a user?"
					       : "asked without credentials; set `auth` in the sink");
		return;
	case AUTH_BASIC:
		buf_putf(out, "asked as user %.*s with a password; check both, and the user's roles",
			 STR_ARG(str_sub(auth->username, 0, 60)));
		return;
	case AUTH_SIGV4:
		source = signing_transport_source(a->signing);
		buf_putf(out, "signed for %s in %.*s with credentials from %.*s; ", service_names[auth->service],
			 STR_ARG(buf_str(&a->region)), STR_ARG(str_sub(source, 0, 80)));
		buf_puts(out, auth->service == SERVICE_AOSS
				      ? "they need aoss:APIAccessAll and a data access policy of the collection"
				      : "they need es:ESHttp* by the domain's access policy, and a role of the domain where "
					"it has fine-grained access control");
		return;
	default:
		buf_putf(out, "asked with %s; is auth.token still valid, and has it the roles?",
			 auth->kind == AUTH_BEARER ? "a bearer token" : "an API key");
	}
}

void opensearch_access_explain(const struct opensearch_access *a, struct err *err)
{
	struct buf used;
	size_t at;

	if (err->class != ERR_AUTH)
		return;
	buf_init(&used, sizeof(err->text));
	put_used(a, &used);
	/* A long answer gives way to what helps. */
	at = strlen(err->text);
	if (at + used.len + 3 > sizeof(err->text))
		at = sizeof(err->text) - used.len - 3;
	while (at && !str_utf8_valid(str_of(err->text, at)))
		at--;
	snprintf(err->text + at, sizeof(err->text) - at, "; %.*s", STR_ARG(buf_str(&used)));
	buf_release(&used);
}
