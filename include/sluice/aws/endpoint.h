/* endpoint: where a service is called. */
#ifndef SLUICE_AWS_ENDPOINT_H
#define SLUICE_AWS_ENDPOINT_H

#include "sluice/core/buf.h"
#include "sluice/core/err.h"

struct aws_endpoint {
	struct buf url;    /* "https://host[:port]/path/" */
	struct buf host;   /* as in the Host header: without the scheme's own port */
	struct buf path;   /* "/", or "/path/" */
};

void aws_endpoint_init(struct aws_endpoint *e);
void aws_endpoint_release(struct aws_endpoint *e);

/* From an absolute URL: http or https, host, port, path; FATAL "aws.endpoint"
 * for anything else: no user information, query or fragment. */
bool aws_endpoint_parse(struct aws_endpoint *e, struct str url, struct err *err);

/* A host label, as every region's name is: letters, digits and '-' (not at the
 * ends), 1 to 63 of them. */
bool aws_region_valid(struct str region);

/* The public one: prefix "dynamodb" and region "eu-west-1" give
 * https://dynamodb.eu-west-1.amazonaws.com/. FATAL "aws.region" for what is no
 * region. */
bool aws_endpoint_default(struct aws_endpoint *e, const char *prefix, struct str region, struct err *err);

#endif
