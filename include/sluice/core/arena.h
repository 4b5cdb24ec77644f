/* arena: memory of one batch. Things are taken from it and freed all at once.
 *
 * Pointers stay valid until arena_reset() or arena_release(). The cap bounds
 * the sum of the blocks; at the cap arena_alloc() returns NULL, and the caller
 * reports which setting was reached.
 */
#ifndef SLUICE_CORE_ARENA_H
#define SLUICE_CORE_ARENA_H

#include "sluice/core/str.h"

struct arena_block;

struct arena {
	struct arena_block *head;
	size_t used;  /* bytes of all blocks */
	size_t max;
};

void arena_init(struct arena *a, size_t max_bytes);
void arena_release(struct arena *a);

/* As arena_release(), but overwrites all of it first (settings with secrets). */
void arena_wipe(struct arena *a);

/* Frees all but one block and starts again. */
void arena_reset(struct arena *a);

/* Zero-filled, aligned for any type; NULL at the cap. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_array(struct arena *a, size_t n, size_t size);

/* A copy (NUL-terminated behind its end); {NULL, 0} at the cap. */
struct str arena_dup(struct arena *a, struct str s);
struct str arena_putf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))

#endif
