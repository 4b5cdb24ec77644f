/* stack: where the memory of a fiber's stack comes from. Apart from fiber.c so that
 * the simulator can put its own in place, which lets the stacks of a worker that
 * is killed go with it.
 */
#ifndef SLUICE_CORE_STACK_H
#define SLUICE_CORE_STACK_H

#include <stddef.h>

/* Maps guard bytes that must not be touched, and size bytes of stack above them.
 * Returns the lowest address. Never fails: a system that refuses is out of memory
 * (see mem.h). */
char *stack_map(size_t guard, size_t size);
void stack_unmap(char *map, size_t guard, size_t size);

#endif
