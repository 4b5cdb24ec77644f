/* conf_scan: the walk over a settings file's text before libconfig parses it.
 * It resolves @include into one text with a map back to file and line, and finds
 * by name what libconfig 1.5 would do silently or call "syntax error":
 *
 *  - an integer beyond 32 bits without L is cut by libconfig: refused here;
 *  - `\x00` in a string is dropped by libconfig: refused here;
 *  - libconfig stops at its first error: brackets, quotes, commas, names given
 *    twice and words without quotes are found here, all of them;
 *  - numbers are remembered as they were written, since libconfig keeps a double.
 *
 * An include's path is relative to the file it stands in.
 */
#ifndef SLUICE_APP_CONF_SCAN_H
#define SLUICE_APP_CONF_SCAN_H

#include "sluice/core/buf.h"
#include "sluice/core/err.h"
#include "sluice/core/problem.h"

enum {
	CONF_FILE_MAX = 1 << 20,    /* bytes of one file */
	CONF_TOTAL_MAX = 1 << 22,   /* bytes of all */
	CONF_DEPTH_MAX = 64,        /* nested groups and lists */
	CONF_INCLUDE_DEPTH = 8,
	CONF_INCLUDES_MAX = 64,     /* files altogether */
	CONF_GROUP_MAX = 500,       /* settings of one group */
};

/* Where a program's settings come from. Members left NULL: the file system and
 * the process's environment. */
struct conf_source {
	/* Appends the file's bytes to out (capped). */
	bool (*load)(void *ctx, const char *path, struct buf *out, struct err *err);
	/* The variable's value or NULL. */
	const char *(*variable)(void *ctx, const char *name);
	void *ctx;
};

struct conf_place {
	const char *file;  /* in the arena */
	int line;
};

/* A number's token in the text, in the order they stand there. */
struct conf_number {
	size_t offset, len;
	bool broken;       /* a problem was noted: its value means nothing */
};

struct conf_text {
	const char *path;            /* of the first file; in the arena */
	struct buf text;
	struct conf_place *places;   /* of each line of text, from 1 (places[0] unused) */
	size_t lines, lines_cap;
	struct conf_number *numbers;
	size_t n_numbers, numbers_cap;
};

/* Reads `path` and what it includes. False when something stands there that
 * libconfig could not parse (problems were noted); the text is not to be used
 * then. Release it in both cases. */
bool conf_scan(const struct conf_source *source, const char *path, struct arena *a, struct problems *problems,
	       struct conf_text *out);
void conf_text_release(struct conf_text *t);

/* The place of a line, clamped to what there is. */
struct conf_place conf_text_place(const struct conf_text *t, size_t line);

#endif
