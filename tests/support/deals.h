/* deals: GetRecords answers as the service writes them, full of made-up deals:
 * about 750 bytes a record, the same bytes for the same seed.
 */
#ifndef SLUICE_SUPPORT_DEALS_H
#define SLUICE_SUPPORT_DEALS_H

#include "sluice/core/buf.h"

/* Appends an answer with `count` INSERT records from sequence number `first` on. */
void deals_write_page(struct buf *out, uint64_t first, size_t count, uint64_t seed);

#endif
