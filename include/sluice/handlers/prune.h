/* prune: the parts of an item that a set of paths leads to, and nothing else, in
 * a form in which the same paths lead to the same values.
 */
#ifndef SLUICE_HANDLERS_PRUNE_H
#define SLUICE_HANDLERS_PRUNE_H

#include "sluice/item/path.h"

struct prune;

/* NULL at the arena's cap. */
struct prune *prune_new(struct arena *a);

/* Keeps what `path` leads to; a path of no steps keeps everything. The path's
 * text is borrowed. False at the arena's cap. */
bool prune_keep(struct prune *p, const struct path *path, struct arena *a);

/* True when no path was kept. */
bool prune_empty(const struct prune *p);

/* Appends the pruned item as an attribute value {"M": {...}}. Elements of a list
 * in front of one that is kept become NULL, so that indexes stay. */
bool prune_write(const struct prune *p, struct value item, struct buf *out, struct err *err);

#endif
