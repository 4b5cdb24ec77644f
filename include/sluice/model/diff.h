/* diff: what changes from one data model to another, and the steps in which a system that
 * runs gets from one to the other.
 *
 * Things are matched by name: tables, indexes, sinks, pipelines, handlers (within their
 * pipeline), patterns (by id; the second of the same id with the second). A new name is an addition and
 * a removal, never taken for a renaming; where both are defined alike, a hint says so.
 *
 * Steps stand in five phases, each safe when the ones before are done: what only adds;
 * filling what was added; readers; writers; what takes away. Facts: the API reference of
 * UpdateTable and UpdateTimeToLive, the developer guide on global indexes, TTL and streams;
 * of handlers: handlers/handler.h (definition) and src/README.md (State).
 *
 * Pure. Everything lives in the arena that is given; texts hold no control characters.
 * Time: n log n of the documents.
 */
#ifndef SLUICE_MODEL_DIFF_H
#define SLUICE_MODEL_DIFF_H

#include "sluice/model/document.h"

enum { DIFF_BYTES = 128 << 20 };   /* a good cap for the arena */

enum diff_kind { DIFF_ADDED, DIFF_REMOVED, DIFF_CHANGED };

struct diff_change {
	enum diff_kind kind;
	const char *what;            /* "table" "key" "index" "projection" "billing" "stream" "ttl" "setting"
	                                "attribute" "sizing" "items" "pattern" "handler" "sink" "pipeline"; static */
	struct str table;            /* that it is of; empty: none */
	struct str name;             /* of the index, pattern, handler …; empty: the table itself */
	struct str text;             /* what it is, or was and is */
	struct str hint;             /* may be empty */
	struct diff_change *next;
};

enum diff_phase { DIFF_ADD, DIFF_FILL, DIFF_READERS, DIFF_WRITERS, DIFF_REMOVE, DIFF_PHASES };

struct diff_step {
	enum diff_phase phase;
	const char *code;            /* stable: "create-index"; static */
	struct str table, name;      /* may be empty */
	struct str what, why;
	const char *operation;       /* the API call: "UpdateTable"; NULL: none */
	struct str request;          /* its body */
	struct str before, after;    /* what must be true before it, and may be done behind it; may be empty */
	bool makes;                  /* takes nothing away: `model apply` does it */
	const struct model_table *of;      /* of the new model, where it makes something of a table */
	const struct model_index *index;   /* the one it makes, else NULL */
	struct diff_step *next;
};

/* USD a month, as `model cost` reckons it: average rates, on demand, the list prices. */
struct diff_cost {
	double reads, writes, index_writes, storage, streams, handlers, state, usd;
	size_t not_counted;          /* patterns and handlers that lack figures, or have none that can be */
};

struct model_diff {
	struct diff_change *changes;
	size_t n_changes;
	struct diff_step *steps;     /* in order */
	size_t n_steps;
	bool costs;                  /* both could be reckoned; else nothing is said of cost */
	struct diff_cost was, is;
};

struct diff_options {
	/* `was` is what a service describes, not what somebody wrote: only tables are compared, and of them only
	 * what both sides say (a description has no tags, no sizes). */
	bool described;
};

/* False at the arena's cap (FATAL "diff.memory"). Borrows from both models. */
bool model_diff(struct model_diff *out, const struct model *was, const struct model *is, const struct diff_options *o,
		struct arena *arena, struct err *err);

const char *diff_kind_name(enum diff_kind kind);     /* "added" */
const char *diff_phase_name(enum diff_phase phase);  /* "add" "fill" "readers" "writers" "remove" */

/* For people: the changes, then the steps. False: the buf is full. */
struct buf;
bool model_diff_print(const struct model_diff *d, struct buf *out);
/* One step as it stands there, under its number. */
void model_diff_print_step(const struct diff_step *s, size_t number, struct buf *out);
/* "+ index Orders.ByDay: …", a line and perhaps a hint's. */
void model_diff_print_change(const struct diff_change *c, struct buf *out);

/* Members "changes" and "steps" of the object that w is in. */
struct json_writer;
void model_diff_write(const struct model_diff *d, struct json_writer *w);
void model_diff_write_step(const struct diff_step *s, struct json_writer *w);

/* "aws dynamodb update-table --cli-input-json '…'", quoted for a POSIX shell. */
void model_diff_put_command(const struct diff_step *s, struct buf *out);

#endif
