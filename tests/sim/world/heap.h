/* heap: in the simulator every process has memory of its own. heap.c stands in the
 * place of core/mem.c and core/stack.c: what is allocated belongs to the heap that
 * is entered, and a process that is killed is dropped with all it has, without
 * any of its cleanup running, while the leak check stays on for the others.
 */
#ifndef SLUICE_SIM_HEAP_H
#define SLUICE_SIM_HEAP_H

#include <stddef.h>

struct heap;

struct heap *heap_new(void);

/* Frees everything that is left in it, and the heap itself. */
void heap_drop(struct heap *h);

/* From now on memory comes from h (NULL: from none, plain memory). Returns what
 * was entered before. */
struct heap *heap_enter(struct heap *h);

/* Bytes asked for, now and at most; blocks and stacks that are not freed. */
size_t heap_bytes(const struct heap *h);
size_t heap_peak_bytes(const struct heap *h);
size_t heap_blocks(const struct heap *h);
size_t heap_stacks(const struct heap *h);

/* Where the oldest block that is left was asked for: an address for addr2line. */
const void *heap_oldest_caller(const struct heap *h, size_t *bytes);

#endif
