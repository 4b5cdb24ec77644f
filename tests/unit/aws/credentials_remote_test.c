#include "support/tasks.h"
#include "support/test.h"

#include "sluice/aws/credentials.h"
#include "sluice/core/loop.h"

#include <pthread.h>
#include <stdio.h>

enum { WORKERS = 3, ROUNDS = 50 };

/* The owner's: keys without an end, handed out after a while. */
struct source {
	struct credentials_provider base;
	struct loop *loop;
	unsigned calls;
	bool hangs;
};

static bool source_get(struct credentials_provider *base, struct credentials *out, struct err *err)
{
	struct source *s = (struct source *)base;
	char id[16];

	s->calls++;
	snprintf(id, sizeof(id), "KEY%u", s->calls);
	if (!task_sleep_ms(s->loop, s->hangs ? 3600000 : 5, err))
		return false;
	credentials_set(out, str_c(id), STR("secret"), STR(""), NULL);
	buf_puts(&out->source, "script");
	return true;
}

static void source_free(struct credentials_provider *base)
{
	(void)base;
}

/* A worker's thread; made and freed by the owner's. */
struct worker {
	struct env *env;
	struct loop *loop, *owner;
	struct credentials_provider *cached;
	pthread_t thread;
	unsigned got;
	struct event *ended;
	size_t *n_running;
	void (*fn)(struct worker *w, struct credentials_provider *mine);
};

static void ask_often(struct worker *w, struct credentials_provider *mine)
{
	struct credentials got;

	credentials_init(&got);
	for (int i = 0; i < ROUNDS; i++) {
		w->got += mine->get(mine, &got, NULL) && str_starts(buf_str(&got.access_key_id), STR("KEY"));
		if (i % 10 == 9)
			credentials_provider_forget(mine);
	}
	credentials_release(&got);
}

struct asking {
	struct credentials_provider *mine;
	bool ok;
};

static void ask_task(void *arg)
{
	struct asking *a = arg;
	struct credentials got;

	credentials_init(&got);
	a->ok = a->mine->get(a->mine, &got, NULL);
	credentials_release(&got);
}

/* Asks and does not wait for the answer, which comes when nobody is there any more. */
static void leave_early(struct worker *w, struct credentials_provider *mine)
{
	struct asking asking = { .mine = mine };
	struct scope scope;

	scope_init(&scope, w->loop);
	scope_spawn(&scope, "asking", ask_task, &asking);
	task_sleep_ms(w->loop, 20, NULL);
	scope_cancel(&scope);
	scope_wait(&scope);
	w->got = asking.ok;
}

static void worker_task(void *arg)
{
	struct worker *w = arg;
	struct credentials_provider *mine = credentials_remote_new(w->cached, w->owner, w->loop);

	w->fn(w, mine);
	credentials_provider_free(mine);
}

static void worker_ended(void *arg)
{
	struct worker *w = arg;

	if (--*w->n_running == 0)
		event_set(w->ended);
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;

	loop_run(w->loop, worker_task, w);
	loop_post(w->owner, worker_ended, w);
	return NULL;
}

struct team {
	struct worker workers[WORKERS];
	struct source source;
	struct event ended;
	size_t n_running;
};

/* As the supervisor does it: workers, then the cache, then the workers' loops. */
static void run_team(struct loop *loop, struct team *t, void (*fn)(struct worker *w, struct credentials_provider *mine))
{
	struct credentials_site site = { .loop = loop };
	struct credentials_provider *cached;

	t->source.base = (struct credentials_provider){ .get = source_get, .free = source_free, .name = "script" };
	t->source.loop = loop;
	cached = credentials_cached_new(&t->source.base, &site);
	event_init(&t->ended, loop);
	for (t->n_running = 0; t->n_running < WORKERS; t->n_running++) {
		struct worker *w = &t->workers[t->n_running];

		*w = (struct worker){ .owner = loop, .cached = cached, .ended = &t->ended, .n_running = &t->n_running, .fn = fn };
		w->env = env_real(NULL, NULL);
		w->loop = loop_new(w->env, NULL);
	}
	for (size_t i = 0; i < WORKERS; i++)
		pthread_create(&t->workers[i].thread, NULL, worker_main, &t->workers[i]);
	event_wait(&t->ended, -1, NULL, NULL);
	for (size_t i = 0; i < WORKERS; i++)
		pthread_join(t->workers[i].thread, NULL);
	credentials_provider_free(cached);
	for (size_t i = 0; i < WORKERS; i++) {
		loop_free(t->workers[i].loop);
		env_free(t->workers[i].env);
	}
}

static void several_threads_share_one_cache(struct loop *loop, void *arg)
{
	struct team t = { 0 };

	(void)arg;
	run_team(loop, &t, ask_often);
	for (size_t i = 0; i < WORKERS; i++)
		CHECK_EQ(t.workers[i].got, ROUNDS);
	CHECK_EQ(t.source.calls, 1); /* refusals within a second ask nobody */
}

static void an_answer_may_come_after_its_worker_has_left(struct loop *loop, void *arg)
{
	struct team t = { .source.hangs = true };

	(void)arg;
	run_team(loop, &t, leave_early);
	for (size_t i = 0; i < WORKERS; i++)
		CHECK_EQ(t.workers[i].got, 0);
	CHECK_EQ(t.source.calls, 1);
}

static void test_several_threads_share_one_cache(void **state)
{
	(void)state;
	run_real(several_threads_share_one_cache, NULL);
}

static void test_an_answer_may_come_after_its_worker_has_left(void **state)
{
	(void)state;
	run_real(an_answer_may_come_after_its_worker_has_left, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_several_threads_share_one_cache),
		cmocka_unit_test(test_an_answer_may_come_after_its_worker_has_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
