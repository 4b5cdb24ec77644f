#include "support/effects.h"

#include "sluice/core/mem.h"

#include <stdio.h>
#include <stdlib.h>

enum { BATCH_BYTES = 64 << 20 };

void made_batch_init(struct made_batch *m, uint64_t first, size_t n)
{
	const struct effect_source source = {
		.app = STR("test"), .pipeline = STR("p"), .handler = STR("h"), .table = STR("T")
	};

	effect_batch_init(&m->batch, &source, BATCH_BYTES);
	m->records = mem_array(n, sizeof(*m->records));
	m->pointers = mem_array(n, sizeof(struct record *));
	m->first = first;
	for (size_t i = 0; i < n; i++) {
		snprintf(m->records[i].sequence.digits, sizeof(m->records[i].sequence.digits), "%040llu",
			 (unsigned long long)(first + i));
		m->records[i].v = first + i;
		m->pointers[i] = &m->records[i];
	}
	m->batch.records = m->pointers;
	m->batch.n_records = n;
}

void made_batch_release(struct made_batch *m)
{
	effect_batch_release(&m->batch);
	mem_free(m->pointers);
	mem_free(m->records);
}

static struct str copy(struct made_batch *m, const char *text)
{
	return arena_dup(&m->batch.arena, str_c(text));
}

static struct effect *made(struct made_batch *m, enum effect_kind kind, uint32_t record)
{
	struct effect *e = effect_new(&m->batch, kind, record, NULL);

	if (!e)
		abort();
	return e;
}

struct effect *made_message(struct made_batch *m, uint32_t record, const char *address, const char *key,
			    const char *body)
{
	struct effect *e = made(m, EFFECT_MESSAGE, record);

	e->message.address = copy(m, address);
	e->message.key = copy(m, key);
	e->message.body = copy(m, body);
	return e;
}

struct effect *made_row(struct made_batch *m, uint32_t record, enum effect_kind kind, const char *table,
			const char *key, const char *item)
{
	struct effect *e = made(m, kind, record);

	e->row.table = copy(m, table);
	e->row.key = copy(m, key);
	e->row.item = copy(m, item);
	return e;
}

struct effect *made_add(struct made_batch *m, uint32_t record, const char *table, const char *key, const char *fence,
			const char *attribute, const char *by)
{
	struct effect *e = made(m, EFFECT_ADD, record);
	struct effect_delta *delta = ARENA_NEW(&m->batch.arena, struct effect_delta);

	delta->attribute = copy(m, attribute);
	delta->by = copy(m, by);
	e->add = (struct effect_add){
		.table = copy(m, table), .key = copy(m, key), .fence = copy(m, fence), .deltas = delta, .n_deltas = 1
	};
	return e;
}

struct effect *made_document(struct made_batch *m, uint32_t record, enum effect_kind kind, const char *index,
			     const char *id, const char *body)
{
	struct effect *e = made(m, kind, record);

	e->document = (struct effect_document){ .index = copy(m, index), .id = copy(m, id), .body = copy(m, body) };
	return e;
}

size_t made_retry(struct made_batch *m)
{
	for (size_t i = 0; i < m->batch.count; i++)
		if (m->batch.effects[i]->state == EFFECT_FAILED)
			effect_retry(m->batch.effects[i]);
	return m->batch.pending;
}

size_t made_count(const struct made_batch *m, enum effect_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < m->batch.count; i++)
		n += m->batch.effects[i]->state == state;
	return n;
}
