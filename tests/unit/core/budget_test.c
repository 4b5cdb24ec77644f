#include "support/tasks.h"
#include "support/test.h"

#include "sluice/core/budget.h"

struct taker {
	struct budget *b;
	size_t bytes;
	int *order, *turn;
	bool ok;
};

static void taker_task(void *arg)
{
	struct taker *t = arg;

	t->ok = budget_take(t->b, t->bytes, NULL);
	if (t->ok)
		*t->order = ++*t->turn;
}

static void first_come_first_served(struct loop *loop, void *arg)
{
	int turn = 0, orders[3] = { 0 };
	struct budget b;
	struct taker large = { &b, 80, &orders[0], &turn, false }, small = { &b, 10, &orders[1], &turn, false };
	struct scope scope;

	(void)arg;
	budget_init(&b, loop, 100);
	CHECK(budget_take(&b, 50, NULL));
	scope_init(&scope, loop);
	scope_spawn(&scope, "large", taker_task, &large);
	settle(loop);
	scope_spawn(&scope, "small", taker_task, &small);
	settle(loop);
	CHECK_EQ(turn, 0); /* 10 bytes are free, but 80 were asked for before */
	budget_return(&b, 50);
	scope_wait(&scope);
	CHECK_EQ(orders[0], 1);
	CHECK_EQ(orders[1], 2);
	CHECK_EQ(b.used_bytes, 90);
}

static void test_first_come_first_served(void **state)
{
	(void)state;
	run_both(first_come_first_served, NULL);
}

static void an_oversized_need_is_granted_alone(struct loop *loop, void *arg)
{
	struct budget b;

	(void)arg;
	budget_init(&b, loop, 100);
	CHECK(budget_take(&b, 500, NULL));
	budget_adjust(&b, 500, 20);
	CHECK(budget_take(&b, 80, NULL));
	CHECK_EQ(b.used_bytes, 100);
}

static void test_an_oversized_need_is_granted_alone(void **state)
{
	(void)state;
	run_both(an_oversized_need_is_granted_alone, NULL);
}

static void a_cancelled_waiter_leaves_the_line(struct loop *loop, void *arg)
{
	int turn = 0, orders[2] = { 0 };
	struct budget b;
	struct taker large = { &b, 80, &orders[0], &turn, false }, small = { &b, 10, &orders[1], &turn, false };
	struct scope first, second;

	(void)arg;
	budget_init(&b, loop, 100);
	CHECK(budget_take(&b, 50, NULL));
	scope_init(&first, loop);
	scope_init(&second, loop);
	scope_spawn(&first, "large", taker_task, &large);
	settle(loop);
	scope_spawn(&second, "small", taker_task, &small);
	settle(loop);
	scope_cancel(&first);
	scope_wait(&first);
	scope_wait(&second);
	CHECK(!large.ok);
	CHECK(small.ok);
	CHECK_EQ(b.used_bytes, 60);
}

static void test_a_cancelled_waiter_leaves_the_line(void **state)
{
	(void)state;
	run_both(a_cancelled_waiter_leaves_the_line, NULL);
}

static void a_share_is_taken_from_the_whole(struct loop *loop, void *arg)
{
	int turn = 0, orders[2] = { 0 };
	struct budget whole, share;
	struct taker more = { &share, 20, &orders[0], &turn, false }, other = { &whole, 40, &orders[1], &turn, false };
	struct scope scope;

	(void)arg;
	budget_init(&whole, loop, 100);
	budget_init_share(&share, &whole, 50);
	CHECK(budget_take(&share, 40, NULL));
	CHECK_EQ(whole.used_bytes, 40);
	scope_init(&scope, loop);
	scope_spawn(&scope, "more", taker_task, &more);
	settle(loop);
	scope_spawn(&scope, "other", taker_task, &other);
	settle(loop);
	CHECK_EQ(orders[0], 0); /* the share is spent, the whole is not */
	CHECK_EQ(orders[1], 1);
	budget_return(&share, 40);
	scope_wait(&scope);
	CHECK(more.ok);
	CHECK_EQ(share.used_bytes, 20);
	CHECK_EQ(whole.used_bytes, 60);
	budget_return(&share, 20);
	budget_return(&whole, 40);
	CHECK_EQ(whole.used_bytes, 0);
}

static void test_a_share_is_taken_from_the_whole(void **state)
{
	(void)state;
	run_both(a_share_is_taken_from_the_whole, NULL);
}

static void who_waits_for_the_whole_and_is_cancelled_gives_his_share_back(struct loop *loop, void *arg)
{
	int turn = 0, order = 0;
	struct budget whole, share;
	struct taker taker = { &share, 40, &order, &turn, false };
	struct scope scope;

	(void)arg;
	budget_init(&whole, loop, 100);
	budget_init_share(&share, &whole, 50);
	CHECK(budget_take(&whole, 90, NULL));
	scope_init(&scope, loop);
	scope_spawn(&scope, "taker", taker_task, &taker);
	settle(loop);
	CHECK_EQ(share.used_bytes, 40);
	scope_cancel(&scope);
	scope_wait(&scope);
	CHECK(!taker.ok);
	CHECK_EQ(share.used_bytes, 0);
	CHECK_EQ(whole.used_bytes, 90);
	budget_return(&whole, 90);
}

static void test_who_waits_for_the_whole_and_is_cancelled_gives_his_share_back(void **state)
{
	(void)state;
	run_both(who_waits_for_the_whole_and_is_cancelled_gives_his_share_back, NULL);
}

static void a_reservation_grows_only_into_free_room(struct loop *loop, void *arg)
{
	struct budget whole, share;

	(void)arg;
	budget_init(&whole, loop, 100);
	budget_init_share(&share, &whole, 50);
	CHECK(budget_take(&share, 10, NULL));
	CHECK(budget_take(&whole, 60, NULL));
	CHECK(!budget_try_adjust(&share, 10, 45)); /* 50 would do, but 100 would not */
	CHECK_EQ(share.used_bytes, 10);
	CHECK(budget_try_adjust(&share, 10, 40));
	CHECK_EQ(whole.used_bytes, 100);
	CHECK(budget_try_adjust(&share, 40, 5));
	budget_return(&whole, 60);
	CHECK(budget_try_adjust(&share, 5, 500)); /* alone: an oversized page */
	budget_return(&share, 500);
	CHECK_EQ(whole.used_bytes, 0);
}

static void test_a_reservation_grows_only_into_free_room(void **state)
{
	(void)state;
	run_both(a_reservation_grows_only_into_free_room, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_come_first_served),
		cmocka_unit_test(test_an_oversized_need_is_granted_alone),
		cmocka_unit_test(test_a_cancelled_waiter_leaves_the_line),
		cmocka_unit_test(test_a_share_is_taken_from_the_whole),
		cmocka_unit_test(test_who_waits_for_the_whole_and_is_cancelled_gives_his_share_back),
		cmocka_unit_test(test_a_reservation_grows_only_into_free_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
