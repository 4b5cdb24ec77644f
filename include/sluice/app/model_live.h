/* model_live: a data model tried on an endpoint: its tables are made under names of this run, its sample items
 * written, its handlers run on what comes of that, each of its patterns run and compared with `expect`, and
 * everything dropped again.
 *
 * Phases. (1) All tables under a prefix that nobody else uses; TTL stays off and deletion protection, too. Where
 * the endpoint refuses global indexes of several HASH or RANGE attributes, the table has none of these, and what
 * reads them is not checked. (2) The sample items. (3) Each handler by itself, on tables of its own, by the
 * daemon's own worker (worker/worker.h) as tasks of this loop, its state in a temporary file: the steps of
 * expect_after one after the other. Every sink but DynamoDB's keeps what it gets in memory. Then all handlers
 * together on the first tables, so that patterns find what they would find. (4) Each pattern: what its
 * commands will write is read first and put back afterwards, so that patterns do not see each other. Reads of a global
 * index are tried again for 5 s, others that are not consistent for 1 s. (5) All tables are dropped, whatever happened.
 *
 * Only operations on items are run; the requests' table names are exchanged in their trees (model/names.h).
 */
#ifndef SLUICE_APP_MODEL_LIVE_H
#define SLUICE_APP_MODEL_LIVE_H

#include "sluice/app/model_site.h"
#include "sluice/model/document.h"
#include "sluice/model/expect.h"

#define MODEL_LIVE_PREFIX "sluice-validate-"
#define MODEL_LIVE_WRITER "sluice model validate"

enum {
	MODEL_LIVE_BYTES = 256 << 20,        /* a good cap for the arena */
	MODEL_LIVE_RESPONSE_BYTES = 16 << 10,   /* so much of an answer is kept */
};

enum model_verdict { MODEL_NOT_CHECKED, MODEL_PASSED, MODEL_FAILED };

/* What came of a pattern or handler. */
struct model_outcome {
	enum model_verdict verdict;
	struct str reason;               /* NOT_CHECKED: why; PASSED: "ran" where nothing is expected, else empty */
	struct expect_differences differences;
	struct str operation;            /* of a pattern's last command; empty: none */
	struct str command;              /* that; empty: none */
	struct str response;             /* of that, JSON or its begin; an exception as its name and words; or empty */
	bool cut;                        /* the response is longer */
};

struct model_outcomes {
	size_t passed, failed, not_checked;
};

struct model_live_result {
	struct model_outcome *patterns;  /* as in the model */
	struct model_outcome *handlers;
	struct model_outcomes pattern_sums, handler_sums;
	const struct str *left;          /* tables that could not be dropped */
	size_t n_left;
	struct str endpoint;
};

struct model_live_progress {
	const char *phase;               /* "tables", "items", "handlers", "patterns", "clean up" */
	size_t done, total;
	struct str what;                 /* the pattern's or handler's name, or empty */
};

struct model_live_options {
	void (*progress)(void *ctx, const struct model_live_progress *p);  /* NULL: nobody asks */
	void *ctx;
};

/* Yields; in a task. The model has no errors (model_lint). False with err when the run could not be done to its end: the
 * endpoint refuses or is gone, or site->stop was set or the task cancelled (CANCELLED): *out then says how far it came,
 * and everything is cleaned up all the same. *out lives in the arena. */
bool model_live_run(struct model_site *site, const struct model *m, const struct model_live_options *options,
		    struct model_live_result *out, struct arena *a, struct err *err);

/* "passed", "failed", "not checked". */
const char *model_verdict_name(enum model_verdict verdict);

/* A table for people, differences below each line, and sums. */
struct buf;
bool model_live_print(const struct model_live_result *r, const struct model *m, struct buf *out);

/* Members "patterns", "handler_results", "live", of an object that is open. */
struct json_writer;
void model_live_write(const struct model_live_result *r, const struct model *m, struct json_writer *w);

/* dynamodb_model_validation.json, as other tools know it: {"validated_by": "sluice model validate",
 * "validation_response": [{pattern_id, description, dynamodb_operation, command, response, verdict}]}. */
bool model_live_write_file(const struct model_live_result *r, const struct model *m, struct buf *out);

#endif
