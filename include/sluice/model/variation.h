/* variation: a call's request as a load sends it: as it stands, and with the keys of the
 * table's sample items in the place of its own, so that not all requests meet one key.
 *
 * Varied are the Key of GetItem, UpdateItem and DeleteItem, the key attributes in PutItem's Item, and
 * what a Query's key condition compares with =; by keys of the same kind, that is with the same text up to the
 * first '#' ("USER#ana" for "USER#ben"): items of several kinds may share a table. Batches and transactions stay as they are: two of their
 * actions could come to mean one item. Each request asks for the capacity that it consumed. Pure.
 */
#ifndef SLUICE_MODEL_VARIATION_H
#define SLUICE_MODEL_VARIATION_H

#include "sluice/model/call.h"

enum { VARIATIONS_MAX = 32 };

struct model_variations {
	struct str *bodies;          /* requests; the first has the call's own keys */
	size_t count;                /* at least 1 */
};

/* Of a valid call; in the arena. False (FATAL "model.memory") when it does not even hold the first; fewer than
 * there could be when it is full later. */
bool model_variations_make(struct model_variations *out, const struct model *m, const struct model_call *call,
			   struct arena *a, struct err *err);

#endif
