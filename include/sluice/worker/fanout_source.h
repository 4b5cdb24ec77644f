/* fanout_source: one source of an audience as a stream of members in ascending
 * order (a scan: in the table's own order). Pages are read ahead by one; a page's
 * size follows the size of its rows, so that all sources of a task stay within
 * what the task has reserved.
 */
#ifndef SLUICE_WORKER_FANOUT_SOURCE_H
#define SLUICE_WORKER_FANOUT_SOURCE_H

#include "sluice/aws/client.h"
#include "sluice/core/budget.h"
#include "sluice/handlers/fanout.h"

/* What the streams of one task share. Borrowed by them. */
struct fanout_reading {
	struct loop *loop;
	struct aws_client *dynamodb;
	struct budget *budget;           /* told of pages that are larger than they should be */
	struct fanout *fanout;
	struct str task;                 /* for logs */
	struct value resume;             /* only members behind this one; NONE: all */
	size_t page_bytes;               /* how large a page should be */
	struct scope *fetchers;          /* where pages are fetched */
	uint64_t skipped;                /* rows without a member that can be used */
};

struct fanout_page {
	struct buf answer;
	size_t over_bytes;               /* taken from the budget beyond page_bytes */
	bool full;                       /* holds an answer */
};

struct fanout_stream {
	struct fanout_reading *reading;
	const struct fanout_source *source;
	struct str partition_key;        /* QUERY: its name */
	struct fanout_page current, next;
	struct scan items;               /* over the current page */
	struct value_iter members;       /* MEMBERS */
	struct buf start_key;            /* of the next page */
	size_t limit;                    /* rows of the next page */
	bool fetching, more, begun;
	struct event fetched;
	struct err failure;              /* of the last fetch */
	struct arena arena;              /* members less their prefix, until the page's end */

	/* The head: valid until fanout_stream_next(). */
	bool ended;
	struct value row;                /* NONE: a list's member */
	struct value member;
};

void fanout_stream_init(struct fanout_stream *s, struct fanout_reading *r, const struct fanout_source *source,
			struct str partition_key);

/* Only when the fetchers' scope has ended. */
void fanout_stream_release(struct fanout_stream *s);

/* Has the first page fetched, in the background. */
void fanout_stream_begin(struct fanout_stream *s);

/* Yields. Moves to the next member; s->ended behind the last. What can mend is
 * waited out. False: DATA or FATAL, or cancelled. */
bool fanout_stream_next(struct fanout_stream *s, struct err *err);

#endif
