#include "sluice/core/mask.h"

/* How much of `text` repeats the secret, escapes included; 0: it does not. */
static size_t repeats(struct str text, struct str secret)
{
	size_t at = 0;

	for (size_t i = 0; i < secret.len; i++) {
		if (secret.ptr[i] == '/' && at < text.len && text.ptr[at] == '\\')
			at++;
		if (at >= text.len || text.ptr[at] != secret.ptr[i])
			return 0;
		at++;
	}
	return at;
}

void mask_secret(char *text, size_t len, struct str secret)
{
	if (secret.len < MASK_SHORTEST)
		return;
	for (size_t i = 0; i + secret.len <= len;) {
		size_t n = repeats(str_of(text + i, len - i), secret);

		memset(text + i, '*', n);
		i += n ? n : 1;
	}
}
