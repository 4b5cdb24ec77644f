/* The cached token of IAM Identity Center on any bytes, and as the answer that
 * renews one. What is read can be sent, and what is written can be read again. */
#include "sluice/aws/sso_token.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool held)
{
	if (!held)
		abort();
}

static void require_sendable(struct str token)
{
	require(token.len != 0);
	for (size_t i = 0; i < token.len; i++)
		require(token.ptr[i] > ' ' && token.ptr[i] <= '~');
}

static void write_and_read(struct str before, const struct sso_token *t)
{
	struct sso_token again;
	struct buf out;

	buf_init(&out, 2 * before.len + 256 * 1024);
	sso_token_init(&again);
	require(sso_token_write(before, t, &out));
	require(sso_token_read(buf_str(&out), &again, NULL));
	require(str_eq(buf_str(&again.access_token), buf_str(&t->access_token)));
	require(str_eq(buf_str(&again.refresh_token), buf_str(&t->refresh_token)));
	require(str_eq(buf_str(&again.client_secret), buf_str(&t->client_secret)));
	require(again.expires_ms / 1000 == t->expires_ms / 1000);
	sso_token_release(&again);
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char usual[] = "{\"accessToken\":\"a\",\"expiresAt\":\"2026-01-01T00:00:00Z\"}";
	struct str text = str_of((const char *)data, size);
	struct err err = { 0 };
	struct sso_token t;

	sso_token_init(&t);
	if (sso_token_read(text, &t, &err)) {
		require_sendable(buf_str(&t.access_token));
		require(t.expires_ms > 0 && t.registration_expires_ms >= 0);
		write_and_read(text, &t);
	} else {
		require(err.class == ERR_AUTH && err_is(&err, "credentials.document"));
		require(!t.access_token.len && !t.refresh_token.len && !t.client_secret.len);
	}
	require(sso_token_read(str_c(usual), &t, NULL));
	if (sso_token_renew(text, 1000, &t, NULL)) {
		require_sendable(buf_str(&t.access_token));
		require(t.expires_ms > 1000);
		write_and_read(str_c(usual), &t);
	}
	sso_token_release(&t);
	return 0;
}
