#include "sluice/core/sha256.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

static bool refused(struct err *err)
{
	return err_set(err, ERR_FATAL, "sha256.refused",
		       "OpenSSL refused SHA-256; look at its configuration (openssl.cnf, FIPS provider)");
}

bool sha256_sum(struct str data, struct sha256 *out, struct err *err)
{
	unsigned int n = 0;

	if (EVP_Digest(data.len ? data.ptr : "", data.len, out->bytes, &n, EVP_sha256(), NULL) != 1 ||
	    n != sizeof(out->bytes))
		return refused(err);
	return true;
}

bool sha256_hmac(struct str key, struct str data, struct sha256 *out, struct err *err)
{
	const unsigned char *bytes = (const unsigned char *)(data.len ? data.ptr : "");
	unsigned int n = 0;

	if (key.len > INT32_MAX ||
	    !HMAC(EVP_sha256(), key.len ? key.ptr : "", (int)key.len, bytes, data.len, out->bytes, &n) ||
	    n != sizeof(out->bytes))
		return refused(err);
	return true;
}

void sha256_hex(const struct sha256 *digest, char hex[SHA256_HEX + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < SHA256_BYTES; i++) {
		hex[2 * i] = digits[digest->bytes[i] >> 4];
		hex[2 * i + 1] = digits[digest->bytes[i] & 15];
	}
	hex[SHA256_HEX] = '\0';
}
