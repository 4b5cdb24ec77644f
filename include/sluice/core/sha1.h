/* sha1: SHA-1 (FIPS 180-4) in hex, for names that others have made with it. Not for
 * signatures. Wraps OpenSSL's.
 */
#ifndef SLUICE_CORE_SHA1_H
#define SLUICE_CORE_SHA1_H

#include "sluice/core/err.h"

enum { SHA1_BYTES = 20, SHA1_HEX = 2 * SHA1_BYTES };

/* Lower case, NUL-terminated. False (FATAL "sha1.refused") where OpenSSL's
 * configuration forbids SHA-1. */
bool sha1_hex(struct str data, char hex[SHA1_HEX + 1], struct err *err);

#endif
