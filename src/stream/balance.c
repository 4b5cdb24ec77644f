#include "sluice/stream/balance.h"

#include "sluice/core/mem.h"

size_t balance_share(size_t leases, size_t n_workers)
{
	return (leases + n_workers - 1) / n_workers;
}

/* The level that decides who gives and who gets. */
static size_t level_of(const struct balance_view *v)
{
	size_t sum = 0, floor;

	for (size_t i = 0; i < v->n_workers; i++)
		sum += v->workers[i].total;
	floor = sum / v->n_workers;
	for (size_t i = 0; i < v->n_workers; i++)
		if (v->workers[i].total < floor)
			return floor;
	return balance_share(sum, v->n_workers);
}

static size_t excess_of(const struct balance_worker *w, size_t level)
{
	return w->total > level ? w->total - level : 0;
}

static size_t deficit_of(const struct balance_worker *w, size_t level)
{
	return w->total < level ? level - w->total : 0;
}

static size_t sum_of(const struct balance_view *v, size_t level, size_t (*of)(const struct balance_worker *, size_t))
{
	size_t sum = 0;

	for (size_t i = 0; i < v->n_workers; i++)
		sum += of(&v->workers[i], level);
	return sum;
}

bool balance_is_poor(const struct balance_view *v)
{
	size_t level = level_of(v);

	return deficit_of(&v->workers[0], level) > 0 && sum_of(v, level, excess_of) > 0;
}

/* Our part of what is missing, rounded by chance. */
static size_t amount_of(const struct balance_view *v, size_t level, struct rng *rng)
{
	size_t mine = excess_of(&v->workers[0], level), most = mine / 2 ? mine / 2 : 1;
	size_t missing = sum_of(v, level, deficit_of), excess = sum_of(v, level, excess_of), part;

	if (mine == 0 || missing == 0)
		return 0;
	part = missing * mine / excess;
	part += rng_below(rng, excess) < missing * mine % excess;
	return part < most ? part : most;
}

/* What remains while gifts are being chosen. */
struct choice {
	const struct balance_view *view;
	size_t level;
	size_t total;            /* of ours, less what was given */
	size_t *left;            /* of ours, by pipeline */
	struct balance_gift *gifts;
	size_t n_gifts;
};

static size_t given_to(const struct choice *c, size_t worker, size_t pipeline)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_gifts; i++)
		if (c->gifts[i].worker == worker && (pipeline == BALANCE_ABSENT || c->gifts[i].pipeline == pipeline))
			n += c->gifts[i].n;
	return n;
}

/* The pipeline of which we have most more than the receiver; ABSENT: there is none
 * that it could take from us. */
static size_t best_pipeline(const struct choice *c, size_t worker)
{
	const struct balance_worker *w = &c->view->workers[worker];
	size_t best = BALANCE_ABSENT;
	int64_t most = 0;

	for (size_t p = 0; p < c->view->n_pipelines; p++) {
		int64_t more;

		if (w->leases[p] == BALANCE_ABSENT || c->left[p] == 0)
			continue;
		more = (int64_t)c->left[p] - (int64_t)(w->leases[p] + given_to(c, worker, p));
		if (best == BALANCE_ABSENT || more > most) {
			best = p;
			most = more;
		}
	}
	return best;
}

/* How much the worker may still get from us. */
static size_t room_of(const struct choice *c, size_t worker)
{
	const struct balance_worker *w = &c->view->workers[worker];
	size_t total = w->total + given_to(c, worker, BALANCE_ABSENT);

	if (total >= c->level || c->total < total + 2 || best_pipeline(c, worker) == BALANCE_ABSENT)
		return 0;
	return c->level - total;
}

/* A receiver by chance, weighted by what it lacks; 0: there is none. */
static size_t pick_receiver(const struct choice *c, struct rng *rng)
{
	size_t all = 0, at;

	for (size_t i = 1; i < c->view->n_workers; i++)
		all += room_of(c, i);
	if (all == 0)
		return 0;
	at = rng_below(rng, all);
	for (size_t i = 1; i < c->view->n_workers; i++) {
		size_t room = room_of(c, i);

		if (at < room)
			return i;
		at -= room;
	}
	return 0;
}

static void give(struct choice *c, size_t worker, size_t pipeline)
{
	struct balance_gift *g = c->gifts;

	while (g < c->gifts + c->n_gifts && (g->worker != worker || g->pipeline != pipeline))
		g++;
	if (g == c->gifts + c->n_gifts) {
		*g = (struct balance_gift){ .worker = worker, .pipeline = pipeline };
		c->n_gifts++;
	}
	g->n++;
	c->left[pipeline]--;
	c->total--;
}

size_t balance_decide(const struct balance_view *view, struct rng *rng, struct balance_gift *gifts)
{
	struct choice c = { .view = view, .level = level_of(view), .total = view->workers[0].total, .gifts = gifts };
	size_t n = amount_of(view, c.level, rng);

	c.left = mem_array(view->n_pipelines, sizeof(*c.left));
	for (size_t p = 0; p < view->n_pipelines; p++)
		c.left[p] = view->workers[0].leases[p];
	for (size_t i = 0; i < n; i++) {
		size_t worker = pick_receiver(&c, rng);

		if (worker == 0)
			break;
		give(&c, worker, best_pipeline(&c, worker));
	}
	mem_free(c.left);
	return c.n_gifts;
}
