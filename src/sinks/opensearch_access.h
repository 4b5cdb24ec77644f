/* opensearch_access: how an OpenSearch cluster gets to know who asks: by name and
 * password, a token, AWS's signatures, a client certificate, or not at all. A
 * transport in front of the worker's, so that the client knows nothing of it.
 *
 * Facts: HTTP Basic (RFC 7617); OpenSearch's security plugin (Bearer, ApiKey);
 * OpenSearch Service's and Serverless's guides: signing names es and aoss, and what
 * Serverless lacks: only signed requests, ids of one's own only in collections
 * of the type search, no ingest pipelines, no index.gc_deletes, no GET /.
 */
#ifndef SLUICE_SINKS_OPENSEARCH_ACCESS_H
#define SLUICE_SINKS_OPENSEARCH_ACCESS_H

#include "sluice/aws/signing_transport.h"
#include "sluice/sinks/sink.h"
#include "tls_option.h"

enum opensearch_auth_kind { AUTH_NONE, AUTH_BASIC, AUTH_API_KEY, AUTH_BEARER, AUTH_SIGV4 };
enum opensearch_service { SERVICE_ES, SERVICE_AOSS };

/* The group `auth`. */
struct opensearch_auth {
	int kind, service;
	struct str username, password, token, region;
	bool insecure;
};

extern const struct option opensearch_auth_options[];

/* What can be said of url, auth and tls without asking anybody. at: the sink. */
void opensearch_access_check(struct str url, const struct opensearch_auth *auth, const struct tls_option *tls,
			     const struct node *at, struct problems *problems);

struct opensearch_access {
	struct transport transport;    /* what the client uses */
	struct transport *beyond;
	const struct opensearch_auth *auth;  /* borrowed; password and token stay there */
	struct buf authorization;      /* the header's value; wiped */
	struct signing_transport *signing;
	struct buf region;
	struct tls_files tls;
};

/* FATAL when AWS's credentials or region are wanted and there are none. On false
 * nothing needs to be released. */
bool opensearch_access_init(struct opensearch_access *a, const struct opensearch_auth *auth,
			    const struct tls_option *tls, const struct sink_site *site, struct err *err);
void opensearch_access_release(struct opensearch_access *a);

/* Adds to an error of the class AUTH what was used, and what to look at. */
void opensearch_access_explain(const struct opensearch_access *a, struct err *err);

/* OpenSearch Serverless, which can do less. */
bool opensearch_access_serverless(const struct opensearch_access *a);

#endif
