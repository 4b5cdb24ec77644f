/* sigv4: AWS Signature Version 4, in a request's headers or in its URL (IAM User
 * Guide, "Create a signed AWS API request"; S3 API Reference, "Authenticating
 * requests"). Pure: no clock, no I/O.
 *
 * S3 is unlike the others: its paths are neither normalised nor encoded a second
 * time, and its URLs are signed without a body.
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
	bool sign_body_header;         /* add and sign x-amz-content-sha256; header form only */
	bool unsigned_body;            /* the signature holds for any body; S3 alone takes that */
	bool omit_session_token;       /* token added after signing, unsigned */
	struct sigv4_key *key;         /* kept between calls; NULL: derived each time */
};

/* What must be added to the request, besides X-Amz-Security-Token where there is
 * one. Headers of these names must not stand in the request. */
struct sigv4_result {
	char amz_date[17];             /* X-Amz-Date: 20150830T123600Z */
	char content_sha256[65];       /* lower-case hex of the body's SHA-256, or "UNSIGNED-PAYLOAD" */
	struct buf authorization;      /* sigv4_sign(): the header's value; holds no secret */
	struct buf query;              /* sigv4_presign(): all that stands behind '?'; holds the session token */
	struct buf canonical_request, string_to_sign;  /* kept for tests and debug logs */
};

void sigv4_result_init(struct sigv4_result *r);
void sigv4_result_release(struct sigv4_result *r);

/* FATAL ("sigv4.…") when OpenSSL refuses or a text is too long for a request.
 * What was in *out is replaced; its memory is used again. */
bool sigv4_sign(const struct sigv4_request *request, const struct credentials *who, struct sigv4_result *out,
		struct err *err);

/* From a second to seven days, as the services take it. */
enum { SIGV4_MOST_EXPIRES_S = 7 * 24 * 3600 };

/* The query form: a URL that does what it says for expires_s seconds for whoever has
 * it, and is therefore a secret. The parameters of the signature stand behind those
 * of the request, whose names must not begin with X-Amz-. With omit_session_token
 * the token is added unsigned. FATAL as sigv4_sign(), and "sigv4.expires". */
bool sigv4_presign(const struct sigv4_request *request, int64_t expires_s, const struct credentials *who,
		   struct sigv4_result *out, struct err *err);

#endif
