/* derive: a data model's stream_sinks, stream_pipelines and stream_handlers as the daemon's
 * settings file (conf/README.md), with comments that say what each handler keeps true.
 *
 * The file has two parts. Above the line MODEL_DERIVE_YOURS stand `sinks` and `pipelines`: they are
 * written anew each time. The line and all below it belong to a person and are kept byte for byte;
 * a first derivation writes there what the file needs beside (app, state).
 *
 * A translation, name for name; nothing is left out in silence: a handler or setting that this
 * version does not run stands as a comment, and among `notes`. The same model gives the same bytes.
 *
 * A model is untrusted. Every string reads back as it was written: quotes, backslashes, control and
 * invisible characters are escaped, and "$(" is, too, so that no variable of the environment is
 * filled in. But where addresses stand (all of a sink's settings; of a handler or its dead letter
 * topic, queue_url, topic_arn, stream, bus, function, bucket, prefix, url) a well-formed $(NAME) or $(NAME:-text) stays
 * what it is, and is listed. A group with a name, number or null that the syntax cannot hold is
 * written as JSON in a string where the daemon takes it, and is an error elsewhere. Names in comments are
 * cut, and hold no control characters.
 *
 * Whether the daemon accepts the result is asked of its own reader (app/model_conf.h).
 */
#ifndef SLUICE_MODEL_DERIVE_H
#define SLUICE_MODEL_DERIVE_H

#include "sluice/core/buf.h"
#include "sluice/model/document.h"

#define MODEL_DERIVE_YOURS "# -- yours below --"

enum {
	MODEL_DERIVE_BYTES = 1 << 20,          /* a larger file is not read by the daemon */
	MODEL_DERIVE_ARENA_BYTES = 64 << 20,   /* a good cap for the arena */
};

struct model_derive_options {
	const char *file;              /* the model's, named in the first comment; NULL: not named */
	struct str app;                /* of a first derivation; empty: after the first handler's table */
	struct str state_table;        /* likewise; empty: the daemon's default */
	struct str state_file;         /* instead of a table; empty: none */
	struct str yours;              /* all that stands below the line in a first derivation, instead of the above */
	int64_t poll_min_ms, poll_max_ms;  /* of pipelines that say nothing themselves; 0: the daemon's defaults */
	bool plain;                    /* without comments */

	/* The name under which a table is known there; NULL: its own. The text must outlive the call. */
	struct str (*table_name)(void *ctx, struct str table);
	/* Which handlers; NULL: all. The others are left out without a word. */
	bool (*takes)(void *ctx, const struct model_handler *h);
	void *ctx;
};

/* What is not run, or must be known: at a node of the model. */
struct model_derive_note {
	const struct node *at;
	struct str text;
	struct model_derive_note *next;
};

/* A variable of the environment that the file names. */
struct model_derive_variable {
	struct str name, fallback;
	bool has_fallback;
	struct model_derive_variable *next;
};

/* What stands from that line of the file on. */
struct model_derive_place {
	int line;
	const struct node *at;
	struct model_derive_place *next;
};

/* Lives in the arena, borrows from the model. */
struct model_derivation {
	struct arena *arena;           /* the caller's, set before */
	size_t n_sinks, n_pipelines, n_handlers;
	size_t not_run;                /* handlers that stand as comments */
	bool first;                    /* there was no file: its lower part is ours */
	struct model_derive_note *notes;
	struct model_derive_variable *variables;
	struct model_derive_place *places;   /* lines ascend */
};

/* Appends the whole file to `out` (its cap: MODEL_DERIVE_BYTES). `existing`: the file as it stands, empty
 * or blank when there is none. The model has no errors (model_lint). False with DATA: "derive.nothing" (no
 * handler that this version runs), "derive.foreign" (an existing file without the line), "derive.value" (what the
 * syntax cannot hold), "derive.name" (two pipelines of one name), "derive.size", "derive.memory". */
bool model_derive(const struct model *m, const struct model_derive_options *options, struct str existing,
		  struct buf *out, struct model_derivation *result, struct err *err);

/* The node of the model that a line of the file was made from; NULL: none, it is no line of ours. */
const struct node *model_derive_at(const struct model_derivation *d, int line);

#endif
