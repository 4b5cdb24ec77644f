/* effects: batches of effects without a stream behind them, for tests of sinks. */
#ifndef SLUICE_SUPPORT_EFFECTS_H
#define SLUICE_SUPPORT_EFFECTS_H

#include "sluice/pipeline/effect.h"

/* n records with sequence numbers first, first + 1, … and the same as v. */
struct made_batch {
	struct effect_batch batch;
	struct record *records;
	const struct record **pointers;
	uint64_t first;
};

void made_batch_init(struct made_batch *m, uint64_t first, size_t n);
void made_batch_release(struct made_batch *m);

/* Appended effects; text is copied into the batch. */
struct effect *made_message(struct made_batch *m, uint32_t record, const char *address, const char *key, const char *body);
struct effect *made_row(struct made_batch *m, uint32_t record, enum effect_kind kind, const char *table, const char *key,
			const char *item);
struct effect *made_add(struct made_batch *m, uint32_t record, const char *table, const char *key, const char *fence,
			const char *attribute, const char *by);
struct effect *made_document(struct made_batch *m, uint32_t record, enum effect_kind kind, const char *index, const char *id,
			     const char *body);

/* Sets every failed effect pending again; how many are pending then. */
size_t made_retry(struct made_batch *m);

/* How many are in that state. */
size_t made_count(const struct made_batch *m, enum effect_state state);

#endif
