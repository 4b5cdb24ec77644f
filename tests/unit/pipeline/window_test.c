#include "support/records.h"
#include "support/tasks.h"
#include "support/test.h"

#include "sluice/pipeline/window.h"

enum { PAGE_BYTES = 100 };

struct world {
	struct budget budget;
	struct window window;
	struct window_cursor a, b, *cursors[2];
};

static void open_world(struct world *w, struct loop *loop, size_t max_bytes)
{
	w->cursors[0] = &w->a;
	w->cursors[1] = &w->b;
	budget_init(&w->budget, loop, 10000);
	window_init(&w->window, loop, max_bytes, &w->budget, w->cursors, 2);
}

static bool push(struct world *w, size_t records)
{
	static const struct record_spec specs[3] = { { .new_image = "{'id':'a'}" }, { .new_image = "{'id':'b'}" }, { .new_image = "{'id':'c'}" } };

	return budget_take(&w->budget, PAGE_BYTES, NULL) && window_push(&w->window, records_page(specs, records), PAGE_BYTES, NULL);
}

static void pages_go_when_all_have_acknowledged(struct loop *loop, void *arg)
{
	struct world w;

	(void)arg;
	open_world(&w, loop, 1000);
	CHECK(push(&w, 2) && push(&w, 1));
	CHECK(window_next(&w.window, &w.a) && window_next(&w.window, &w.a) && window_next(&w.window, &w.a));
	CHECK(!window_next(&w.window, &w.a));
	window_acknowledge(&w.window, &w.a);
	CHECK_EQ(w.window.count, 2); /* b has taken nothing */
	CHECK(window_next(&w.window, &w.b) && window_next(&w.window, &w.b));
	CHECK_EQ(w.window.count, 2); /* taken, not acknowledged */
	window_acknowledge(&w.window, &w.b);
	CHECK_EQ(w.window.count, 1);
	CHECK_EQ(w.budget.used_bytes, PAGE_BYTES);
	window_close(&w.window);
	CHECK(window_at_end(&w.window, &w.a));
	CHECK(!window_at_end(&w.window, &w.b));
	window_detach(&w.window, &w.b);
	CHECK_EQ(w.window.count, 0);
	CHECK_EQ(w.budget.used_bytes, 0);
	CHECK(!window_deserted(&w.window));
	window_release(&w.window);
}

static void test_pages_go_when_all_cursors_have_acknowledged_them(void **state)
{
	(void)state;
	run_both(pages_go_when_all_have_acknowledged, NULL);
}

static void push_task(void *arg)
{
	push(arg, 1);
}

static void a_full_window_holds_the_reader(struct loop *loop, void *arg)
{
	struct world w;
	struct scope scope;

	(void)arg;
	open_world(&w, loop, 150);
	CHECK(push(&w, 1));
	scope_init(&scope, loop);
	scope_spawn(&scope, "push", push_task, &w);
	settle(loop);
	CHECK_EQ(w.window.count, 1);
	window_detach(&w.window, &w.b);
	CHECK(window_next(&w.window, &w.a));
	window_acknowledge(&w.window, &w.a);
	scope_wait(&scope);
	CHECK_EQ(w.window.count, 1);
	CHECK(window_next(&w.window, &w.a));
	window_release(&w.window);
	CHECK_EQ(w.budget.used_bytes, 0);
}

static void test_a_full_window_holds_the_reader(void **state)
{
	(void)state;
	run_both(a_full_window_holds_the_reader, NULL);
}

static void who_holds_a_full_window_is_known(struct loop *loop, void *arg)
{
	struct world w;
	struct scope scope;

	(void)arg;
	open_world(&w, loop, 150);
	CHECK(push(&w, 1));
	CHECK(!window_is_held_by(&w.window, &w.a)); /* nobody waits for room */
	scope_init(&scope, loop);
	scope_spawn(&scope, "push", push_task, &w);
	settle(loop);
	CHECK(window_is_held_by(&w.window, &w.a) && window_is_held_by(&w.window, &w.b));
	CHECK(window_next(&w.window, &w.a));
	window_acknowledge(&w.window, &w.a);
	CHECK(!window_is_held_by(&w.window, &w.a));
	CHECK(window_is_held_by(&w.window, &w.b));
	window_detach(&w.window, &w.b);
	CHECK(!window_is_held_by(&w.window, &w.b));
	scope_wait(&scope);
	CHECK(!window_is_held_by(&w.window, &w.a)); /* the page has its room */
	window_release(&w.window);
}

static void test_who_holds_a_full_window_is_known(void **state)
{
	(void)state;
	run_both(who_holds_a_full_window_is_known, NULL);
}

static void a_cancelled_push_gives_everything_back(struct loop *loop, void *arg)
{
	struct world w;
	struct scope scope;

	(void)arg;
	open_world(&w, loop, 150);
	CHECK(push(&w, 1));
	scope_init(&scope, loop);
	scope_spawn(&scope, "push", push_task, &w);
	settle(loop);
	scope_cancel(&scope);
	scope_wait(&scope);
	CHECK_EQ(w.window.count, 1);
	CHECK_EQ(w.budget.used_bytes, PAGE_BYTES);
	window_release(&w.window);
}

static void test_a_cancelled_push_gives_everything_back(void **state)
{
	(void)state;
	run_both(a_cancelled_push_gives_everything_back, NULL);
}

static void a_deserted_window_keeps_nothing(struct loop *loop, void *arg)
{
	struct world w;

	(void)arg;
	open_world(&w, loop, 150);
	window_detach(&w.window, &w.a);
	window_detach(&w.window, &w.b);
	CHECK(window_deserted(&w.window));
	CHECK(push(&w, 1) && push(&w, 3));
	CHECK_EQ(w.window.count, 0);
	CHECK_EQ(w.budget.used_bytes, 0);
	window_release(&w.window);
}

static void test_a_deserted_window_keeps_nothing(void **state)
{
	(void)state;
	run_both(a_deserted_window_keeps_nothing, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages_go_when_all_cursors_have_acknowledged_them),
		cmocka_unit_test(test_a_full_window_holds_the_reader),
		cmocka_unit_test(test_who_holds_a_full_window_is_known),
		cmocka_unit_test(test_a_cancelled_push_gives_everything_back),
		cmocka_unit_test(test_a_deserted_window_keeps_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
