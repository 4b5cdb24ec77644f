/* template_impl: what a compiled template is made of; shared by template_*.c and
 * by filter_*.c, which compares with operands without writing them out first.
 */
#ifndef SLUICE_PIPELINE_TEMPLATE_IMPL_H
#define SLUICE_PIPELINE_TEMPLATE_IMPL_H

#include "sluice/core/problem.h"
#include "sluice/pipeline/template.h"

enum {
	TEMPLATE_MAX_BYTES = 1 << 16,      /* of a template's text */
	TEMPLATE_MAX_PARTS = 256,
	TEMPLATE_MAX_TRANSFORMS = 16,      /* behind one reference */
	TEMPLATE_MAX_INDEX = 1 << 20,      /* of split and slice */
	TEMPLATE_MAX_DEPTH = 32,           /* of a tree: DynamoDB's own limit */
};

enum template_event {
	EVENT_NAME, EVENT_ID, EVENT_TIME, EVENT_SEQUENCE_NUMBER, EVENT_TABLE, EVENT_V,
};

enum transform_op {
	TRANSFORM_DEFAULT, TRANSFORM_SPLIT, TRANSFORM_SLICE, TRANSFORM_LOWER, TRANSFORM_UPPER, TRANSFORM_JSON,
};

/* One "| name(…)". */
struct transform {
	enum transform_op op;
	struct value value;      /* DEFAULT */
	struct str separator;    /* SPLIT */
	size_t from, to;         /* SLICE: code points; SPLIT: `from` is the piece */
};

/* One ${…}. */
struct reference {
	enum template_root root;
	enum template_event event;
	struct path path;        /* below the root; no steps: all of it */
	struct str name;         /* as written, for messages */
	struct transform *transforms;
	size_t n_transforms;
	bool text;               /* some transform makes text */
};

struct template_part {
	struct str plain, escaped;     /* literal text, also as JSON string content */
	struct reference *reference;   /* or a reference */
};

struct template {
	struct template_part *parts;
	size_t count;
	unsigned roots;
	bool exact;              /* one reference and nothing beside it */
};

/* What a reference gives. */
enum template_got {
	TEMPLATE_FAILED,   /* err is filled */
	TEMPLATE_MISSING,  /* nothing there, no default; err is not touched */
	TEMPLATE_VALUE,
	TEMPLATE_TEXT,     /* plain text, appended to the buf */
};

struct resolved {
	struct value value;
	bool plain;        /* value.raw is plain text, not JSON string content */
	char digits[24];   /* value.raw of numbers that are made here */
};

enum template_got template_resolve(const struct reference *r, const struct template_context *c, struct buf *out,
				   struct resolved *got, struct err *err);

/* DATA "template.missing". */
bool template_missing(const struct reference *r, struct err *err);

/* Appends a value's plain text; DATA "template.type" for lists, maps and null. */
bool template_put_text(const struct reference *r, const struct resolved *got, struct buf *out, struct err *err);

/* DATA "template.size". */
bool template_too_large(const struct buf *out, struct err *err);

/* The operand of a condition. `text` is plain and lies in the record or in
 * *scratch (emptied first). Never TEMPLATE_TEXT. */
struct template_operand {
	enum value_type type;    /* S, N, B, BOOL or NULL */
	struct str text;
};

enum template_got template_operand(const struct template *t, const struct template_context *c, struct buf *scratch,
				   struct template_operand *out, struct err *err);

/* --- text at the end of a buf, from byte `start` on, changed in place --- */

/* Plain text becomes JSON string content. False when there is no room. */
bool tail_escape(struct buf *b, size_t start);

/* Puts a prefix in front of the tail. */
bool tail_prefix(struct buf *b, size_t start, struct str prefix);

bool tail_map(struct buf *b, size_t start, uint32_t (*letter)(uint32_t));

/* Keeps the code points from..to-1. */
void tail_slice(struct buf *b, size_t start, size_t from, size_t to);

/* Keeps the piece of that number; false when there are fewer. */
bool tail_split(struct buf *b, size_t start, struct str separator, size_t piece);

/* False when JSON string content holds half a surrogate pair. */
bool content_is_text(struct str content);

#endif
