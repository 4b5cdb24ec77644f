/* buf: owned, growing bytes with a cap.
 *
 * Once an append would pass the cap, it and every later append fail and change
 * nothing: a writer may append all it has and ask buf_ok() once at the end.
 */
#ifndef SLUICE_CORE_BUF_H
#define SLUICE_CORE_BUF_H

#include "sluice/core/str.h"

#include <stdarg.h>

struct buf {
	char *ptr;   /* NULL until the first append; then NUL-terminated */
	size_t len;
	size_t cap;
	size_t max;  /* len never passes it */
	bool full;   /* an append was refused */
};

/* max_bytes is the cap; nothing is allocated yet. */
void buf_init(struct buf *b, size_t max_bytes);

/* Frees the bytes; the buf is as after buf_init() with the same cap. */
void buf_release(struct buf *b);

/* As buf_release(), but overwrites the bytes first (secrets). */
void buf_wipe(struct buf *b);

/* Empties it and clears `full`; keeps the memory. */
void buf_clear(struct buf *b);

/* Cuts it to len bytes (<= b->len). Does not clear `full`. */
void buf_truncate(struct buf *b, size_t len);

bool buf_put(struct buf *b, struct str s);
bool buf_putc(struct buf *b, char c);
bool buf_puts(struct buf *b, const char *c);
bool buf_putf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool buf_vputf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* Room for n bytes behind the content, or NULL at the cap; the caller writes
 * at most n there and then calls buf_commit(b, written). */
char *buf_reserve(struct buf *b, size_t n);
void buf_commit(struct buf *b, size_t n);

static inline struct str buf_str(const struct buf *b)
{
	return (struct str){ b->ptr, b->len };
}

static inline bool buf_ok(const struct buf *b)
{
	return !b->full;
}

/* Moves the content out of `from`, which is left empty with its cap. */
struct buf buf_take(struct buf *from);

#endif
