/* signing_transport: a transport that signs what goes through it (Signature Version
 * 4), for services whose protocol somebody else speaks: OpenSearch's `es` and
 * `aoss`. Host, Content-Type and all x-amz- headers are signed, the body's digest
 * among them (aoss insists on a signed x-amz-content-sha256; es takes it).
 *
 * The machine's clock may be off: what the answers' Date tells of it is signed
 * with. A refusal is answered with one more try, at once, when it may come of a clock that was
 * four minutes off, or of keys that the provider has newer ones for.
 */
#ifndef SLUICE_AWS_SIGNING_TRANSPORT_H
#define SLUICE_AWS_SIGNING_TRANSPORT_H

#include "sluice/aws/credentials.h"
#include "sluice/http/transport.h"

struct loop;
struct signing_transport;

/* Text is copied, the rest borrowed. */
struct signing_settings {
	struct loop *loop;
	struct transport *transport;   /* what is signed goes on through */
	struct credentials_provider *credentials;
	struct str region, service;    /* "eu-west-1", "es" */
};

/* FATAL "aws.region" for what is no region, "aws.service" for what is no name. */
struct signing_transport *signing_transport_new(const struct signing_settings *settings, struct err *err);

/* No request may be under way. */
void signing_transport_free(struct signing_transport *t);

/* Its send() yields; besides the transport's errors: AUTH "credentials.…", FATAL
 * "sigv4.…". In a refusal's body the secrets are overwritten with '*'. */
struct transport *signing_transport_of(struct signing_transport *t);

/* Where the latest credentials came from, for messages; empty before the first. */
struct str signing_transport_source(const struct signing_transport *t);

#endif
