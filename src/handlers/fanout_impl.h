/* fanout_impl: between the files of the fanout handler. */
#ifndef SLUICE_FANOUT_IMPL_H
#define SLUICE_FANOUT_IMPL_H

#include "sluice/handlers/fanout.h"

/* handler_ops.apply: the record's task. */
bool fanout_apply(struct handler *h, struct effect_batch *b, uint32_t index, struct err *err);

/* Reads epoch seconds or an RFC 3339 time; 0 for empty text and for 0. DATA
 * "fanout.expires". */
bool fanout_expiry(struct str text, int64_t *out, struct err *err);

#endif
