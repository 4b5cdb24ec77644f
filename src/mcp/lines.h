/* lines: cuts what comes in into lines. One over the limit is told of once and skipped
 * to its end without being held. Known to src/mcp only.
 */
#ifndef SLUICE_MCP_LINES_H
#define SLUICE_MCP_LINES_H

#include "sluice/core/buf.h"

enum { LINE_MAX_BYTES = 16 << 20, LINES_READ_BYTES = 64 << 10 };

struct lines {
	struct buf held;
	size_t from;       /* where the next line begins in it */
	size_t searched;   /* up to where no end of it was found */
	bool skipping;
};

void lines_init(struct lines *l);
void lines_release(struct lines *l);

/* Room for LINES_READ_BYTES bytes from outside; lines_put() says how many came. */
char *lines_room(struct lines *l);
void lines_put(struct lines *l, size_t n);

enum lines_found { LINES_NONE, LINES_ONE, LINES_TOO_LONG };

/* The next whole line without its end ("\n", "\r\n"); good until the next lines_…().
 * LINES_TOO_LONG: as soon as one is. */
enum lines_found lines_next(struct lines *l, struct str *line);

/* What is left when no more will come: a line without an end, empty when none. */
struct str lines_rest(const struct lines *l);

#endif
