#include "support/tasks.h"
#include "support/test.h"

#include "sluice/core/mutex.h"

struct user {
	struct mutex *m;
	struct loop *loop;
	int *inside, *turn;
	int order;
	bool overlapped, cancelled;
};

static void user_task(void *arg)
{
	struct user *u = arg;

	if (!mutex_lock(u->m, NULL)) {
		u->cancelled = true;
		return;
	}
	u->overlapped = ++*u->inside > 1;
	u->order = ++*u->turn;
	u->cancelled = !task_sleep_ms(u->loop, 10, NULL);
	--*u->inside;
	mutex_unlock(u->m);
}

static void one_at_a_time_in_order(struct loop *loop, void *arg)
{
	int inside = 0, turn = 0;
	struct user users[4];
	struct scope scopes[4];
	struct mutex m;

	(void)arg;
	mutex_init(&m, loop);
	for (size_t i = 0; i < 4; i++) {
		users[i] = (struct user){ .m = &m, .loop = loop, .inside = &inside, .turn = &turn };
		scope_init(&scopes[i], loop);
		scope_spawn(&scopes[i], "user", user_task, &users[i]);
		settle(loop);
	}
	scope_cancel(&scopes[1]); /* waits in line */
	for (size_t i = 0; i < 4; i++)
		scope_wait(&scopes[i]);
	for (size_t i = 0; i < 4; i++)
		CHECK(!users[i].overlapped);
	CHECK_EQ(users[0].order, 1);
	CHECK(users[1].cancelled);
	CHECK_EQ(users[1].order, 0);
	CHECK_EQ(users[2].order, 2);
	CHECK_EQ(users[3].order, 3);
	CHECK(mutex_lock(&m, NULL));
	mutex_unlock(&m);
}

static void test_one_at_a_time_in_the_order_of_coming(void **state)
{
	(void)state;
	run_both(one_at_a_time_in_order, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_at_a_time_in_the_order_of_coming),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
