#include "sluice/stream/balancer.h"

#include "sluice/core/loop.h"
#include "sluice/core/mem.h"
#include "sluice/stream/balance.h"
#include "sluice/stream/coordinator.h"

enum { TROUBLE_MS = 1000 };

static size_t my_loads(void *ctx, struct heartbeat_load *out, size_t max)
{
	struct balancer *b = ctx;
	size_t n = 0;

	for (; n < b->n_coordinators && n < max; n++)
		out[n] = (struct heartbeat_load){
			.pipeline = coordinator_pipeline(b->coordinators[n]),
			.leases = coordinator_count(b->coordinators[n]).held,
		};
	return n;
}

void balancer_init(struct balancer *b, struct heartbeat *heartbeat, size_t max_pipelines)
{
	*b = (struct balancer){ .heartbeat = heartbeat, .loop = heartbeat->loop };
	b->coordinators = mem_array(max_pipelines, sizeof(struct coordinator *));
	event_init(&b->stop, b->loop);
	heartbeat->loads = my_loads;
	heartbeat->loads_ctx = b;
}

void balancer_release(struct balancer *b)
{
	mem_free(b->coordinators);
	b->coordinators = NULL;
	b->n_coordinators = 0;
}

void balancer_add(struct balancer *b, struct coordinator *c)
{
	b->coordinators[b->n_coordinators++] = c;
}

void balancer_stop(struct balancer *b)
{
	event_set(&b->stop);
}

/* ---- what others run ---- */

static const struct heartbeat_load *load_of(const struct heartbeat_worker *w, struct str pipeline)
{
	for (size_t i = 0; i < w->n_loads; i++)
		if (str_eq(w->loads[i].pipeline, pipeline))
			return &w->loads[i];
	return NULL;
}

static bool is_ours(const struct balancer *b, struct str pipeline)
{
	for (size_t i = 0; i < b->n_coordinators; i++)
		if (str_eq(coordinator_pipeline(b->coordinators[i]), pipeline))
			return true;
	return false;
}

static bool shares_a_pipeline(const struct balancer *b, const struct heartbeat_worker *w)
{
	for (size_t i = 0; i < w->n_loads; i++)
		if (is_ours(b, w->loads[i].pipeline))
			return true;
	return false;
}

/* The next worker that could take over leases of ours, or give us some. */
static bool next_peer(const struct balancer *b, const struct heartbeat_sighting **at, struct heartbeat_worker *out)
{
	while (heartbeat_next_alive(b->heartbeat, at, out))
		if (shares_a_pipeline(b, out))
			return true;
	return false;
}

bool balancer_is_alive(const struct balancer *b, struct str session)
{
	const struct heartbeat_sighting *at = NULL;
	struct heartbeat_worker w;

	while (heartbeat_next_alive(b->heartbeat, &at, &w))
		if (str_eq(w.session, session))
			return true;
	return str_eq(b->heartbeat->session, session);
}

/* Leases of pipelines that we do not run are load, too. Those of ours are counted
 * by their rows, which are later news than the loads. */
size_t balancer_allowance(const struct balancer *b)
{
	const struct heartbeat_sighting *at = NULL;
	size_t workers = 1, all = 0, held = b->taking, share;
	struct heartbeat_worker w;

	for (; next_peer(b, &at, &w); workers++)
		for (size_t i = 0; i < w.n_loads; i++)
			all += is_ours(b, w.loads[i].pipeline) ? 0 : w.loads[i].leases;
	if (workers == 1)
		return SIZE_MAX;
	for (size_t i = 0; i < b->n_coordinators; i++) {
		struct coordinator_count n = coordinator_count(b->coordinators[i]);

		all += n.all;
		held += n.held;
	}
	share = balance_share(all, workers);
	return share > held ? share - held : 0;
}

/* ---- giving ---- */

/* A view with room for all workers; sessions by its index. */
struct look {
	struct balance_worker *workers;
	struct str *sessions;
	size_t *leases;
	size_t n, n_pipelines;
};

static void add_self(struct balancer *b, struct look *l)
{
	struct balance_worker *me = &l->workers[l->n++];

	*me = (struct balance_worker){ .leases = l->leases };
	for (size_t i = 0; i < l->n_pipelines; i++) {
		l->leases[i] = coordinator_count(b->coordinators[i]).held;
		me->total += l->leases[i];
	}
}

static void add_peer(struct balancer *b, struct look *l, const struct heartbeat_worker *w)
{
	size_t *leases = l->leases + l->n * l->n_pipelines, total = 0;

	for (size_t i = 0; i < w->n_loads; i++)
		total += w->loads[i].leases;
	for (size_t i = 0; i < l->n_pipelines; i++) {
		const struct heartbeat_load *load = load_of(w, coordinator_pipeline(b->coordinators[i]));

		leases[i] = load ? coordinator_load_of(b->coordinators[i], w->session, load->leases) : BALANCE_ABSENT;
		total += load ? leases[i] - load->leases : 0;
	}
	l->sessions[l->n] = w->session;
	l->workers[l->n++] = (struct balance_worker){ .total = total, .leases = leases };
}

static void open_look(struct balancer *b, struct look *l)
{
	const struct heartbeat_sighting *at = NULL;
	struct heartbeat_worker w;
	size_t max = 1;

	while (next_peer(b, &at, &w))
		max++;
	*l = (struct look){ .n_pipelines = b->n_coordinators };
	l->workers = mem_array(max, sizeof(*l->workers));
	l->sessions = mem_array(max, sizeof(*l->sessions));
	l->leases = mem_array(max * l->n_pipelines, sizeof(*l->leases));
	add_self(b, l);
	for (at = NULL; next_peer(b, &at, &w);)
		add_peer(b, l, &w);
}

static void close_look(struct look *l)
{
	mem_free(l->workers);
	mem_free(l->sessions);
	mem_free(l->leases);
}

static void balance(struct balancer *b)
{
	struct balance_gift *gifts;
	struct balance_view view;
	struct look l;
	size_t n;

	open_look(b, &l);
	view = (struct balance_view){ l.workers, l.n, l.n_pipelines };
	b->poor = balance_is_poor(&view);
	gifts = mem_array(l.n * l.n_pipelines, sizeof(*gifts));
	n = balance_decide(&view, &loop_env(b->loop)->rng, gifts);
	for (size_t i = 0; i < n; i++)
		coordinator_give(b->coordinators[gifts[i].pipeline], l.sessions[gifts[i].worker], gifts[i].n);
	mem_free(gifts);
	close_look(&l);
}

/* ---- looking ---- */

/* Has a worker come or gone? */
static void note_changes(struct balancer *b)
{
	const struct heartbeat_sighting *at = NULL;
	struct heartbeat_worker w;
	uint64_t alive = 0;

	while (heartbeat_next_alive(b->heartbeat, &at, &w))
		alive += str_hash(w.session);
	b->changes += alive != b->alive;
	b->alive = alive;
}

static bool is_named(void *ctx, struct str session)
{
	const struct balancer *b = ctx;

	for (size_t i = 0; i < b->n_coordinators; i++)
		if (coordinator_names(b->coordinators[i], session))
			return true;
	return false;
}

static bool look(struct balancer *b, struct err *err)
{
	uint64_t changes = b->changes;
	bool was_poor = b->poor, first = !b->looked;

	if (!heartbeat_observe(b->heartbeat, err))
		return false;
	b->looked = true;
	note_changes(b);
	balance(b);
	for (size_t i = 0; i < b->n_coordinators; i++)
		if (first || changes != b->changes || was_poor != b->poor)
			coordinator_wake(b->coordinators[i]);
	return heartbeat_bury(b->heartbeat, is_named, b, err);
}

void balancer_run(struct balancer *b)
{
	struct env *env = loop_env(b->loop);
	int64_t third_ms = b->heartbeat->failover_ms / 3;
	bool stopped = false;
	struct err err;

	while (!stopped) {
		int64_t pause_ms = third_ms - third_ms / 20 + (int64_t)rng_below(&env->rng, (uint64_t)third_ms / 10 + 1);

		if (!look(b, &err)) {
			if (err.class == ERR_CANCELLED)
				return;
			log_warn(env->log, "balance.failed", LOG_ERR(&err));
			pause_ms = pause_ms < TROUBLE_MS ? pause_ms : TROUBLE_MS;
		}
		if (!event_wait(&b->stop, pause_ms, &stopped, NULL))
			return;
	}
}
