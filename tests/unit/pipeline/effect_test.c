#include "support/test.h"

#include "sluice/pipeline/effect.h"

enum { RECORDS = 3 };

struct fixture {
	struct record records[RECORDS];
	const struct record *list[RECORDS];
	struct effect_batch batch;
};

static void open_batch(struct fixture *f, size_t max_bytes)
{
	const struct effect_source source = { .handler = STR("h") };

	*f = (struct fixture){ 0 };
	for (size_t i = 0; i < RECORDS; i++) {
		f->records[i].v = 100 + i;
		f->list[i] = &f->records[i];
	}
	effect_batch_init(&f->batch, &source, max_bytes);
	f->batch.records = f->list;
	f->batch.n_records = RECORDS;
}

static void test_an_effect_has_its_records_version_and_is_pending(void **state)
{
	struct fixture f;
	struct err err = { 0 };
	struct effect *e;

	(void)state;
	open_batch(&f, 1 << 16);
	e = effect_new(&f.batch, EFFECT_MESSAGE, 2, &err);
	assert_int_equal(e->v, 102);
	assert_int_equal(e->state, EFFECT_PENDING);
	assert_int_equal(f.batch.pending, 1);
	effect_done(e);
	assert_int_equal(f.batch.pending, 0);
	effect_batch_release(&f.batch);
}

static void test_a_failed_effect_keeps_the_reason_until_it_is_tried_again(void **state)
{
	struct fixture f;
	struct err err = { 0 };
	struct effect *e;

	(void)state;
	open_batch(&f, 1 << 16);
	e = effect_new(&f.batch, EFFECT_MESSAGE, 0, &err);
	for (int i = 0; i < 3; i++) {
		err_set(&err, ERR_THROTTLE, "slow", "try %d", i);
		effect_fail(e, &err);
		assert_int_equal(f.batch.pending, 0);
		assert_string_equal(e->err->text, err.text);
		effect_retry(e);
		assert_null(e->err);
		assert_int_equal(f.batch.pending, 1);
	}
	effect_batch_release(&f.batch);
}

static void test_an_undone_record_leaves_nothing(void **state)
{
	struct fixture f;
	struct err err = { 0 }, why = { 0 };
	struct effect_mark mark;

	(void)state;
	open_batch(&f, 1 << 20);
	err_set(&why, ERR_DATA, "why", "because");
	mark = effect_batch_mark(&f.batch);
	assert_true(effect_batch_report(&f.batch, 0, &why, &err));
	effect_batch_undo(&f.batch, mark);
	assert_null(f.batch.reports);
	assert_true(effect_batch_report(&f.batch, 0, &why, &err));
	effect_done(effect_new(&f.batch, EFFECT_ADD, 0, &err));
	mark = effect_batch_mark(&f.batch);
	for (int i = 0; i < 100; i++) {
		effect_new(&f.batch, EFFECT_ADD, 1, &err);
		effect_batch_report(&f.batch, 1, &why, &err);
	}
	effect_batch_undo(&f.batch, mark);
	assert_int_equal(f.batch.count, 1);
	assert_int_equal(f.batch.pending, 0);
	assert_ptr_equal(f.batch.reports, f.batch.last_report);
	assert_null(f.batch.reports->next);
	assert_true(effect_batch_report(&f.batch, 2, &why, &err));
	assert_int_equal(f.batch.reports->next->record, 2);
	effect_batch_release(&f.batch);
}

static void test_a_text_that_did_not_fit_is_the_records_fault(void **state)
{
	struct fixture f;
	struct err err = { 0 };
	struct str text;
	struct buf buf;

	(void)state;
	open_batch(&f, 8192);
	buf_init(&buf, 6000);
	assert_true(effect_text(&f.batch, &buf, &text, &err));
	assert_int_equal(text.len, 0);
	while (buf_puts(&buf, "0123456789"))
		;
	assert_false(effect_text(&f.batch, &buf, &text, &err));
	assert_int_equal(err.class, ERR_DATA);
	assert_string_equal(err.code, "effect.size");
	buf_clear(&buf);
	while (buf.len < 6000)
		buf_puts(&buf, "0123456789");
	assert_false(effect_text(&f.batch, &buf, &text, &err));
	assert_int_equal(err.class, ERR_FATAL);
	assert_string_equal(err.code, "effect.memory");
	buf_release(&buf);
	effect_batch_release(&f.batch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_effect_has_its_records_version_and_is_pending),
		cmocka_unit_test(test_a_failed_effect_keeps_the_reason_until_it_is_tried_again),
		cmocka_unit_test(test_an_undone_record_leaves_nothing),
		cmocka_unit_test(test_a_text_that_did_not_fit_is_the_records_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
