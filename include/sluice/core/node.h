/* node: a settings tree, whatever file it came from (libconfig or JSON). A group
 * is an object, a list an array. Every node remembers where it was written, so
 * that a mistake can be shown with file and line. Lives in an arena.
 */
#ifndef SLUICE_CORE_NODE_H
#define SLUICE_CORE_NODE_H

#include "sluice/core/arena.h"
#include "sluice/core/err.h"

enum node_kind { NODE_NULL, NODE_BOOL, NODE_INT, NODE_REAL, NODE_STRING, NODE_ARRAY, NODE_OBJECT };

struct node {
	enum node_kind kind;
	bool b;
	int64_t i;
	double d;
	struct str text;          /* STRING: plain text; INT, REAL: the number as written; OBJECT,
	                             ARRAY: the JSON as written, where the reader keeps it */
	struct str name;          /* the member's name, or {NULL,0} in an array */
	struct node *first, *last, *next;
	size_t count;
	struct node *parent;
	const struct node *origin; /* of a copy, and of what was parsed from a string: where that
	                             stands; NULL: it is no copy */
	const char *file;         /* NUL-terminated, borrowed from the reader; may be NULL */
	int line, column;         /* 1-based; 0: unknown */
	uint32_t index;           /* which child of its parent, from 0 */
	bool broken;              /* a problem was noted at it already: readers pass over
	                             its value in silence */
};

/* NULL at the arena's cap. */
struct node *node_new(struct arena *a, enum node_kind kind);
void node_append(struct node *container, struct node *child);

/* The member, or NULL. */
const struct node *node_get(const struct node *object, struct str name);

/* Where the node itself was written, for a copy of a copy, too. */
const struct node *node_origin(const struct node *n);

/* Turns a node into the number that `text` is by JSON's grammar: INT when it is
 * whole and within 64 bits, else REAL. The text is kept as it is. False when it
 * is no number, or none that a double can hold. */
bool node_set_number(struct node *n, struct str text);

/* A tree from JSON text; nodes get `file` and `line` of `origin` (may be NULL).
 * The texts are copied into the arena. NULL with err DATA: what scan says,
 * "node.duplicate" (a name twice in an object), "node.number", "node.memory". */
struct node *node_from_json(struct arena *a, struct str json, const struct node *origin, struct err *err);

/* "pipelines[0].handlers[2].filter": where the node stands, for messages; empty
 * for the root. */
struct str node_path(struct arena *a, const struct node *n);

/* Writes the tree as compact JSON. */
struct buf;
bool node_print_json(const struct node *n, struct buf *out);

/* The same as the writer's next value (a member's key has been written). */
struct json_writer;
void node_write_json(const struct node *n, struct json_writer *w);

const char *node_kind_name(enum node_kind kind);  /* "a string", "a group { }", ... */

/* What stands there, for "found …": the kind and a short value. */
struct str node_describe(struct arena *a, const struct node *n);

#endif
