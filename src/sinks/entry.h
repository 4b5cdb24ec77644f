/* entry: an effect on its way, with the older effects on the same target that it
 * makes unnecessary. Lives in the arena of one send.
 */
#ifndef SLUICE_SINKS_ENTRY_H
#define SLUICE_SINKS_ENTRY_H

#include "sluice/pipeline/effect.h"

struct entry {
	struct effect *effect;
	struct entry *next;  /* in its request, in stream order */
	struct entry *older; /* same target, overtaken by this one: settled with it */
	struct str target;   /* canonical text of what it writes */
};

/* `there` and `e` have one target: the one with the higher v (at equal ones the
 * later, e) stands as `there`, the other is settled with it. */
void entry_overtake(struct entry *there, struct entry *e);

/* Settle an entry with all it has overtaken. What only the newest is to blame
 * for (DATA) leaves the older ones to be tried: they fail with RETRY. */
void entry_done(struct entry *e);
void entry_fail(struct entry *e, const struct err *why);

#endif
