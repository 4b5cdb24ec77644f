/* problem: the mistakes found in somebody's file, gathered so that all of them
 * are shown at once, each with its place:
 *
 *   deals.conf:12: pipelines[0].handlers[1].topik: unknown setting; did you mean 'topic'?
 *
 * Everything lives in the arena. Control characters in the texts become '?', so
 * that a hostile file cannot write to the terminal that shows them.
 */
#ifndef SLUICE_CORE_PROBLEM_H
#define SLUICE_CORE_PROBLEM_H

#include "sluice/core/arena.h"

#include <stdarg.h>

struct node;

/* So many are kept; the others are only counted. */
enum { PROBLEMS_MAX = 200 };

enum problem_sort {
	PROBLEM_WRONG,
	PROBLEM_LATER,     /* known, but this version has no use for it yet */
	PROBLEM_UNSET,     /* names an environment variable that is not set */
};

struct problem {
	const char *file;  /* borrowed; NULL: at no place */
	int line;          /* 1-based; 0: the file as a whole */
	struct str path;   /* "pipelines[0].handlers[2].topic", or empty */
	struct str text;   /* what was found, what was expected, did you mean */
	enum problem_sort sort;
	const struct node *at;  /* borrowed; NULL: at no node */
	struct problem *next;
};

struct problems {
	struct arena *arena;
	struct problem *first, *last;
	size_t count;      /* of all, also of those not kept */
	const struct problem *causes;  /* problems_follow() was called behind it */
};

void problems_init(struct problems *p, struct arena *arena);

/* Notes one at a node, with its path (NULL: at no place). */
void problems_add(struct problems *p, const struct node *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, of another sort than WRONG. */
void problems_add_as(struct problems *p, enum problem_sort sort, const struct node *at, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Notes one at a place that has no node (a syntax error). */
void problems_add_at(struct problems *p, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

void problems_vadd_at(struct problems *p, const char *file, int line, const char *fmt, va_list ap)
	__attribute__((format(printf, 4, 0)));

/* Has one been noted at the node or inside of it? What stands there was refused
 * or read in part: a check of another setting against it would mislead. */
bool problems_within(const struct problems *p, const struct node *n);

/* From here until problems_follow_end() the meaning of what was read is checked:
 * a problem at a node at which or inside of which one was noted before is a
 * consequence of that one and is not noted (at no node: always noted). */
void problems_follow(struct problems *p);
void problems_follow_end(struct problems *p);

/* By file and line; those of one line stay in the order they were found. */
void problems_sort(struct problems *p);

/* One line each, "file:line: path: text". */
struct buf;
bool problems_print(const struct problems *p, struct buf *out);

/* A search for what somebody meant: offer every known word, then ask. */
struct nearest {
	struct str word;
	struct str best;
	unsigned distance;
};

struct nearest nearest_to(struct str word);
void nearest_offer(struct nearest *n, struct str known);

/* "; did you mean 'topic'?", or "" when nothing offered is near enough. */
const char *nearest_text(struct nearest *n, char *out, size_t size);

#endif
