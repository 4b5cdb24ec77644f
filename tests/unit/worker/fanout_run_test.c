/* Fan-out's promises in virtual time: a whole worker, its stream, its audience's
 * tables and a recording sink. */
#include "sluice/worker/fanout.h"
#include "support/engine.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

enum { SEEDS = 3, USERS_MAX = 30000, MINUTE_MS = 60 * 1000, BRAND_SHARDS = 4, CATEGORY_SHARDS = 2 };

#define AUDIENCE                                                                                       \
	"\"member\":\"user_id\",\"sink\":\"s0\",\"audience\":["                                        \
	"{\"table\":\"Followers\",\"key\":\"BRAND#${new.id}#${shard}\",\"shards\":4},"                 \
	"{\"table\":\"Followers\",\"key\":\"CATEGORY#${new.id}#${shard}\",\"shards\":2}]"
#define MESSAGE "\"message\":{\"user\":\"${member.user_id}\",\"n\":\"${new.n}\"}"

struct world {
	struct engine e;
	struct sim_shard *shard;
	struct sim_table *followers;
	bool follows[USERS_MAX];
	size_t n_users, n_following;

	/* What goes wrong. */
	bool closed;                     /* the sink is down */
	const char *poison;              /* this member is refused */
	double trouble;                  /* chance of a fault of each request */
	size_t most_used;                /* of the worker's budget */
};

static bool accept(void *ctx, size_t handler, const struct effect *e, struct err *err)
{
	struct world *w = ctx;

	(void)handler;
	if (w->e.worker && w->e.worker->budget.used_bytes > w->most_used)
		w->most_used = w->e.worker->budget.used_bytes;
	if (w->closed)
		return err_set(err, ERR_RETRY, "sink.down", "simulated: the sink is down");
	if (w->poison && str_eq(e->message.key, str_c(w->poison)))
		return err_set(err, ERR_DATA, "sink.poison", "simulated: refused");
	return true;
}

static void open_world(struct world *w, struct loop *loop, const char *settings)
{
	memset(w, 0, sizeof(*w));
	engine_init(&w->e, loop, 1);
	engine_fanout(&w->e, 0, settings);
	w->e.accept = accept;
	w->e.accept_ctx = w;
	w->shard = sim_shard_add(w->e.streams, "shard-1", NULL);
	w->followers = sim_table_add(w->e.dynamodb, "Followers", "subject:S,user_id:S");
}

static void follow(struct world *w, const char *subject, int shard, size_t user)
{
	char item[256];

	snprintf(item, sizeof(item), "{\"subject\":{\"S\":\"%s#k1#%d\"},\"user_id\":{\"S\":\"user-%06zu\"},\"lang\":{\"S\":\"de\"}}",
		 subject, shard, user);
	sim_table_put(w->e.dynamodb, w->followers, item);
	w->n_following += !w->follows[user];
	w->follows[user] = true;
}

/* Many follow both; some rows stand in two shards. */
static void add_followers(struct world *w, size_t n)
{
	struct rng *rng = &w->e.env->rng;

	w->n_users = n;
	for (size_t i = n; i-- > 0;) {
		if (rng_below(rng, 3))
			follow(w, "BRAND", (int)rng_below(rng, BRAND_SHARDS), i);
		if (rng_below(rng, 2))
			follow(w, "CATEGORY", (int)rng_below(rng, CATEGORY_SHARDS), i);
		if (rng_below(rng, 10) == 0)
			follow(w, "BRAND", (int)rng_below(rng, BRAND_SHARDS), i);
	}
}

static struct sim_row *task_row(struct world *w)
{
	struct sim_table *t = sim_table_named(w->e.dynamodb, STR("sluice-state"));

	for (struct sim_row *row = t ? t->rows : NULL; row; row = row->next)
		if (str_starts(sim_item_get(&row->item, STR("pk")).raw, STR("app#task#")))
			return row;
	return NULL;
}

static struct str task_attribute(struct world *w, const char *name)
{
	struct sim_row *row = task_row(w);

	return row ? sim_item_get(&row->item, str_c(name)).raw : STR("");
}

static bool wait_for_status(struct world *w, const char *status, int64_t limit_ms)
{
	int64_t end_ms = env_mono_ms(w->e.env) + limit_ms;

	while (!str_eq(task_attribute(w, "status"), str_c(status)))
		if (env_mono_ms(w->e.env) >= end_ms || !task_sleep_ms(w->e.loop, 100, NULL))
			return false;
	return true;
}

static size_t user_of(const struct engine_message *m)
{
	unsigned n = USERS_MAX;

	return sscanf(m->key, "user-%u", &n) == 1 ? n : USERS_MAX;
}

/* Every follower and nobody else was told, always under one id; *repeats. */
static bool all_told(const struct world *w, size_t *repeats)
{
	static const char *ids[USERS_MAX];
	size_t told = 0;

	memset(ids, 0, sizeof(ids));
	*repeats = 0;
	for (size_t i = 0; i < w->e.n_messages; i++) {
		const struct engine_message *m = &w->e.messages[i];
		size_t user = user_of(m);

		if (user >= USERS_MAX || !w->follows[user] || m->notification[0] == '\0')
			return false;
		if (ids[user] && strcmp(ids[user], m->notification) != 0)
			return false;
		*repeats += ids[user] != NULL;
		told += !ids[user];
		ids[user] = m->notification;
	}
	return told == w->n_following;
}

static void run_seeds(test_body *body)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		run_simulated(seed, body, &seed);
}

/* ---- a quiet run ---- */

static void everybody_is_told(struct loop *loop, void *arg)
{
	static struct world w;
	size_t repeats;

	(void)arg;
	open_world(&w, loop, "{" AUDIENCE "," MESSAGE "}");
	add_followers(&w, 400);
	engine_start(&w.e);
	engine_put(&w.e, w.shard, 1, 7);
	CHECK(wait_for_status(&w, "done", MINUTE_MS));
	CHECK(all_told(&w, &repeats));
	CHECK_EQ(repeats, 0);
	for (size_t i = 1; i < w.e.n_messages; i++)
		CHECK(strcmp(w.e.messages[i - 1].key, w.e.messages[i].key) < 0);
	CHECK(task_attribute(&w, "ttl").len > 0);
	CHECK_EQ(task_attribute(&w, "audience").len, 0);
	CHECK_EQ(w.e.worker->budget.used_bytes, 0);
	engine_stop(&w.e);
	engine_start(&w.e);
	CHECK(task_sleep_ms(loop, 2 * MINUTE_MS, NULL));
	CHECK_EQ(w.e.n_messages, w.n_following); /* done is done */
	engine_release(&w.e);
}

static void test_the_union_of_all_followers_is_told_once_in_order(void **state)
{
	(void)state;
	run_seeds(everybody_is_told);
}

/* ---- kills ---- */

static void kills_in_the_middle(struct loop *loop, void *arg)
{
	enum { RATE = 40, KILLS = 3 };
	static struct world w;
	size_t repeats;

	(void)arg;
	open_world(&w, loop, "{" AUDIENCE "," MESSAGE ",\"rate_per_s\":40}");
	add_followers(&w, 700);
	engine_put(&w.e, w.shard, 1, 7);
	for (int i = 0; i < KILLS; i++) {
		engine_start(&w.e);
		CHECK(task_sleep_ms(loop, 1000 + (int64_t)rng_below(&w.e.env->rng, 12000), NULL));
		engine_kill(&w.e);
	}
	engine_start(&w.e);
	CHECK(wait_for_status(&w, "done", 10 * MINUTE_MS));
	CHECK(all_told(&w, &repeats));
	/* At most what was sent since the last save, and the batch in flight. */
	CHECK(repeats <= KILLS * (RATE * 6 + RATE));
	engine_release(&w.e);
}

static void test_kills_repeat_only_the_unsaved_tail_under_the_same_id(void **state)
{
	(void)state;
	run_seeds(kills_in_the_middle);
}

static void a_clean_stop(struct loop *loop, void *arg)
{
	static struct world w;
	size_t repeats;

	(void)arg;
	open_world(&w, loop, "{" AUDIENCE "," MESSAGE ",\"rate_per_s\":40}");
	add_followers(&w, 600);
	engine_put(&w.e, w.shard, 1, 7);
	for (int i = 0; i < 3; i++) {
		engine_start(&w.e);
		CHECK(task_sleep_ms(loop, 3000, NULL));
		engine_stop(&w.e);
		CHECK_EQ(task_attribute(&w, "owner").len, 0);
	}
	CHECK(w.e.n_messages > 0 && w.e.n_messages < w.n_following);
	engine_start(&w.e);
	CHECK(wait_for_status(&w, "done", 5 * MINUTE_MS));
	CHECK(all_told(&w, &repeats));
	CHECK_EQ(repeats, 0);
	engine_release(&w.e);
}

static void test_a_drain_gives_the_task_up_and_nothing_is_repeated(void **state)
{
	(void)state;
	run_seeds(a_clean_stop);
}

/* ---- trouble ---- */

static enum sim_fault some_fault(void *ctx, const char *operation)
{
	static const enum sim_fault kinds[] = { SIM_DROP_BEFORE, SIM_DROP_AFTER, SIM_500, SIM_THROTTLE };
	struct world *w = ctx;
	struct rng *rng = &w->e.env->rng;

	(void)operation;
	return rng_unit(rng) < w->trouble ? kinds[rng_below(rng, COUNT_OF(kinds))] : SIM_NO_FAULT;
}

static void a_troubled_table(struct loop *loop, void *arg)
{
	static struct world w;
	size_t repeats;

	(void)arg;
	open_world(&w, loop, "{" AUDIENCE "," MESSAGE ",\"rate_per_s\":40}");
	add_followers(&w, 400);
	w.trouble = 0.3;
	w.e.dynamodb->fault = some_fault;
	w.e.dynamodb->fault_ctx = &w;
	w.e.dynamodb->latency_ms = 30;
	engine_put(&w.e, w.shard, 1, 7);
	engine_start(&w.e);
	CHECK(wait_for_status(&w, "done", 30 * MINUTE_MS));
	CHECK(all_told(&w, &repeats));
	/* A lease may be lost to a heartbeat that could not be renewed; not more than that repeats. */
	CHECK(repeats <= w.n_following);
	w.trouble = 0;
	engine_release(&w.e);
}

static void test_throttles_and_lost_answers_are_waited_out(void **state)
{
	(void)state;
	run_seeds(a_troubled_table);
}

static enum sim_fault lost_saves(void *ctx, const char *operation)
{
	struct world *w = ctx;

	return strcmp(operation, "PutItem") == 0 && rng_unit(&w->e.env->rng) < w->trouble ? SIM_DROP_AFTER : SIM_NO_FAULT;
}

static void saves_without_answers(struct loop *loop, void *arg)
{
	static struct world w;
	size_t repeats;

	(void)arg;
	open_world(&w, loop, "{" AUDIENCE "," MESSAGE ",\"rate_per_s\":40}");
	add_followers(&w, 700);
	engine_put(&w.e, w.shard, 1, 7);
	w.e.dynamodb->fault = lost_saves;
	w.e.dynamodb->fault_ctx = &w;
	engine_start(&w.e);
	w.trouble = 0.5;
	CHECK(task_sleep_ms(loop, 8000 + (int64_t)rng_below(&w.e.env->rng, 3000), NULL));
	engine_kill(&w.e);
	w.trouble = 0;
	engine_start(&w.e);
	CHECK(wait_for_status(&w, "done", 10 * MINUTE_MS));
	CHECK(all_told(&w, &repeats));
	engine_release(&w.e);
}

static void test_a_crash_around_a_save_whose_answer_is_lost_misses_nobody(void **state)
{
	(void)state;
	run_seeds(saves_without_answers);
}

static void the_sink_is_down(struct loop *loop, void *arg)
{
	static struct world w;
	size_t repeats;

	(void)arg;
	open_world(&w, loop, "{" AUDIENCE "," MESSAGE "}");
	w.e.handlers[0].policy.max_age_s = 60; /* no matter: outages are waited out */
	add_followers(&w, 300);
	w.closed = true;
	engine_put(&w.e, w.shard, 1, 7);
	engine_start(&w.e);
	CHECK(task_sleep_ms(loop, 60 * MINUTE_MS, NULL));
	CHECK_EQ(w.e.n_messages + w.e.n_dead_letters, 0);
	w.closed = false;
	CHECK(wait_for_status(&w, "done", 5 * MINUTE_MS));
	CHECK(all_told(&w, &repeats));
	CHECK_EQ(repeats, 0);
	engine_release(&w.e);
}

static void test_an_outage_of_the_sink_is_waited_out(void **state)
{
	(void)state;
	run_seeds(the_sink_is_down);
}

static void a_poisoned_member(struct loop *loop, void *arg)
{
	static struct world w;

	(void)arg;
	open_world(&w, loop, "{" AUDIENCE "," MESSAGE "}");
	add_followers(&w, 200);
	w.n_users = 300;
	follow(&w, "BRAND", 0, 250);
	w.poison = "user-000250";
	engine_put(&w.e, w.shard, 1, 7);
	engine_start(&w.e);
	CHECK(wait_for_status(&w, "done", 5 * MINUTE_MS));
	CHECK_EQ(w.e.n_messages, w.n_following - 1);
	CHECK_EQ(w.e.n_dead_letters, 1);
	CHECK(strstr(w.e.last_dead_letter, "\"member\":\"user-000250\"") != NULL);
	CHECK(strstr(w.e.last_dead_letter, "\"eventName\":\"INSERT\"") != NULL);
	engine_release(&w.e);
}

static void test_a_member_that_is_refused_goes_to_the_dead_letter_alone(void **state)
{
	(void)state;
	run_seeds(a_poisoned_member);
}

/* ---- ends ---- */

static void an_expired_event(struct loop *loop, void *arg)
{
	static struct world w;

	(void)arg;
	open_world(&w, loop, "{" AUDIENCE "," MESSAGE ",\"expires\":\"${new.n}\"}");
	add_followers(&w, 50);
	engine_put(&w.e, w.shard, 1, 1000);
	engine_start(&w.e);
	CHECK(wait_for_status(&w, "expired", MINUTE_MS));
	CHECK_EQ(w.e.n_messages, 0);
	CHECK_EQ(w.e.worker->pipelines[0].handlers[0].stats.expired, 1);
	engine_release(&w.e);
}

static void an_event_expires_on_the_way(struct loop *loop, void *arg)
{
	static struct world w;

	(void)arg;
	open_world(&w, loop, "{" AUDIENCE "," MESSAGE ",\"rate_per_s\":10,\"max_age_s\":30}");
	add_followers(&w, 500);
	engine_put(&w.e, w.shard, 1, 7);
	engine_start(&w.e);
	CHECK(wait_for_status(&w, "expired", 2 * MINUTE_MS));
	CHECK(w.e.n_messages > 150 && w.e.n_messages < 350);
	engine_release(&w.e);
}

static void test_expired_events_notify_nobody_any_more(void **state)
{
	(void)state;
	run_seeds(an_expired_event);
	run_seeds(an_event_expires_on_the_way);
}

static void a_wrong_audience(struct loop *loop, void *arg)
{
	static struct world w;

	(void)arg;
	open_world(&w, loop, "{\"member\":\"name\",\"sink\":\"s0\",\"audience\":[{\"table\":\"Followers\",\"key\":\"BRAND#${new.id}\"}]," MESSAGE "}");
	add_followers(&w, 50);
	engine_put(&w.e, w.shard, 1, 7);
	engine_start(&w.e);
	CHECK(wait_for_status(&w, "failed", MINUTE_MS));
	CHECK(str_find(task_attribute(&w, "reason"), STR("must be the sort key")) != SIZE_MAX);
	CHECK_EQ(w.e.n_dead_letters, 1);
	CHECK(task_attribute(&w, "audience").len > 0); /* kept, so that it can be tried again */
	engine_release(&w.e);
}

static void test_an_audience_that_does_not_fit_its_table_fails_the_task_with_a_reason(void **state)
{
	(void)state;
	run_seeds(a_wrong_audience);
}

static void a_stolen_lease(struct loop *loop, void *arg)
{
	static struct world w;
	struct buf row;
	struct sim_item changed = { 0 };
	size_t sent;

	(void)arg;
	open_world(&w, loop, "{" AUDIENCE "," MESSAGE ",\"rate_per_s\":20}");
	add_followers(&w, 600);
	engine_put(&w.e, w.shard, 1, 7);
	engine_start(&w.e);
	CHECK(engine_wait(&w.e, 0, 100, MINUTE_MS));
	buf_init(&row, 1 << 20);
	sim_item_write(&task_row(&w)->item, &row);
	CHECK(sim_item_read(buf_str(&row), &changed, NULL));
	sim_item_set(&changed, STR("owner"), STR("{\"S\":\"somebody else\"}"));
	sim_item_set(&changed, STR("counter"), STR("{\"N\":\"1000\"}"));
	buf_clear(&row);
	sim_item_write(&changed, &row);
	sim_table_put(w.e.dynamodb, sim_table_named(w.e.dynamodb, STR("sluice-state")), buf_str(&row).ptr);
	sim_item_release(&changed);
	buf_release(&row);
	CHECK(task_sleep_ms(loop, 6000, NULL));
	sent = w.e.n_messages;
	CHECK(task_sleep_ms(loop, 5000, NULL));
	CHECK_EQ(w.e.n_messages, sent);
	CHECK(str_eq(task_attribute(&w, "owner"), STR("somebody else")));
	/* Somebody else does not live: it comes back, and nobody is missed. */
	CHECK(wait_for_status(&w, "done", 5 * MINUTE_MS));
	CHECK(all_told(&w, &sent));
	engine_release(&w.e);
}

static void test_a_lost_lease_stops_the_task_and_a_dead_owners_is_taken(void **state)
{
	(void)state;
	run_seeds(a_stolen_lease);
}

/* ---- size ---- */

static void a_large_audience(struct loop *loop, void *arg)
{
	enum { MANY = 20480, MEMORY = 8 << 20 };
	static struct world w;
	size_t repeats;

	(void)arg;
	open_world(&w, loop, "{" AUDIENCE "," MESSAGE "}");
	w.e.plan.memory_bytes = MEMORY;
	w.e.plan.page_bytes = 1 << 20;
	w.n_users = MANY;
	for (size_t i = MANY; i-- > 0;)
		follow(&w, "BRAND", 0, i);
	engine_put(&w.e, w.shard, 1, 7);
	engine_start(&w.e);
	CHECK(wait_for_status(&w, "done", 10 * MINUTE_MS));
	CHECK(all_told(&w, &repeats));
	CHECK_EQ(w.e.n_messages, MANY);
	CHECK(w.most_used > 0 && w.most_used < MEMORY / 2);
	engine_release(&w.e);
}

static void test_a_large_audience_stays_within_the_budget(void **state)
{
	(void)state;
	run_simulated(1, a_large_audience, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_union_of_all_followers_is_told_once_in_order),
		cmocka_unit_test(test_kills_repeat_only_the_unsaved_tail_under_the_same_id),
		cmocka_unit_test(test_a_drain_gives_the_task_up_and_nothing_is_repeated),
		cmocka_unit_test(test_throttles_and_lost_answers_are_waited_out),
		cmocka_unit_test(test_a_crash_around_a_save_whose_answer_is_lost_misses_nobody),
		cmocka_unit_test(test_an_outage_of_the_sink_is_waited_out),
		cmocka_unit_test(test_a_member_that_is_refused_goes_to_the_dead_letter_alone),
		cmocka_unit_test(test_expired_events_notify_nobody_any_more),
		cmocka_unit_test(test_an_audience_that_does_not_fit_its_table_fails_the_task_with_a_reason),
		cmocka_unit_test(test_a_lost_lease_stops_the_task_and_a_dead_owners_is_taken),
		cmocka_unit_test(test_a_large_audience_stays_within_the_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
