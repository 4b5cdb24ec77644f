#include "support/test.h"

#include "support/tasks.h"

struct side {
	struct loop *loop;
	struct channel *channel;
	int *numbers;       /* what is sent: pointers to these */
	size_t n;
	int64_t sum;
	size_t received;
	size_t most;        /* in the channel at any time */
	struct err err;
	bool ok;
};

static void send_all(void *arg)
{
	struct side *s = arg;

	for (size_t i = 0; i < s->n; i++) {
		CHECK_OK(channel_send(s->channel, &s->numbers[i], &s->err), &s->err);
		if (s->channel->count > s->most)
			s->most = s->channel->count;
		if (rng_below(&loop_env(s->loop)->rng, 4) == 0)
			CHECK(task_yield(s->loop, NULL));
	}
}

static void recv_all(void *arg)
{
	struct side *s = arg;
	void *item;

	while (channel_recv(s->channel, &item, &s->err)) {
		s->sum += *(int *)item;
		s->received++;
		if (rng_below(&loop_env(s->loop)->rng, 4) == 0)
			CHECK(task_yield(s->loop, NULL));
	}
	CHECK_CLASS(false, &s->err, ERR_FATAL);
	CHECK_STR(str_c(s->err.code), "channel.closed");
}

static void keep_order(struct loop *loop, void *arg)
{
	int numbers[200];
	struct channel c;
	struct side tx = { .loop = loop, .channel = &c, .numbers = numbers, .n = COUNT_OF(numbers) };
	struct scope s;
	void *item;

	(void)arg;
	channel_init(&c, loop, 3);
	scope_init(&s, loop);
	scope_spawn(&s, "sender", send_all, &tx);
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		CHECK(channel_recv(&c, &item, NULL));
		CHECK(item == &numbers[i]);
	}
	scope_wait(&s);
	CHECK_EQ(tx.most, 3);
	CHECK_EQ(c.count, 0);
	channel_release(&c);
}

static void test_items_come_in_order_and_never_more_than_the_capacity(void **state)
{
	(void)state;
	run_both(keep_order, NULL);
}

static void many_to_many(struct loop *loop, void *arg)
{
	enum { N = 300, SIDES = 5 };
	int numbers[N];
	struct channel c;
	struct side tx[SIDES], rx[SIDES];
	struct scope senders, receivers;
	size_t received = 0;
	int64_t sum = 0;

	(void)arg;
	for (int i = 0; i < N; i++)
		numbers[i] = i;
	channel_init(&c, loop, 4);
	scope_init(&senders, loop);
	scope_init(&receivers, loop);
	for (size_t i = 0; i < SIDES; i++) {
		tx[i] = (struct side){ .loop = loop, .channel = &c, .numbers = numbers, .n = N };
		rx[i] = (struct side){ .loop = loop, .channel = &c };
		scope_spawn(&senders, "sender", send_all, &tx[i]);
		scope_spawn(&receivers, "receiver", recv_all, &rx[i]);
	}
	scope_wait(&senders);
	channel_close(&c);
	scope_wait(&receivers);
	for (size_t i = 0; i < SIDES; i++) {
		received += rx[i].received;
		sum += rx[i].sum;
	}
	CHECK_EQ(received, SIDES * N);
	CHECK_EQ(sum, (int64_t)SIDES * N * (N - 1) / 2);
	channel_release(&c);
}

static void test_every_item_is_received_once(void **state)
{
	(void)state;
	run_real(many_to_many, NULL);
	for (uint64_t seed = 0; seed < 50; seed++)
		run_simulated(seed, many_to_many, NULL);
}

static void recv_one(void *arg)
{
	struct side *s = arg;
	void *item = NULL;

	s->ok = channel_recv(s->channel, &item, &s->err);
	if (s->ok)
		s->sum += *(int *)item;
}

static void send_one(void *arg)
{
	struct side *s = arg;

	s->ok = channel_send(s->channel, s->numbers, &s->err);
}

static void close_under_waiters(struct loop *loop, void *arg)
{
	int number = 5;
	struct channel empty, full;
	struct side rx = { .loop = loop, .channel = &empty }, tx = { .loop = loop, .channel = &full, .numbers = &number };
	struct scope s;
	struct err err = { 0 };
	void *item;

	(void)arg;
	channel_init(&empty, loop, 1);
	channel_init(&full, loop, 1);
	CHECK(channel_send(&full, &number, NULL));
	scope_init(&s, loop);
	scope_spawn(&s, "receiver", recv_one, &rx);
	scope_spawn(&s, "sender", send_one, &tx);
	settle(loop);
	channel_close(&empty);
	channel_close(&full);
	scope_wait(&s);
	CHECK(!rx.ok && err_is(&rx.err, "channel.closed"));
	CHECK(!tx.ok && err_is(&tx.err, "channel.closed"));
	CHECK_OK(channel_recv(&full, &item, &err), &err); /* what was in it is still to be had */
	CHECK(item == &number);
	CHECK_CLASS(channel_recv(&full, &item, &err), &err, ERR_FATAL);
	CHECK_CLASS(channel_send(&full, &number, &err), &err, ERR_FATAL);
	channel_release(&empty);
	channel_release(&full);
}

static void test_close_refuses_senders_and_drains_to_receivers(void **state)
{
	(void)state;
	run_both(close_under_waiters, NULL);
}

/* The item that woke a receiver which is cancelled before it runs must be
 * taken, by that one or by the next. */
static void cancel_the_woken(struct loop *loop, void *arg)
{
	int number = 7;
	struct channel c;
	struct side first = { .loop = loop, .channel = &c }, second = first;
	struct scope a, b;

	(void)arg;
	channel_init(&c, loop, 2);
	scope_init(&a, loop);
	scope_init(&b, loop);
	scope_spawn(&a, "first", recv_one, &first);
	settle(loop);
	scope_spawn(&b, "second", recv_one, &second);
	settle(loop);
	CHECK(channel_send(&c, &number, NULL));
	scope_cancel(&a);
	CHECK(channel_send(&c, &number, NULL));
	scope_wait(&a);
	scope_wait(&b);
	CHECK(first.ok && second.ok);
	CHECK_EQ(first.sum + second.sum, 14);
	channel_release(&c);
}

static void test_a_cancellation_loses_no_item(void **state)
{
	(void)state;
	run_both(cancel_the_woken, NULL);
}

static void cancel_both_sides(struct loop *loop, void *arg)
{
	int number = 1;
	struct channel empty, full;
	struct side rx = { .loop = loop, .channel = &empty }, tx = { .loop = loop, .channel = &full, .numbers = &number };
	struct scope s;

	(void)arg;
	channel_init(&empty, loop, 1);
	channel_init(&full, loop, 1);
	CHECK(channel_send(&full, &number, NULL));
	scope_init(&s, loop);
	scope_spawn(&s, "receiver", recv_one, &rx);
	scope_spawn(&s, "sender", send_one, &tx);
	settle(loop);
	CHECK_EQ(empty.inside + full.inside, 2);
	scope_cancel(&s);
	scope_wait(&s);
	CHECK_CLASS(rx.ok, &rx.err, ERR_CANCELLED);
	CHECK_CLASS(tx.ok, &tx.err, ERR_CANCELLED);
	CHECK_EQ(empty.inside + full.inside, 0);
	CHECK_EQ(full.count, 1);
	channel_release(&empty);
	channel_release(&full);
}

static void test_cancelled_sides_leave_nothing_behind(void **state)
{
	(void)state;
	run_both(cancel_both_sides, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_items_come_in_order_and_never_more_than_the_capacity),
		cmocka_unit_test(test_every_item_is_received_once),
		cmocka_unit_test(test_close_refuses_senders_and_drains_to_receivers),
		cmocka_unit_test(test_a_cancellation_loses_no_item),
		cmocka_unit_test(test_cancelled_sides_leave_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
