/* hash: uthash's tables (https://troydhanson.github.io/uthash/) with memory from core/mem. */
#ifndef SLUICE_CORE_HASH_H
#define SLUICE_CORE_HASH_H

#include "sluice/core/mem.h"

#define uthash_malloc(size) mem_alloc(size)
#define uthash_free(ptr, size) mem_free(ptr)

#include <uthash.h>

#endif
