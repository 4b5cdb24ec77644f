/* window: the pages of one reading of a shard that are not yet acknowledged by
 * all its handlers. One reader pushes, one chain per handler walks through with
 * a cursor of its own; a page is dropped when every cursor has left it behind
 * acknowledged. Bounded in bytes: the reader waits when it is full.
 */
#ifndef SLUICE_PIPELINE_WINDOW_H
#define SLUICE_PIPELINE_WINDOW_H

#include "sluice/core/budget.h"
#include "sluice/item/page.h"

/* One handler's place in the window. */
struct window_cursor {
	uint64_t page;            /* number of the page it reads */
	size_t record;            /* next record in it */
	uint64_t held_page;       /* the first page it may still need */
	bool attached;
};

struct window_page {
	struct page *page;        /* one reference */
	size_t bytes;
};

struct window {
	size_t max_bytes, bytes;
	struct budget *budget;    /* pages' bytes are returned here when dropped */
	struct window_page *pages;  /* ring; numbers first .. first + count - 1 */
	size_t cap, count;
	uint64_t first;
	bool closed;              /* nothing more comes */
	bool full;                /* a page waits for room */
	struct window_cursor **cursors;
	size_t n_cursors;
	struct event changed;     /* pulsed: pushed, dropped, closed */
};

/* cursors: borrowed, n of them, all attached at the begin. */
void window_init(struct window *w, struct loop *loop, size_t max_bytes, struct budget *budget,
		 struct window_cursor **cursors, size_t n);

/* Drops whatever is left. */
void window_release(struct window *w);

/* Yields while the window is full (an empty one takes any page). Takes the page;
 * `bytes` of the budget go with it. When cancelled the page is dropped. */
bool window_push(struct window *w, struct page *page, size_t bytes, struct err *err);

/* No more pages. */
void window_close(struct window *w);

/* The cursor's next record, or NULL when it has to wait; moves on. */
const struct record *window_next(struct window *w, struct window_cursor *c);

/* True when the window is closed and the cursor has seen all. */
bool window_at_end(const struct window *w, const struct window_cursor *c);

/* Yields until there may be something for the cursor, at most timeout_ms (< 0:
 * no limit). False when cancelled. */
bool window_wait(struct window *w, struct window_cursor *c, int64_t timeout_ms, struct err *err);

/* Everything the cursor has taken is acknowledged: pages behind it may go. */
void window_acknowledge(struct window *w, struct window_cursor *c);

/* The handler is out (stopped, parked): its cursor holds nothing any more. */
void window_detach(struct window *w, struct window_cursor *c);

/* True when the window is full and pages cannot go because of this cursor. */
bool window_is_held_by(const struct window *w, const struct window_cursor *c);

/* Wakes all who wait for the window: something else has changed for them. */
void window_wake(struct window *w);

/* True when no cursor is attached: nobody needs what is read. */
bool window_deserted(const struct window *w);

#endif
