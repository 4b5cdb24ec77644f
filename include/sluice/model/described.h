/* described: a table that exists, from what DescribeTable and DescribeTimeToLive say of it, in
 * the form of a data model: so that what exists is compared as two models are (diff.h,
 * `described`).
 *
 * What the descriptions do not have is not there: tags, policies, encryption. An index that is
 * being deleted is left out, TTL that is being switched on counts as on.
 */
#ifndef SLUICE_MODEL_DESCRIBED_H
#define SLUICE_MODEL_DESCRIBED_H

#include "sluice/core/buf.h"
#include "sluice/core/err.h"

struct described_table {
	struct str table;            /* DescribeTable's answer */
	struct str ttl;              /* DescribeTimeToLive's; empty: not asked */
};

enum described_status { DESCRIBED_ACTIVE, DESCRIBED_BUSY, DESCRIBED_DELETING };

/* {"tables": […]} of n descriptions, as model_parse() takes it. RETRY "aws.answer" for an answer that is
 * none; FATAL "described.size" at the buf's cap. */
bool model_described(const struct described_table *tables, size_t n, struct buf *out, struct err *err);

/* BUSY as long as the table or one of its indexes is being made, changed or deleted. RETRY "aws.answer". */
bool model_described_status(struct str table, enum described_status *out, struct err *err);

#endif
