/* model_apply_parts: what the files of `model apply` share. Known to src/app only.
 */
#ifndef SLUICE_APP_MODEL_APPLY_PARTS_H
#define SLUICE_APP_MODEL_APPLY_PARTS_H

#include "sluice/app/model_apply.h"

enum { APPLY_ANSWER_MAX = 4 << 20, APPLY_POLL_MIN_MS = 100, APPLY_POLL_MAX_MS = 5000 };

static inline int64_t apply_next_poll(int64_t ms)
{
	return ms * 2 < APPLY_POLL_MAX_MS ? ms * 2 : APPLY_POLL_MAX_MS;
}

/* True, with err CANCELLED, once somebody has asked to stop. */
bool apply_stopped(const struct model_site *site, struct err *err);

/* Yields; false when stopped meanwhile. */
bool apply_pause(struct model_site *site, int64_t ms, struct err *err);

/* {"TableName": table} and its answer. Yields. */
bool apply_describe(struct model_site *site, const char *operation, struct str table, struct buf *answer, struct err *err);

/* Sample items that are not there yet. Yields. */
void apply_put_items(struct model_apply *a, struct model_site *site);

/* Has a step of this table failed? */
bool apply_barred(const struct model_apply *a, struct str table);

#endif
