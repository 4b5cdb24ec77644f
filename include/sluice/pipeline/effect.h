/* effect: what a handler wants done outside. Handlers make effects and do no I/O;
 * sinks carry them out and say of each one whether the far side has really
 * accepted it.
 *
 * A batch owns all that its effects point to (arena, or spans of pages that its
 * records keep alive). Effects are appended in stream order; where two touch the
 * same target (message key and topic, row, document) a sink keeps that order.
 */
#ifndef SLUICE_PIPELINE_EFFECT_H
#define SLUICE_PIPELINE_EFFECT_H

#include "sluice/core/arena.h"
#include "sluice/core/buf.h"
#include "sluice/item/record.h"

enum effect_kind {
	EFFECT_MESSAGE,          /* append to a topic, a file, … */
	EFFECT_PUT_ROW,          /* a derived row; the newest v wins */
	EFFECT_DELETE_ROW,
	EFFECT_ADD,              /* a contribution to a counter row, once */
	EFFECT_PUT_DOCUMENT,     /* a search document with external version v */
	EFFECT_DELETE_DOCUMENT,
	EFFECT_TASK,             /* a durable fan-out task, created if absent */
};

enum { EFFECT_KINDS = EFFECT_TASK + 1 };

struct effect_header {
	struct str name, value;
};

struct effect_message {
	struct str address;      /* topic; empty where the sink has one place */
	struct str key;          /* order is kept among equal keys; may be empty */
	struct str body;
	const struct effect_header *headers;
	size_t n_headers;
	bool conditional;        /* inbox rows: put only where absent (resume of a fan-out) */
};

struct effect_row {
	struct str table;
	struct str key;          /* attribute-value JSON object of the key attributes */
	struct str item;         /* PUT: attribute-value JSON object of the whole row, key and
	                            sluice_v among it */
};

/* Contributions of one record to one row. A sink may add up neighbours. */
struct effect_delta {
	struct str attribute;
	struct str by;           /* decimal text, may be negative; never zero for all deltas */
};

struct effect_add {
	struct str table;
	struct str key;          /* attribute-value JSON object */
	struct str fence;        /* attribute that holds the sequence number of the last
	                            contribution of this source shard */
	const struct effect_delta *deltas;
	size_t n_deltas;
	struct str set;          /* attribute-value JSON object of attributes written beside
	                            the sums, or empty */
};

struct effect_document {
	struct str index;        /* the physical one: <index>-000001 */
	struct str id;
	struct str routing, ingest_pipeline;  /* empty: none */
	struct str body;         /* PUT: plain JSON object */
	struct str alias;        /* what readers query, for an index that must be made; empty: none */
	struct str definition;   /* of an index that must be made: JSON object with "mappings"
	                            and "settings"; or empty */
};

struct effect_task {
	struct str id;           /* hex digest */
	struct str body;         /* attribute-value JSON object: the task's own attributes */
};

enum effect_state {
	EFFECT_PENDING,
	EFFECT_DONE,
	EFFECT_FAILED,
	EFFECT_HELD,             /* copied into something that the sink acknowledges as a whole, later */
};

struct effect_batch;

/* Whoever may leave effects with a sink beyond their batch: a chain. The sink gathers
 * them in an object, in stream order, over as many batches as it takes, and says
 * once for all of them that they are there. Until then no position moves past the
 * first of them: what is forgotten is read and held again. */
struct effect_holder {
	void *owner;
	void *object;            /* the sink's; NULL: it holds nothing */
	int64_t ends_s;          /* Unix time, while it holds something: a record that is created from
	                            then on belongs to the next object */

	/* Yields. What has been acknowledged so far is saved, so that it is not read
	 * again. False, RETRY or CANCELLED: it may not be. */
	bool (*save)(struct effect_holder *h, struct err *err);

	/* All that is held is acknowledged. */
	void (*acknowledged)(struct effect_holder *h);

	/* The sink may say nothing for so many ms and is not stalled; 0: no longer. */
	void (*silent)(struct effect_holder *h, int64_t ms);
};

struct effect {
	enum effect_kind kind;
	uint32_t record;          /* index into the batch's records */
	uint32_t nth;             /* of its record's effects; 0: the first */
	uint32_t group;           /* 0, or: effects of the same group succeed together */
	uint64_t v;               /* the record's version */
	enum effect_state state;
	const struct err *err;    /* FAILED: why; lives in the batch */
	struct err *reason;       /* room for it, kept for the next failure */
	uint32_t attempts;        /* DATA failures so far; the caller's */
	struct effect_batch *batch;
	union {
		struct effect_message message;
		struct effect_row row;
		struct effect_add add;
		struct effect_document document;
		struct effect_task task;
	};
};

/* Where a batch comes from; text is borrowed from the pipeline. */
struct effect_source {
	struct str app, pipeline, handler;
	struct str table, stream_arn, shard_id;
};

/* A part of a record that could not be applied (one side of an image kind). The
 * rest of the record goes on; this goes to the dead letter. */
struct effect_report {
	uint32_t record;
	uint32_t nth;             /* of its record's reports; 0: the first */
	struct err err;
	struct effect_report *next;
};

struct effect_batch {
	struct arena arena;
	struct effect_source source;
	const struct record *const *records;  /* borrowed, with their pages */
	size_t n_records;
	struct effect **effects;
	size_t count, cap;
	size_t pending;
	struct effect_report *reports, *last_report;
	size_t n_reports;
	void (*settled)(struct effect *e);    /* told of each outcome; may be NULL */
	void *owner;
	struct effect_holder *holder;         /* NULL: nothing of it may be held */
};

/* max_bytes caps the arena. */
void effect_batch_init(struct effect_batch *b, const struct effect_source *source, size_t max_bytes);
void effect_batch_release(struct effect_batch *b);

/* A new PENDING effect of records[record], v filled in. NULL with FATAL
 * "effect.memory" at the arena's cap (the batch is then cut smaller). */
struct effect *effect_new(struct effect_batch *b, enum effect_kind kind, uint32_t record, struct err *err);

/* Notes a part of a record for the dead letter. FATAL at the arena's cap. */
bool effect_batch_report(struct effect_batch *b, uint32_t record, const struct err *why, struct err *err);

/* Fills err: FATAL "effect.memory", the arena's cap is reached. Returns false. */
bool effect_no_memory(const struct effect_batch *b, struct err *err);

/* Copies a finished text into the batch. DATA "effect.size" when `from` had been
 * full, FATAL "effect.memory" at the arena's cap. */
bool effect_text(struct effect_batch *b, const struct buf *from, struct str *out, struct err *err);

/* What a record has appended so far, to take it back: effect_batch_undo() forgets
 * the effects and reports noted since the mark (effects all still PENDING). */
struct effect_mark {
	size_t count, n_reports;
	struct effect_report *last_report;
};

struct effect_mark effect_batch_mark(const struct effect_batch *b);
void effect_batch_undo(struct effect_batch *b, struct effect_mark mark);

/* The outcome, said once per try by the sink. */
void effect_done(struct effect *e);
void effect_fail(struct effect *e, const struct err *err);
void effect_hold(struct effect *e);      /* only where the batch has a holder */

/* What the sink asks of the far side now may take so many ms, and is no stall; 0: all
 * that was asked is answered. Nothing where the batch has no holder. */
void effect_batch_silent(const struct effect_batch *b, int64_t ms);

/* FAILED back to PENDING, for another try. */
void effect_retry(struct effect *e);

const char *effect_kind_name(enum effect_kind kind);

#endif
