#include "sluice/core/arena.h"

#include "sluice/core/mem.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>

enum { FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 18 };

struct arena_block {
	struct arena_block *next;
	size_t size, used;
	alignas(max_align_t) char bytes[];
};

void arena_init(struct arena *a, size_t max_bytes)
{
	*a = (struct arena){ .max = max_bytes };
}

static void free_blocks(struct arena_block *b)
{
	while (b) {
		struct arena_block *next = b->next;

		mem_free(b);
		b = next;
	}
}

void arena_release(struct arena *a)
{
	free_blocks(a->head);
	arena_init(a, a->max);
}

void arena_wipe(struct arena *a)
{
	for (struct arena_block *b = a->head; b; b = b->next)
		mem_wipe(b->bytes, b->size);
	arena_release(a);
}

void arena_reset(struct arena *a)
{
	if (!a->head)
		return;
	free_blocks(a->head->next);
	a->head->next = NULL;
	memset(a->head->bytes, 0, a->head->used);
	a->head->used = 0;
	a->used = a->head->size;
}

static struct arena_block *grow(struct arena *a, size_t need)
{
	size_t size = a->head ? a->head->size * 2 : FIRST_BLOCK;

	if (size > LARGEST_BLOCK)
		size = LARGEST_BLOCK;
	if (size > a->max - a->used)
		size = a->max - a->used;
	if (size < need)
		size = need;
	if (size > a->max - a->used)
		return NULL;

	struct arena_block *b = mem_alloc(sizeof(*b) + size);

	b->size = size;
	b->next = a->head;
	a->head = b;
	a->used += size;
	return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct arena_block *b = a->head;

	if (size > SIZE_MAX - align)
		return NULL;
	size = (size + align - 1) & ~(align - 1);
	if (size == 0)
		size = align;
	if (!b || b->size - b->used < size) {
		b = grow(a, size);
		if (!b)
			return NULL;
	}

	void *ptr = b->bytes + b->used;

	b->used += size;
	return ptr;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		return NULL;
	return arena_alloc(a, total);
}

struct str arena_dup(struct arena *a, struct str s)
{
	char *copy = s.len < SIZE_MAX ? arena_alloc(a, s.len + 1) : NULL;

	if (!copy)
		return str_of(NULL, 0);
	if (s.len)
		memcpy(copy, s.ptr, s.len);
	return str_of(copy, s.len);
}

struct str arena_putf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	char *text = NULL;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n >= 0)
		text = arena_alloc(a, (size_t)n + 1);
	if (text)
		vsnprintf(text, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return text ? str_of(text, (size_t)n) : str_of(NULL, 0);
}
