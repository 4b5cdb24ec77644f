#include "sluice/core/fiber.h"

#include "sluice/core/mem.h"
#include "sluice/core/stack.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ASAN 1
#endif
#endif

#if defined(__SANITIZE_THREAD__)
#define TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TSAN 1
#endif
#endif

#ifdef ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef TSAN
#include <sanitizer/tsan_interface.h>
#endif

/* Frames that are left for ever must leave no trace in the sanitizers' books.
 * To clang's ThreadSanitizer no_sanitize still means that calls are counted. */
#if defined(TSAN) && defined(__clang__)
#define UNWATCHED __attribute__((noinline, disable_sanitizer_instrumentation))
#else
#define UNWATCHED __attribute__((noinline, no_sanitize("address", "thread")))
#endif

enum {
#if defined(ASAN) || defined(TSAN)
	STACK = 256 << 10,
#else
	STACK = 64 << 10,
#endif
	GUARD = 64 << 10, /* wider than any frame, so that no frame steps over it */
};

struct context {
	ucontext_t uc;
	volatile bool resumed;
	const void *stack; /* lowest address */
	size_t stack_size;
	void *fake_stack;  /* AddressSanitizer's, while suspended */
	void *tsan;
};

struct fiber {
	struct context context;
	struct fiber_pool *pool;
	struct fiber *next; /* idle ones */
	char *map;          /* guard, then stack */
	void (*fn)(void *arg);
	void *arg;
	enum { FIBER_NEW, FIBER_STARTED, FIBER_ENDED } state;
};

struct fiber_pool {
	struct context thread;
	struct fiber *idle;
	size_t n_idle, max_idle, n_stacks;
};

size_t fiber_stack_size(void)
{
	return STACK;
}

bool fiber_has(const struct fiber *f, const void *ptr)
{
#ifdef ASAN /* may keep frames elsewhere, to see their use after return */
	void *fake = __asan_get_current_fake_stack();

	if (fake && __asan_addr_is_in_fake_stack(fake, (void *)ptr, NULL, NULL))
		return true;
#endif
	return (uintptr_t)ptr - (uintptr_t)f->context.stack < STACK;
}

struct fiber_pool *fiber_pool_new(size_t max_idle)
{
	struct fiber_pool *pool = mem_alloc(sizeof(*pool));

	pool->max_idle = max_idle;
	return pool;
}

static void unmap(struct fiber *f)
{
#ifdef TSAN
	__tsan_destroy_fiber(f->context.tsan);
#endif
	stack_unmap(f->map, GUARD, STACK);
	f->pool->n_stacks--;
	mem_free(f);
}

void fiber_pool_free(struct fiber_pool *pool)
{
	if (!pool)
		return;
	assert(pool->n_idle == pool->n_stacks);
	while (pool->idle) {
		struct fiber *f = pool->idle;

		pool->idle = f->next;
		unmap(f);
	}
	mem_free(pool);
}

size_t fiber_pool_stacks(const struct fiber_pool *pool)
{
	return pool->n_stacks;
}

static struct fiber *map(struct fiber_pool *pool)
{
	struct fiber *f = mem_alloc(sizeof(*f));

	f->map = stack_map(GUARD, STACK);
	f->pool = pool;
	f->context.stack = f->map + GUARD;
	f->context.stack_size = STACK;
#ifdef TSAN
	f->context.tsan = __tsan_create_fiber(0);
#endif
	pool->n_stacks++;
	return f;
}

/* The flag tells the first return of getcontext() from the second, which
 * happens when somebody switches back. */
UNWATCHED static void leave(struct context *from, const struct context *to)
{
#ifdef ASAN
	__sanitizer_start_switch_fiber(from ? &from->fake_stack : NULL, to->stack, to->stack_size);
#else
	(void)from;
#endif
#ifdef TSAN
	__tsan_switch_to_fiber(to->tsan, 0);
#endif
	setcontext(&to->uc);
	abort();
}

UNWATCHED static void arrive(struct context *at, struct context *from)
{
#ifdef ASAN
	__sanitizer_finish_switch_fiber(at->fake_stack, &from->stack, &from->stack_size);
#else
	(void)at;
	(void)from;
#endif
}

UNWATCHED static void context_switch(struct context *from, struct context *to)
{
	from->resumed = false;
	if (getcontext(&from->uc) != 0)
		abort();
	if (!from->resumed) {
		from->resumed = true;
		leave(from, to);
	}
	arrive(from, to);
}

UNWATCHED static void start(unsigned high, unsigned low)
{
	struct fiber *f = (struct fiber *)((uintptr_t)high << 32 | low); /* makecontext() passes ints */

	arrive(&f->context, &f->pool->thread);
	f->fn(f->arg);
	f->state = FIBER_ENDED;
	leave(NULL, &f->pool->thread); /* NULL: the fake stack goes, too */
}

static void prepare(struct fiber *f)
{
	if (getcontext(&f->context.uc) != 0)
		abort();
	f->context.uc.uc_link = NULL;
	f->context.uc.uc_stack.ss_sp = f->map + GUARD;
	f->context.uc.uc_stack.ss_size = STACK;
	makecontext(&f->context.uc, (void (*)(void))start, 2, (unsigned)((uintptr_t)f >> 32), (unsigned)(uintptr_t)f);
}

struct fiber *fiber_new(struct fiber_pool *pool, void (*fn)(void *arg), void *arg)
{
	struct fiber *f = pool->idle;

	if (f) {
		pool->idle = f->next;
		pool->n_idle--;
	} else {
		f = map(pool);
	}
	f->fn = fn;
	f->arg = arg;
	f->state = FIBER_NEW;
	f->context.fake_stack = NULL;
	prepare(f);
	return f;
}

#ifdef SLUICE_DEBUG
/* Nothing below this was touched: saves faulting in the stack to look at it. */
static const char *lowest_resident(const struct fiber *f)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char resident[STACK / 4096];
	char *stack = f->map + GUARD;

	if (mincore(stack, STACK, resident) != 0)
		return stack;
	for (size_t i = 0; i < STACK / page; i++) {
		if (resident[i] & 1)
			return stack + i * page;
	}
	return stack + STACK;
}

UNWATCHED size_t fiber_stack_used(const struct fiber *f)
{
	const uintptr_t *end = (const uintptr_t *)(f->map + GUARD + STACK);
	const uintptr_t *word = (const uintptr_t *)lowest_resident(f);

	while (word < end && *word == 0)
		word++;
	return (size_t)(end - word) * sizeof(*word);
}
#else
size_t fiber_stack_used(const struct fiber *f)
{
	(void)f;
	return 0;
}
#endif

/* Fresh mappings are zero; a reused stack must be, too, to be measured. The
 * frame that never returned is still marked in AddressSanitizer's shadow. */
static void clean(struct fiber *f)
{
	char *top = f->map + GUARD + STACK;
	size_t used = fiber_stack_used(f);

#ifdef ASAN
	size_t marked = used > 4096 ? used : 4096;

	__asan_unpoison_memory_region(top - marked, marked);
#endif
	if (used)
		memset(top - used, 0, used);
}

void fiber_free(struct fiber *f)
{
	struct fiber_pool *pool = f->pool;

	assert(f->state != FIBER_STARTED);
	clean(f);
	if (pool->n_idle == pool->max_idle) {
		unmap(f);
		return;
	}
	f->next = pool->idle;
	pool->idle = f;
	pool->n_idle++;
}

bool fiber_resume(struct fiber *f)
{
	assert(f->state != FIBER_ENDED);
	f->state = FIBER_STARTED;
#ifdef TSAN
	f->pool->thread.tsan = __tsan_get_current_fiber();
#endif
	context_switch(&f->pool->thread, &f->context);
	return f->state != FIBER_ENDED;
}

void fiber_suspend(struct fiber *f)
{
	context_switch(&f->context, &f->pool->thread);
}
