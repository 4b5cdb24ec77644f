#include "sluice/core/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

static void refused(void)
{
	static const char text[] = "level=error event=digest.refused text=\"OpenSSL refused SHA-256; "
				   "check the system's crypto policy\"\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)ignored;
	abort();
}

static void hash_field(EVP_MD_CTX *ctx, struct str field)
{
	unsigned char length[8];

	for (size_t i = 0; i < sizeof(length); i++)
		length[i] = (unsigned char)((uint64_t)field.len >> (8 * (7 - i)));
	if (!EVP_DigestUpdate(ctx, length, sizeof(length)) ||
	    (field.len && !EVP_DigestUpdate(ctx, field.ptr, field.len)))
		refused();
}

void digest_fields(const struct str *fields, size_t n, struct digest *out)
{
	static const char hex[] = "0123456789abcdef";
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (!ctx || !EVP_DigestInit_ex(ctx, EVP_sha256(), NULL))
		refused();
	for (size_t i = 0; i < n; i++)
		hash_field(ctx, fields[i]);
	if (!EVP_DigestFinal_ex(ctx, out->bytes, NULL))
		refused();
	EVP_MD_CTX_free(ctx);
	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		out->hex[2 * i] = hex[out->bytes[i] >> 4];
		out->hex[2 * i + 1] = hex[out->bytes[i] & 15];
	}
	out->hex[DIGEST_HEX] = '\0';
}

uint64_t digest_u64(const struct digest *d)
{
	uint64_t n = 0;

	for (size_t i = 0; i < 8; i++)
		n = n << 8 | d->bytes[i];
	return n;
}
