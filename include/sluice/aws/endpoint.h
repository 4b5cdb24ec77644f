/* endpoint: where a service is called: an address that somebody gave, or the one
 * that AWS's endpoint rules give for service and region.
 *
 * Facts: the rule sets and partitions that AWS publishes with its SDKs (here those
 * of botocore; tests/e2e compares). The rules are regular, with few exceptions, so
 * they are tables (src/aws/endpoint_rules.c, partitions.c), not interpreted.
 */
#ifndef SLUICE_AWS_ENDPOINT_H
#define SLUICE_AWS_ENDPOINT_H

#include "sluice/aws/service.h"
#include "sluice/core/buf.h"
#include "sluice/core/err.h"

/* Whether DynamoDB and its streams are called at their account's own host
 * (123456789012.ddb.eu-west-1.amazonaws.com). */
enum account_id_mode { ACCOUNT_ID_PREFERRED, ACCOUNT_ID_DISABLED, ACCOUNT_ID_REQUIRED };

struct aws_endpoint {
	struct buf url;    /* "https://host[:port]/path/" */
	struct buf host;   /* as in the Host header: without the scheme's own port */
	struct buf path;   /* "/", or "/path/" */
	const char *signing_region;  /* NULL: the region that was asked for */
	bool of_account;   /* the host begins with an account id */
};

void aws_endpoint_init(struct aws_endpoint *e);
void aws_endpoint_release(struct aws_endpoint *e);

/* From an absolute URL: http or https, host, port, path; FATAL "aws.endpoint"
 * for anything else: no user information, query or fragment. */
bool aws_endpoint_parse(struct aws_endpoint *e, struct str url, struct err *err);

/* A host label, as every region's name is: letters, digits and '-' (not at the
 * ends), 1 to 63 of them. */
bool aws_region_valid(struct str region);

/* FATAL "aws.region", with what to do, when it is empty or no region. */
bool aws_region_check(struct str region, struct err *err);

/* The account of a table, stream or shard iterator of DynamoDB in the region, by its
 * ARN; empty for any other text. */
struct str aws_arn_account(struct str arn, struct str region);

/* What the rules ask for. Borrowed; what is empty is not known. */
struct aws_endpoint_params {
	struct str region;
	bool use_fips, use_dual_stack;
	struct str custom;             /* a URL: the address is that one */
	enum account_id_mode account_id_mode;
	struct str account_id;         /* the credentials'; ptr NULL: not known (empty: refused, as the rules do) */
	struct str resource_arn;       /* the table or stream (or shard iterator) of the request: its account goes first */
	struct str list_arn;           /* the first of several, where a request names more */
	bool search;                   /* DynamoDB: SearchVectors, which has hosts of its own */
	bool sts_global;               /* STS: the regions that once shared one host still do */
};

/* FATAL "aws.region" when the region is missing or none, "aws.endpoint" for what
 * cannot go together; the text says what to change. */
bool aws_endpoint_resolve(struct aws_endpoint *e, enum aws_service service, const struct aws_endpoint_params *p,
			  struct err *err);

#endif
