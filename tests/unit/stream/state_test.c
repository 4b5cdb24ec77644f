/* What a state store promises, asked of each store there is. */
#include "sluice/stream/state.h"

#include "support/stores.h"
#include "support/tasks.h"
#include "support/test.h"

#include <stdio.h>

static bool put(struct store *s, const char *id, uint64_t seen, const char *attributes, struct err *err)
{
	return state_put(s->state, STATE_LEASE, str_c(id), seen, str_c(attributes), err);
}

/* The row's counter, 0: absent; and its attribute `n`. */
static uint64_t look(struct store *s, const char *id, int64_t *n)
{
	struct state_row row = { 0 };
	struct value v = { 0 };
	struct arena arena;
	struct err err;

	arena_init(&arena, 16 << 20);
	if (!check_class(state_get(s->state, STATE_LEASE, str_c(id), &arena, &row, &err), &err, ERR_NONE, __FILE__,
			 __LINE__))
		return UINT64_MAX;
	if (n)
		*n = row.counter && value_get(row.item, STR("n"), &v) && str_to_i64(v.raw, n) ? *n : -1;
	arena_release(&arena);
	return row.counter;
}

/* ---- what must hold ---- */

static void a_write_names_what_it_saw(struct store *s)
{
	struct err err = { 0 };
	int64_t n;

	CHECK_EQ(look(s, "a", NULL), 0);
	CHECK_CLASS(put(s, "a", 1, "\"n\":{\"N\":\"9\"}", &err), &err, ERR_DATA); /* there is none to be seen */
	CHECK(err_is(&err, "state.conflict"));
	CHECK_OK(put(s, "a", 0, "\"n\":{\"N\":\"1\"}", &err), &err);
	CHECK_CLASS(put(s, "a", 0, "\"n\":{\"N\":\"9\"}", &err), &err, ERR_DATA);
	CHECK(err_is(&err, "state.conflict"));
	CHECK_EQ(look(s, "a", &n), 1);
	CHECK_EQ(n, 1);
	CHECK_OK(put(s, "a", 1, "\"n\":{\"N\":\"2\"}", &err), &err);
	CHECK_CLASS(put(s, "a", 1, "\"n\":{\"N\":\"9\"}", &err), &err, ERR_DATA);
	CHECK(err_is(&err, "state.conflict"));
	CHECK_CLASS(put(s, "a", 3, "\"n\":{\"N\":\"9\"}", &err), &err, ERR_DATA);
	CHECK_EQ(look(s, "a", &n), 2);
	CHECK_EQ(n, 2);
	CHECK_EQ(look(s, "b", NULL), 0);
}

static void test_a_write_names_the_counter_that_it_saw_or_is_refused(void **state)
{
	(void)state;
	with_each_store(a_write_names_what_it_saw, 3);
}

static void a_write_is_the_whole_row(struct store *s)
{
	struct err err = { 0 };
	int64_t n;

	CHECK_OK(put(s, "a", 0, "\"n\":{\"N\":\"1\"},\"owner\":{\"S\":\"me\"}", &err), &err);
	CHECK_OK(put(s, "a", 1, "", &err), &err);
	CHECK_EQ(look(s, "a", &n), 2);
	CHECK_EQ(n, -1);
}

static void test_a_write_replaces_the_whole_row(void **state)
{
	(void)state;
	with_each_store(a_write_is_the_whole_row, 1);
}

static void a_removal_is_conditional_too(struct store *s)
{
	struct err err = { 0 };

	CHECK_OK(put(s, "a", 0, "\"n\":{\"N\":\"1\"}", &err), &err);
	CHECK_OK(put(s, "a", 1, "\"n\":{\"N\":\"1\"}", &err), &err);
	CHECK_CLASS(state_remove(s->state, STATE_LEASE, STR("a"), 1, &err), &err, ERR_DATA);
	CHECK(err_is(&err, "state.conflict"));
	CHECK_CLASS(state_remove(s->state, STATE_LEASE, STR("a"), 0, &err), &err, ERR_DATA);
	CHECK(err_is(&err, "state.conflict"));
	CHECK_CLASS(state_remove(s->state, STATE_WORKER, STR("a"), 2, &err), &err, ERR_DATA); /* of another kind */
	CHECK_EQ(look(s, "a", NULL), 2);
	CHECK_OK(state_remove(s->state, STATE_LEASE, STR("a"), 2, &err), &err);
	CHECK_EQ(look(s, "a", NULL), 0);
	CHECK_CLASS(state_remove(s->state, STATE_LEASE, STR("a"), 2, &err), &err, ERR_DATA);
	CHECK(err_is(&err, "state.conflict"));
	CHECK_OK(state_remove(s->state, STATE_LEASE, STR("a"), 0, &err), &err); /* seen as absent, and it is */
	CHECK_OK(put(s, "a", 0, "\"n\":{\"N\":\"1\"}", &err), &err);
}

static void test_a_removal_names_the_counter_that_it_saw_or_is_refused(void **state)
{
	(void)state;
	with_each_store(a_removal_is_conditional_too, 3);
}

static void values_come_back(struct store *s)
{
	static const char attributes[] =
		"\"text\":{\"S\":\"\\\"quoted\\\" back\\\\slash \\n \xc3\xa9 \xf0\x9f\x98\x80 \\u0001 '); DROP TABLE rows; --\"},"
		"\"digits\":{\"N\":\"12345678901234567890123456789012345678\"},\"bytes\":{\"B\":\"AAEC\"},"
		"\"yes\":{\"BOOL\":true},\"none\":{\"NULL\":true},\"set\":{\"SS\":[\"a\",\"b\"]},"
		"\"map\":{\"M\":{\"in\":{\"L\":[{\"S\":\"\"},{\"N\":\"-1.5\"}]}}}";
	struct value wanted, got, v;
	struct value_iter it;
	struct state_row row;
	struct arena arena;
	struct buf text;
	struct str name;
	struct err err = { 0 };

	arena_init(&arena, 1 << 20);
	buf_init(&text, 1 << 20);
	buf_putf(&text, "{%s}", attributes);
	CHECK_OK(put(s, "p#label#shard-1", 0, attributes, &err), &err);
	store_reopen(s, STR("app"));
	CHECK_OK(state_get(s->state, STATE_LEASE, STR("p#label#shard-1"), &arena, &row, &err), &err);
	CHECK_STR(row.id, "p#label#shard-1");
	CHECK_EQ(row.counter, 1);
	CHECK(value_parse_image(buf_str(&text), &wanted, &err));
	value_iter_init(&it, wanted);
	while (value_iter_next(&it, &name, &v, &err))
		CHECK(value_get(row.item, name, &got) && value_eq(v, got));
	CHECK_EQ(err.class, ERR_NONE);
	buf_release(&text);
	arena_release(&arena);
}

static void test_values_of_all_types_come_back_as_they_were(void **state)
{
	(void)state;
	with_each_store(values_come_back, 1);
}

static void what_is_no_attribute_is_refused(struct store *s)
{
	static const char *const broken[] = { "\"n\":", "\"n\":{\"N\":\"1\"},", "\"n\":{\"N\":\"one\"}", "\"n\":1" };
	struct err err = { 0 };

	for (size_t i = 0; i < COUNT_OF(broken); i++) {
		CHECK(!put(s, "a", 0, broken[i], &err));
		CHECK(!err_is(&err, "state.conflict"));
		CHECK(!err_can_wait(&err));
	}
	CHECK_EQ(look(s, "a", NULL), 0);
}

static void test_attributes_that_are_none_are_refused(void **state)
{
	(void)state;
	with_each_store(what_is_no_attribute_is_refused, 1);
}

static void a_row_has_a_size(struct store *s)
{
	struct buf text;
	struct err err = { 0 };

	buf_init(&text, 8 << 20);
	buf_puts(&text, "\"n\":{\"N\":\"1\"},\"fill\":{\"S\":\"");
	for (int i = 0; i < 380 << 10; i++)
		buf_putc(&text, 'x');
	CHECK(buf_puts(&text, "\"}"));
	CHECK_OK(put(s, "fits", 0, text.ptr, &err), &err);
	CHECK_EQ(look(s, "fits", NULL), 1);
	buf_truncate(&text, text.len - 2);
	for (int i = 0; i < 3 << 20; i++)
		buf_putc(&text, 'x');
	CHECK(buf_puts(&text, "\"}"));
	CHECK_CLASS(put(s, "large", 0, text.ptr, &err), &err, ERR_DATA);
	CHECK(err_is(&err, "state.row_size"));
	CHECK_EQ(look(s, "large", NULL), 0);
	buf_release(&text);
}

static void test_a_row_that_no_table_would_hold_is_refused(void **state)
{
	(void)state;
	with_each_store(a_row_has_a_size, 1);
}

static void rows_survive(struct store *s)
{
	struct err err = { 0 };
	int64_t n;

	CHECK_OK(put(s, "a", 0, "\"n\":{\"N\":\"1\"}", &err), &err);
	CHECK_OK(put(s, "a", 1, "\"n\":{\"N\":\"2\"}", &err), &err);
	store_reopen(s, STR("app"));
	CHECK_OK(state_open(s->state, &err), &err);
	CHECK_OK(state_open(s->state, &err), &err); /* as often as one likes */
	CHECK_EQ(look(s, "a", &n), 2);
	CHECK_EQ(n, 2);
	CHECK_OK(put(s, "a", 2, "\"n\":{\"N\":\"3\"}", &err), &err);
	store_reopen(s, STR("other"));
	CHECK_OK(state_open(s->state, &err), &err);
	CHECK_EQ(look(s, "a", &n), 0);
	CHECK_OK(put(s, "a", 0, "\"n\":{\"N\":\"7\"}", &err), &err);
	store_reopen(s, STR("app"));
	CHECK_EQ(look(s, "a", &n), 3);
	CHECK_EQ(n, 3);
}

static void test_rows_survive_a_restart_and_apps_do_not_meet(void **state)
{
	(void)state;
	with_each_store(rows_survive, 1);
}

/* ---- listing ---- */

enum { MANY = 700 };

struct listing {
	struct store *s;
	int seen[MANY];
	size_t n, stop_at;
	bool write;
	bool ok;
};

static bool count_row(void *ctx, const struct state_row *row)
{
	struct listing *l = ctx;
	char id[32];
	int64_t number = -1;
	struct value v;
	struct err err = { 0 };

	l->ok = l->ok && row->counter >= 1 && value_get(row->item, STR("n"), &v) && str_to_i64(v.raw, &number) &&
		number >= 0 && number < MANY;
	snprintf(id, sizeof(id), "row-%lld", (long long)number);
	l->ok = l->ok && str_eq(row->id, str_c(id));
	if (l->ok)
		l->seen[number]++;
	l->n++;
	if (l->write) { /* other calls, of the row itself, too */
		char text[64];

		snprintf(text, sizeof(text), "\"n\":{\"N\":\"%lld\"}", (long long)number);
		l->ok = l->ok && look(l->s, id, NULL) == 1 && put(l->s, id, 1, text, &err) && str_eq(row->id, str_c(id));
	}
	return l->n != l->stop_at;
}

static bool fill_rows(struct store *s)
{
	struct err err = { 0 };

	for (int i = 0; i < MANY; i++) {
		char id[32], text[2048];
		int len = snprintf(text, sizeof(text), "\"n\":{\"N\":\"%d\"},\"fill\":{\"S\":\"", i);

		memset(text + len, 'x', 1600); /* several pages, also by bytes */
		snprintf(text + len + 1600, sizeof(text) - (size_t)len - 1600, "\"}");
		snprintf(id, sizeof(id), "row-%d", i);
		if (!put(s, id, 0, text, &err))
			return false;
	}
	return state_put(s->state, STATE_TASK, STR("row-1"), 0, STR("\"n\":{\"N\":\"0\"}"), &err);
}

static void each_row_is_listed_once(struct store *s)
{
	struct listing *l = test_calloc(1, sizeof(*l));
	struct err err = { 0 };

	*l = (struct listing){ .s = s, .ok = true };
	CHECK_OK(state_each(s->state, STATE_LEASE, count_row, l, &err), &err);
	CHECK_EQ(l->n, 0);
	CHECK(fill_rows(s));
	CHECK_OK(state_each(s->state, STATE_LEASE, count_row, l, &err), &err);
	CHECK(l->ok);
	CHECK_EQ(l->n, MANY);
	*l = (struct listing){ .s = s, .ok = true, .write = true };
	CHECK_OK(state_each(s->state, STATE_LEASE, count_row, l, &err), &err);
	CHECK(l->ok);
	for (int i = 0; i < MANY; i++)
		CHECK_EQ(l->seen[i], 1);
	*l = (struct listing){ .s = s, .ok = true, .stop_at = 300 };
	CHECK_OK(state_each(s->state, STATE_LEASE, count_row, l, &err), &err);
	CHECK(l->ok);
	CHECK_EQ(l->n, 300);
	test_free(l);
}

static void test_a_listing_shows_each_row_once_and_its_callback_may_write(void **state)
{
	(void)state;
	with_each_store(each_row_is_listed_once, 1);
}

/* ---- several at once ---- */

enum { WRITERS = 8, TURNS = 10 };

struct writer {
	struct store *s;
	size_t conflicts;
	bool ok;
};

static void count_up(void *arg)
{
	struct writer *w = arg;
	struct err err = { 0 };
	int turns = 0;

	w->ok = true;
	while (w->ok && turns < TURNS) {
		char text[64];
		int64_t n = 0;
		uint64_t counter = look(w->s, "a", &n);

		snprintf(text, sizeof(text), "\"n\":{\"N\":\"%lld\"}", (long long)n + 1);
		if (put(w->s, "a", counter, text, &err))
			turns++;
		else if (err_is(&err, "state.conflict"))
			w->conflicts++;
		else
			w->ok = false;
	}
}

static void nobody_overwrites(struct store *s)
{
	struct writer writers[WRITERS];
	struct scope scope;
	size_t conflicts = 0;
	struct err err = { 0 };
	int64_t n;

	CHECK_OK(put(s, "a", 0, "\"n\":{\"N\":\"0\"}", &err), &err);
	scope_init(&scope, s->loop);
	for (size_t i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){ .s = s };
		scope_spawn(&scope, "writer", count_up, &writers[i]);
	}
	scope_wait(&scope);
	for (size_t i = 0; i < WRITERS; i++) {
		CHECK(writers[i].ok);
		conflicts += writers[i].conflicts;
	}
	CHECK_EQ(look(s, "a", &n), 1 + WRITERS * TURNS);
	CHECK_EQ(n, WRITERS * TURNS);
	CHECK(conflicts > 0);
}

static void test_of_many_writers_nobody_overwrites_another(void **state)
{
	(void)state;
	with_each_store(nobody_overwrites, 5);
}

struct cancelled {
	struct store *s;
	struct scope scope;
	enum err_class got[4];
};

static bool never(void *ctx, const struct state_row *row)
{
	(void)row;
	*(bool *)ctx = true;
	return true;
}

static void call_when_cancelled(void *arg)
{
	struct cancelled *c = arg;
	struct state_row row;
	struct arena arena;
	struct err err[4] = { { 0 } };
	bool called = false;

	scope_cancel(&c->scope);
	arena_init(&arena, 1 << 20);
	state_get(c->s->state, STATE_LEASE, STR("a"), &arena, &row, &err[0]);
	state_put(c->s->state, STATE_LEASE, STR("b"), 0, STR(""), &err[1]);
	state_remove(c->s->state, STATE_LEASE, STR("a"), 1, &err[2]);
	state_each(c->s->state, STATE_LEASE, never, &called, &err[3]);
	for (size_t i = 0; i < COUNT_OF(err); i++)
		c->got[i] = called ? ERR_NONE : err[i].class;
	arena_release(&arena);
}

static void a_cancelled_task_is_refused(struct store *s)
{
	struct cancelled c = { .s = s };
	struct err err = { 0 };

	CHECK_OK(put(s, "a", 0, "\"n\":{\"N\":\"0\"}", &err), &err);
	scope_init(&c.scope, s->loop);
	scope_spawn(&c.scope, "cancelled", call_when_cancelled, &c);
	scope_wait(&c.scope);
	for (size_t i = 0; i < COUNT_OF(c.got); i++)
		CHECK_EQ(c.got[i], ERR_CANCELLED);
	CHECK_EQ(look(s, "a", NULL), 1);
	CHECK_EQ(look(s, "b", NULL), 0);
}

static void test_a_cancelled_task_is_refused_and_changes_nothing(void **state)
{
	(void)state;
	with_each_store(a_cancelled_task_is_refused, 1);
}

/* ---- opening ---- */

static void a_newer_schema_is_refused(struct store *s)
{
	struct err err = { 0 };

	CHECK_OK(state_put(s->state, STATE_SCHEMA, STR("state"), 1, STR("\"version\":{\"N\":\"2\"}"), &err), &err);
	store_reopen(s, STR("app"));
	CHECK_CLASS(state_open(s->state, &err), &err, ERR_FATAL);
	CHECK(err_is(&err, "state.schema"));
	CHECK(strstr(err.text, s->name) && strstr(err.text, "schema 2"));
}

static void test_rows_of_a_newer_version_are_refused(void **state)
{
	(void)state;
	with_each_store(a_newer_schema_is_refused, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_write_names_the_counter_that_it_saw_or_is_refused),
		cmocka_unit_test(test_a_write_replaces_the_whole_row),
		cmocka_unit_test(test_a_removal_names_the_counter_that_it_saw_or_is_refused),
		cmocka_unit_test(test_values_of_all_types_come_back_as_they_were),
		cmocka_unit_test(test_attributes_that_are_none_are_refused),
		cmocka_unit_test(test_a_row_that_no_table_would_hold_is_refused),
		cmocka_unit_test(test_rows_survive_a_restart_and_apps_do_not_meet),
		cmocka_unit_test(test_a_listing_shows_each_row_once_and_its_callback_may_write),
		cmocka_unit_test(test_of_many_writers_nobody_overwrites_another),
		cmocka_unit_test(test_a_cancelled_task_is_refused_and_changes_nothing),
		cmocka_unit_test(test_rows_of_a_newer_version_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
