#include "sluice/core/digest.h"

#include "sluice/core/buf.h"
#include "sluice/core/sha256.h"

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

static void put_field(struct buf *input, struct str field)
{
	char length[8];

	for (size_t i = 0; i < sizeof(length); i++)
		length[i] = (char)((uint64_t)field.len >> (8 * (7 - i)));
	buf_put(input, str_of(length, sizeof(length)));
	buf_put(input, field);
}

void digest_fields(const struct str *fields, size_t n, struct digest *out)
{
	struct sha256 sum;
	struct buf input;

	buf_init(&input, SIZE_MAX / 2);
	for (size_t i = 0; i < n; i++)
		put_field(&input, fields[i]);
	if (!sha256_sum(buf_str(&input), &sum, NULL))
		refused();
	buf_release(&input);
	memcpy(out->bytes, sum.bytes, DIGEST_BYTES);
	sha256_hex(&sum, out->hex);
}

uint64_t digest_u64(const struct digest *d)
{
	uint64_t n = 0;

	for (size_t i = 0; i < 8; i++)
		n = n << 8 | d->bytes[i];
	return n;
}
