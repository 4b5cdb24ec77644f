/* streams: the DynamoDB Streams API (2012-08-10), typed thinly. All yield; errors
 * as aws_call().
 */
#ifndef SLUICE_AWS_STREAMS_H
#define SLUICE_AWS_STREAMS_H

#include "sluice/aws/client.h"
#include "sluice/item/page.h"

struct stream_shard {
	struct str id, parent;              /* parent: empty for a root */
	struct str first_sequence, last_sequence;  /* last: empty while the shard is open */
};

/* One page of DescribeStream; the spans live in `arena`. */
struct stream_description {
	struct str status;                  /* ENABLING ENABLED DISABLING DISABLED */
	struct str view_type, table, label;
	int64_t created_s;
	struct stream_shard *shards;
	size_t count;
	struct str last_evaluated_shard;    /* empty: the last page */
	struct str key_names[2];            /* HASH, RANGE (empty when none) */
};

/* exclusive_start empty: from the first. child_of not empty: ShardFilter CHILD_SHARDS.
 * Tried once: its callers share a pace (stream/pace.h), and trying again costs a turn.
 * An answer that is not as the API says, or larger than the arena, is RETRY
 * "aws.answer", here and below. */
bool streams_describe(struct aws_client *c, struct str stream_arn, struct str exclusive_start, struct str child_of,
		      struct arena *arena, struct stream_description *out, struct err *err);

enum iterator_type { ITERATOR_TRIM_HORIZON, ITERATOR_LATEST, ITERATOR_AT, ITERATOR_AFTER };

/* Appends the iterator, plain text. sequence only for AT and AFTER. */
bool streams_get_iterator(struct aws_client *c, struct str stream_arn, struct str shard_id, enum iterator_type type,
			  const struct sequence *sequence, struct buf *iterator, struct err *err);

/* One page. limit 1..1000; max_bytes bounds the answer. A malformed answer is
 * RETRY "page.malformed". */
struct page *streams_get_records(struct aws_client *c, struct str iterator, unsigned limit, size_t max_bytes,
				 struct err *err);

#endif
