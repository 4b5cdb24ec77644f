/* finding: what was found in a data model, each with a code, a severity, a place and
 * what to do about it. All of them at once; sorted by place.
 */
#ifndef SLUICE_MODEL_FINDING_H
#define SLUICE_MODEL_FINDING_H

#include "sluice/core/arena.h"
#include "sluice/core/err.h"

struct node;
struct json_writer;

enum finding_severity { FINDING_ERROR, FINDING_WARNING, FINDING_HINT };

/* So many are kept; the rest is counted. Warnings and hints fill four fifths at most, so that
 * errors are seen. */
enum { MODEL_FINDINGS_MAX = 500 };

struct model_finding {
	const char *code;              /* stable: "key-undefined"; static */
	enum finding_severity severity;
	struct str path;               /* "tables[0].KeySchema[1].AttributeName" */
	int line, column;              /* 1-based; 0: unknown */
	struct str text;               /* what is wrong */
	struct str fix;                /* what to do; may be empty */
	struct model_finding *next;
};

struct findings_list {
	struct arena *arena;           /* borrowed */
	const char *file;              /* for messages; may be NULL */
	struct model_finding *first, **end;
	size_t kept;
	size_t count, errors, warnings;   /* of all, also of those not kept */
};

void findings_list_init(struct findings_list *f, struct arena *arena, const char *file);

/* At a node (its path and line), or with NULL at the document as a whole. fix: literal
 * text, or NULL. Control characters in the text become '?'. */
void finding_add(struct findings_list *f, enum finding_severity severity, const char *code, const struct node *at,
		 const char *fix, const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* At a place in the text that has no node (syntax). */
void finding_add_at(struct findings_list *f, enum finding_severity severity, const char *code, int line, int column,
		    struct str path, const char *fix, const char *fmt, ...) __attribute__((format(printf, 8, 9)));

/* "error", "warning", "hint". */
const char *finding_severity_name(enum finding_severity severity);

void findings_list_sort(struct findings_list *f);

/* "model.json:12:5: error key-undefined: tables[0].KeySchema[0]: …" a line each, its fix
 * indented below it; and one line of sum. */
struct buf;
bool findings_list_print(const struct findings_list *f, struct buf *out);
/* An array of objects {code, severity, path, line, column, text, fix}. */
void findings_list_write(const struct findings_list *f, struct json_writer *w);

#endif
