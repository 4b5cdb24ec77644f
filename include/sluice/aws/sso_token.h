/* sso_token: a token of IAM Identity Center as `aws sso login` leaves it in
 * ~/.aws/sso/cache/<SHA-1 of the session's name, or of the start URL>.json.
 *
 * Facts: AWS SDKs and Tools Reference Guide ("IAM Identity Center credential
 * provider"); the files that the AWS CLI writes.
 */
#ifndef SLUICE_AWS_SSO_TOKEN_H
#define SLUICE_AWS_SSO_TOKEN_H

#include "sluice/aws/credentials.h"

/* Owned text; wiped on release. */
struct sso_token {
	struct buf access_token;
	int64_t expires_ms;                        /* Unix time */
	/* For a new one; of a session with a registered client only, else empty. */
	struct buf refresh_token, client_id, client_secret;
	int64_t registration_expires_ms;           /* 0: unknown */
};

void sso_token_init(struct sso_token *t);
void sso_token_release(struct sso_token *t);

/* Where the token of `key` (a session's name or a start URL) lies; NUL-terminated in
 * *out. False: AUTH "credentials.sso" without HOME. */
bool sso_token_path(const struct process_env *env, struct str key, struct buf *out, struct err *err);

/* Reads a cache file's text, of any bytes. False: AUTH "credentials.document". */
bool sso_token_read(struct str text, struct sso_token *out, struct err *err);

/* Reads the answer to CreateToken into *t: a new access token, its expiry from
 * now_ms on, and a new refresh token if there is one. False, with *t as it was: AUTH
 * "credentials.document". */
bool sso_token_renew(struct str answer, int64_t now_ms, struct sso_token *t, struct err *err);

/* The text of a cache file that was read as `before` with t's tokens and expiry in
 * their places; all else in it stays. Appends to *out; false when it is full. */
bool sso_token_write(struct str before, const struct sso_token *t, struct buf *out);

#endif
