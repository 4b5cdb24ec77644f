/* path: "a.b[0].c", a place inside an item. Names may hold any character but
 * . [ ] ; a name with those is written in quotes: a."x.y"[2].
 */
#ifndef SLUICE_ITEM_PATH_H
#define SLUICE_ITEM_PATH_H

#include "sluice/item/value.h"

struct path_step {
	struct str name;   /* plain; {NULL,0} for an index */
	size_t index;
};

struct path {
	struct path_step *steps;  /* arena */
	size_t count;
};

/* DATA "path.malformed" with what was expected; depth is capped at 32. */
bool path_parse(struct str text, struct arena *a, struct path *out, struct err *err);

/* The value there; false when a step is missing. Lists and sets take indexes. */
bool path_get(const struct path *p, struct value item, struct value *out);

#endif
