#include "sluice/http/line.h"

#include "sluice/core/mem.h"

struct line_host {
	struct str name;                       /* behind the struct */
	struct line_host *same_bucket;
	struct line_host *next, *prev;         /* in turn */
	bool in_turn;
	size_t in_use;
	struct line_ticket *first, *last;
};

void line_init(struct line *l, size_t max, size_t max_per_host)
{
	*l = (struct line){ .max = max ? max : 1 };
	l->max_per_host = max_per_host && max_per_host < l->max ? max_per_host : l->max;
}

/* Where the pointer to the host stands, or would. */
static struct line_host **find(struct line *l, struct str name)
{
	struct line_host **at = &l->buckets[str_hash(name) % LINE_BUCKETS];

	while (*at && !str_eq((*at)->name, name))
		at = &(*at)->same_bucket;
	return at;
}

static struct line_host *host_for(struct line *l, struct str name)
{
	struct line_host **at = find(l, name), *h = *at;
	char *text;

	if (h)
		return h;
	h = mem_alloc(sizeof(*h) + name.len);
	text = (char *)(h + 1);
	if (name.len)
		memcpy(text, name.ptr, name.len);
	h->name = str_of(text, name.len);
	*at = h;
	return h;
}

static void forget_if_idle(struct line *l, struct line_host *h)
{
	if (h->in_use || h->first)
		return;
	*find(l, h->name) = h->same_bucket;
	mem_free(h);
}

static void leave_turn(struct line *l, struct line_host *h)
{
	if (h->prev)
		h->prev->next = h->next;
	else
		l->first = h->next;
	if (h->next)
		h->next->prev = h->prev;
	else
		l->last = h->prev;
	h->next = h->prev = NULL;
	h->in_turn = false;
}

static void join_turn(struct line *l, struct line_host *h)
{
	h->prev = l->last;
	if (l->last)
		l->last->next = h;
	else
		l->first = h;
	l->last = h;
	h->in_turn = true;
}

/* Whether it belongs there may have changed; who stays keeps the place in the turn. */
static void set_turn(struct line *l, struct line_host *h)
{
	bool wanted = h->first && h->in_use < l->max_per_host;

	if (wanted && !h->in_turn)
		join_turn(l, h);
	else if (!wanted && h->in_turn)
		leave_turn(l, h);
}

static void push(struct line *l, struct line_host *h, struct line_ticket *t)
{
	t->prev = h->last;
	if (h->last)
		h->last->next = t;
	else
		h->first = t;
	h->last = t;
	l->waiting++;
}

static void unlink_ticket(struct line *l, struct line_host *h, struct line_ticket *t)
{
	if (t->prev)
		t->prev->next = t->next;
	else
		h->first = t->next;
	if (t->next)
		t->next->prev = t->prev;
	else
		h->last = t->prev;
	t->next = t->prev = NULL;
	l->waiting--;
}

static void take_place(struct line *l, struct line_host *h, struct line_ticket *t)
{
	h->in_use++;
	l->in_use++;
	t->has_place = true;
}

void line_enter(struct line *l, struct str host, struct line_ticket *t)
{
	struct line_host *h = host_for(l, host);

	*t = (struct line_ticket){ .host = h };
	/* Where a place is free for the host, nobody of it waits: free places are given away at once. */
	if (l->in_use < l->max && h->in_use < l->max_per_host && !h->first) {
		take_place(l, h, t);
		return;
	}
	push(l, h, t);
	set_turn(l, h);
}

void line_leave(struct line *l, struct line_ticket *t)
{
	struct line_host *h = t->host;

	if (!h)
		return;
	if (t->has_place) {
		h->in_use--;
		l->in_use--;
	} else {
		unlink_ticket(l, h, t);
	}
	*t = (struct line_ticket){ 0 };
	set_turn(l, h);
	forget_if_idle(l, h);
}

struct line_ticket *line_next(struct line *l)
{
	struct line_host *h = l->first;
	struct line_ticket *t;

	if (!h || l->in_use >= l->max)
		return NULL;
	t = h->first;
	unlink_ticket(l, h, t);
	take_place(l, h, t);
	leave_turn(l, h); /* and to its end */
	set_turn(l, h);
	return t;
}

size_t line_in_use(const struct line *l, struct str host)
{
	for (const struct line_host *h = l->buckets[str_hash(host) % LINE_BUCKETS]; h; h = h->same_bucket)
		if (str_eq(h->name, host))
			return h->in_use;
	return 0;
}
