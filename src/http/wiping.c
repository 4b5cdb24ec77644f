#include "wiping.h"

#include "sluice/core/mem.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void wiping_free(void *ptr)
{
	mem_wipe(ptr, malloc_usable_size(ptr));
	free(ptr);
}

void *wiping_resize(void *ptr, size_t size)
{
	size_t had = malloc_usable_size(ptr);
	void *moved = malloc(size);

	if (!moved)
		return NULL;
	if (ptr)
		memcpy(moved, ptr, had < size ? had : size);
	wiping_free(ptr);
	return moved;
}
