/* findings: a list of what was looked at and how it stands, in groups, for people
 * (✓ and ✗) and as JSON.
 */
#ifndef SLUICE_APP_FINDINGS_H
#define SLUICE_APP_FINDINGS_H

#include "sluice/core/arena.h"
#include "sluice/core/err.h"
#include "sluice/core/json_write.h"

enum finding_state {
	FINDING_OK,
	FINDING_NOTE,      /* could not be tried, or is worth knowing */
	FINDING_FAILED,
};

/* Text lives in the list's arena. */
struct finding {
	struct str group, what, text;
	enum finding_state state;
	struct str code;               /* FAILED: err's */
	struct str missing;            /* the IAM action that is not allowed; or empty */
	struct finding *next;
};

struct findings {
	struct arena *arena;           /* borrowed */
	struct finding *first, **end;
	struct str group;              /* what comes next belongs to it */
	size_t count, failed;
};

void findings_init(struct findings *f, struct arena *arena);

/* Begins a group: "pipeline deals". */
void findings_group(struct findings *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void findings_add(struct findings *f, enum finding_state state, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Whether the service says that IAM does not allow it. */
bool findings_denied(const struct err *err);

/* FAILED. Where the service says that it is not allowed, `what` ("dynamodb:Query"; or
 * whatever else) is the missing IAM action if it has the form of one. */
void findings_fail(struct findings *f, const char *what, const struct err *err);

/* The list by groups, and one line of sum. */
void findings_print(const struct findings *f, struct buf *out);

/* Members "findings" and "missing_actions" of the object that `w` is in. */
void findings_write(const struct findings *f, struct json_writer *w);

#endif
