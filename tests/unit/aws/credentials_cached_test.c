#include "support/tasks.h"
#include "support/test.h"

#include "sim/env.h"
#include "sluice/aws/credentials.h"
#include "sluice/core/loop.h"

#include <stdio.h>

enum { MINUTE = 60 * 1000 };

/* A source that counts, takes its time, and answers as told. */
struct source {
	struct credentials_provider base;
	struct loop *loop;
	unsigned calls, forgotten;
	int64_t lives_ms;              /* 0: for ever */
	int64_t takes_ms;
	bool fails;
};

static bool source_get(struct credentials_provider *base, struct credentials *out, struct err *err)
{
	struct source *s = (struct source *)base;
	char id[16];

	s->calls++;
	snprintf(id, sizeof(id), "KEY%u", s->calls);
	if (!task_sleep_ms(s->loop, s->takes_ms, err))
		return false;
	if (s->fails)
		return err_set(err, ERR_AUTH, "credentials.broken", "the source is down");
	credentials_set(out, str_c(id), STR("secret"), STR("token"), NULL);
	out->expires_ms = s->lives_ms ? env_wall_ms(loop_env(s->loop)) + s->lives_ms : 0;
	buf_puts(&out->source, "script");
	return true;
}

static void source_forget(struct credentials_provider *base)
{
	((struct source *)base)->forgotten++;
}

static void source_free(struct credentials_provider *base)
{
	(void)base;
}

struct fixture {
	struct source source;
	struct credentials_provider *cache;
	struct credentials got;
	struct err err;
};

static void open(struct fixture *f, struct loop *loop)
{
	struct credentials_site site = { .loop = loop };

	*f = (struct fixture){ .source = { .base = { .get = source_get, .free = source_free, .forget = source_forget,
						     .name = "script" }, .loop = loop, .lives_ms = 60 * MINUTE, .takes_ms = 20 } };
	f->cache = credentials_cached_new(&f->source.base, &site);
	credentials_init(&f->got);
}

static void close(struct fixture *f)
{
	credentials_provider_free(f->cache);
	credentials_release(&f->got);
}

static bool get(struct fixture *f)
{
	return f->cache->get(f->cache, &f->got, &f->err);
}

static struct str key(const struct fixture *f)
{
	return buf_str(&f->got.access_key_id);
}

static void renews_in_the_background(struct loop *loop, void *arg)
{
	struct fixture f;
	int64_t begun;

	(void)arg;
	open(&f, loop);
	CHECK_OK(get(&f), &f.err);
	CHECK(task_sleep_ms(loop, 43 * MINUTE, NULL));
	CHECK(get(&f));
	CHECK_EQ(f.source.calls, 1);
	CHECK(task_sleep_ms(loop, 3 * MINUTE, NULL)); /* 14 are left */
	begun = env_mono_ms(loop_env(loop));
	CHECK(get(&f));
	CHECK_STR(key(&f), "KEY1");
	CHECK_EQ(env_mono_ms(loop_env(loop)), begun); /* nobody waited */
	CHECK(task_sleep_ms(loop, 100, NULL));
	CHECK(get(&f));
	CHECK_STR(key(&f), "KEY2");
	CHECK_STR(buf_str(&f.got.source), "script");
	CHECK_EQ(f.source.calls, 2);
	close(&f);
}

static void renews_before_it_answers_in_the_last_ten_minutes(struct loop *loop, void *arg)
{
	struct fixture f;

	(void)arg;
	open(&f, loop);
	CHECK_OK(get(&f), &f.err);
	CHECK(task_sleep_ms(loop, 51 * MINUTE, NULL));
	CHECK(get(&f));
	CHECK_STR(key(&f), "KEY2");
	close(&f);
}

static void serves_what_is_valid_when_renewing_fails(struct loop *loop, void *arg)
{
	struct fixture f;
	unsigned asked;

	(void)arg;
	open(&f, loop);
	CHECK_OK(get(&f), &f.err);
	f.source.fails = true;
	for (int minute = 0; minute < 59; minute++) {
		CHECK(get(&f));
		CHECK_STR(key(&f), "KEY1");
		CHECK(task_sleep_ms(loop, MINUTE, NULL));
	}
	asked = f.source.calls;
	CHECK(asked >= 3 && asked <= 10); /* ever more rarely */
	CHECK(task_sleep_ms(loop, 2 * MINUTE, NULL)); /* over */
	CHECK(!get(&f));
	CHECK(err_is(&f.err, "credentials.broken"));
	f.source.fails = false;
	CHECK(!get(&f)); /* it failed just now */
	CHECK(task_sleep_ms(loop, 600, NULL));
	CHECK_OK(get(&f), &f.err);
	CHECK(f.source.calls == asked + 2);
	close(&f);
}

static void short_lived_ones_are_not_asked_for_all_the_time(struct loop *loop, void *arg)
{
	struct fixture f;

	(void)arg;
	open(&f, loop);
	f.source.lives_ms = 8 * MINUTE; /* the source hands out what it has */
	for (int i = 0; i < 4000; i++) {
		CHECK_OK(get(&f), &f.err);
		CHECK(task_sleep_ms(loop, 10, NULL)); /* 40 s */
	}
	CHECK(f.source.calls <= 5);
	close(&f);
}

static void those_without_an_end_are_kept(struct loop *loop, void *arg)
{
	struct fixture f;

	(void)arg;
	open(&f, loop);
	f.source.lives_ms = 0;
	CHECK_OK(get(&f), &f.err);
	CHECK(task_sleep_ms(loop, (int64_t)100000 * MINUTE, NULL));
	CHECK(get(&f));
	CHECK_EQ(f.source.calls, 1);
	close(&f);
}

static void refused_ones_are_asked_for_anew(struct loop *loop, void *arg)
{
	struct fixture f;

	(void)arg;
	open(&f, loop);
	CHECK_OK(get(&f), &f.err);
	credentials_provider_forget(f.cache); /* came just now: many say so at once */
	CHECK(get(&f));
	CHECK_EQ(f.source.calls, 1);
	CHECK(task_sleep_ms(loop, 1500, NULL));
	credentials_provider_forget(f.cache);
	CHECK_EQ(f.source.forgotten, 1);
	CHECK(get(&f));
	CHECK_STR(key(&f), "KEY2");
	CHECK(task_sleep_ms(loop, 1500, NULL));
	f.source.fails = true;
	credentials_provider_forget(f.cache);
	CHECK(get(&f)); /* better those than none */
	CHECK_STR(key(&f), "KEY2");
	CHECK_EQ(f.source.calls, 3);
	close(&f);
}

static void a_clock_that_is_off_does_no_harm(struct loop *loop, void *arg)
{
	struct env *env = loop_env(loop);
	struct fixture f;

	(void)arg;
	open(&f, loop);
	CHECK_OK(get(&f), &f.err);
	sim_env_set_skew_ms(env, 120 * MINUTE); /* jumps ahead: they seem to be over */
	CHECK(get(&f));
	CHECK_STR(key(&f), "KEY1");
	f.source.lives_ms = -60 * MINUTE; /* what comes now seems to have expired before */
	CHECK(task_sleep_ms(loop, 55 * MINUTE, NULL));
	CHECK_OK(get(&f), &f.err);
	CHECK_STR(key(&f), "KEY2");
	for (int i = 0; i < 600; i++) {
		CHECK_OK(get(&f), &f.err);
		CHECK(task_sleep_ms(loop, 100, NULL)); /* a minute */
	}
	CHECK(f.source.calls <= 7);
	close(&f);
}

struct waiter {
	struct fixture *f;
	struct credentials got;
	bool ok;
};

static void wait_task(void *arg)
{
	struct waiter *w = arg;

	credentials_init(&w->got);
	w->ok = w->f->cache->get(w->f->cache, &w->got, NULL);
}

static void one_renewal_serves_all_who_wait(struct loop *loop, void *arg)
{
	struct waiter waiters[50], gone = { 0 };
	struct scope scope, cancelled;
	struct fixture f;

	(void)arg;
	open(&f, loop);
	f.source.takes_ms = 3000;
	gone.f = &f;
	scope_init(&cancelled, loop);
	scope_spawn(&cancelled, "waiter", wait_task, &gone); /* the first to ask */
	CHECK(task_sleep_ms(loop, 10, NULL));
	scope_init(&scope, loop);
	for (size_t i = 0; i < 50; i++) {
		waiters[i] = (struct waiter){ .f = &f };
		scope_spawn(&scope, "waiter", wait_task, &waiters[i]);
	}
	CHECK(task_sleep_ms(loop, 10, NULL));
	scope_cancel(&cancelled);
	scope_wait(&cancelled);
	scope_wait(&scope);
	CHECK(!gone.ok);
	credentials_release(&gone.got);
	for (size_t i = 0; i < 50; i++) {
		CHECK(waiters[i].ok);
		CHECK_STR(buf_str(&waiters[i].got.access_key_id), "KEY1");
		credentials_release(&waiters[i].got);
	}
	CHECK_EQ(f.source.calls, 1);
	close(&f);
}

static void freeing_ends_a_renewal_that_hangs(struct loop *loop, void *arg)
{
	struct fixture f;

	(void)arg;
	open(&f, loop);
	CHECK_OK(get(&f), &f.err);
	f.source.takes_ms = 100 * MINUTE;
	CHECK(task_sleep_ms(loop, 46 * MINUTE, NULL));
	CHECK(get(&f)); /* begins it */
	settle(loop);
	CHECK_EQ(f.source.calls, 2);
	close(&f);
}

#define SIMULATED(name)                                                                              \
	static void test_##name(void **state)                                                        \
	{                                                                                            \
		(void)state;                                                                         \
		for (uint64_t seed = 1; seed <= 5; seed++)                                           \
			run_simulated(seed, name, NULL);                                             \
	}

SIMULATED(renews_in_the_background)
SIMULATED(renews_before_it_answers_in_the_last_ten_minutes)
SIMULATED(serves_what_is_valid_when_renewing_fails)
SIMULATED(short_lived_ones_are_not_asked_for_all_the_time)
SIMULATED(those_without_an_end_are_kept)
SIMULATED(refused_ones_are_asked_for_anew)
SIMULATED(a_clock_that_is_off_does_no_harm)
SIMULATED(one_renewal_serves_all_who_wait)
SIMULATED(freeing_ends_a_renewal_that_hangs)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_renews_in_the_background),
		cmocka_unit_test(test_renews_before_it_answers_in_the_last_ten_minutes),
		cmocka_unit_test(test_serves_what_is_valid_when_renewing_fails),
		cmocka_unit_test(test_short_lived_ones_are_not_asked_for_all_the_time),
		cmocka_unit_test(test_those_without_an_end_are_kept),
		cmocka_unit_test(test_refused_ones_are_asked_for_anew),
		cmocka_unit_test(test_a_clock_that_is_off_does_no_harm),
		cmocka_unit_test(test_one_renewal_serves_all_who_wait),
		cmocka_unit_test(test_freeing_ends_a_renewal_that_hangs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
