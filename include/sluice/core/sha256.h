/* sha256: SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104) of bytes in memory,
 * for signatures. Wraps OpenSSL's.
 */
#ifndef SLUICE_CORE_SHA256_H
#define SLUICE_CORE_SHA256_H

#include "sluice/core/err.h"

enum { SHA256_BYTES = 32, SHA256_HEX = 2 * SHA256_BYTES };

struct sha256 {
	unsigned char bytes[SHA256_BYTES];
};

/* Both are false (FATAL "sha256.refused") only where OpenSSL's configuration
 * forbids SHA-256. */
bool sha256_sum(struct str data, struct sha256 *out, struct err *err);
bool sha256_hmac(struct str key, struct str data, struct sha256 *out, struct err *err);

/* Lower-case hex, NUL-terminated. */
void sha256_hex(const struct sha256 *digest, char hex[SHA256_HEX + 1]);

static inline struct str sha256_str(const struct sha256 *digest)
{
	return str_of((const char *)digest->bytes, sizeof(digest->bytes));
}

#endif
