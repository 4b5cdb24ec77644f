/* fiber: a function that can stop half way and go on later, on a stack of its
 * own: the context switch alone, known to no file but task.c and loop.c.
 *
 * A fiber is resumed from the thread's own stack and suspends back to it;
 * fibers do not resume each other. The switch is getcontext() and setcontext()
 * with a flag between them. swapcontext() and longjmp() are not used: to both
 * AddressSanitizer answers by clearing its marks on the stacks it finds, after
 * which an overflow in a frame that has yielded goes unseen.
 *
 * Stacks are mapped, 64 KiB (256 KiB under sanitizers) above a guard area whose
 * touch ends the process with SIGSEGV. Pages are the system's until touched.
 */
#ifndef SLUICE_CORE_FIBER_H
#define SLUICE_CORE_FIBER_H

#include <stdbool.h>
#include <stddef.h>

struct fiber;

/* The stacks of one thread. Keeps at most max_idle of them for reuse. Owned. */
struct fiber_pool;

struct fiber_pool *fiber_pool_new(size_t max_idle);

/* Only when every fiber was freed (asserted). */
void fiber_pool_free(struct fiber_pool *pool);

/* Stacks that are mapped, in use or idle. */
size_t fiber_pool_stacks(const struct fiber_pool *pool);

/* A fiber that will call fn(arg) when first resumed. Never fails: a system
 * that refuses the mapping is out of memory (see mem.h). */
struct fiber *fiber_new(struct fiber_pool *pool, void (*fn)(void *arg), void *arg);

/* Gives the stack back. The fiber has ended or never ran (asserted). */
void fiber_free(struct fiber *f);

/* Runs f until it suspends (true) or its fn has returned (false). */
bool fiber_resume(struct fiber *f);

/* Called on f's stack: goes back to whoever resumed it. */
void fiber_suspend(struct fiber *f);

size_t fiber_stack_size(void);

/* Called on f's stack: true when ptr points into it. */
bool fiber_has(const struct fiber *f, const void *ptr);

/* Debug builds: how many bytes of its stack an ended fiber has used, as deep as
 * a byte other than 0 was left (frames leave return addresses); else 0. */
size_t fiber_stack_used(const struct fiber *f);

#endif
