/* Leases and heartbeats over a state table in memory. */
#include "sim/dynamodb.h"
#include "sim/env.h"
#include "support/tasks.h"
#include "support/test.h"

#include "sluice/stream/lease.h"

enum { FAILOVER_MS = 10000 };

struct world {
	struct loop *loop;
	struct sim_dynamodb *far;
	struct credentials_provider credentials;
	struct aws_client *client;
	struct state *state;
	struct heartbeat me, other;
	enum sim_fault next_put;      /* for the next PutItem */
};

static bool get_credentials(struct credentials_provider *p, struct credentials *out, struct err *err)
{
	(void)p;
	(void)err;
	return buf_puts(&out->access_key_id, "AKIDEXAMPLE") && buf_puts(&out->secret_access_key, "secret");
}

static enum sim_fault fault(void *ctx, const char *operation)
{
	struct world *w = ctx;
	enum sim_fault f = w->next_put;

	if (strcmp(operation, "PutItem") != 0)
		return SIM_NO_FAULT;
	w->next_put = SIM_NO_FAULT;
	return f;
}

static bool open_world(struct world *w, struct loop *loop, unsigned max_attempts)
{
	struct aws_settings set = { .loop = loop, .credentials = &w->credentials, .region = STR("us-east-1"), .max_attempts = max_attempts };
	struct err err;

	*w = (struct world){ .loop = loop, .credentials.get = get_credentials };
	w->far = sim_dynamodb_new(loop, NULL);
	w->far->fault = fault;
	w->far->fault_ctx = w;
	set.transport = &w->far->transport;
	w->client = aws_client_new(AWS_DYNAMODB, &set, &err);
	w->state = state_table_new(w->client, loop, STR("app"), STR("state"));
	heartbeat_init(&w->me, w->state, loop, STR("host:1"), FAILOVER_MS);
	heartbeat_init(&w->other, w->state, loop, STR("host:1"), FAILOVER_MS);
	return state_open(w->state, &err) && heartbeat_renew(&w->me, &err) && heartbeat_renew(&w->other, &err);
}

static void close_world(struct world *w)
{
	heartbeat_release(&w->me);
	heartbeat_release(&w->other);
	state_free(w->state);
	aws_client_free(w->client);
	sim_dynamodb_free(w->far);
}

static struct lease *new_lease(struct world *w)
{
	return lease_new(w->loop, STR("p#label#shard-1"), STR("shard-1"), STR("parent"));
}

struct found {
	struct loop *loop;
	struct lease *lease;
};

static bool take_row(void *ctx, const struct state_row *row)
{
	struct found *f = ctx;

	f->lease = lease_of_row(f->loop, row, NULL);
	return false;
}

static struct lease *load(struct world *w)
{
	struct found f = { .loop = w->loop };

	state_each(w->state, STATE_LEASE, take_row, &f, NULL);
	return f.lease;
}

static void rows_keep_what_was_saved(struct loop *loop, void *arg)
{
	struct lease_position *p;
	struct lease *l, *again;
	struct world w;
	struct err err;

	(void)arg;
	CHECK(open_world(&w, loop, 1));
	l = new_lease(&w);
	p = lease_add_position(l, STR("counter-1"));
	CHECK(sequence_parse(STR("000000000000000000123"), &p->position.sequence, NULL));
	p->position.v = UINT64_C(9007199254740991);
	p->done = true;
	p->losses = 2;
	p = lease_add_position(l, STR("other"));
	p->pin_ms = 77;
	p->sought = true;
	CHECK(sequence_parse(STR("123"), &p->first, NULL));
	CHECK_OK(lease_take(l, &w.me, &err), &err);
	again = load(&w);
	CHECK(again != NULL);
	CHECK_EQ(again->counter, 1);
	CHECK(str_eq(again->owner, w.me.session) && str_eq(again->parent_id, STR("parent")));
	p = lease_position(again, STR("counter-1"));
	CHECK(p && p->done && !p->sought && p->losses == 2 && p->position.v == UINT64_C(9007199254740991));
	CHECK_STR(sequence_wire(&p->position.sequence), "000000000000000000123");
	p = lease_position(again, STR("other"));
	CHECK(p && !p->done && p->sought && p->pin_ms == 77 && sequence_is_none(&p->position.sequence));
	CHECK_STR(sequence_wire(&p->first), "000000000000000000123");
	lease_free(l);
	lease_free(again);
	close_world(&w);
}

static void test_rows_keep_what_was_saved(void **state)
{
	(void)state;
	run_simulated(1, rows_keep_what_was_saved, NULL);
}

static void only_one_takes_a_lease(struct loop *loop, void *arg)
{
	struct lease *mine, *theirs;
	struct world w;
	struct err err;

	(void)arg;
	CHECK(open_world(&w, loop, 1));
	mine = new_lease(&w);
	theirs = new_lease(&w);
	CHECK_OK(lease_take(mine, &w.me, &err), &err);
	CHECK_CLASS(lease_take(theirs, &w.other, &err), &err, ERR_DATA);
	CHECK(err_is(&err, "lease.lost") && !theirs->held);
	lease_free(theirs);
	theirs = load(&w); /* it has stood still too long: taken with the counter that was seen */
	CHECK_OK(lease_take(theirs, &w.other, &err), &err);
	mine->dirty = true;
	CHECK_CLASS(lease_save(mine, &w.me, &err), &err, ERR_DATA);
	CHECK(err_is(&err, "lease.lost") && !mine->held);
	CHECK_OK(lease_release(theirs, &w.other, str_of(NULL, 0), &err), &err);
	lease_free(mine);
	mine = load(&w);
	CHECK_EQ(mine->owner.len, 0);
	lease_free(mine);
	lease_free(theirs);
	close_world(&w);
}

static void test_only_one_takes_a_lease_and_the_old_owner_finds_out(void **state)
{
	(void)state;
	run_simulated(1, only_one_takes_a_lease, NULL);
}

static void a_lease_is_handed_over(struct loop *loop, void *arg)
{
	struct lease *mine, *theirs;
	struct world w;
	struct err err;

	(void)arg;
	CHECK(open_world(&w, loop, 1));
	mine = new_lease(&w);
	CHECK_OK(lease_take(mine, &w.me, &err), &err);
	lease_add_position(mine, STR("h"))->position.v = 7;
	CHECK_OK(lease_release(mine, &w.me, w.other.session, &err), &err);
	CHECK(!mine->held && mine->owner.len == 0 && str_eq(mine->intended, w.other.session));
	theirs = load(&w);
	CHECK(theirs->owner.len == 0 && str_eq(theirs->intended, w.other.session));
	CHECK_EQ(lease_position(theirs, STR("h"))->position.v, 7); /* saved with the same write */
	CHECK_OK(lease_take(theirs, &w.other, &err), &err);
	CHECK_CLASS(lease_take(mine, &w.me, &err), &err, ERR_DATA); /* too late */
	lease_free(mine);
	mine = load(&w);
	CHECK(str_eq(mine->owner, w.other.session) && mine->intended.len == 0);
	lease_free(mine);
	lease_free(theirs);
	close_world(&w);
}

static void test_a_lease_that_is_handed_over_names_its_receiver_until_it_is_taken(void **state)
{
	(void)state;
	run_simulated(1, a_lease_is_handed_over, NULL);
}

/* T22, T23: the answer to the hand-over's write is lost. */
static void a_hand_over_in_doubt(struct loop *loop, void *arg)
{
	static const enum sim_fault faults[] = { SIM_DROP_BEFORE, SIM_DROP_AFTER };
	struct world w;
	struct err err;

	(void)arg;
	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		struct lease *l, *row;
		bool ok;

		CHECK(open_world(&w, loop, 1));
		l = new_lease(&w);
		CHECK_OK(lease_take(l, &w.me, &err), &err);
		w.next_put = faults[i];
		CHECK_CLASS(lease_release(l, &w.me, w.other.session, &err), &err, ERR_RETRY);
		CHECK(l->held && l->in_doubt);
		ok = lease_release(l, &w.me, w.other.session, &err);
		CHECK(ok || err_is(&err, "lease.lost")); /* it took effect: then it is not ours any more */
		CHECK(!l->held);
		row = load(&w);
		CHECK(row->owner.len == 0 && str_eq(row->intended, w.other.session));
		CHECK_EQ(row->counter, 2);
		lease_free(row);
		lease_free(l);
		close_world(&w);
	}
}

static void test_t22_a_hand_over_whose_answer_is_lost_is_not_written_twice(void **state)
{
	(void)state;
	run_simulated(1, a_hand_over_in_doubt, NULL);
}

/* T23 */
static void a_lost_answer_is_looked_up(struct loop *loop, void *arg)
{
	static const enum sim_fault faults[] = { SIM_DROP_BEFORE, SIM_DROP_AFTER };
	struct world w;
	struct err err;

	(void)arg;
	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		struct lease *l, *again;

		CHECK(open_world(&w, loop, 1));
		l = new_lease(&w);
		CHECK_OK(lease_take(l, &w.me, &err), &err);
		lease_add_position(l, STR("h"))->position.v = 5;
		w.next_put = faults[i];
		CHECK_CLASS(lease_save(l, &w.me, &err), &err, ERR_RETRY);
		CHECK(l->in_doubt && l->held);
		lease_position(l, STR("h"))->position.v = 6;
		CHECK_OK(lease_save(l, &w.me, &err), &err);
		again = load(&w);
		CHECK_EQ(lease_position(again, STR("h"))->position.v, 6);
		CHECK_EQ(again->counter, l->counter);
		lease_free(l);
		lease_free(again);
		close_world(&w);
	}
}

static void test_t23_a_lost_answer_is_looked_up_before_the_next_write(void **state)
{
	(void)state;
	run_simulated(1, a_lost_answer_is_looked_up, NULL);
}

/* The client's own retry meets the write of its first attempt. */
static void a_retry_that_meets_its_own_write_is_no_conflict(struct loop *loop, void *arg)
{
	struct lease *l, *again;
	struct world w;
	struct err err;

	(void)arg;
	CHECK(open_world(&w, loop, 4));
	l = new_lease(&w);
	w.next_put = SIM_DROP_AFTER;
	CHECK_OK(lease_take(l, &w.me, &err), &err);
	w.next_put = SIM_DROP_AFTER;
	lease_add_position(l, STR("h"))->position.v = 5;
	CHECK_OK(lease_save(l, &w.me, &err), &err);
	CHECK(l->held);
	CHECK_OK(lease_save(l, &w.me, &err), &err); /* once more: it might have been an older write */
	again = load(&w);
	CHECK_EQ(lease_position(again, STR("h"))->position.v, 5);
	CHECK_EQ(again->counter, l->counter);
	lease_free(l);
	lease_free(again);
	close_world(&w);
}

static void test_t23_a_retry_that_meets_its_own_write_is_no_conflict(void **state)
{
	(void)state;
	run_simulated(1, a_retry_that_meets_its_own_write_is_no_conflict, NULL);
}

static void a_heartbeat_tells_the_living_from_the_dead(struct loop *loop, void *arg)
{
	struct world w;
	struct err err;

	(void)arg;
	CHECK(open_world(&w, loop, 1));
	for (int i = 0; i < 10; i++) {
		CHECK(heartbeat_observe(&w.me, &err));
		CHECK(!heartbeat_is_dead(&w.me, w.other.session));
		CHECK(task_sleep_ms(loop, FAILOVER_MS / 2, NULL));
		CHECK_OK(heartbeat_renew(&w.other, &err), &err);
	}
	CHECK(heartbeat_observe(&w.me, &err));
	CHECK(task_sleep_ms(loop, FAILOVER_MS - 100, NULL));
	CHECK(heartbeat_observe(&w.me, &err));
	CHECK(!heartbeat_is_dead(&w.me, w.other.session));
	CHECK(task_sleep_ms(loop, 200, NULL));
	CHECK(heartbeat_observe(&w.me, &err));
	CHECK(heartbeat_is_dead(&w.me, w.other.session));
	CHECK(!heartbeat_is_dead(&w.me, STR("never-seen:1:2"))); /* its clock starts now */
	close_world(&w);
}

static void test_a_heartbeat_tells_the_living_from_the_dead(void **state)
{
	(void)state;
	run_simulated(1, a_heartbeat_tells_the_living_from_the_dead, NULL);
}

static void time_in_which_nobody_looked_kills_nobody(struct loop *loop, void *arg)
{
	struct world w;
	struct err err;

	(void)arg;
	CHECK(open_world(&w, loop, 1));
	CHECK(heartbeat_observe(&w.me, &err));
	CHECK(task_sleep_ms(loop, 3 * FAILOVER_MS, NULL)); /* we hung; the other went on */
	CHECK_OK(heartbeat_renew(&w.other, &err), &err);
	CHECK(!heartbeat_is_dead(&w.me, w.other.session));
	CHECK(heartbeat_observe(&w.me, &err));
	CHECK(!heartbeat_is_dead(&w.me, w.other.session));
	close_world(&w);
}

static void test_time_in_which_nobody_looked_kills_nobody(void **state)
{
	(void)state;
	run_simulated(1, time_in_which_nobody_looked_kills_nobody, NULL);
}

/* T36: the owner's own deadline. */
static void an_owner_stops_sending_in_time(struct loop *loop, void *arg)
{
	struct world w;
	struct err err;

	(void)arg;
	CHECK(open_world(&w, loop, 1));
	CHECK(heartbeat_may_send(&w.me, &err));
	sim_env_set_skew_ms(loop_env(loop), 3600 * 1000); /* the wall clock has no say */
	CHECK(heartbeat_may_send(&w.me, &err));
	CHECK(task_sleep_ms(loop, FAILOVER_MS * 9 / 10, NULL));
	CHECK_CLASS(heartbeat_may_send(&w.me, &err), &err, ERR_RETRY);
	w.next_put = SIM_DROP_AFTER;
	CHECK(!heartbeat_renew(&w.me, &err)); /* it took effect, but nobody told us */
	CHECK(!heartbeat_may_send(&w.me, &err));
	CHECK_OK(heartbeat_renew(&w.me, &err), &err);
	CHECK(!heartbeat_may_send(&w.me, &err)); /* others may have taken its leases meanwhile */
	heartbeat_let_go(&w.me);
	CHECK(!heartbeat_may_send(&w.me, &err));
	CHECK_OK(heartbeat_renew(&w.me, &err), &err);
	CHECK(heartbeat_may_send(&w.me, &err));
	CHECK_OK(heartbeat_remove(&w.me, &err), &err);
	CHECK(!heartbeat_may_send(&w.me, &err));
	close_world(&w);
}

static void test_an_owner_stops_sending_before_others_take_over(void **state)
{
	(void)state;
	run_simulated(1, an_owner_stops_sending_in_time, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_keep_what_was_saved),
		cmocka_unit_test(test_only_one_takes_a_lease_and_the_old_owner_finds_out),
		cmocka_unit_test(test_a_lease_that_is_handed_over_names_its_receiver_until_it_is_taken),
		cmocka_unit_test(test_t22_a_hand_over_whose_answer_is_lost_is_not_written_twice),
		cmocka_unit_test(test_t23_a_lost_answer_is_looked_up_before_the_next_write),
		cmocka_unit_test(test_t23_a_retry_that_meets_its_own_write_is_no_conflict),
		cmocka_unit_test(test_time_in_which_nobody_looked_kills_nobody),
		cmocka_unit_test(test_a_heartbeat_tells_the_living_from_the_dead),
		cmocka_unit_test(test_an_owner_stops_sending_before_others_take_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
