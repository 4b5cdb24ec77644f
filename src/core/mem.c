#include "sluice/core/mem.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void out_of_memory(void)
{
	static const char text[] = "level=error event=memory.exhausted text=\"the system refused memory; "
				   "lower limits.memory_bytes or give the machine more\"\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)ignored;
	abort();
}

void *mem_alloc(size_t size)
{
	return mem_array(1, size);
}

void *mem_array(size_t n, size_t size)
{
	void *ptr = calloc(n ? n : 1, size ? size : 1);

	if (!ptr)
		out_of_memory();
	return ptr;
}

void *mem_resize(void *ptr, size_t size)
{
	ptr = realloc(ptr, size ? size : 1);
	if (!ptr)
		out_of_memory();
	return ptr;
}

char *mem_dup(const char *ptr, size_t len)
{
	if (len == SIZE_MAX)
		out_of_memory();

	char *copy = mem_alloc(len + 1);

	if (len)
		memcpy(copy, ptr, len);
	return copy;
}

void mem_free(void *ptr)
{
	free(ptr);
}

void mem_keep_freed(void)
{
	enum { KEEP_BYTES = 32 << 20 };

	mallopt(M_MMAP_THRESHOLD, KEEP_BYTES);
	mallopt(M_TRIM_THRESHOLD, KEEP_BYTES);
}

void mem_wipe(void *ptr, size_t size)
{
	if (ptr && size)
		explicit_bzero(ptr, size);
}
