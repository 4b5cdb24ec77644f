#include "sluice/pipeline/progress.h"

#include "sluice/core/mem.h"

#include <assert.h>

void progress_init(struct progress *p, const struct position *start)
{
	*p = (struct progress){ .position = *start };
}

void progress_release(struct progress *p)
{
	mem_free(p->slots);
	p->slots = NULL;
	p->cap = p->count = 0;
}

static struct progress_slot *slot_of(struct progress *p, uint64_t number)
{
	assert(number >= p->first && number < p->first + p->count);
	return &p->slots[number % p->cap];
}

/* The position follows the prefix of slots with nothing pending. */
static void advance(struct progress *p)
{
	while (p->count && slot_of(p, p->first)->pending == 0) {
		p->position = slot_of(p, p->first)->position;
		p->first++;
		p->count--;
		p->acknowledged++;
	}
}

static void grow(struct progress *p)
{
	size_t cap = p->cap ? 2 * p->cap : 64;
	struct progress_slot *slots = mem_array(cap, sizeof(*slots));

	for (uint64_t n = p->first; n < p->first + p->count; n++)
		slots[n % cap] = p->slots[n % p->cap];
	mem_free(p->slots);
	p->slots = slots;
	p->cap = cap;
}

uint64_t progress_take(struct progress *p, const struct position *at, uint32_t pending)
{
	uint64_t number = p->first + p->count;
	const struct position *last = p->count ? &slot_of(p, number - 1)->position : &p->position;

	assert(sequence_compare(&at->sequence, &last->sequence) > 0);
	assert(at->v > last->v);
	if (p->count == p->cap)
		grow(p);
	p->count++;
	*slot_of(p, number) = (struct progress_slot){ .position = *at, .pending = pending };
	if (pending == 0)
		advance(p);
	return number;
}

uint64_t progress_merge(struct progress *p)
{
	uint64_t last = p->first + p->count - 1;

	assert(p->count > 0);
	p->acknowledged += p->count - 1;
	p->first = last;
	p->count = 1;
	slot_of(p, last)->pending = 1;
	return last;
}

void progress_add(struct progress *p, uint64_t slot, uint32_t more)
{
	slot_of(p, slot)->pending += more;
}

void progress_acknowledge(struct progress *p, uint64_t slot)
{
	struct progress_slot *s = slot_of(p, slot);

	assert(s->pending > 0);
	s->pending--;
	if (s->pending == 0)
		advance(p);
}
