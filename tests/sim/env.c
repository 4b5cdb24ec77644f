#include "sim/env.h"

#include "sluice/core/mem.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define TEN_YEARS_NS (INT64_C(10) * 366 * 24 * 3600 * 1000000000)

enum { MOST_DESCRIPTORS = 256 };

struct sim_env {
	struct env env;
	struct rng schedule;  /* apart from env.rng: what code draws must not change the order */
	int64_t now_ns, limit_ns, skew_ms;
	bool descriptors;
	size_t n_fds;
	struct pollfd fds[MOST_DESCRIPTORS]; /* by descriptor */
	void *data[MOST_DESCRIPTORS];
};

static struct sim_env *sim_of(struct env *env)
{
	return (struct sim_env *)env;
}

static int64_t sim_mono_ns(struct env *env)
{
	return sim_of(env)->now_ns;
}

static int64_t sim_wall_ms(struct env *env)
{
	const struct sim_env *sim = sim_of(env);

	return SIM_EPOCH_MS + sim->now_ns / 1000000 + sim->skew_ms;
}

static size_t ready_descriptors(struct sim_env *sim, struct env_ready *out, size_t max)
{
	size_t n = 0;

	if (sim->n_fds == 0 || poll(sim->fds, sim->n_fds, 0) <= 0)
		return 0;
	for (size_t i = 0; i < sim->n_fds && n < max; i++) {
		if (sim->fds[i].revents) /* poll's bits are epoll's */
			out[n++] = (struct env_ready){ sim->data[i], (uint32_t)sim->fds[i].revents };
	}
	return n;
}

static void stop(const struct sim_env *sim, const char *why)
{
	fprintf(stderr, "simulation stopped after %lld virtual ms: %s\n", (long long)(sim->now_ns / 1000000), why);
	abort();
}

static size_t sim_wait(struct env *env, struct env_ready *out, size_t max, int64_t timeout_ns)
{
	struct sim_env *sim = sim_of(env);
	size_t n = ready_descriptors(sim, out, max);

	if (n)
		return n;
	if (timeout_ns < 0)
		stop(sim, "every task waits, and nothing is left that could wake one");
	if (__builtin_add_overflow(sim->now_ns, timeout_ns, &sim->now_ns) || sim->now_ns > sim->limit_ns)
		stop(sim, "its virtual time is up");
	return 0;
}

static size_t slot_of(const struct sim_env *sim, int fd)
{
	size_t at = 0;

	while (at < sim->n_fds && sim->fds[at].fd < fd)
		at++;
	return at;
}

static void forget(struct sim_env *sim, size_t at)
{
	sim->n_fds--;
	memmove(&sim->fds[at], &sim->fds[at + 1], (sim->n_fds - at) * sizeof(*sim->fds));
	memmove(&sim->data[at], &sim->data[at + 1], (sim->n_fds - at) * sizeof(*sim->data));
}

static void make_room(struct sim_env *sim, size_t at)
{
	memmove(&sim->fds[at + 1], &sim->fds[at], (sim->n_fds - at) * sizeof(*sim->fds));
	memmove(&sim->data[at + 1], &sim->data[at], (sim->n_fds - at) * sizeof(*sim->data));
	sim->n_fds++;
}

static bool sim_watch(struct env *env, int fd, uint32_t events, void *data, struct err *err)
{
	struct sim_env *sim = sim_of(env);
	size_t at = slot_of(sim, fd);
	bool known = at < sim->n_fds && sim->fds[at].fd == fd;

	if (events == 0) {
		if (known)
			forget(sim, at);
		return true;
	}
	if (!sim->descriptors)
		return err_set(err, ERR_FATAL, "sim.descriptor", "descriptor %d in a simulation: use the simulated transport, "
			       "or sim_env_allow_descriptors()", fd);
	if (!known && sim->n_fds == MOST_DESCRIPTORS)
		return err_set(err, ERR_FATAL, "sim.descriptor", "more than %d descriptors", MOST_DESCRIPTORS);
	if (!known)
		make_room(sim, at);
	sim->fds[at] = (struct pollfd){ .fd = fd, .events = (short)events };
	sim->data[at] = data;
	return true;
}

static void sim_wake(struct env *env)
{
	(void)env; /* one thread: the loop looks for posts before it waits */
}

static size_t sim_pick(struct env *env, size_t n)
{
	return (size_t)rng_below(&sim_of(env)->schedule, n);
}

static void sim_free(struct env *env)
{
	mem_free(env);
}

static const struct env_ops sim_ops = {
	.mono_ns = sim_mono_ns,
	.wall_ms = sim_wall_ms,
	.wait = sim_wait,
	.watch = sim_watch,
	.wake = sim_wake,
	.pick = sim_pick,
	.free = sim_free,
};

struct env *sim_env_new(uint64_t seed)
{
	struct sim_env *sim = mem_alloc(sizeof(*sim));

	sim->env.ops = &sim_ops;
	sim->env.simulated = true;
	rng_seed(&sim->env.rng, seed);
	rng_seed(&sim->schedule, rng_next(&sim->env.rng));
	sim->limit_ns = TEN_YEARS_NS;
	return &sim->env;
}

void sim_env_set_skew_ms(struct env *env, int64_t skew_ms)
{
	sim_of(env)->skew_ms = skew_ms;
}

void sim_env_set_limit_ms(struct env *env, int64_t limit_ms)
{
	sim_of(env)->limit_ns = sim_of(env)->now_ns + limit_ms * 1000000;
}

void sim_env_allow_descriptors(struct env *env)
{
	sim_of(env)->descriptors = true;
}

void sim_env_advance_ms(struct env *env, int64_t ms)
{
	sim_of(env)->now_ns += ms * 1000000;
}

int64_t sim_env_log_now_ms(void *env)
{
	return sim_wall_ms(env);
}
