/* env: everything that makes a run what it is and no other: time, chance, and
 * which of several ready tasks goes next. The real set is made by env_real();
 * tests/sim has the simulated one, in which one seed is one exact history.
 *
 * An env belongs to one loop (one thread). Nothing below app reads a clock or
 * a random number but through it.
 */
#ifndef SLUICE_CORE_ENV_H
#define SLUICE_CORE_ENV_H

#include "sluice/core/log.h"
#include "sluice/core/rng.h"

struct env;

/* One ready descriptor, as the poller reports it. */
struct env_ready {
	void *data;       /* as given to watch() */
	uint32_t events;  /* EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP */
};

struct env_ops {
	/* Nanoseconds that never go back and that count while the machine is
	 * suspended (CLOCK_BOOTTIME): timeouts, leases. */
	int64_t (*mono_ns)(struct env *env);

	/* Milliseconds since the Unix epoch, as the machine believes. */
	int64_t (*wall_ms)(struct env *env);

	/* Waits until a descriptor is ready or timeout_ns has passed (< 0: no
	 * limit; 0: only look). Returns how many of out[0..max) it filled. May
	 * return 0 early. The simulated one moves its clock instead. */
	size_t (*wait)(struct env *env, struct env_ready *out, size_t max, int64_t timeout_ns);

	/* Watches fd for `events` (0: forget it, which cannot fail), also to change
	 * them. Level-triggered. data comes back from wait(). */
	bool (*watch)(struct env *env, int fd, uint32_t events, void *data, struct err *err);

	/* Makes wait() return soon, also one that has not begun. The only one that
	 * other threads may call. */
	void (*wake)(struct env *env);

	/* Which of n ready tasks (n >= 1) goes next. The real one says 0: the one
	 * that became ready first. All of one round go before any that become
	 * ready meanwhile, whatever is picked: nobody starves. */
	size_t (*pick)(struct env *env, size_t n);

	void (*free)(struct env *env);
};

struct env {
	const struct env_ops *ops;
	struct rng rng;
	struct log *log;  /* borrowed; NULL: silent */
	bool simulated;   /* no threads: task_offload() calls on the loop's stack */
};

/* The real set: CLOCK_BOOTTIME, CLOCK_REALTIME, epoll, getrandom. NULL with
 * err when the kernel refuses a descriptor. Free with env_free(). */
struct env *env_real(struct log *log, struct err *err);

void env_free(struct env *env);

static inline int64_t env_mono_ns(struct env *env) { return env->ops->mono_ns(env); }
static inline int64_t env_mono_ms(struct env *env) { return env->ops->mono_ns(env) / 1000000; }
static inline int64_t env_wall_ms(struct env *env) { return env->ops->wall_ms(env); }

#endif
