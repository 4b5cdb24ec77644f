/* line: who may have a connection now. Pure bookkeeping: it opens and waits for
 * nothing, so its order can be told exactly.
 *
 * There are `max` places in all and `max_per_host` for one host. Requests that find
 * none stand in a line of their host. A place that becomes free goes to the hosts in
 * turn, whatever the length of their lines, and within a host to the one that came
 * first. A host that has all its places (because it hangs, say) is not in the turn, so
 * what it does not answer is never waited for by those of other hosts.
 *
 * A ticket is the caller's, embedded in what waits; it stays where it is from enter
 * to leave. Hosts are known only while somebody has or awaits a place there, so the
 * line is as long as there are requests, and no longer. Every call takes the same time
 * however many wait.
 */
#ifndef SLUICE_HTTP_LINE_H
#define SLUICE_HTTP_LINE_H

#include "sluice/core/str.h"

enum { LINE_BUCKETS = 64 };

struct line_host;

struct line_ticket {
	struct line_host *host;              /* NULL: in no line */
	struct line_ticket *next, *prev;
	bool has_place;
};

struct line {
	size_t max, max_per_host;            /* at least 1 */
	size_t in_use, waiting;
	struct line_host *buckets[LINE_BUCKETS];
	struct line_host *first, *last;      /* the turn: hosts where somebody waits and may have one more place */
};

/* max_per_host above max counts as max. */
void line_init(struct line *l, size_t max, size_t max_per_host);

/* Takes a place for a request to that host (compared byte by byte; copied), or stands
 * in line: t->has_place says which. */
void line_enter(struct line *l, struct str host, struct line_ticket *t);

/* Gives the place back, or leaves the line. The same for a ticket with which nobody
 * is in line: nothing happens. */
void line_leave(struct line *l, struct line_ticket *t);

/* After line_leave(), until NULL: gives a free place to the next in turn and returns
 * its ticket. */
struct line_ticket *line_next(struct line *l);

/* Places in use for that host. */
size_t line_in_use(const struct line *l, struct str host);

#endif
