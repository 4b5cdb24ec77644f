/* What once went unseen or would do harm, each made to happen in a child:
 * the process must end there, with a report. */
#include "support/test.h"

#include "sim/env.h"
#include "support/child.h"
#include "support/tasks.h"

#include <stdlib.h>
#include <string.h>

/* A size the compiler cannot know. */
static volatile size_t just_behind = 32;

static void yield_often(void *arg)
{
	for (int i = 0; i < 20; i++)
		task_yield(arg, NULL);
}

/* Others run, on stacks of their own, while the caller's frames stay. */
static void let_others_run(struct loop *loop)
{
	struct scope s;

	scope_init(&s, loop);
	for (int i = 0; i < 3; i++)
		scope_spawn(&s, "other", yield_often, loop);
	scope_wait(&s);
	task_sleep_ms(loop, 5, NULL);
}

static void overflow_own_frame(struct loop *loop, void *arg)
{
	char local[32];
	volatile char *volatile at = local; /* UBSan knows the array's bounds, not the pointer's */

	(void)arg;
	let_others_run(loop);
	at[just_behind] = 1;
}

__attribute__((noinline)) static void write_at(struct loop *loop, volatile char *at)
{
	let_others_run(loop);
	*at = 1;
}

static void overflow_callers_frame(struct loop *loop, void *arg)
{
	volatile char local[32];

	(void)arg;
	local[0] = 1;
	write_at(loop, local + just_behind);
}

struct victim {
	struct loop *loop;
	volatile char *at;
};

static void overflow_another(void *arg)
{
	struct victim *v = arg;

	task_yield(v->loop, NULL);
	*v->at = 1;
}

/* The frame that is written past stands still at that moment. */
static void overflow_a_waiting_frame(struct loop *loop, void *arg)
{
	volatile char local[32];
	struct victim v = { loop, local + just_behind };
	struct scope s;

	(void)arg;
	local[0] = 1;
	scope_init(&s, loop);
	scope_spawn(&s, "writer", overflow_another, &v);
	scope_wait(&s);
}

static void overflow_heap(struct loop *loop, void *arg)
{
	char *heap = malloc(32);
	volatile char *volatile at = heap;

	(void)arg;
	let_others_run(loop);
	at[just_behind] = 1;
	free(heap);
}

static void use_after_free(struct loop *loop, void *arg)
{
	char *heap = malloc(32);
	volatile char *volatile stale = heap; /* or the compiler refuses it */

	(void)arg;
	free(heap);
	let_others_run(loop);
	stale[just_behind - 1] = 1;
}

static const struct { const char *report; test_body *body; } overflows[] = {
	{ "stack-buffer-overflow", overflow_own_frame },
	{ "stack-buffer-overflow", overflow_callers_frame },
	{ "stack-buffer-overflow", overflow_a_waiting_frame },
	{ "heap-buffer-overflow", overflow_heap },
	{ "heap-use-after-free", use_after_free },
};

struct run {
	struct loop *loop;
	test_body *body;
};

static void run_body(void *arg)
{
	struct run *run = arg;

	run->body(run->loop, NULL);
}

/* In the child, so without asserts. */
static void run_in_sim(void *arg)
{
	struct env *env = sim_env_new(7);
	struct run run = { .loop = loop_new(env, NULL) };

	memcpy(&run.body, arg, sizeof(run.body));
	loop_run(run.loop, run_body, &run);
	loop_free(run.loop);
	env_free(env);
}

static void end_of(test_body *body, struct child_end *end)
{
	run_child(run_in_sim, &body, end);
}

static void test_overflows_after_a_yield_are_seen(void **state)
{
	static struct child_end end;

	(void)state;
	if (!has_asan()) {
		print_message("skipped: needs AddressSanitizer (make SAN=1)\n");
		skip();
	}
	for (size_t i = 0; i < COUNT_OF(overflows); i++) {
		end_of(overflows[i].body, &end);
		if (end.clean || !strstr(end.text, overflows[i].report))
			fail_msg("case %zu: no %s in: %s", i, overflows[i].report, end.text);
	}
}

static void do_nothing_wrong(struct loop *loop, void *arg)
{
	volatile char local[32];

	(void)arg;
	local[0] = 1;
	let_others_run(loop);
	local[just_behind - 1] = local[0];
	let_others_run(loop);
}

static void test_the_child_itself_is_clean(void **state)
{
	static struct child_end end;

	(void)state;
	end_of(do_nothing_wrong, &end);
	assert_string_equal(end.text, "");
	assert_true(end.clean);
}

__attribute__((noinline)) static unsigned dig(struct loop *loop, volatile unsigned *depth)
{
	volatile char page[2048];

	page[0] = (char)*depth;
	*depth += 1;
	if (*depth % 8 == 0)
		task_yield(loop, NULL);
	return *depth > 100000 ? 0 : dig(loop, depth) + (unsigned)page[0];
}

static void recurse(struct loop *loop, void *arg)
{
	volatile unsigned depth = 0;

	(void)arg;
	dig(loop, &depth);
}

static void test_a_stack_that_is_too_deep_ends_the_process(void **state)
{
	static struct child_end end;

	(void)state;
	end_of(recurse, &end);
	assert_false(end.clean);
	assert_true(end.signal == 11 || strstr(end.text, "Sanitizer"));
}

static void forget_a_scope(struct loop *loop, void *arg)
{
	struct scope s;

	(void)arg;
	scope_init(&s, loop);
	scope_spawn(&s, "orphan", yield_often, loop);
}

static void wait_for_nothing(struct loop *loop, void *arg)
{
	struct event e;

	(void)arg;
	event_init(&e, loop);
	event_wait(&e, -1, NULL, NULL);
}

static void sleep_too_long(struct loop *loop, void *arg)
{
	(void)arg;
	sim_env_set_limit_ms(loop_env(loop), 1000);
	for (;;)
		task_sleep_ms(loop, 300, NULL);
}

static void wait_on_it(void *arg)
{
	scope_wait(arg);
}

static void wait_on_own_scope(struct loop *loop, void *arg)
{
	struct scope s;

	(void)arg;
	scope_init(&s, loop);
	scope_spawn(&s, "self", wait_on_it, &s);
	scope_wait(&s);
}

static void recv_one(void *arg)
{
	void *item;

	channel_recv(arg, &item, NULL);
}

static void close_with_waiters(struct loop *loop, void *arg)
{
	struct channel c;
	struct scope s;

	(void)arg;
	channel_init(&c, loop, 1);
	scope_init(&s, loop);
	scope_spawn(&s, "receiver", recv_one, &c);
	settle(loop);
	channel_close(&c);
	channel_release(&c); /* woken, but still inside */
	scope_wait(&s);
}

static const struct { const char *says; test_body *body; } misuses[] = {
	{ "task.scope_open", forget_a_scope },
	{ "nothing is left that could wake one", wait_for_nothing },
	{ "its virtual time is up", sleep_too_long },
	{ "scope_wait", wait_on_own_scope },
	{ "channel_release", close_with_waiters },
};

static void test_misuse_ends_the_process_and_says_why(void **state)
{
	static struct child_end end;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(misuses); i++) {
		end_of(misuses[i].body, &end);
		if (end.clean || !strstr(end.text, misuses[i].says))
			fail_msg("case %zu: no \"%s\" in: %s", i, misuses[i].says, end.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_child_itself_is_clean),
		cmocka_unit_test(test_overflows_after_a_yield_are_seen),
		cmocka_unit_test(test_a_stack_that_is_too_deep_ends_the_process),
		cmocka_unit_test(test_misuse_ends_the_process_and_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
