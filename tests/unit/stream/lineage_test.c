#include "support/test.h"

#include "sluice/stream/lineage.h"

#include <stdio.h>

static void add(struct lineage *l, const char *id, const char *parent, const char *last, uint64_t listing)
{
	struct stream_shard s = { .id = str_c(id), .parent = str_c(parent), .last_sequence = str_c(last) };

	lineage_add(l, &s, listing, (int64_t)listing * 1000);
}

/* T6 */
static void test_the_graph_is_the_union_over_lying_answers(void **state)
{
	struct lineage *l = lineage_new();
	const struct lineage_shard *s;

	(void)state;
	add(l, "child", "", "", 1);            /* before its parent, which it does not name yet */
	add(l, "parent", "", "5", 1);
	add(l, "parent", "", "", 2);           /* closed shards do not open again */
	add(l, "child", "parent", "", 3);      /* the second answer had left it out */
	assert_int_equal(lineage_count(l), 2);
	s = lineage_find(l, STR("parent"));
	assert_true(s->closed);
	assert_int_equal(s->listed_in, 2);
	s = lineage_find(l, STR("child"));
	assert_str_equal(s->parent, "parent");
	assert_false(s->closed);
	assert_int_equal(s->seen_ms, 3000);
	assert_true(lineage_has_child(l, STR("parent")));
	assert_false(lineage_has_child(l, STR("child")));
	lineage_free(l);
}

static void test_walking_visits_each_shard_once(void **state)
{
	struct lineage *l = lineage_new();
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		char id[32];

		snprintf(id, sizeof(id), "shard-%d", i);
		add(l, id, "", "", 1);
	}
	for (const struct lineage_shard *s = lineage_next(l, NULL); s; s = lineage_next(l, s))
		n++;
	assert_int_equal(n, 1000);
	lineage_forget(l, STR("shard-7"));
	lineage_forget(l, STR("shard-7"));
	assert_null(lineage_find(l, STR("shard-7")));
	assert_int_equal(lineage_count(l), 999);
	lineage_free(l);
}

static void test_children_are_known_also_of_a_parent_that_is_not(void **state)
{
	struct lineage *l = lineage_new();
	size_t n = 0;

	(void)state;
	add(l, "left", "parent", "", 1);
	add(l, "right", "parent", "", 1);
	add(l, "right", "parent", "", 2);      /* again: still one child */
	add(l, "other", "aunt", "", 2);
	assert_null(lineage_find(l, STR("parent")));
	for (const struct lineage_shard *s = lineage_child(l, STR("parent"), NULL); s; s = lineage_child(l, STR("parent"), s)) {
		assert_str_equal(s->parent, "parent");
		n++;
	}
	assert_int_equal(n, 2);
	lineage_forget(l, STR("right"));       /* each end of the list, then the last one */
	assert_str_equal(lineage_child(l, STR("parent"), NULL)->id, "left");
	lineage_forget(l, STR("left"));
	assert_false(lineage_has_child(l, STR("parent")));
	assert_true(lineage_has_child(l, STR("aunt")));
	add(l, "left", "parent", "", 3);
	assert_true(lineage_has_child(l, STR("parent")));
	add(l, "parent", "", "9", 4);          /* the parent itself comes last */
	assert_int_equal(lineage_find(l, STR("parent"))->n_children, 1);
	add(l, "right", "parent", "", 4);
	assert_int_equal(lineage_find(l, STR("parent"))->n_children, 2);
	lineage_forget(l, STR("left"));
	lineage_forget(l, STR("right"));
	assert_int_equal(lineage_find(l, STR("parent"))->n_children, 0);
	assert_int_equal(lineage_added(l), 6);
	lineage_free(l);
}

static void test_listings_that_lack_a_shard_are_counted(void **state)
{
	struct lineage *l = lineage_new();

	(void)state;
	add(l, "a", "", "", 1);
	add(l, "b", "", "9", 1);
	lineage_end_listing(l, 1);
	add(l, "a", "", "9", 2);
	lineage_end_listing(l, 2);
	add(l, "a", "", "9", 3);
	lineage_end_listing(l, 3);
	assert_int_equal(lineage_find(l, STR("a"))->missed, 0);
	assert_int_equal(lineage_find(l, STR("a"))->closed_in, 2);
	assert_int_equal(lineage_find(l, STR("b"))->missed, 2);
	assert_int_equal(lineage_find(l, STR("b"))->closed_in, 1);
	add(l, "b", "", "", 4);
	lineage_end_listing(l, 4);
	assert_int_equal(lineage_find(l, STR("b"))->missed, 0);
	assert_int_equal(lineage_find(l, STR("a"))->missed, 1);
	lineage_free(l);
}

static void test_a_shards_id_tells_when_it_was_made(void **state)
{
	(void)state;
	assert_true(shard_created_ms(STR("shardId-00000001763600000000-2f84b419")) == INT64_C(1763600000000));
	assert_true(shard_created_ms(STR("shardId-x-2f84b419")) == 0);
	assert_true(shard_created_ms(STR("shardId")) == 0);
	assert_true(shard_created_ms(STR("shard-1")) == 0);
	assert_true(shard_created_ms(str_of(NULL, 0)) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_shards_id_tells_when_it_was_made),
		cmocka_unit_test(test_the_graph_is_the_union_over_lying_answers),
		cmocka_unit_test(test_walking_visits_each_shard_once),
		cmocka_unit_test(test_children_are_known_also_of_a_parent_that_is_not),
		cmocka_unit_test(test_listings_that_lack_a_shard_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
