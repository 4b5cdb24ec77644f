#include "sluice/pipeline/window.h"

#include "sluice/core/mem.h"

#include <assert.h>

void window_init(struct window *w, struct loop *loop, size_t max_bytes, struct budget *budget,
		 struct window_cursor **cursors, size_t n)
{
	*w = (struct window){ .max_bytes = max_bytes, .budget = budget, .cursors = cursors, .n_cursors = n };
	event_init(&w->changed, loop);
	for (size_t i = 0; i < n; i++)
		*cursors[i] = (struct window_cursor){ .attached = true };
}

static void pulse(struct window *w)
{
	event_set(&w->changed);
	event_clear(&w->changed);
}

static void drop_first(struct window *w)
{
	struct window_page *p = &w->pages[w->first % w->cap];

	w->bytes -= p->bytes;
	budget_return(w->budget, p->bytes);
	page_unref(p->page);
	w->first++;
	w->count--;
}

void window_release(struct window *w)
{
	while (w->count)
		drop_first(w);
	mem_free(w->pages);
	w->pages = NULL;
	w->cap = 0;
}

static void drop_left_behind(struct window *w)
{
	uint64_t needed = w->first + w->count;
	uint64_t before = w->first;

	for (size_t i = 0; i < w->n_cursors; i++)
		if (w->cursors[i]->attached && w->cursors[i]->held_page < needed)
			needed = w->cursors[i]->held_page;
	while (w->first < needed)
		drop_first(w);
	if (w->first != before)
		pulse(w);
}

static void grow(struct window *w)
{
	size_t cap = w->cap ? 2 * w->cap : 8;
	struct window_page *pages = mem_array(cap, sizeof(*pages));

	for (uint64_t n = w->first; n < w->first + w->count; n++)
		pages[n % cap] = w->pages[n % w->cap];
	mem_free(w->pages);
	w->pages = pages;
	w->cap = cap;
}

bool window_push(struct window *w, struct page *page, size_t bytes, struct err *err)
{
	assert(!w->closed);
	while (w->count && w->bytes + bytes > w->max_bytes && !window_deserted(w)) {
		if (!w->full) { /* who has nothing left to take hears of it */
			w->full = true;
			pulse(w);
		}
		if (!event_wait(&w->changed, -1, NULL, err)) {
			w->full = false;
			budget_return(w->budget, bytes);
			page_unref(page);
			return false;
		}
	}
	w->full = false;
	if (w->count == w->cap)
		grow(w);
	w->pages[(w->first + w->count) % w->cap] = (struct window_page){ page, bytes };
	w->count++;
	w->bytes += bytes;
	pulse(w);
	if (window_deserted(w))
		drop_left_behind(w);
	return true;
}

void window_close(struct window *w)
{
	w->closed = true;
	pulse(w);
}

/* Steps over the ends of pages; false when there is no further page yet. */
static bool settle_on_record(const struct window *w, struct window_cursor *c)
{
	while (c->page < w->first + w->count && c->record >= w->pages[c->page % w->cap].page->count) {
		c->page++;
		c->record = 0;
	}
	return c->page < w->first + w->count;
}

const struct record *window_next(struct window *w, struct window_cursor *c)
{
	if (!settle_on_record(w, c))
		return NULL;
	return &w->pages[c->page % w->cap].page->records[c->record++];
}

bool window_at_end(const struct window *w, const struct window_cursor *c)
{
	struct window_cursor probe = *c;

	return w->closed && !settle_on_record(w, &probe);
}

bool window_wait(struct window *w, struct window_cursor *c, int64_t timeout_ms, struct err *err)
{
	if (settle_on_record(w, c) || w->closed)
		return task_yield(w->changed.loop, err);
	return event_wait(&w->changed, timeout_ms, NULL, err);
}

void window_acknowledge(struct window *w, struct window_cursor *c)
{
	settle_on_record(w, c);
	c->held_page = c->page;
	drop_left_behind(w);
}

void window_detach(struct window *w, struct window_cursor *c)
{
	c->attached = false;
	drop_left_behind(w);
	pulse(w);
}

bool window_deserted(const struct window *w)
{
	for (size_t i = 0; i < w->n_cursors; i++)
		if (w->cursors[i]->attached)
			return false;
	return true;
}

bool window_is_held_by(const struct window *w, const struct window_cursor *c)
{
	return w->full && c->attached && c->held_page == w->first;
}

void window_wake(struct window *w)
{
	pulse(w);
}
