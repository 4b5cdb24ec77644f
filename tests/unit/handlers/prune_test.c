#include "support/records.h"
#include "support/test.h"

#include "sluice/handlers/prune.h"

#define ITEM "{'a': 1, 'm': {'x': 'y', 'z': {'deep': true, 'other': 'b'}}, 'l': [1, {'p': 2, 'q': 3}, 4], 's': {'$SS': ['u', 'v']}}"

struct prune_case {
	const char *paths[4];
	const char *expected;
};

static const struct prune_case cases[] = {
	{ { NULL }, "{'M':{}}" },
	{ { "a" }, "{'M':{'a':{'N':'1'}}}" },
	{ { "gone", "m.gone" }, "{'M':{'m':{'M':{}}}}" },
	{ { "m.z.deep" }, "{'M':{'m':{'M':{'z':{'M':{'deep':{'BOOL':true}}}}}}}" },
	{ { "m.x", "m" }, "{'M':{'m':{'M':{'x':{'S':'y'},'z':{'M':{'deep':{'BOOL':true},'other':{'S':'b'}}}}}}}" },
	{ { "l[1].p" }, "{'M':{'l':{'L':[{'NULL':true},{'M':{'p':{'N':'2'}}}]}}}" },
	{ { "l[0]" }, "{'M':{'l':{'L':[{'N':'1'}]}}}" },
	{ { "l[9]" }, "{'M':{'l':{'L':[{'NULL':true},{'NULL':true},{'NULL':true}]}}}" },
	{ { "s[1]" }, "{'M':{'s':{'SS':['u','v']}}}" },
	{ { "a.b", "l.x" }, "{'M':{'a':{'NULL':true},'l':{'L':[]}}}" },
	{ { "s", "a" }, "{'M':{'s':{'SS':['u','v']},'a':{'N':'1'}}}" },
};

static void check(const struct prune_case *c, struct arena *a)
{
	struct prune *p = prune_new(a);
	struct value item = records_image(a, ITEM), was, is;
	struct err err = { 0 };
	struct buf out;
	char *text;
	size_t n;

	for (n = 0; n < COUNT_OF(c->paths) && c->paths[n]; n++) {
		struct path path;

		assert_true(path_parse(str_c(c->paths[n]), a, &path, &err));
		assert_true(prune_keep(p, &path, a));
	}
	assert_int_equal(prune_empty(p), n == 0);
	buf_init(&out, 4096);
	assert_true(prune_write(p, item, &out, &err));
	for (size_t i = 0; i < n; i++) {
		struct value pruned;
		struct path path;

		assert_true(path_parse(str_c(c->paths[i]), a, &path, &err));
		assert_true(value_parse(buf_str(&out), &pruned, &err));
		if (path_get(&path, item, &was)) {
			assert_true(path_get(&path, pruned, &is));
			assert_true(value_eq(was, is));
		} else {
			assert_false(path_get(&path, pruned, &is));
		}
	}
	text = test_strndup(out.ptr, out.len);
	records_unquote(text);
	assert_string_equal(text, c->expected);
	test_free(text);
	buf_release(&out);
}

static void test_kept_paths_lead_where_they_led_and_nothing_else_is_there(void **state)
{
	struct arena a;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		arena_init(&a, 1 << 20);
		check(&cases[i], &a);
		arena_release(&a);
	}
}

static void test_the_empty_path_keeps_everything(void **state)
{
	struct value item, pruned;
	struct err err = { 0 };
	struct path all = { 0 };
	struct arena a;
	struct prune *p;
	struct buf out;

	(void)state;
	arena_init(&a, 1 << 20);
	buf_init(&out, 4096);
	p = prune_new(&a);
	item = records_image(&a, ITEM);
	assert_true(prune_keep(p, &all, &a));
	assert_true(prune_write(p, item, &out, &err));
	assert_true(value_parse(buf_str(&out), &pruned, &err));
	assert_true(value_eq(item, pruned));
	buf_release(&out);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept_paths_lead_where_they_led_and_nothing_else_is_there),
		cmocka_unit_test(test_the_empty_path_keeps_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
