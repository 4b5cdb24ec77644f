/* digest: SHA-256 (FIPS 180-4) of a list of fields, for names that must be the
 * same in every process and for ever: fences, task ids, notification ids.
 *
 * Each field goes in behind its length (8 bytes, big-endian), so that no two
 * different lists have the same input.
 */
#ifndef SLUICE_CORE_DIGEST_H
#define SLUICE_CORE_DIGEST_H

#include "sluice/core/str.h"

enum { DIGEST_BYTES = 32, DIGEST_HEX = 2 * DIGEST_BYTES };

struct digest {
	unsigned char bytes[DIGEST_BYTES];
	char hex[DIGEST_HEX + 1];  /* lower case, NUL-terminated */
};

/* Aborts when the library refuses SHA-256, as core/mem does when memory ends. */
void digest_fields(const struct str *fields, size_t n, struct digest *out);

/* The first 8 bytes as a number: for choosing one of N, stable across versions. */
uint64_t digest_u64(const struct digest *d);

#endif
