#include "sluice/core/sha1.h"

#include <openssl/evp.h>
#include <stdio.h>

bool sha1_hex(struct str data, char hex[SHA1_HEX + 1], struct err *err)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	hex[0] = '\0';
	if (EVP_Digest(data.len ? data.ptr : "", data.len, bytes, &n, EVP_sha1(), NULL) != 1 || n != SHA1_BYTES)
		return err_set(err, ERR_FATAL, "sha1.refused",
			       "OpenSSL refused SHA-1; look at its configuration (openssl.cnf, FIPS provider)");
	for (size_t i = 0; i < SHA1_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	return true;
}
