/* Parked handlers, in virtual time: a sink that is down, hangs or is slow holds up
 * nobody else and holds no memory. T<n> are the numbers of the traps in
 * src/README.md. */
#include "../../../src/stream/coordinator_impl.h"
#include "support/engine.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

enum { SEEDS = 3, SECOND_MS = 1000, MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

static void run_seeds(test_body *body)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		run_simulated(seed, body, &seed);
}

/* ---- what must hold in every history ---- */

/* The handler got all, each record's first sighting behind that of the one before,
 * with a rising version that stays the same when a record comes again. */
static bool all_in_order(const struct engine *e, size_t handler, const struct sequence *wrote, size_t n)
{
	static uint64_t v[ENGINE_MESSAGES];
	size_t next = 0;

	for (size_t i = 0; i < e->n_messages; i++) {
		const struct engine_message *m = &e->messages[i];
		size_t at = 0;

		if (m->handler != handler)
			continue;
		if (next < n && sequence_compare(&m->sequence, &wrote[next]) == 0) {
			if (next && m->v <= v[next - 1])
				return false;
			v[next++] = m->v;
			continue;
		}
		while (at < next && sequence_compare(&m->sequence, &wrote[at]) != 0)
			at++;
		if (at == next || v[at] != m->v)
			return false;
	}
	return next == n;
}

static bool budget_holds(const struct budget *b)
{
	return b->used_bytes <= b->total_bytes;
}

static bool memory_holds(const struct engine *e)
{
	const struct worker *w = e->worker;

	return budget_holds(&w->budget) && budget_holds(&w->apart) && budget_holds(&w->effects) &&
	       budget_holds(&w->pipelines[0].handlers[0].memory) && budget_holds(&w->pipelines[0].handlers[e->n_handlers - 1].memory);
}

static size_t parked(const struct engine *e, size_t handler)
{
	return coordinator_parked(e->worker->pipelines[0].coordinator, handler);
}

/* An idle shard with one reading is asked once in poll_max_ms. */
static bool is_read_once(struct engine *e, struct sim_shard *shard)
{
	size_t before = shard->gets, asked;

	if (!task_sleep_ms(e->loop, 60 * e->pipeline.poll_max_ms, NULL))
		return false;
	asked = shard->gets - before;
	return asked >= 50 && asked <= 65;
}

/* ---- sinks that are not well ---- */

struct trouble {
	struct engine *e;
	bool down, hangs;
	int64_t slow_ms;           /* an effect takes so long */
	int64_t silent_ms;         /* the same, but a send acknowledges all of it at its end */
	bool exceeded;             /* a budget was */
};

/* Only the first handler's sink. */
static bool is_ill(void *ctx, size_t handler, const struct effect *e, struct err *err)
{
	struct trouble *t = ctx;

	t->exceeded = t->exceeded || !memory_holds(t->e);
	if (handler != 0)
		return true;
	if (t->slow_ms && !task_sleep_ms(t->e->loop, t->slow_ms, err))
		return false;
	if (t->silent_ms && e == e->batch->effects[0] &&
	    !task_sleep_ms(t->e->loop, t->silent_ms * (int64_t)e->batch->pending, err))
		return false;
	if (t->hangs && !task_sleep_ms(t->e->loop, 100 * HOUR_MS, err))
		return false;
	return !t->down || err_set(err, ERR_RETRY, "sink.down", "simulated: the sink is down");
}

static void open_engine(struct engine *e, struct loop *loop, size_t n_handlers, struct trouble *t)
{
	engine_init(e, loop, n_handlers);
	*t = (struct trouble){ .e = e };
	e->accept = is_ill;
	e->accept_ctx = t;
}

/* ---- T35: an outage of hours, over roll-overs ---- */

enum { LONG_RECORDS = 6 * 360 };

static void six_hours_over_two_roll_overs(struct loop *loop, void *arg)
{
	static const char *const ids[] = { "shard-1", "shard-2", "shard-3" };
	static struct sequence wrote[LONG_RECORDS + 10];
	struct sim_shard *shard = NULL;
	struct lease_position p;
	struct trouble trouble;
	struct engine e;
	int n = 0;

	(void)arg;
	open_engine(&e, loop, 2, &trouble);
	e.pipeline.poll_max_ms = 5000;
	shard = sim_shard_add(e.streams, ids[0], NULL);
	engine_start(&e);
	for (; n < 10; n++)
		wrote[n] = engine_put(&e, shard, n % 7, n);
	CHECK(engine_wait(&e, 0, 10, MINUTE_MS));
	trouble.down = true;
	for (; n < LONG_RECORDS; n++) {
		if (n % 720 == 0) { /* every two hours */
			sim_shard_close(shard);
			shard = sim_shard_add(e.streams, ids[n / 720], ids[n / 720 - 1]);
		}
		wrote[n] = engine_put(&e, shard, n % 7, n);
		CHECK(task_sleep_ms(loop, 10 * SECOND_MS, NULL));
		/* A new shard is found by the next listing. */
		CHECK(engine_count(&e, 1) == (size_t)n + 1 || (n % 720 < 4 && n >= 720));
		CHECK(memory_holds(&e));
	}
	CHECK_EQ(engine_count(&e, 0), 10);
	CHECK_EQ(parked(&e, 0), 1); /* in its parent: it has not begun with the children */
	CHECK_EQ(parked(&e, 1), 0);
	CHECK(engine_saved(&e, "shard-1", "h1", &p) && p.done);
	CHECK(engine_saved(&e, "shard-2", "h1", &p) && p.done);
	CHECK(engine_saved(&e, "shard-1", "h0", &p) && !p.done && sequence_compare(&p.position.sequence, &wrote[9]) == 0);
	CHECK(!engine_saved(&e, "shard-2", "h0", &p));
	trouble.down = false;
	CHECK(engine_wait(&e, 0, LONG_RECORDS, 5 * MINUTE_MS));
	CHECK(all_in_order(&e, 0, wrote, LONG_RECORDS) && all_in_order(&e, 1, wrote, LONG_RECORDS));
	CHECK_EQ(e.n_messages, 2 * LONG_RECORDS);
	CHECK(task_sleep_ms(loop, 2 * MINUTE_MS, NULL));
	CHECK_EQ(parked(&e, 0), 0);
	CHECK(is_read_once(&e, shard)); /* and by one reading */
	for (int i = 0; i < 10; i++, n++)
		wrote[n] = engine_put(&e, shard, n % 7, n);
	CHECK(engine_wait(&e, 0, LONG_RECORDS + 10, 10 * SECOND_MS) && engine_wait(&e, 1, LONG_RECORDS + 10, 10 * SECOND_MS));
	engine_stop(&e);
	CHECK(all_in_order(&e, 0, wrote, LONG_RECORDS + 10) && all_in_order(&e, 1, wrote, LONG_RECORDS + 10));
	CHECK(engine_saved(&e, "shard-3", "h0", &p) && sequence_compare(&p.position.sequence, &wrote[n - 1]) == 0);
	engine_release(&e);
}

static void test_t35_an_outage_of_six_hours_over_two_roll_overs_holds_up_nobody_else(void **state)
{
	(void)state;
	run_seeds(six_hours_over_two_roll_overs);
}

/* ---- a sink that hangs ---- */

static void a_sink_hangs(struct loop *loop, void *arg)
{
	struct sequence wrote[300];
	struct trouble trouble;
	struct sim_shard *shard;
	struct engine e;
	size_t most = 0;
	int n = 0;

	(void)arg;
	open_engine(&e, loop, 2, &trouble);
	e.plan.window_bytes = 4000;
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	engine_start(&e);
	trouble.hangs = true;
	for (; n < 300; n++) {
		wrote[n] = engine_put(&e, shard, n % 7, n);
		CHECK(task_sleep_ms(loop, SECOND_MS, NULL));
		CHECK(n < 15 || engine_count(&e, 1) + 15 >= (size_t)n); /* until it is parked, it fills the window */
	}
	CHECK(engine_wait(&e, 1, 300, 5 * SECOND_MS));
	CHECK_EQ(engine_count(&e, 0), 0);
	CHECK_EQ(parked(&e, 0), 1);
	for (int i = 0; i < 60; i++) { /* a page of one record, at most, and its effect */
		most = e.worker->apart.used_bytes > most ? e.worker->apart.used_bytes : most;
		CHECK(e.worker->effects.used_bytes < 20000);
		CHECK(task_sleep_ms(loop, SECOND_MS, NULL));
	}
	CHECK(most > 0 && most < 8000);
	trouble.hangs = false;
	CHECK(engine_wait(&e, 0, 300, 2 * MINUTE_MS));
	engine_stop(&e);
	CHECK(all_in_order(&e, 0, wrote, 300) && all_in_order(&e, 1, wrote, 300));
	CHECK(!trouble.exceeded);
	engine_release(&e);
}

static void test_a_sink_that_hangs_is_left_alone_and_gets_all_later(void **state)
{
	(void)state;
	run_seeds(a_sink_hangs);
}

/* ---- a sink that is slow ---- */

static void a_sink_is_slow(struct loop *loop, void *arg)
{
	static struct sequence wrote[1200];
	struct trouble trouble;
	struct sim_shard *shard;
	struct engine e;
	int n = 0;

	(void)arg;
	open_engine(&e, loop, 2, &trouble);
	e.plan.window_bytes = 4000;
	e.handlers[0].batch_records = 5;
	e.streams->latency_ms = 20;
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	engine_start(&e);
	trouble.slow_ms = 500;
	for (; n < 1200; n++) {
		wrote[n] = engine_put(&e, shard, n % 7, n);
		CHECK(task_sleep_ms(loop, 100, NULL));
		CHECK(engine_count(&e, 1) + 60 >= (size_t)n); /* six seconds behind at the most */
	}
	CHECK(engine_wait(&e, 1, 1200, 3 * SECOND_MS));
	CHECK(engine_count(&e, 0) > 150 && engine_count(&e, 0) < 300); /* it does what it can */
	CHECK_EQ(e.worker->pipelines[0].handlers[0].stats.parked, 1); /* no to and fro */
	CHECK_EQ(e.worker->pipelines[0].handlers[1].stats.parked, 0);
	CHECK(engine_wait(&e, 0, 1200, 12 * MINUTE_MS));
	CHECK(task_sleep_ms(loop, 2 * MINUTE_MS, NULL));
	CHECK(is_read_once(&e, shard));
	CHECK_EQ(parked(&e, 0), 0);
	engine_stop(&e);
	CHECK(all_in_order(&e, 0, wrote, 1200) && all_in_order(&e, 1, wrote, 1200));
	CHECK_EQ(e.n_messages, 2400);
	engine_release(&e);
}

static void test_a_slow_sink_does_not_slow_the_other_handler(void **state)
{
	(void)state;
	run_seeds(a_sink_is_slow);
}

/* A full batch takes it longer than a stall is long, and it says nothing meanwhile. */
static void a_sink_is_slow_and_silent(struct loop *loop, void *arg)
{
	static struct sequence wrote[1000];
	struct trouble trouble;
	struct sim_shard *shard;
	struct engine e;

	(void)arg;
	open_engine(&e, loop, 2, &trouble);
	trouble.silent_ms = 150;
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	for (int n = 0; n < 1000; n++)
		wrote[n] = engine_put(&e, shard, n % 7, n);
	engine_start(&e);
	CHECK(engine_wait(&e, 1, 1000, 20 * SECOND_MS));
	CHECK(engine_wait(&e, 0, 1000, 8 * MINUTE_MS)); /* at its best it needs 150 s */
	engine_stop(&e);
	CHECK(all_in_order(&e, 0, wrote, 1000));
	engine_release(&e);
}

static void test_a_slow_sink_that_says_nothing_meanwhile_gets_on(void **state)
{
	(void)state;
	run_seeds(a_sink_is_slow_and_silent);
}

/* ---- hundreds of shards ---- */

enum { SHARDS = 300, EACH = 32 }; /* a page is larger than a reader expects at first */

static void put_large(struct engine *e, struct sim_shard *shard, int n)
{
	static char padding[2501], image[2700];
	char keys[64];

	memset(padding, 'x', sizeof(padding) - 1);
	snprintf(keys, sizeof(keys), "{\"id\":{\"S\":\"k%d\"}}", n);
	snprintf(image, sizeof(image), "{\"id\":{\"S\":\"k%d\"},\"text\":{\"S\":\"%s\"}}", n, padding);
	sim_shard_put(e->streams, shard, "INSERT", keys, image, NULL);
}

struct watch_memory {
	struct trouble *trouble;
	size_t most_pages;
};

static void watch_memory(void *arg)
{
	struct watch_memory *w = arg;
	struct engine *e = w->trouble->e;

	while (task_sleep_ms(e->loop, 100, NULL)) {
		if (!e->worker)
			continue;
		w->trouble->exceeded = w->trouble->exceeded || !memory_holds(e);
		if (e->worker->budget.used_bytes > w->most_pages)
			w->most_pages = e->worker->budget.used_bytes;
	}
}

static void hundreds_of_shards(struct loop *loop, bool hangs)
{
	static struct sim_shard *shards[SHARDS];
	struct trouble trouble;
	struct watch_memory watch = { .trouble = &trouble };
	struct scope scope;
	struct engine e;

	open_engine(&e, loop, 2, &trouble);
	e.plan.memory_bytes = 8 << 20; /* all that is written is more */
	e.plan.page_bytes = 1 << 20;
	e.plan.window_bytes = 64 << 10;
	e.pipeline.poll_max_ms = 20000;
	e.streams->latency_ms = 20;
	scope_init(&scope, loop);
	scope_spawn(&scope, "watch", watch_memory, &watch);
	for (int s = 0; s < SHARDS; s++) {
		char id[32];

		snprintf(id, sizeof(id), "shard-%03d", s);
		shards[s] = sim_shard_add(e.streams, id, NULL);
		for (int i = 0; i < EACH; i++)
			put_large(&e, shards[s], i);
	}
	trouble.down = !hangs;
	trouble.hangs = hangs;
	engine_start(&e);
	CHECK(engine_wait(&e, 1, SHARDS * EACH, 90 * SECOND_MS));
	CHECK(watch.most_pages > 4 << 20); /* it came to the edge */
	for (size_t round = 1; round <= 2; round++) {
		for (int s = 0; s < SHARDS; s++)
			put_large(&e, shards[s], EACH + (int)round);
		CHECK(engine_wait(&e, 1, SHARDS * (EACH + round), 25 * SECOND_MS)); /* poll_max_ms, and a little */
		CHECK(task_sleep_ms(loop, 30 * SECOND_MS, NULL));
	}
	CHECK_EQ(engine_count(&e, 0), 0);
	CHECK_EQ(parked(&e, 0), SHARDS);
	trouble.down = trouble.hangs = false;
	CHECK(engine_wait(&e, 0, SHARDS * (EACH + 2), 5 * MINUTE_MS));
	CHECK(task_sleep_ms(loop, SECOND_MS, NULL));
	CHECK_EQ(parked(&e, 0), 0);
	CHECK_EQ(e.worker->effects.used_bytes, 0);
	engine_stop(&e);
	scope_cancel(&scope);
	scope_wait(&scope);
	CHECK_EQ(e.n_messages, 2 * SHARDS * (EACH + 2));
	CHECK(!trouble.exceeded);
	engine_release(&e);
}

static void hundreds_down(struct loop *loop, void *arg)
{
	(void)arg;
	hundreds_of_shards(loop, false);
}

static void hundreds_hang(struct loop *loop, void *arg)
{
	(void)arg;
	hundreds_of_shards(loop, true);
}

static void test_hundreds_of_stalled_shards_stay_within_the_memory(void **state)
{
	(void)state;
	run_simulated(1, hundreds_down, NULL);
	run_simulated(2, hundreds_hang, NULL);
}

/* ---- one handler ---- */

static void a_single_handler(struct loop *loop, void *arg)
{
	struct sequence wrote[200];
	struct trouble trouble;
	struct sim_shard *shard;
	struct engine e;
	int n = 0;

	(void)arg;
	open_engine(&e, loop, 1, &trouble);
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	trouble.down = true;
	engine_start(&e);
	for (; n < 100; n++)
		wrote[n] = engine_put(&e, shard, n % 7, n);
	CHECK(task_sleep_ms(loop, 30 * MINUTE_MS, NULL));
	CHECK_EQ(parked(&e, 0), 1);
	CHECK_EQ(e.worker->pipelines[0].handlers[0].stats.parked, 1); /* one outage */
	CHECK(shard->gets < 200); /* two in half a minute */
	trouble.down = false;
	CHECK(engine_wait(&e, 0, 100, MINUTE_MS));
	for (; n < 200; n++)
		wrote[n] = engine_put(&e, shard, n % 7, n);
	CHECK(engine_wait(&e, 0, 200, 10 * SECOND_MS));
	CHECK(task_sleep_ms(loop, 2 * MINUTE_MS, NULL));
	CHECK(is_read_once(&e, shard));
	CHECK_EQ(e.worker->apart.used_bytes, 0);
	engine_stop(&e);
	CHECK(all_in_order(&e, 0, wrote, 200));
	CHECK_EQ(e.n_messages, 200);
	engine_release(&e);
}

static void test_a_single_handler_is_parked_and_comes_back(void **state)
{
	(void)state;
	run_seeds(a_single_handler);
}

/* ---- poison, and age ---- */

static bool poison_and_outage(void *ctx, size_t handler, const struct effect *e, struct err *err)
{
	struct trouble *t = ctx;
	const struct record *r = e->batch->records[e->record];
	struct value n;

	if (handler == 0 && !t->down && value_get(r->new_image, STR("n"), &n) && str_ends(n.raw, STR("7")))
		return err_set(err, ERR_DATA, "sink.refused", "simulated: no sevens");
	return is_ill(ctx, handler, e, err);
}

/* Tries of what is refused are further apart than a stall is long; all are made. */
static void poison_is_tried_to_its_end(struct loop *loop, void *arg)
{
	struct lease_position p;
	struct trouble trouble;
	struct sim_shard *shard;
	struct sequence last;
	struct engine e;

	(void)arg;
	open_engine(&e, loop, 2, &trouble);
	e.accept = poison_and_outage;
	e.handlers[0].policy.retries = 14;
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	for (int i = 0; i < 50; i++)
		last = engine_put(&e, shard, i, i);
	trouble.down = true;
	engine_start(&e);
	CHECK(task_sleep_ms(loop, 5 * MINUTE_MS, NULL));
	CHECK_EQ(parked(&e, 0), 1);
	trouble.down = false;
	CHECK(engine_wait(&e, 0, 45, 30 * MINUTE_MS));
	CHECK(task_sleep_ms(loop, 30 * MINUTE_MS, NULL));
	CHECK_EQ(e.n_dead_letters, 5);
	CHECK(strstr(e.last_dead_letter, "\"attempts\":15,"));
	CHECK_EQ(e.worker->pipelines[0].handlers[0].stats.parked, 1); /* the outage; being refused is no stall */
	engine_stop(&e);
	CHECK_EQ(engine_count(&e, 0), 45);
	CHECK(engine_saved(&e, "shard-1", "h0", &p) && sequence_compare(&p.position.sequence, &last) == 0);
	engine_release(&e);
}

static void test_poison_reaches_the_dead_letter_with_all_its_retries(void **state)
{
	(void)state;
	run_seeds(poison_is_tried_to_its_end);
}

/* Who waits for the dead letter is parked as well. */
static void the_dead_letter_is_down(struct loop *loop, void *arg)
{
	struct trouble trouble;
	struct sim_shard *shard;
	struct engine e;

	(void)arg;
	open_engine(&e, loop, 2, &trouble);
	e.accept = poison_and_outage;
	e.plan.window_bytes = 4000;
	e.dead_letter_down = true;
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	engine_start(&e);
	for (int i = 0; i < 100; i++) {
		engine_put(&e, shard, i, i);
		CHECK(task_sleep_ms(loop, SECOND_MS, NULL));
	}
	CHECK(engine_wait(&e, 1, 100, 5 * SECOND_MS));
	CHECK_EQ(parked(&e, 0), 1);
	CHECK_EQ(e.n_dead_letters, 0);
	CHECK(task_sleep_ms(loop, 10 * MINUTE_MS, NULL));
	e.dead_letter_down = false;
	CHECK(engine_wait(&e, 0, 90, 10 * MINUTE_MS));
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	CHECK_EQ(e.n_dead_letters, 10);
	CHECK(engine_count(&e, 0) <= 100); /* what was acknowledged behind poison may come again */
	CHECK_EQ(parked(&e, 0), 0);
	engine_stop(&e);
	engine_release(&e);
}

static void test_a_handler_whose_dead_letter_is_down_is_parked(void **state)
{
	(void)state;
	run_seeds(the_dead_letter_is_down);
}

static void age_ends_an_outage(struct loop *loop, void *arg)
{
	struct lease_position p;
	struct trouble trouble;
	struct sim_shard *shard;
	struct sequence old = { 0 }, young = { 0 };
	struct engine e;

	(void)arg;
	open_engine(&e, loop, 2, &trouble);
	e.handlers[0].policy.max_age_s = 3600;
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	trouble.down = true;
	engine_start(&e);
	for (int i = 0; i < 200; i++)
		old = engine_put(&e, shard, i, i);
	CHECK(task_sleep_ms(loop, 50 * MINUTE_MS, NULL));
	CHECK_EQ(e.n_dead_letters, 0);
	for (int i = 0; i < 100; i++)
		young = engine_put(&e, shard, i, i);
	CHECK(task_sleep_ms(loop, 12 * MINUTE_MS, NULL));
	CHECK_EQ(e.n_dead_letters, 200); /* not one after the other, every half a minute */
	CHECK(strstr(e.last_dead_letter, "sink.down"));
	CHECK_EQ(engine_count(&e, 1), 300);
	CHECK_EQ(parked(&e, 0), 1);
	CHECK(engine_saved(&e, "shard-1", "h0", &p) && sequence_compare(&p.position.sequence, &old) == 0);
	trouble.down = false;
	CHECK(engine_wait(&e, 0, 100, 2 * MINUTE_MS));
	engine_stop(&e);
	CHECK_EQ(e.n_dead_letters, 200);
	CHECK(engine_saved(&e, "shard-1", "h0", &p) && sequence_compare(&p.position.sequence, &young) == 0);
	engine_release(&e);
}

static void test_what_gets_too_old_in_an_outage_goes_to_the_dead_letter(void **state)
{
	(void)state;
	run_seeds(age_ends_an_outage);
}

/* ---- crashes, stops, trims ---- */

static void killed_while_parked(struct loop *loop, void *arg)
{
	struct sequence wrote[200];
	struct trouble trouble;
	struct sim_shard *shard, *child;
	struct engine e;
	int n = 0;

	(void)arg;
	open_engine(&e, loop, 2, &trouble);
	e.streams->latency_ms = 20;
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	engine_start(&e);
	for (; n < 20; n++)
		wrote[n] = engine_put(&e, shard, n % 7, n);
	CHECK(engine_wait(&e, 0, 20, MINUTE_MS) && engine_wait(&e, 1, 20, MINUTE_MS));
	CHECK(task_sleep_ms(loop, 10 * SECOND_MS, NULL));
	trouble.down = true;
	for (int life = 0; life < 4; life++) {
		for (int i = 0; i < 40; i++, n++)
			wrote[n] = engine_put(&e, shard, n % 7, n);
		CHECK(task_sleep_ms(loop, 20 * SECOND_MS + (int64_t)rng_below(&e.env->rng, 60 * SECOND_MS), NULL));
		CHECK(parked(&e, 0) <= 1);
		if (rng_below(&e.env->rng, 2))
			engine_kill(&e);
		else
			engine_stop(&e);
		engine_start(&e);
		CHECK(engine_wait(&e, 1, (size_t)n, 2 * MINUTE_MS));
	}
	sim_shard_close(shard);
	child = sim_shard_add(e.streams, "shard-2", "shard-1");
	for (; n < 200; n++)
		wrote[n] = engine_put(&e, child, n % 7, n);
	CHECK(engine_wait(&e, 1, 200, 2 * MINUTE_MS));
	CHECK_EQ(engine_count(&e, 0), 20);
	trouble.down = false;
	CHECK(engine_wait(&e, 0, 200, 2 * MINUTE_MS));
	engine_stop(&e);
	CHECK(all_in_order(&e, 0, wrote, 200) && all_in_order(&e, 1, wrote, 200));
	CHECK_EQ(engine_count(&e, 0), 200);
	engine_release(&e);
}

static void test_t31_kills_and_stops_while_parked_lose_nothing(void **state)
{
	(void)state;
	run_seeds(killed_while_parked);
}

static void trimmed_while_parked(struct loop *loop, void *arg)
{
	static struct sim_shard *shards[4];
	struct sequence cut = { 0 };
	struct lease_position p;
	struct trouble trouble;
	struct engine e;

	(void)arg;
	open_engine(&e, loop, 2, &trouble);
	e.pipeline.on_trim = TRIM_SKIP;
	e.pipeline.poll_max_ms = MINUTE_MS;
	shards[0] = sim_shard_add(e.streams, "shard-0", NULL);
	engine_start(&e);
	for (int i = 0; i < 10; i++)
		engine_put(&e, shards[0], i, i);
	CHECK(engine_wait(&e, 0, 10, MINUTE_MS));
	trouble.down = true;
	for (int s = 0; s < 4; s++) {
		static const char *const ids[] = { "shard-0", "shard-1", "shard-2", "shard-3" };

		if (s) {
			sim_shard_close(shards[s - 1]);
			shards[s] = sim_shard_add(e.streams, ids[s], ids[s - 1]);
		}
		for (int i = 0; i < 10; i++)
			cut = engine_put(&e, shards[s], i, i);
		CHECK(engine_wait(&e, 1, 10 + 10 * ((size_t)s + 1), 2 * MINUTE_MS));
		CHECK(task_sleep_ms(loop, 8 * HOUR_MS, NULL));
	}
	/* 32 hours later: the first two shards are gone. */
	for (int s = 0; s < 2; s++)
		shards[s]->gone = shards[s]->hidden = true;
	trouble.down = false;
	CHECK(engine_wait(&e, 0, 10 + 20, 10 * MINUTE_MS));
	CHECK(task_sleep_ms(loop, 5 * MINUTE_MS, NULL));
	CHECK_EQ(engine_count(&e, 0), 10 + 20);
	CHECK(sequence_compare(&e.messages[e.n_messages - 1].sequence, &cut) == 0);
	CHECK(engine_saved(&e, "shard-0", "h0", &p) && p.done && p.losses == 1);
	CHECK(engine_saved(&e, "shard-1", "h0", &p) && p.done && p.losses == 1);
	CHECK(engine_saved(&e, "shard-2", "h0", &p) && p.done && p.losses == 0);
	CHECK(engine_saved(&e, "shard-1", "h1", &p) && p.done && p.losses == 0);
	CHECK_EQ(engine_count(&e, 1), 50);
	engine_stop(&e);
	engine_release(&e);
}

/* It has acknowledged nothing in the shard yet, so there is no position to be seen. */
static void trimmed_in_front_of_the_first(struct loop *loop, bool restarted)
{
	struct sequence cut = { 0 };
	struct lease_position p;
	struct trouble trouble;
	struct sim_shard *shard;
	struct engine e;

	open_engine(&e, loop, 2, &trouble);
	e.pipeline.on_trim = TRIM_SKIP;
	e.pipeline.poll_max_ms = 10 * SECOND_MS;
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	trouble.down = true;
	engine_start(&e);
	for (int i = 0; i < 10; i++)
		cut = engine_put(&e, shard, i, i);
	CHECK(engine_wait(&e, 1, 10, MINUTE_MS));
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	if (restarted)
		engine_kill(&e);
	for (int i = 0; i < 10; i++)
		engine_put(&e, shard, i, i);
	CHECK(restarted || engine_wait(&e, 1, 20, MINUTE_MS));
	sim_shard_trim(shard, &cut);
	trouble.down = false;
	if (restarted)
		engine_start(&e);
	CHECK(engine_wait(&e, 0, 10, 5 * MINUTE_MS) && engine_wait(&e, 1, 20, MINUTE_MS));
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	CHECK_EQ(e.n_messages, 30);
	engine_stop(&e);
	CHECK(engine_saved(&e, "shard-1", "h0", &p) && p.losses == 1);
	CHECK(engine_saved(&e, "shard-1", "h1", &p) && p.losses == 0);
	engine_release(&e);
}

static void trimmed_while_it_runs(struct loop *loop, void *arg)
{
	(void)arg;
	trimmed_in_front_of_the_first(loop, false);
}

static void trimmed_while_it_is_dead(struct loop *loop, void *arg)
{
	(void)arg;
	trimmed_in_front_of_the_first(loop, true);
}

static void test_t15_a_trim_in_front_of_the_first_acknowledgement_is_counted(void **state)
{
	(void)state;
	run_seeds(trimmed_while_it_runs);
	run_seeds(trimmed_while_it_is_dead);
}

static void test_t15_what_is_trimmed_while_a_handler_is_parked_is_counted(void **state)
{
	(void)state;
	run_seeds(trimmed_while_parked);
}

/* ---- a soft end ---- */

static struct reading *reading_of(const struct engine *e)
{
	return e->worker->pipelines[0].coordinator->members->readings;
}

static void a_reading_ends_softly(struct loop *loop, void *arg)
{
	struct sequence wrote[60];
	struct lease_position p;
	struct trouble trouble;
	struct sim_shard *shard;
	struct reading *before;
	struct engine e;
	int n = 0;

	(void)arg;
	open_engine(&e, loop, 2, &trouble);
	e.streams->latency_ms = 20;
	e.handlers[0].batch_records = 10;
	trouble.slow_ms = 300; /* a batch takes three seconds */
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	for (; n < 20; n++)
		wrote[n] = engine_put(&e, shard, n % 7, n);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 2, MINUTE_MS));
	before = reading_of(&e);
	CHECK(before && !before->next);
	reading_end(before);
	CHECK(task_sleep_ms(loop, 3500, NULL)); /* the batch is finished, and saved */
	CHECK(engine_saved(&e, "shard-1", "h0", &p) && sequence_compare(&p.position.sequence, &wrote[9]) == 0);
	CHECK(engine_saved(&e, "shard-1", "h1", &p) && sequence_compare(&p.position.sequence, &wrote[19]) == 0);
	for (; n < 60; n++)
		wrote[n] = engine_put(&e, shard, n % 7, n);
	CHECK(engine_wait(&e, 0, 60, MINUTE_MS) && engine_wait(&e, 1, 60, MINUTE_MS));
	engine_stop(&e);
	CHECK_EQ(e.n_messages, 120);
	CHECK(all_in_order(&e, 0, wrote, 60) && all_in_order(&e, 1, wrote, 60));
	engine_release(&e);
}

static void test_a_reading_that_shall_end_finishes_its_batches(void **state)
{
	(void)state;
	run_seeds(a_reading_ends_softly);
}

static void a_hanging_reading_ends(struct loop *loop, void *arg)
{
	struct trouble trouble;
	struct sim_shard *shard;
	struct engine e;

	(void)arg;
	open_engine(&e, loop, 1, &trouble);
	trouble.hangs = true;
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	engine_put(&e, shard, 1, 1);
	engine_start(&e);
	CHECK(task_sleep_ms(loop, 3000, NULL));
	CHECK(reading_of(&e));
	reading_end(reading_of(&e));
	CHECK(task_sleep_ms(loop, 5000, NULL));
	CHECK(reading_of(&e) && !reading_of(&e)->ending); /* that one has ended, and another has begun */
	trouble.hangs = false;
	CHECK(engine_wait(&e, 0, 1, MINUTE_MS));
	engine_stop(&e);
	engine_release(&e);
}

static void test_a_reading_that_hangs_ends_all_the_same(void **state)
{
	(void)state;
	run_seeds(a_hanging_reading_ends);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_t35_an_outage_of_six_hours_over_two_roll_overs_holds_up_nobody_else),
		cmocka_unit_test(test_a_sink_that_hangs_is_left_alone_and_gets_all_later),
		cmocka_unit_test(test_a_slow_sink_does_not_slow_the_other_handler),
		cmocka_unit_test(test_a_slow_sink_that_says_nothing_meanwhile_gets_on),
		cmocka_unit_test(test_hundreds_of_stalled_shards_stay_within_the_memory),
		cmocka_unit_test(test_a_single_handler_is_parked_and_comes_back),
		cmocka_unit_test(test_poison_reaches_the_dead_letter_with_all_its_retries),
		cmocka_unit_test(test_what_gets_too_old_in_an_outage_goes_to_the_dead_letter),
		cmocka_unit_test(test_t31_kills_and_stops_while_parked_lose_nothing),
		cmocka_unit_test(test_t15_what_is_trimmed_while_a_handler_is_parked_is_counted),
		cmocka_unit_test(test_t15_a_trim_in_front_of_the_first_acknowledgement_is_counted),
		cmocka_unit_test(test_a_handler_whose_dead_letter_is_down_is_parked),
		cmocka_unit_test(test_a_reading_that_shall_end_finishes_its_batches),
		cmocka_unit_test(test_a_reading_that_hangs_ends_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
