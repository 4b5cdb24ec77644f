#include "support/handlers.h"

#include "support/test.h"

#include <stdio.h>

enum { ARENA_MAX = 64 << 20, BATCH_MAX = 32 << 20, TEXT_MAX = 16 << 20 };

static const char *const common[] = { "kind", "name", NULL };

void handler_test_open(struct handler_test *t, const char *kind, const char *settings)
{
	const struct handler_ops *ops = handler_kind(str_c(kind));
	struct handler_site site = {
		.app = STR("deals"), .pipeline = STR("orders"), .name = STR("h"), .table = STR("Source"),
	};
	void *read;

	*t = (struct handler_test){ 0 };
	assert_non_null(ops);
	arena_init(&t->arena, ARENA_MAX);
	problems_init(&t->problems, &t->arena);
	read = arena_alloc(&t->arena, ops->settings_size);
	site.node = records_node(&t->arena, settings);
	if (option_read(ops->options, site.node, read, common, &t->problems))
		t->h = ops->new(read, &site, &t->problems);
	assert_int_equal(t->h == NULL, t->problems.count > 0);
}

static void drop_batch(struct handler_test *t)
{
	effect_batch_release(&t->batch);
	if (t->page)
		page_unref(t->page);
	t->page = NULL;
}

void handler_test_close(struct handler_test *t)
{
	drop_batch(t);
	if (t->h)
		t->h->ops->free(t->h);
	arena_release(&t->arena);
}

const char *handler_test_problems(struct handler_test *t)
{
	struct buf text;
	struct str copy;

	buf_init(&text, TEXT_MAX);
	buf_puts(&text, "");
	for (const struct problem *p = t->problems.first; p; p = p->next)
		buf_putf(&text, "%.*s: %.*s\n", STR_ARG(p->path), STR_ARG(p->text));
	copy = arena_dup(&t->arena, buf_str(&text));
	buf_release(&text);
	return copy.ptr;
}

void handler_test_must_open(struct handler_test *t, const char *kind, const char *settings)
{
	handler_test_open(t, kind, settings);
	if (!t->h)
		fail_msg("%s: %s", settings, handler_test_problems(t));
}

void handler_test_apply_from(struct handler_test *t, const char *shard, const struct record_spec *specs, size_t n)
{
	struct effect_source source = {
		.app = STR("deals"), .pipeline = STR("orders"), .handler = STR("h"), .table = STR("Source"),
		.stream_arn = STR("arn:aws:dynamodb:eu-central-1:1:table/Source/stream/1"), .shard_id = str_c(shard),
	};

	drop_batch(t);
	effect_batch_init(&t->batch, &source, BATCH_MAX);
	t->page = records_page(specs, n);
	t->records = arena_array(&t->arena, n, sizeof(*t->records));
	for (size_t i = 0; i < n; i++)
		t->records[i] = &t->page->records[i];
	t->batch.records = t->records;
	t->batch.n_records = n;
	t->n_failed = 0;
	for (uint32_t i = 0; i < n; i++) {
		size_t before = t->batch.count;

		if (t->h->ops->apply(t->h, &t->batch, i, &t->err))
			continue;
		t->n_failed++;
		assert_int_equal(t->batch.count, before);
		assert_int_equal(t->batch.pending, before);
	}
}

void handler_test_apply(struct handler_test *t, const struct record_spec *specs, size_t n)
{
	handler_test_apply_from(t, "shardId-1", specs, n);
}

static void write_message(const struct effect_message *m, struct buf *out)
{
	buf_putf(out, "message %.*s key=%.*s body=%.*s", STR_ARG(m->address), STR_ARG(m->key), STR_ARG(m->body));
	for (size_t i = 0; i < m->n_headers; i++) {
		if (!str_eq(m->headers[i].name, STR("sluice-v")))
			buf_putf(out, " %.*s=%.*s", STR_ARG(m->headers[i].name), STR_ARG(m->headers[i].value));
	}
}

static void write_add(const struct effect_add *add, struct buf *out)
{
	buf_putf(out, "add %.*s %.*s", STR_ARG(add->table), STR_ARG(add->key));
	for (size_t i = 0; i < add->n_deltas; i++)
		buf_putf(out, " %.*s:%.*s", STR_ARG(add->deltas[i].attribute), STR_ARG(add->deltas[i].by));
	if (add->set.len)
		buf_putf(out, " set=%.*s", STR_ARG(add->set));
}

static void write_document(const struct effect *e, struct buf *out)
{
	const struct effect_document *d = &e->document;

	buf_putf(out, "%s %.*s %.*s", e->kind == EFFECT_PUT_DOCUMENT ? "index" : "unindex", STR_ARG(d->index),
		 STR_ARG(d->id));
	if (d->routing.len)
		buf_putf(out, " routing=%.*s", STR_ARG(d->routing));
	if (d->ingest_pipeline.len)
		buf_putf(out, " pipeline=%.*s", STR_ARG(d->ingest_pipeline));
	if (d->body.len)
		buf_putf(out, " %.*s", STR_ARG(d->body));
}

static void write_effect(const struct effect *e, struct buf *out)
{
	if (e->group)
		buf_putf(out, "[%u] ", e->group);
	switch (e->kind) {
	case EFFECT_MESSAGE:
		write_message(&e->message, out);
		break;
	case EFFECT_PUT_ROW:
		buf_putf(out, "put %.*s %.*s", STR_ARG(e->row.table), STR_ARG(e->row.item));
		break;
	case EFFECT_DELETE_ROW:
		buf_putf(out, "delete %.*s %.*s", STR_ARG(e->row.table), STR_ARG(e->row.key));
		break;
	case EFFECT_ADD:
		write_add(&e->add, out);
		break;
	case EFFECT_PUT_DOCUMENT:
	case EFFECT_DELETE_DOCUMENT:
		write_document(e, out);
		break;
	case EFFECT_TASK:
		buf_putf(out, "task %.*s %.*s", STR_ARG(e->task.id), STR_ARG(e->task.body));
		break;
	}
	buf_putc(out, '\n');
}

static const char *finish(struct handler_test *t, struct buf *text)
{
	struct str copy;

	assert_true(buf_ok(text));
	copy = arena_dup(&t->arena, buf_str(text));
	buf_release(text);
	records_unquote((char *)copy.ptr);
	return copy.ptr;
}

const char *handler_test_effects(struct handler_test *t)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	for (size_t i = 0; i < t->batch.count; i++)
		write_effect(t->batch.effects[i], &text);
	for (const struct effect_report *r = t->batch.reports; r; r = r->next)
		buf_putf(&text, "report %s\n", r->err.code);
	if (t->n_failed)
		buf_putf(&text, "failed %s\n", t->err.code);
	return finish(t, &text);
}

void handler_test_cases(const char *kind, const struct handler_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct handler_test t;
		const char *effects;

		handler_test_must_open(&t, kind, cases[i].settings);
		handler_test_apply(&t, &cases[i].record, 1);
		effects = handler_test_effects(&t);
		if (strcmp(effects, cases[i].effects) != 0)
			fail_msg("%s\n got: %sexpected: %s%s", cases[i].name, effects, cases[i].effects,
				 t.batch.reports ? t.batch.reports->err.text : t.err.text);
		handler_test_close(&t);
	}
}

void handler_test_mistakes(const char *kind, const struct handler_mistake *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct handler_test t;

		handler_test_open(&t, kind, cases[i].settings);
		if (t.h)
			fail_msg("accepted, though %s: %s", cases[i].problem, cases[i].settings);
		if (!strstr(handler_test_problems(&t), cases[i].problem))
			fail_msg("%s\n got: %s expected: %s", cases[i].settings, handler_test_problems(&t),
				 cases[i].problem);
		handler_test_close(&t);
	}
}

const char *handler_test_definition(struct handler_test *t)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	assert_true(t->h->ops->definition(t->h, &text));
	return finish(t, &text);
}
