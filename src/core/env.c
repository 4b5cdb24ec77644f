#include "sluice/core/env.h"

#include "sluice/core/mem.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { MOST_EVENTS = 64 };

struct real_env {
	struct env env;
	int epoll;
	int wake;  /* an eventfd */
};

static int64_t real_mono_ns(struct env *env)
{
	struct timespec now;

	(void)env;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t real_wall_ms(struct env *env)
{
	struct timespec now;

	(void)env;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Up to the next millisecond: too early would mean to look twice. */
static int epoll_timeout(int64_t timeout_ns)
{
	const int64_t longest = 24 * 3600 * 1000;
	int64_t ms;

	if (timeout_ns < 0)
		return -1;
	ms = timeout_ns / 1000000 + (timeout_ns % 1000000 != 0);
	return (int)(ms < longest ? ms : longest);
}

static void drain_wake(struct real_env *real)
{
	uint64_t count;
	ssize_t ignored = read(real->wake, &count, sizeof(count)); /* EAGAIN: drained already */

	(void)ignored;
}

static size_t real_wait(struct env *env, struct env_ready *out, size_t max, int64_t timeout_ns)
{
	struct real_env *real = (struct real_env *)env;
	struct epoll_event events[MOST_EVENTS];
	size_t n = 0;
	int got;

	if (max > MOST_EVENTS)
		max = MOST_EVENTS;
	got = epoll_wait(real->epoll, events, (int)max, epoll_timeout(timeout_ns));
	for (int i = 0; i < got; i++) { /* got is -1 after a signal: as if nothing was ready */
		if (events[i].data.ptr == real)
			drain_wake(real);
		else
			out[n++] = (struct env_ready){ events[i].data.ptr, events[i].events };
	}
	return n;
}

static bool real_watch(struct env *env, int fd, uint32_t events, void *data, struct err *err)
{
	struct real_env *real = (struct real_env *)env;
	struct epoll_event event = { .events = events, .data.ptr = data };

	if (events == 0) {
		epoll_ctl(real->epoll, EPOLL_CTL_DEL, fd, &event); /* a closed one has gone by itself */
		return true;
	}
	if (epoll_ctl(real->epoll, EPOLL_CTL_ADD, fd, &event) == 0)
		return true;
	if (errno == EEXIST && epoll_ctl(real->epoll, EPOLL_CTL_MOD, fd, &event) == 0)
		return true;
	return err_set(err, ERR_FATAL, "fd.watch", "cannot wait for descriptor %d: %s", fd, strerror(errno));
}

static void real_wake(struct env *env)
{
	struct real_env *real = (struct real_env *)env;
	const uint64_t one = 1;
	ssize_t ignored = write(real->wake, &one, sizeof(one)); /* EAGAIN: it is awake enough */

	(void)ignored;
}

static size_t real_pick(struct env *env, size_t n)
{
	(void)env;
	(void)n;
	return 0;
}

static void real_free(struct env *env)
{
	struct real_env *real = (struct real_env *)env;

	if (real->wake >= 0)
		close(real->wake);
	if (real->epoll >= 0)
		close(real->epoll);
	mem_free(real);
}

static const struct env_ops real_ops = {
	.mono_ns = real_mono_ns,
	.wall_ms = real_wall_ms,
	.wait = real_wait,
	.watch = real_watch,
	.wake = real_wake,
	.pick = real_pick,
	.free = real_free,
};

struct env *env_real(struct log *log, struct err *err)
{
	struct real_env *real = mem_alloc(sizeof(*real));
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = real };

	real->env.ops = &real_ops;
	real->env.log = log;
	rng_seed_from_system(&real->env.rng);
	real->epoll = epoll_create1(EPOLL_CLOEXEC);
	real->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (real->epoll < 0 || real->wake < 0 || epoll_ctl(real->epoll, EPOLL_CTL_ADD, real->wake, &event) != 0) {
		err_set(err, ERR_FATAL, "env.epoll", "the system refused an epoll or eventfd descriptor: %s (raise the limit on "
			"open files)", strerror(errno));
		env_free(&real->env);
		return NULL;
	}
	return &real->env;
}

void env_free(struct env *env)
{
	if (env)
		env->ops->free(env);
}
