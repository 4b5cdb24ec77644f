#include "sluice/core/buf.h"

#include "sluice/core/mem.h"

#include <stdio.h>

void buf_init(struct buf *b, size_t max_bytes)
{
	*b = (struct buf){ .max = max_bytes };
}

void buf_release(struct buf *b)
{
	mem_free(b->ptr);
	buf_init(b, b->max);
}

void buf_wipe(struct buf *b)
{
	mem_wipe(b->ptr, b->cap);
	buf_release(b);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->full = false;
	if (b->ptr)
		b->ptr[0] = '\0';
}

void buf_truncate(struct buf *b, size_t len)
{
	if (len > b->len)
		return;
	b->len = len;
	if (b->ptr)
		b->ptr[len] = '\0';
}

char *buf_reserve(struct buf *b, size_t n)
{
	if (b->full || n > b->max - b->len) {
		b->full = true;
		return NULL;
	}
	if (b->cap < b->len + n + 1) {
		size_t cap = b->cap ? b->cap : 64;

		while (cap < b->len + n + 1)
			cap = cap + cap / 2 + 16;
		if (cap > b->max + 1)
			cap = b->max + 1;
		b->ptr = mem_resize(b->ptr, cap);
		b->cap = cap;
	}
	return b->ptr + b->len;
}

void buf_commit(struct buf *b, size_t n)
{
	b->len += n;
	b->ptr[b->len] = '\0';
}

bool buf_put(struct buf *b, struct str s)
{
	char *to = buf_reserve(b, s.len);

	if (!to)
		return false;
	if (s.len)
		memcpy(to, s.ptr, s.len);
	buf_commit(b, s.len);
	return true;
}

bool buf_putc(struct buf *b, char c)
{
	return buf_put(b, str_of(&c, 1));
}

bool buf_puts(struct buf *b, const char *c)
{
	return buf_put(b, str_c(c));
}

bool buf_vputf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		return false;

	char *to = buf_reserve(b, (size_t)n);

	if (!to)
		return false;
	vsnprintf(to, (size_t)n + 1, fmt, ap);
	buf_commit(b, (size_t)n);
	return true;
}

bool buf_putf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	bool ok;

	va_start(ap, fmt);
	ok = buf_vputf(b, fmt, ap);
	va_end(ap);
	return ok;
}

struct buf buf_take(struct buf *from)
{
	struct buf taken = *from;

	buf_init(from, from->max);
	return taken;
}
