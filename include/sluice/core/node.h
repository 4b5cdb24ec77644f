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
	struct str text;          /* STRING: plain text; INT, REAL: the number as written */
	struct str name;          /* the member's name, or {NULL,0} in an array */
	struct node *first, *last, *next;
	size_t count;
	struct node *parent;
	const char *file;         /* NUL-terminated, borrowed from the reader; may be NULL */
	int line;                 /* 1-based; 0: unknown */
};

struct node *node_new(struct arena *a, enum node_kind kind);
void node_append(struct node *container, struct node *child);

/* The member, or NULL. */
const struct node *node_get(const struct node *object, struct str name);

/* A tree from JSON text; nodes get `file` and `line` of `origin` (may be NULL). */
struct node *node_from_json(struct arena *a, struct str json, const struct node *origin, struct err *err);

/* "pipelines[0].handlers[2].filter": where the node stands, for messages. */
struct str node_path(struct arena *a, const struct node *n);

/* Writes the tree as compact JSON. */
struct buf;
bool node_print_json(const struct node *n, struct buf *out);

const char *node_kind_name(enum node_kind kind);  /* "a string", "a group { }", ... */

#endif
