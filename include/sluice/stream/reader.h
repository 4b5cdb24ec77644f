/* reader: reads one shard from a position to its end, page by page, and hands
 * each page on. It knows iterators, their expiry, back-off and lying answers;
 * it knows nothing of handlers.
 */
#ifndef SLUICE_STREAM_READER_H
#define SLUICE_STREAM_READER_H

#include "sluice/aws/streams.h"
#include "sluice/core/mutex.h"

enum reader_end {
	READER_CLOSED,     /* the shard is closed and every record was handed on */
	READER_CANCELLED,
	READER_DESERTED,   /* page() said that nobody needs more */
	READER_TRIMMED,    /* records behind the start position are no longer there */
	READER_GONE,       /* the shard no longer exists */
};

/* Where a page goes. */
struct reader_output {
	/* Takes the page and its `bytes` of the budget, also when it fails. Yields
	 * while there is no room. False when cancelled. */
	bool (*page)(void *ctx, struct page *page, size_t bytes, struct err *err);
	bool (*deserted)(void *ctx);

	/* An empty page that does not end the shard came of a call that was sent at that
	 * service time (Unix ms). NULL: nobody wants to know. */
	void (*empty)(void *ctx, int64_t sent_ms);

	/* How many records the next page may have; 0, or NULL: as many as there are. */
	unsigned (*limit)(void *ctx);
	void *ctx;
};

struct reader_settings {
	struct loop *loop;
	struct aws_client *streams;
	struct budget *budget;
	struct mutex *turn;          /* held for each call; NULL: none. A shard has two readers at most */
	struct str stream_arn, shard_id;
	struct sequence after;       /* read behind this one; none: from the trim horizon */
	int64_t poll_min_ms, poll_max_ms;
	size_t page_bytes;           /* limit of one answer */
	bool (*may_read)(void *ctx, struct err *err);  /* asked before each call; NULL: always */
	void *may_read_ctx;
};

struct reader_stats {
	uint64_t calls, pages, records, bytes, empty, iterators, failures;
	uint64_t full;               /* pages behind which there is more */
};

/* Adds each counter of `more` to that of `sum`. */
void reader_stats_add(struct reader_stats *sum, const struct reader_stats *more);

/* Yields until the shard's end. Transient trouble of any kind is waited out for
 * ever and never taken for the end of the shard (STREAMS.md, T16). */
enum reader_end reader_run(const struct reader_settings *settings, const struct reader_output *output,
			   struct reader_stats *stats);

#endif
