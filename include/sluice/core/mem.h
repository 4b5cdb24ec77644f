/* mem: the only way memory is had.
 *
 * What grows is capped by its owner (buf, arena, windows), so running out of
 * memory here means that the settings promise more than the machine has. That
 * is not an error a caller could mend: these functions log to stderr and abort,
 * and the work goes on from the last checkpoint after the restart.
 */
#ifndef SLUICE_CORE_MEM_H
#define SLUICE_CORE_MEM_H

#include <stddef.h>

/* Zero-filled memory, never NULL; size 0 is allowed. Free with mem_free(). */
void *mem_alloc(size_t size);

/* As calloc(): n * size, checked for overflow, zero-filled. */
void *mem_array(size_t n, size_t size);

/* As realloc(); the part that is new is NOT cleared. Never NULL. */
void *mem_resize(void *ptr, size_t size);

/* A NUL-terminated copy of len bytes at ptr. The caller owns it. */
char *mem_dup(const char *ptr, size_t len);

/* Frees ptr; NULL is allowed. */
void mem_free(void *ptr);

/* For a daemon that takes and gives back buffers of a page's size all the time: the
 * process keeps up to 32 MiB of what is freed, where the C library would return it
 * to the system and fault it in again. Once, before any thread. */
void mem_keep_freed(void);

/* Overwrites a secret before it is freed; the compiler may not drop it. */
void mem_wipe(void *ptr, size_t size);

#endif
