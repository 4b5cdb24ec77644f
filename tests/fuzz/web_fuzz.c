/* Addresses and headers of the web on any bytes: what is accepted can go into a request
 * as it stands. */
#include "sluice/sinks/web_address.h"
#include "../../src/sinks/web_header.h"
#include "sluice/core/mask.h"
#include "sluice/core/mem.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool condition)
{
	if (!condition)
		abort();
}

static void try_address(struct str text)
{
	struct web_address a;
	const char *why = NULL;

	if (!web_address_parse(text, &a, &why)) {
		expect(why != NULL);
		return;
	}
	expect(a.host.len > 0 && str_starts(text, a.origin) && str_find(a.origin, a.host) != SIZE_MAX);
	expect(str_find_char(a.origin, '@') == SIZE_MAX && str_find_char(text, '\n') == SIZE_MAX &&
	       str_find_char(text, '#') == SIZE_MAX);
	expect(a.tls == str_starts(a.origin, STR("https://")));
}

static void try_header(struct str text)
{
	struct http_response r = { .n_headers = 1 };
	struct http_header h;
	int64_t ms;

	if (web_header_split(text, &h))
		expect(h.name.len > 0 && str_find_char(h.name, ':') == SIZE_MAX && str_find_char(h.name, '\n') == SIZE_MAX &&
		       str_find_char(h.value, '\n') == SIZE_MAX && str_find_char(h.value, '\r') == SIZE_MAX &&
		       (!h.value.len || !memchr(h.value.ptr, '\0', h.value.len)));
	r.headers[0] = (struct http_header){ STR("Retry-After"), text };
	ms = web_header_retry_after_ms(&r, INT64_C(1767225600000), 900000);
	expect(ms >= 0 && ms <= 900000);
}

/* The first half is the secret. */
static void try_mask(struct str text)
{
	struct str secret = str_sub(text, 0, text.len / 2);
	char *copy = mem_dup(text.ptr, text.len);

	mask_secret(copy, text.len, secret);
	if (secret.len >= MASK_SHORTEST && secret.ptr[0] != '*' && str_find_char(secret, '*') == SIZE_MAX)
		expect(str_find(str_of(copy, text.len), secret) == SIZE_MAX);
	mem_free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_of((const char *)data, size);

	try_address(text);
	try_header(text);
	if (size)
		try_mask(text);
	return 0;
}
