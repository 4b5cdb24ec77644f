#include "expect_impl.h"

/* Kuhn's algorithm, breadth first: a stack is small here. */
struct matching {
	size_t n_wanted, n_found;
	bool (*fits)(void *ctx, size_t w, size_t f);
	void *ctx;
	size_t *to;          /* wanted → found */
	size_t *of;          /* found → wanted */
	size_t *reached_by;  /* found → the wanted one that it was reached from; SIZE_MAX: not yet */
	size_t *queue;       /* of wanted ones */
};

static void hand_over(struct matching *m, size_t found)
{
	while (found != SIZE_MAX) {
		size_t wanted = m->reached_by[found], before = m->to[wanted];

		m->to[wanted] = found;
		m->of[found] = wanted;
		found = before;
	}
}

static void place(struct matching *m, size_t wanted)
{
	size_t head = 0, tail = 0;

	for (size_t f = 0; f < m->n_found; f++)
		m->reached_by[f] = SIZE_MAX;
	m->queue[tail++] = wanted;
	while (head < tail) {
		size_t w = m->queue[head++];

		for (size_t f = 0; f < m->n_found; f++) {
			if (m->reached_by[f] != SIZE_MAX || !m->fits(m->ctx, w, f))
				continue;
			m->reached_by[f] = w;
			if (m->of[f] == SIZE_MAX) {
				hand_over(m, f);
				return;
			}
			m->queue[tail++] = m->of[f];
		}
	}
}

bool expect_match(size_t n_wanted, size_t n_found, bool (*fits)(void *ctx, size_t w, size_t f), void *ctx, size_t *to,
		  struct arena *scratch)
{
	struct matching m = {
		.n_wanted = n_wanted, .n_found = n_found, .fits = fits, .ctx = ctx, .to = to,
		.of = arena_array(scratch, n_found + 1, sizeof(size_t)),
		.reached_by = arena_array(scratch, n_found + 1, sizeof(size_t)),
		.queue = arena_array(scratch, n_wanted + 1, sizeof(size_t)),
	};

	if (!m.of || !m.reached_by || !m.queue)
		return false;
	for (size_t w = 0; w < n_wanted; w++)
		to[w] = SIZE_MAX;
	for (size_t f = 0; f < n_found; f++)
		m.of[f] = SIZE_MAX;
	for (size_t w = 0; w < n_wanted; w++)
		place(&m, w);
	return true;
}
