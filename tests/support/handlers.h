/* handlers: a handler made from a text of settings, fed with records, and its
 * effects as lines of text.
 */
#ifndef SLUICE_SUPPORT_HANDLERS_H
#define SLUICE_SUPPORT_HANDLERS_H

#include "sluice/handlers/handler.h"
#include "support/records.h"

struct handler_test {
	struct arena arena;
	struct problems problems;
	struct handler *h;            /* NULL: the settings have problems */
	struct page *page;
	const struct record **records;
	struct effect_batch batch;
	struct err err;               /* of the last apply() that failed */
	size_t n_failed;
};

/* Reads the settings (as records_node()) and makes the handler: app "deals",
 * pipeline "orders", handler "h", source table "Source". */
void handler_test_open(struct handler_test *t, const char *kind, const char *settings);
void handler_test_close(struct handler_test *t);

/* As open(), and fails the test when there are problems. */
void handler_test_must_open(struct handler_test *t, const char *kind, const char *settings);

/* All problems, one a line ("path: text"), in the arena. */
const char *handler_test_problems(struct handler_test *t);

/* Applies the records in a new batch from shard "shardId-1"; a record that fails
 * is counted and passed over, its error is kept. */
void handler_test_apply(struct handler_test *t, const struct record_spec *specs, size_t n);
void handler_test_apply_from(struct handler_test *t, const char *shard, const struct record_spec *specs, size_t n);

/* The batch's effects, one a line, " for ', and "report <code>" / "failed <code>"
 * behind them; in the arena. Fences are left out, sluice-v headers too. */
const char *handler_test_effects(struct handler_test *t);

/* One case of a table: settings, one change, the effects. */
struct handler_case {
	const char *name, *settings;
	struct record_spec record;
	const char *effects;
};

void handler_test_cases(const char *kind, const struct handler_case *cases, size_t n);

/* One case of a table of mistakes: settings, and a part of the problem's text. */
struct handler_mistake {
	const char *settings, *problem;
};

void handler_test_mistakes(const char *kind, const struct handler_mistake *cases, size_t n);

/* The definition, with ' for ", in the arena. */
const char *handler_test_definition(struct handler_test *t);

#endif
