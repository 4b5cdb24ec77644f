#include "sim/world/world.h"

#include "sim/world/net.h"
#include "sluice/core/fiber.h"
#include "sluice/core/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LINE_BYTES = 600, END_MS = 100, LINES_AFTER = 4 };

static const int64_t never = INT64_MAX;

struct host *host_of(struct env *env)
{
	return (struct host *)env;
}

struct world *world_of(struct env *env)
{
	return host_of(env)->world;
}

static struct host *director(struct world *w)
{
	return &w->hosts[0];
}

struct heap *world_enter(struct world *w)
{
	return heap_enter(director(w)->heap);
}

void world_leave(struct heap *before)
{
	heap_enter(before);
}

/* ---- the trace ---- */

static void add_line(struct world *w, const char *line)
{
	char **slot;

	for (const char *c = line; *c; c++)
		w->digest = (w->digest ^ (unsigned char)*c) * UINT64_C(1099511628211);
	if (w->print)
		puts(line);
	if (world_failed(w) && w->after_failure++ > LINES_AFTER)
		return; /* what led to it is of interest */
	slot = &w->lines[w->n_lines++ % WORLD_LINES];
	free(*slot);
	*slot = strdup(line);
}

static void trace_text(struct world *w, const char *text)
{
	char line[LINE_BYTES];

	snprintf(line, sizeof(line), "%10lld.%03lld %-5s %s", (long long)(w->now_ns / 1000000), (long long)(w->now_ns / 1000 % 1000),
		 w->running ? w->running->name : "-", text);
	add_line(w, line);
}

void world_trace(struct world *w, const char *format, ...)
{
	char text[LINE_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	trace_text(w, text);
}

void world_fail(struct world *w, const char *format, ...)
{
	char text[sizeof(w->failure) - 64];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	trace_text(w, "WRONG");
	trace_text(w, text);
	if (!world_failed(w))
		snprintf(w->failure, sizeof(w->failure), "at %lld ms, %s: %s", (long long)world_ms(w),
			 w->running ? w->running->name : "-", text);
}

void world_print_end(const struct world *w)
{
	size_t first = w->n_lines > WORLD_LINES ? w->n_lines - WORLD_LINES : 0;

	for (size_t i = first; i < w->n_lines; i++)
		printf("%s\n", w->lines[i % WORLD_LINES]);
	if (world_failed(w))
		printf("FAILED: %s\n", w->failure);
}

/* What the nodes have logged since, as lines of the trace. */
static void take_logs(struct world *w)
{
	off_t bytes = lseek(w->log_fd, 0, SEEK_CUR);
	char *text, *save = NULL;

	if (bytes <= 0)
		return;
	text = malloc((size_t)bytes + 1);
	if (!text || pread(w->log_fd, text, (size_t)bytes, 0) != bytes)
		abort();
	text[bytes] = '\0';
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		trace_text(w, strncmp(line, "ts=", 3) == 0 && strchr(line, ' ') ? strchr(line, ' ') + 1 : line);
	free(text);
	if (lseek(w->log_fd, 0, SEEK_SET) != 0 || ftruncate(w->log_fd, 0) != 0)
		abort();
}

/* ---- a node's env ---- */

static int64_t host_mono_ns(struct env *env)
{
	return host_of(env)->world->now_ns + host_of(env)->boot_ns;
}

static int64_t host_wall_ms(struct env *env)
{
	return WORLD_EPOCH_MS + world_ms(host_of(env)->world) + host_of(env)->skew_ms;
}

static size_t host_wait(struct env *env, struct env_ready *out, size_t max, int64_t timeout_ns)
{
	struct host *n = host_of(env);

	(void)out;
	(void)max;
	if (timeout_ns == 0) /* it goes on, but others may come first */
		timeout_ns = 1000;
	if (timeout_ns < 0 || __builtin_add_overflow(n->world->now_ns, timeout_ns, &n->wake_ns))
		n->wake_ns = never;
	if (!n->woken)
		fiber_suspend(n->fiber);
	n->woken = false;
	return 0;
}

static bool host_watch(struct env *env, int fd, uint32_t events, void *data, struct err *err)
{
	(void)env;
	(void)data;
	return events == 0 || err_set(err, ERR_FATAL, "sim.descriptor", "descriptor %d in a simulation", fd);
}

static void host_wake(struct env *env)
{
	host_of(env)->woken = true;
}

static size_t host_pick(struct env *env, size_t n)
{
	return (size_t)rng_below(&host_of(env)->schedule, n);
}

static void host_free(struct env *env)
{
	(void)env;
}

static const struct env_ops host_ops = {
	.mono_ns = host_mono_ns, .wall_ms = host_wall_ms, .wait = host_wait, .watch = host_watch, .wake = host_wake,
	.pick = host_pick, .free = host_free,
};

static int64_t log_now_ms(void *clock)
{
	return host_wall_ms(clock);
}

/* ---- nodes ---- */

static void host_body(void *arg)
{
	struct host *n = arg;

	loop_run(n->loop, n->main, n->arg);
	loop_free(n->loop);
	n->loop = NULL;
}

struct host *host_start(struct world *w, int id, task_fn *main, void *arg)
{
	struct host *n = &w->hosts[id];
	unsigned life = n->life + 1;
	int64_t skew_ms = n->skew_ms;
	struct heap *before;
	struct err err;

	if (n->alive)
		abort();
	*n = (struct host){ .world = w, .id = id, .life = life, .alive = true, .main = main, .arg = arg, .skew_ms = skew_ms };
	snprintf(n->name, sizeof(n->name), id ? "n%d.%u" : "dir", id, life);
	n->env = (struct env){ .ops = &host_ops, .simulated = true, .log = &n->log };
	rng_seed(&n->env.rng, rng_next(&w->rng));
	rng_seed(&n->schedule, rng_next(&w->rng));
	n->boot_ns = (int64_t)rng_below(&w->rng, 1000000000) * 1000;
	n->log = (struct log){ .fd = w->log_fd, .level = w->log_level, .now_ms = log_now_ms, .clock = &n->env };
	n->transport.send = net_send;
	n->heap = heap_new();
	n->wake_ns = w->now_ns;
	before = heap_enter(n->heap);
	n->pool = fiber_pool_new(0);
	n->loop = loop_new(&n->env, &err);
	n->fiber = fiber_new(n->pool, host_body, n);
	heap_enter(before);
	return n;
}

void host_kill(struct host *n)
{
	if (!n->alive)
		return;
	world_trace(n->world, "kill %s", n->name);
	n->world->kills++;
	n->alive = false;
	net_forget(n);
	heap_drop(n->heap);
	n->heap = NULL;
	n->loop = NULL;
}

/* It has returned from its main: what it has left over is a leak. */
static void bury(struct host *n)
{
	const void *caller;
	size_t bytes;

	fiber_free(n->fiber);
	fiber_pool_free(n->pool);
	n->alive = false;
	net_forget(n);
	caller = heap_oldest_caller(n->heap, &bytes);
	if (heap_blocks(n->heap) || heap_stacks(n->heap))
		world_fail(n->world, "%s ended and left %zu blocks, the oldest of %zu bytes from %p, and %zu stacks", n->name,
			   heap_blocks(n->heap), bytes, caller, heap_stacks(n->heap));
	heap_drop(n->heap);
	n->heap = NULL;
}

void host_pause(struct host *n, int64_t ms)
{
	int64_t until_ns = n->world->now_ns + ms * 1000000;

	world_trace(n->world, "pause %s for %lld ms", n->name, (long long)ms);
	if (until_ns > n->asleep_until_ns)
		n->asleep_until_ns = until_ns;
}

void host_cut(struct host *n, enum world_service service, int64_t ms)
{
	static const char *const names[] = { "streams", "state", "tables", "search" };

	world_trace(n->world, "cut %s from %s for %lld ms", n->name, names[service], (long long)ms);
	n->cut_until_ms[service] = world_ms(n->world) + ms;
}

bool host_wait_end(struct host *n, int64_t limit_ms)
{
	struct host *d = director(n->world);
	int64_t end_ms = world_ms(n->world) + limit_ms;

	while (n->alive)
		if (world_ms(n->world) >= end_ms || !task_sleep_ms(d->loop, END_MS, NULL))
			return false;
	return true;
}

void host_post(struct host *n, void (*fn)(void *arg), void *arg)
{
	struct heap *before = heap_enter(n->heap);

	loop_post(n->loop, fn, arg);
	heap_enter(before);
}

/* ---- the scheduler ---- */

static int64_t due_ns(const struct host *n)
{
	int64_t at = n->woken ? n->world->now_ns : n->wake_ns;

	if (!n->alive)
		return never;
	return at < n->asleep_until_ns ? n->asleep_until_ns : at;
}

/* Who is due first; of several at the same time one by chance. */
static struct host *next_host(struct world *w, int64_t *at_ns)
{
	struct host *found = NULL;
	size_t equal = 0;

	*at_ns = never;
	for (size_t i = 0; i < WORLD_HOSTS; i++) {
		int64_t due = due_ns(&w->hosts[i]);

		if (due == never || due > *at_ns)
			continue;
		equal = due == *at_ns ? equal + 1 : 1;
		*at_ns = due;
		if (equal == 1 || rng_below(&w->rng, equal) == 0)
			found = &w->hosts[i];
	}
	return found;
}

static bool step(struct world *w)
{
	struct heap *before;
	struct host *n;
	int64_t at_ns;
	bool lives;

	n = next_host(w, &at_ns);
	if (!n) {
		world_fail(w, "every process waits, and nothing is left that could wake one");
		return false;
	}
	if (at_ns > w->now_ns)
		w->now_ns = at_ns;
	w->switches++;
	w->running = n;
	before = heap_enter(n->heap);
	lives = fiber_resume(n->fiber);
	take_logs(w);
	if (!lives)
		bury(n);
	heap_enter(before);
	w->running = NULL;
	return director(w)->alive;
}

/* The director could not end: everything is dropped as it is. */
static void abandon(struct world *w)
{
	for (size_t i = WORLD_HOSTS; i-- > 0;)
		if (w->hosts[i].alive)
			host_kill(&w->hosts[i]);
	net_release(w);
}

static void director_body(void *arg)
{
	struct world *w = arg;

	scope_init(&w->net_tasks, director(w)->loop);
	w->main(w->arg);
	scope_cancel(&w->net_tasks);
	scope_wait(&w->net_tasks);
}

bool world_run(struct world *w, uint64_t seed, bool print, enum log_level log_level, task_fn *main, void *arg)
{
	*w = (struct world){ .seed = seed, .print = print, .digest = UINT64_C(14695981039346656037) };
	rng_seed(&w->rng, seed);
	w->lines = calloc(WORLD_LINES, sizeof(*w->lines));
	w->log_fd = memfd_create("log", MFD_CLOEXEC);
	if (!w->lines || w->log_fd < 0)
		abort();
	w->log_level = log_level;
	w->net.latency_ms = 5;
	w->main = main;
	w->arg = arg;
	host_start(w, 0, director_body, w);
	while (step(w))
		;
	for (size_t i = 1; i < WORLD_HOSTS; i++)
		if (w->hosts[i].alive)
			world_fail(w, "%s is still alive at the end", w->hosts[i].name);
	abandon(w);
	return !world_failed(w);
}

void world_release(struct world *w)
{
	for (size_t i = 0; i < WORLD_LINES; i++)
		free(w->lines[i]);
	free(w->lines);
	close(w->log_fd);
}
