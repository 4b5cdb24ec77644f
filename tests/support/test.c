#include "support/test.h"

#include <string.h>

char *test_strndup(const char *ptr, size_t len)
{
	char *copy = test_malloc(len + 1);

	if (len)
		memcpy(copy, ptr, len);
	copy[len] = '\0';
	return copy;
}
