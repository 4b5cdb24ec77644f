/* page: one GetRecords answer, tokenized once. Owns its bytes; records are spans
 * into them. Reference-counted: whoever still needs a record holds one. Not for
 * use by several threads.
 */
#ifndef SLUICE_ITEM_PAGE_H
#define SLUICE_ITEM_PAGE_H

#include "sluice/core/buf.h"
#include "sluice/item/record.h"

struct page {
	unsigned refs;
	struct buf bytes;
	struct record *records;   /* in the order of the shard */
	size_t count, room;
	struct str next_iterator; /* escaped content; empty when closed */
	bool closed;              /* NextShardIterator absent or null: read to its end */
	uint64_t id;              /* free for the owner's use */
};

/* Takes the answer's bytes out of *body (left empty; on failure too). One pass:
 * validates all of the JSON and finds the records. NULL with err, class RETRY
 * and code "page.malformed": a truncated or lying answer is asked for again,
 * never guessed at. Among the lies: no Records; a record without eventID,
 * eventName, Keys, SequenceNumber or ApproximateCreationDateTime; Keys with none
 * or more than two attributes; sequence numbers that do not rise; a time that is
 * no Unix time in seconds; more than max_records; an image that is no object of
 * objects. What is inside an attribute is judged when it is read (item/value), so
 * that one bad value costs one record, not the shard. Unknown fields are passed
 * over; of equal names the first counts. */
struct page *page_decode(struct buf *body, size_t max_records, struct err *err);

struct page *page_ref(struct page *p);
void page_unref(struct page *p);

/* Memory that it holds. */
size_t page_bytes(const struct page *p);

#endif
