/* option: tables that say which settings a thing has, and the one function that
 * reads a group by such a table. The tables also make conf/README.md, so that
 * what is read and what is documented are the same.
 */
#ifndef SLUICE_CORE_OPTION_H
#define SLUICE_CORE_OPTION_H

#include "sluice/core/node.h"

/* All mistakes found in a settings tree; shown together. */
struct problem {
	const char *file;
	int line;
	struct str path;      /* "pipelines[0].handlers[2].topic" */
	struct str text;      /* what was found, what was expected, did you mean */
	struct problem *next;
};

struct problems {
	struct arena *arena;
	struct problem *first, *last;
	size_t count;
};

void problems_init(struct problems *p, struct arena *arena);

/* Notes one at a node (NULL: at no place). */
void problems_add(struct problems *p, const struct node *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

enum option_type {
	OPTION_STR,    /* struct str */
	OPTION_INT,    /* int64_t, within min..max */
	OPTION_REAL,   /* double, within min..max */
	OPTION_BOOL,   /* bool */
	OPTION_ENUM,   /* int: index into `names` */
	OPTION_TREE,   /* const struct node *: an object or array kept as it is; a string
	                  holding JSON is parsed into one */
	OPTION_VALUE,  /* const struct node *: any kind, strings stay strings (templates) */
	OPTION_GROUP,  /* a struct read by `table` in place, at offset */
	OPTION_LIST,   /* struct option_list: groups read by `table`, `item_size` each */
	OPTION_NAMES,  /* struct option_names: an array of strings */
};

struct option_list {
	void *items;   /* arena */
	const struct node **nodes;  /* where each was written */
	size_t count;
};

struct option_names {
	struct str *items;
	size_t count;
};

enum option_flags {
	OPTION_REQUIRED = 1,
};

struct option {
	const char *name;         /* NULL ends the table */
	enum option_type type;
	size_t offset;            /* offsetof() in the settings struct */
	unsigned flags;
	const char *default_text; /* as it would stand in the file; NULL: none (zero) */
	int64_t min, max;         /* INT, REAL, and a LIST's length; both 0: no limit */
	const char *const *names; /* ENUM: NULL-terminated */
	const struct option *table;
	size_t item_size;
	const char *unit;         /* "ms", "bytes", "s", "per second", or NULL */
	const char *help;         /* one sentence for conf/README.md and --help */
};

/* Reads `group` (NULL: as if empty) into *out by the table: defaults first, then
 * what stands there. Unknown names (with the nearest known one), wrong types,
 * wrong ranges and missing required settings go into *problems; names listed in
 * `also` (NULL-terminated, may be NULL) are known to somebody else and left
 * alone. Text is borrowed from the tree. True when it found no new problem. */
bool option_read(const struct option *table, const struct node *group, void *out, const char *const *also,
		 struct problems *problems);

/* One Markdown table of the options, for conf/README.md. */
struct buf;
bool option_print_markdown(const struct option *table, struct buf *out);

#endif
