/* prices: what DynamoDB costs, as a table that a user can replace.
 *
 * The defaults are the list prices of us-east-1 (aws.amazon.com/dynamodb/pricing):
 * on-demand requests, provisioned capacity an hour, storage, for both table classes,
 * and GetRecords calls. Free tiers other than that of GetRecords are left out: they
 * are one an account, not one a model.
 *
 * A price file is a JSON object with the members that differ:
 *
 *   { "region": "somewhere-1",
 *     "standard": { "read_request_million_usd": 0.1525, "storage_gb_month_usd": 0.306 } }
 */
#ifndef SLUICE_MODEL_PRICES_H
#define SLUICE_MODEL_PRICES_H

#include "sluice/model/finding.h"

/* One table class. */
struct price_class {
	double read_request_million_usd, write_request_million_usd;
	double read_capacity_hour_usd, write_capacity_hour_usd;  /* one provisioned unit */
	double storage_gb_month_usd;                             /* GB of 1024³ bytes */
};

struct prices {
	struct str region;
	struct price_class standard, infrequent;  /* TableClass STANDARD, STANDARD_INFREQUENT_ACCESS */
	double stream_read_million_usd;           /* GetRecords calls */
	double stream_reads_free;                 /* of them, a month */
};

extern const struct prices prices_default;

/* The defaults with what `json` says instead. Unknown names, and what is no price, become
 * findings ("price-…") and keep the default; false with them. Text lives in the arena. */
bool prices_read(struct prices *p, struct str json, struct arena *a, struct findings_list *findings);

#endif
