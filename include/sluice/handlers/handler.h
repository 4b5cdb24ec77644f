/* handler: records in, effects out. Pure: no I/O, no clock, no chance; the same
 * record gives the same effects on every replay. One file a kind; the table in
 * src/handlers/registry.c lists them.
 */
#ifndef SLUICE_HANDLERS_HANDLER_H
#define SLUICE_HANDLERS_HANDLER_H

#include "sluice/core/option.h"
#include "sluice/pipeline/effect.h"
#include "sluice/pipeline/filter.h"

/* Where a handler stands. Text lives as long as the settings. */
struct handler_site {
	struct str app, pipeline, name;
	struct str table;               /* the source table */
	const struct node *node;        /* its group in the settings, for messages */
};

/* Settings that name the place in the sink: each sink's kind has its own
 * (sink_ops.address). A member of a handler's settings. */
struct handler_address {
	struct str topic, queue_url, topic_arn, stream, bus, function, bucket, prefix, url;
};

struct handler;

struct handler_ops {
	const char *kind;
	const char *summary;            /* one sentence for conf/README.md */
	const struct option *options;   /* its own settings; the common ones are read by app */
	size_t settings_size;
	bool image;                     /* a function of item images: filter is limited to Keys */
	bool needs_new, needs_old;      /* images that the stream's view type must have */
	bool tasks;                     /* its effects are fan-out tasks, whatever sink they end in */

	/* Compiles settings (read by `options`, borrowed for the handler's life).
	 * All mistakes go into *problems; NULL then. `sluice check` is this call. */
	struct handler *(*new)(const void *settings, const struct handler_site *site, struct problems *problems);

	/* Told the source table's key attributes before the first record, when the
	 * table has been described (key_names[1] empty: no sort key). Mistakes that
	 * only show then go into *problems; false with them. NULL: kind needs none. */
	bool (*bind)(struct handler *h, const struct str key_names[2], struct problems *problems);

	/* Appends the effects of batch->records[index]. Nothing appended: the record
	 * is acknowledged as it is. False with DATA: the whole record goes to the
	 * dead letter and nothing of it was appended. One side of an image kind that
	 * cannot be evaluated is noted with effect_batch_report() and the other side
	 * applied. FATAL "effect.memory" at the batch's cap: nothing of this record
	 * was appended; the caller cuts the batch there. */
	bool (*apply)(struct handler *h, struct effect_batch *batch, uint32_t index, struct err *err);

	/* Writes the definition that its rows depend on, as canonical JSON: what
	 * must not change under existing rows. NULL: kind keeps no rows. */
	bool (*definition)(const struct handler *h, struct buf *out);

	void (*free)(struct handler *h);
};

/* What every handler begins with. */
struct handler {
	const struct handler_ops *ops;
	struct handler_site site;
	struct arena arena;             /* compiled templates and filters */
	struct buf scratch;             /* working space of apply() */
	struct str sink;                /* name of the sink its effects go to; empty: the tables'
	                                   own DynamoDB */
};

/* True for a row that sluice derived into its own source table (an image holds
 * the attribute sluice_handler): no handler of that table reads it. */
bool handler_ignores(const struct record *r);

/* All kinds, ended by NULL; and one by name. */
extern const struct handler_ops *const handler_kinds[];
const struct handler_ops *handler_kind(struct str kind);

#endif
