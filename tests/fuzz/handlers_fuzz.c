/* Records of any bytes through handlers of every kind: what comes out is valid
 * JSON with what its effect must have, and a record that fails leaves nothing. */
#include "sluice/handlers/fanout.h"
#include "sluice/item/number.h"
#include "sluice/item/page.h"

#include <stdlib.h>

enum { ARENA_MAX = 64 << 20, RECORDS_MAX = 16 };

static const struct {
	const char *kind, *settings;
} handlers[] = {
	{ "forward", "{\"sink\":\"s\"}" },
	{ "forward", "{\"sink\":\"s\",\"format\":\"dynamodb\",\"key\":\"${keys.id}\",\"headers\":{\"h\":\"${new.n | default(1)}\"}}" },
	{ "forward", "{\"sink\":\"s\",\"message\":{\"a\":\"${new.m.x[1]}\",\"b\":[\"${old | default(0)}\"]}}" },
	{ "counter", "{\"table\":\"T\",\"key\":{\"k\":\"${item.g}\"},\"where\":{\"s\":[\"live\"]},\"set\":{\"g\":\"${item.g}\"},"
		     "\"add\":[{\"attribute\":\"n\"},{\"attribute\":\"t_${item.g}\",\"by\":\"${item.n}\"}]}" },
	{ "view", "{\"table\":\"Source\",\"key\":{\"k\":\"${item.g}\",\"i\":\"${item.id}\"},\"where\":{\"s\":[{\"exists\":true}]},"
		  "\"attributes\":[\"n\",\"m\"],\"set\":{\"x\":\"${item.m.x}\"}}" },
	{ "view", "{\"table\":\"T\",\"key\":{\"k\":\"${element}\",\"i\":\"${item.id}\"},\"explode\":\"l\",\"atomic\":true}" },
	{ "index", "{\"sink\":\"s\",\"index\":\"i\",\"routing\":\"${item.g}\"}" },
	{ "index", "{\"sink\":\"s\",\"index\":\"i\",\"id\":\"${item.g}\",\"document\":[\"n\",\"m\",\"l\"]}" },
	{ "fanout", "{\"sink\":\"s\",\"topic\":\"t\",\"member\":\"u\",\"message\":{\"a\":\"${new.m.x[1]}\",\"b\":\"${old.l[0]}\"},"
		    "\"expires\":\"${new.n | default(0)}\",\"once\":\"${new.g}\",\"audience\":[{\"table\":\"F\",\"key\":\"${new.g}\","
		    "\"sort_prefix\":\"${keys.id}\"},{\"members\":[\"${new.l}\",\"u\"]}]}" },
};

enum { HANDLERS = sizeof(handlers) / sizeof(*handlers) };

static void expect(bool condition)
{
	if (!condition)
		abort();
}

static bool json_object(struct str text)
{
	return text.len > 1 && text.ptr[0] == '{' && scan_check(text, NULL);
}

static void check_task(const struct effect_task *t)
{
	struct fanout_task task;
	struct arena a;

	arena_init(&a, ARENA_MAX);
	expect(t->id.len == FANOUT_ID_LEN);
	expect(fanout_task_read(t->id, value_image(t->body), &a, &task, NULL) && task.n_sources == 2);
	arena_release(&a);
}

static void check_effect(const struct effect *e)
{
	struct number n;

	switch (e->kind) {
	case EFFECT_MESSAGE:
		expect(json_object(e->message.body) && e->message.n_headers > 0);
		break;
	case EFFECT_PUT_ROW:
		expect(json_object(e->row.item) && json_object(e->row.key));
		break;
	case EFFECT_DELETE_ROW:
		expect(json_object(e->row.key));
		break;
	case EFFECT_ADD:
		expect(json_object(e->add.key) && json_object(e->add.set) && e->add.n_deltas > 0);
		for (size_t i = 0; i < e->add.n_deltas; i++)
			expect(number_parse(e->add.deltas[i].by, &n, NULL) && !number_is_zero(&n));
		break;
	case EFFECT_PUT_DOCUMENT:
		expect(json_object(e->document.body) && e->document.id.len > 0);
		break;
	case EFFECT_DELETE_DOCUMENT:
		expect(e->document.id.len > 0);
		break;
	case EFFECT_TASK:
		expect(json_object(e->task.body));
		check_task(&e->task);
		break;
	}
}

static void run(struct handler *h, const struct record *const *records, size_t n)
{
	const struct effect_source source = { .shard_id = STR("shard") };
	struct effect_batch b;
	struct err err = { 0 };

	effect_batch_init(&b, &source, ARENA_MAX);
	b.records = records;
	b.n_records = n;
	for (uint32_t i = 0; i < n; i++) {
		size_t before = b.count;

		if (!h->ops->apply(h, &b, i, &err))
			expect(err.class == ERR_DATA && b.count == before && b.pending == before);
	}
	for (size_t i = 0; i < b.count; i++)
		check_effect(b.effects[i]);
	for (const struct effect_report *r = b.reports; r; r = r->next)
		expect(r->err.class == ERR_DATA && r->record < n);
	effect_batch_release(&b);
}

static void run_kind(size_t i, const struct record *const *records, size_t n)
{
	const struct handler_ops *ops = handler_kind(str_c(handlers[i].kind));
	struct handler_site site = { .app = STR("a"), .pipeline = STR("p"), .name = STR("h"), .table = STR("Source") };
	struct problems problems;
	struct handler *h;
	struct arena a;
	void *settings;

	arena_init(&a, ARENA_MAX);
	problems_init(&problems, &a);
	site.node = node_from_json(&a, str_c(handlers[i].settings), NULL, NULL);
	settings = arena_alloc(&a, ops->settings_size);
	expect(site.node && option_read(ops->options, site.node, settings, NULL, &problems));
	h = ops->new(settings, &site, &problems);
	expect(h != NULL);
	run(h, records, n);
	ops->free(h);
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct record *records[RECORDS_MAX];
	struct page *page;
	struct buf body;

	buf_init(&body, size);
	buf_put(&body, str_of((const char *)data, size));
	page = page_decode(&body, RECORDS_MAX, NULL);
	for (size_t i = 0; page && i < page->count; i++)
		records[i] = &page->records[i];
	for (size_t i = 0; page && i < HANDLERS; i++)
		run_kind(i, records, page->count);
	page_unref(page);
	return 0;
}
