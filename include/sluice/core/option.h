/* option: tables that say which settings a thing has, and the one function that
 * reads a group by such a table. The tables also make conf/README.md, so that
 * what is read and what is documented are the same.
 */
#ifndef SLUICE_CORE_OPTION_H
#define SLUICE_CORE_OPTION_H

#include "sluice/core/node.h"
#include "sluice/core/problem.h"

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
	OPTION_REQUIRED = 1,  /* must stand there; a STR, LIST or NAMES may not be empty */
	OPTION_SECRET = 2,    /* STR: also { file = "/run/secrets/x"; }, then the file's content
	                         without the last newline; NAMES: its elements also as
	                         { name = "sasl.password"; file = "/run/secrets/x"; }, which
	                         becomes "sasl.password=…". Never shown in messages */
	OPTION_BARE = 8,      /* with SECRET, NAMES: elements are { file = "/run/secrets/x"; }, without a name */
	OPTION_LATER = 4,     /* a known name that this version has no use for yet: refused with
	                         those words; not documented, no offset or type needed */
};

struct option {
	const char *name;         /* NULL ends the table */
	enum option_type type;
	size_t offset;            /* offsetof() in the settings struct */
	unsigned flags;
	const char *default_text; /* as it would stand in the file (text may go without its
	                             quotes; NAMES, TREE and VALUE as JSON); NULL: none (zero) */
	int64_t min, max;         /* INT, REAL, and the length of a LIST or NAMES; both 0: no
	                             limit; max 0 with a min: no upper limit */
	const char *const *names; /* ENUM: NULL-terminated */
	const struct option *table;
	size_t item_size;
	const char *unit;         /* "ms", "bytes", "s", "per second", or NULL; VALUE: what may
	                             stand there, for conf/README.md */
	const char *help;         /* one sentence for conf/README.md and --help */
	const char *const *later; /* ENUM: names that this version has no use for yet, refused
	                             with those words; NULL-terminated, may be NULL */
};

/* Reads `group` (NULL: as if empty) into *out by the table: defaults first, then
 * what stands there. Unknown names (with the nearest known one), names given
 * twice, wrong types, wrong ranges and missing required settings go into
 * *problems; names listed in `also` (NULL-terminated, may be NULL) are known to
 * somebody else and left alone. Text is borrowed from the tree (or lives in the
 * arena of *problems). True when it found no new problem. */
bool option_read(const struct option *table, const struct node *group, void *out, const char *const *also,
		 struct problems *problems);

/* As option_read(), but what is not given keeps the value *out has: a group that
 * overrides another one member by member. Nothing is missing here. */
bool option_read_over(const struct option *table, const struct node *group, void *out, const char *const *also,
		      struct problems *problems);

/* Markdown table rows of the options, for conf/README.md, with `prefix` before
 * each name ("batch."); groups and lists bring their own settings below them. */
struct buf;
bool option_print_rows(const struct option *table, const char *prefix, struct buf *out);

/* The same with the table's head. */
bool option_print_markdown(const struct option *table, struct buf *out);

#endif
