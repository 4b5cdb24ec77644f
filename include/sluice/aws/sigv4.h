/* sigv4: AWS Signature Version 4, header form (IAM User Guide, "Create a signed
 * AWS API request"). Pure: no clock, no I/O.
 */
#ifndef SLUICE_AWS_SIGV4_H
#define SLUICE_AWS_SIGV4_H

#include "sluice/aws/credentials.h"
#include "sluice/core/sha256.h"
#include "sluice/http/transport.h"

/* The signing key of one secret, day, region and service: derived once and kept
 * by whoever signs often. Zero-initialise; sigv4_key_release() wipes it. */
struct sigv4_key {
	struct sha256 secret;          /* digest of the secret that it was derived from */
	char scope[128];               /* "20150830/us-east-1/service/aws4_request" */
	struct sha256 key;
	bool valid;
};

void sigv4_key_release(struct sigv4_key *k);

struct sigv4_request {
	const char *method;
	struct str path;               /* as on the wire, from '/' on, before '?'; percent-encoded */
	struct str query;              /* behind '?', percent-encoded; may be empty */
	const struct http_header *headers;  /* all that shall be signed, Host among them */
	size_t n_headers;
	struct str body;
	struct str region, service;
	int64_t time_s;                /* Unix time */
	bool normalize_path;           /* RFC 3986 dot segments and // removed; false for S3 */
	bool double_encode_path;       /* true for all services but S3 */
	bool sign_body_header;         /* add and sign x-amz-content-sha256 */
	bool omit_session_token;       /* token added after signing, unsigned */
	struct sigv4_key *key;         /* kept between calls; NULL: derived each time */
};

/* What must be added to the request, besides X-Amz-Security-Token where there is
 * one. Headers of these names must not stand in the request. */
struct sigv4_result {
	char amz_date[17];             /* X-Amz-Date: 20150830T123600Z */
	char content_sha256[65];       /* lower-case hex of the body's SHA-256 */
	struct buf authorization;      /* the header's value; holds no secret */
	struct buf canonical_request, string_to_sign;  /* kept for tests and debug logs */
};

void sigv4_result_init(struct sigv4_result *r);
void sigv4_result_release(struct sigv4_result *r);

/* FATAL ("sigv4.…") when OpenSSL refuses or a text is too long for a request.
 * What was in *out is replaced; its memory is used again. */
bool sigv4_sign(const struct sigv4_request *request, const struct credentials *who, struct sigv4_result *out,
		struct err *err);

#endif
