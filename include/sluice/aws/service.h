/* service: the AWS services that sluice calls: one table of how each is spoken to.
 *
 * Facts: the services' API models (protocol, target prefix, signing name, service
 * id); the SDKs' retry defaults (4 attempts and 25 ms for DynamoDB and its
 * streams, 3 and 50 ms elsewhere).
 */
#ifndef SLUICE_AWS_SERVICE_H
#define SLUICE_AWS_SERVICE_H

#include "sluice/core/str.h"

enum aws_service {
	AWS_DYNAMODB,
	AWS_DYNAMODB_STREAMS,
	AWS_STS,
	AWS_SSO,               /* the portal that hands out role credentials */
	AWS_SSO_OIDC,          /* renews its tokens */
	AWS_SQS,
	AWS_SNS,
	AWS_KINESIS,
	AWS_FIREHOSE,
	AWS_EVENTBRIDGE,
	AWS_LAMBDA,
	AWS_S3,
	AWS_SERVICES
};

enum aws_protocol {
	AWS_JSON,              /* POST /, X-Amz-Target, JSON both ways */
	AWS_QUERY,             /* POST /, a form with Action and Version; XML comes back */
	AWS_REST,              /* method, path and query are the request's own */
};

struct aws_service_info {
	const char *name;        /* for messages: "DynamoDB" */
	const char *id;          /* "dynamodb_streams": in profiles' `services` sections, and in capitals
	                            behind AWS_ENDPOINT_URL_ */
	enum aws_protocol protocol;
	const char *content_type;
	const char *target;      /* JSON: before ".Operation" in X-Amz-Target; QUERY: the API's Version */
	const char *host;        /* "streams.dynamodb" in streams.dynamodb.<region>.amazonaws.com */
	const char *signing_name;
	unsigned attempts;
	int64_t base_ms;         /* of the delay before another attempt */
};

const struct aws_service_info *aws_service_info(enum aws_service service);

#endif
