/* The order in which requests get connections, told in letters: host and number. */
#include "support/test.h"

#include "sluice/core/rng.h"
#include "sluice/http/line.h"

#include <stdio.h>

enum { TICKETS = 200 };

struct ticket {
	struct line_ticket ticket;   /* first */
	char name[16];               /* "a1": the first of host a */
};

struct scene {
	struct line line;
	struct ticket tickets[TICKETS];
	size_t n;
	char order[1024];            /* names in the order in which they got a place behind line_next() */
};

static struct ticket *enter(struct scene *s, const char *name)
{
	struct ticket *t = &s->tickets[s->n++];

	assert_true(s->n <= TICKETS);
	snprintf(t->name, sizeof(t->name), "%s", name);
	line_enter(&s->line, str_of(name, 1), &t->ticket);
	return t;
}

static void give(struct scene *s)
{
	struct line_ticket *next;

	while ((next = line_next(&s->line))) {
		size_t len = strlen(s->order);

		assert_true(next->has_place);
		snprintf(s->order + len, sizeof(s->order) - len, "%s%s", len ? " " : "", ((struct ticket *)next)->name);
	}
}

static void leave(struct scene *s, struct ticket *t)
{
	line_leave(&s->line, &t->ticket);
	give(s);
}

/* The oldest that has a place of that host. */
static struct ticket *holder(struct scene *s, char host)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->tickets[i].ticket.has_place && s->tickets[i].name[0] == host)
			return &s->tickets[i];
	return NULL;
}

static void leave_all(struct scene *s)
{
	for (size_t i = 0; i < s->n; i++)
		leave(s, &s->tickets[i]);
	assert_int_equal(s->line.in_use, 0);
	assert_int_equal(s->line.waiting, 0);
	for (size_t i = 0; i < LINE_BUCKETS; i++)
		assert_null(s->line.buckets[i]);
}

static void test_who_finds_a_place_does_not_wait(void **state)
{
	struct scene s = { .n = 0 };

	(void)state;
	line_init(&s.line, 3, 2);
	assert_true(enter(&s, "a1")->ticket.has_place);
	assert_true(enter(&s, "a2")->ticket.has_place);
	assert_false(enter(&s, "a3")->ticket.has_place);  /* two a host */
	assert_true(enter(&s, "b1")->ticket.has_place);
	assert_false(enter(&s, "c1")->ticket.has_place);  /* three in all */
	assert_int_equal(s.line.waiting, 2);
	assert_int_equal(line_in_use(&s.line, STR("a")), 2);
	assert_int_equal(line_in_use(&s.line, STR("nobody")), 0);
	leave_all(&s);
}

static void test_hosts_have_their_turns_and_each_its_own_order(void **state)
{
	static const char *const names[] = { "a1", "a2", "a3", "a4", "a5", "b1", "b2", "c1" };
	struct scene s = { .n = 0 };
	struct ticket *only;

	(void)state;
	line_init(&s.line, 1, 0);
	only = enter(&s, "x1");
	for (size_t i = 0; i < COUNT_OF(names); i++)
		enter(&s, names[i]);
	leave(&s, only);
	for (size_t i = 1; i < COUNT_OF(names); i++) {
		struct ticket *t = NULL;

		for (char host = 'a'; !t; host++)
			t = holder(&s, host);
		leave(&s, t);
	}
	assert_string_equal(s.order, "a1 b1 c1 a2 b2 a3 a4 a5");
	leave_all(&s);
}

static void test_a_host_that_hangs_holds_its_own_places_only(void **state)
{
	struct scene s = { .n = 0 };
	char name[16];

	(void)state;
	line_init(&s.line, 4, 2);
	for (int i = 1; i <= 50; i++) {
		snprintf(name, sizeof(name), "h%d", i);
		enter(&s, name);             /* none of them ever leaves */
	}
	for (int i = 1; i <= 50; i++) {
		snprintf(name, sizeof(name), "a%d", i);
		enter(&s, name);
	}
	assert_int_equal(line_in_use(&s.line, STR("h")), 2);
	assert_int_equal(line_in_use(&s.line, STR("a")), 2);
	for (int i = 0; i < 50; i++)
		leave(&s, holder(&s, 'a'));
	assert_int_equal(s.line.waiting, 48);
	assert_true(str_starts(str_c(s.order), STR("a3 a4 a5")));
	assert_true(str_ends(str_c(s.order), STR("a49 a50")));
	assert_int_equal(line_in_use(&s.line, STR("h")), 2);
	leave_all(&s);
}

static void test_who_goes_away_is_passed_over(void **state)
{
	struct scene s = { .n = 0 };
	struct ticket *has, *first, *only;

	(void)state;
	line_init(&s.line, 1, 1);
	has = enter(&s, "a1");
	first = enter(&s, "a2");
	enter(&s, "a3");
	only = enter(&s, "b1");
	leave(&s, first);
	leave(&s, only);
	leave(&s, only);                     /* in no line any more */
	assert_string_equal(s.order, "");
	leave(&s, has);
	assert_string_equal(s.order, "a3");
	leave_all(&s);
}

static void test_a_place_given_back_unused_goes_on(void **state)
{
	struct scene s = { .n = 0 };
	struct ticket *has, *next;

	(void)state;
	line_init(&s.line, 1, 1);
	has = enter(&s, "a1");
	enter(&s, "a2");                     /* its host has all it may have: b is before it in the turn */
	next = enter(&s, "b1");
	leave(&s, has);
	leave(&s, next);                     /* cancelled between its turn and its waking */
	assert_string_equal(s.order, "b1 a2");
	leave_all(&s);
}

/* What must hold at every moment. */
static void assert_sound(const struct scene *s)
{
	size_t in_use = 0, waiting = 0, of_host[26] = { 0 };

	for (size_t i = 0; i < s->n; i++) {
		const struct line_ticket *t = &s->tickets[i].ticket;

		in_use += t->has_place;
		waiting += t->host && !t->has_place;
		of_host[s->tickets[i].name[0] - 'a'] += t->has_place;
	}
	assert_int_equal(s->line.in_use, in_use);
	assert_int_equal(s->line.waiting, waiting);
	assert_true(in_use <= s->line.max);
	for (size_t i = 0; i < s->n; i++) {
		const struct line_ticket *t = &s->tickets[i].ticket;

		assert_true(of_host[s->tickets[i].name[0] - 'a'] <= s->line.max_per_host);
		/* Nobody waits for what is free. */
		if (t->host && !t->has_place)
			assert_true(in_use == s->line.max ||
				    of_host[s->tickets[i].name[0] - 'a'] == s->line.max_per_host);
	}
}

static void test_random_comings_and_goings_keep_to_the_rules(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct scene s = { .n = 0 };
		struct rng rng;

		rng_seed(&rng, seed);
		line_init(&s.line, 1 + rng_below(&rng, 6), rng_below(&rng, 4));
		for (int step = 0; step < 150; step++) {
			char name[2] = { (char)('a' + rng_below(&rng, 5)), '\0' };

			if (rng_below(&rng, 2) && s.n < TICKETS) {
				enter(&s, name);
				give(&s);
			} else if (s.n) {
				leave(&s, &s.tickets[rng_below(&rng, s.n)]);
			}
			assert_sound(&s);
			s.order[0] = '\0';
		}
		leave_all(&s);
	}
}

/* Five hosts with a long line each, one place: in any five grants in a row each has one. */
static void test_nobody_is_passed_twice(void **state)
{
	struct scene s = { .n = 0 };
	struct ticket *has;

	(void)state;
	line_init(&s.line, 1, 1);
	has = enter(&s, "z0");
	for (char host = 'a'; host < 'f'; host++)
		for (char i = '1'; i <= '9'; i++)
			enter(&s, (char[]){ host, i, '\0' });
	leave(&s, has);
	for (int i = 0; i < 44; i++) {
		for (char host = 'a'; host < 'f'; host++)
			if ((has = holder(&s, host)))
				break;
		leave(&s, has);
	}
	for (size_t round = 0; round < 9; round++)
		for (size_t i = 0; i < 5; i++) {
			assert_int_equal(s.order[(round * 5 + i) * 3], 'a' + (int)i);
			assert_int_equal(s.order[(round * 5 + i) * 3 + 1], '1' + (int)round);
		}
	leave_all(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_finds_a_place_does_not_wait),
		cmocka_unit_test(test_hosts_have_their_turns_and_each_its_own_order),
		cmocka_unit_test(test_a_host_that_hangs_holds_its_own_places_only),
		cmocka_unit_test(test_who_goes_away_is_passed_over),
		cmocka_unit_test(test_a_place_given_back_unused_goes_on),
		cmocka_unit_test(test_random_comings_and_goings_keep_to_the_rules),
		cmocka_unit_test(test_nobody_is_passed_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
