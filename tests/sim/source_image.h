/* sim/source_image: what the items of the simulated source table look like. An image
 * is a function of key, running number and deal alone.
 */
#ifndef SLUICE_SIM_SOURCE_IMAGE_H
#define SLUICE_SIM_SOURCE_IMAGE_H

#include "sluice/core/buf.h"
#include "sluice/core/rng.h"

/* Each is DynamoDB's own business to allow; chances are of each write. */
struct sim_image_knobs {
	double hostile;            /* an attribute "odd": huge, unicode, binary, deep, 38 digits, odd names */
	double wrong;              /* price is absent, or of another type than elsewhere */
	size_t huge_bytes;         /* of a huge value, at most; 0: 64 KiB */
};

struct sim_deal {
	unsigned status, brand, category, tags, stock;
	uint64_t price_cents;
	unsigned wrong;            /* 0: nothing is */
	uint64_t hostile;          /* 0: nothing is; else the seed of what is */
	size_t huge_bytes;
	bool active;
};

/* All drawn anew, or a part. */
void sim_deal_draw(struct sim_deal *d, struct rng *rng, const struct sim_image_knobs *k);
void sim_deal_change(struct sim_deal *d, struct rng *rng, const struct sim_image_knobs *k);

/* Attribute-value JSON. */
void sim_deal_write(const struct sim_deal *d, const char *id, uint64_t n, struct buf *out);

#endif
