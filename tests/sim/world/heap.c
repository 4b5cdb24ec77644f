#include "sim/world/heap.h"

#include "sluice/core/mem.h"
#include "sluice/core/stack.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

/* In front of each block. */
struct block {
	struct heap *heap;         /* NULL: plain memory */
	struct block *next, *prev;
	size_t size;
	const void *caller;
	size_t unused;             /* keeps what follows aligned */
};

struct stack {
	char *map;
	size_t bytes;
	struct stack *next;
};

struct heap {
	struct block blocks;       /* head of the ring, oldest first */
	struct stack *stacks;
	size_t bytes, peak_bytes, n_blocks, n_stacks;
};

static struct heap *entered;

static void fail(const char *what)
{
	fprintf(stderr, "simulator: %s\n", what);
	abort();
}

static void *plain(size_t size)
{
	void *ptr = calloc(1, size);

	if (!ptr)
		fail("out of memory");
	return ptr;
}

/* ---- heaps ---- */

struct heap *heap_new(void)
{
	struct heap *h = plain(sizeof(*h));

	h->blocks.next = h->blocks.prev = &h->blocks;
	return h;
}

struct heap *heap_enter(struct heap *h)
{
	struct heap *before = entered;

	entered = h;
	return before;
}

static void unmap(struct stack *s)
{
	ASAN_UNPOISON_MEMORY_REGION(s->map, s->bytes); /* frames that were left for ever */
	munmap(s->map, s->bytes);
	free(s);
}

void heap_drop(struct heap *h)
{
	while (h->blocks.next != &h->blocks)
		mem_free(h->blocks.next + 1);
	while (h->stacks) {
		struct stack *s = h->stacks;

		h->stacks = s->next;
		unmap(s);
	}
	free(h);
}

size_t heap_bytes(const struct heap *h)
{
	return h->bytes;
}

size_t heap_peak_bytes(const struct heap *h)
{
	return h->peak_bytes;
}

size_t heap_blocks(const struct heap *h)
{
	return h->n_blocks;
}

size_t heap_stacks(const struct heap *h)
{
	return h->n_stacks;
}

const void *heap_oldest_caller(const struct heap *h, size_t *bytes)
{
	*bytes = h->blocks.next->size;
	return h->blocks.next == &h->blocks ? NULL : h->blocks.next->caller;
}

static void link_in(struct block *b)
{
	struct heap *h = b->heap;

	if (!h)
		return;
	b->next = &h->blocks;
	b->prev = h->blocks.prev;
	b->prev->next = b->next->prev = b;
	h->n_blocks++;
	h->bytes += b->size;
	if (h->bytes > h->peak_bytes)
		h->peak_bytes = h->bytes;
}

static void link_out(struct block *b)
{
	if (!b->heap)
		return;
	b->prev->next = b->next;
	b->next->prev = b->prev;
	b->heap->n_blocks--;
	b->heap->bytes -= b->size;
}

static void *allocate(size_t size, const void *caller)
{
	struct block *b = plain(sizeof(*b) + size);

	b->heap = entered;
	b->size = size;
	b->caller = caller;
	link_in(b);
	return b + 1;
}

/* ---- core/mem.h ---- */

void *mem_alloc(size_t size)
{
	return allocate(size, __builtin_return_address(0));
}

void *mem_array(size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		fail("an array larger than memory");
	return allocate(bytes, __builtin_return_address(0));
}

void *mem_resize(void *ptr, size_t size)
{
	struct block *b;

	if (!ptr)
		return allocate(size, __builtin_return_address(0));
	b = (struct block *)ptr - 1;
	link_out(b);
	b = realloc(b, sizeof(*b) + size);
	if (!b)
		fail("out of memory");
	b->size = size;
	link_in(b);
	return b + 1;
}

char *mem_dup(const char *ptr, size_t len)
{
	char *copy = allocate(len + 1, __builtin_return_address(0));

	if (len)
		memcpy(copy, ptr, len);
	return copy;
}

void mem_free(void *ptr)
{
	struct block *b = ptr ? (struct block *)ptr - 1 : NULL;

	if (!b)
		return;
	link_out(b);
	free(b);
}

void mem_keep_freed(void)
{
}

void mem_wipe(void *ptr, size_t size)
{
	if (ptr && size)
		explicit_bzero(ptr, size);
}

/* ---- core/stack.h ---- */

char *stack_map(size_t guard, size_t size)
{
	struct stack *s = plain(sizeof(*s));

	s->bytes = guard + size;
	s->map = mmap(NULL, s->bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
	if (s->map == MAP_FAILED || mprotect(s->map + guard, size, PROT_READ | PROT_WRITE) != 0)
		fail("the system refused a stack; raise vm.max_map_count");
	if (!entered)
		fail("a stack outside of every heap");
	s->next = entered->stacks;
	entered->stacks = s;
	entered->n_stacks++;
	return s->map;
}

void stack_unmap(char *map, size_t guard, size_t size)
{
	(void)guard;
	(void)size;
	for (struct stack **at = &entered->stacks; *at; at = &(*at)->next) {
		struct stack *s = *at;

		if (s->map != map)
			continue;
		*at = s->next;
		entered->n_stacks--;
		unmap(s);
		return;
	}
	fail("a stack of another heap was given back");
}
