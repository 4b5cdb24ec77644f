/* s3_layout: where an object of the s3 sink begins and ends, and what it is called.
 * Both follow from its records alone, never from the clock and never from how the
 * records came in batches: who reads them again from an object's first record on
 * makes the same objects again, under the same names.
 *
 * Facts: Amazon S3 User Guide, "Naming objects" (a key has at most 1024 bytes) and
 * "Bucket naming rules"; Athena and Glue read "name=value" folders as partitions.
 */
#ifndef SLUICE_SINKS_S3_LAYOUT_H
#define SLUICE_SINKS_S3_LAYOUT_H

#include "sluice/core/buf.h"
#include "sluice/item/sequence.h"

enum s3_partition { S3_BY_HOUR, S3_BY_DAY, S3_BY_NOTHING };

struct s3_rule {
	int64_t interval_s;        /* of creation time that an object spans, in whole multiples since the epoch */
	size_t object_bytes;       /* of lines, before they are compressed */
};

/* What an object has so far. Text is the caller's. */
struct s3_extent {
	struct str address;        /* "bucket/prefix" */
	int64_t begins_s, ends_s;  /* the interval of its first record, end excluded */
	size_t bytes, records;
};

void s3_extent_begin(struct s3_extent *x, const struct s3_rule *rule, struct str address, int64_t created_s);

/* Does a further record belong to it? Not when it was created behind its interval, or
 * would make it larger than it may be; one that was created earlier than those before
 * it stays. The first one always belongs. */
bool s3_extent_takes(const struct s3_extent *x, const struct s3_rule *rule, struct str address, int64_t created_s,
		     size_t line_bytes);

void s3_extent_add(struct s3_extent *x, size_t line_bytes);

/* "bucket/some/prefix/" in its parts; slashes around the prefix are left out. */
struct str s3_bucket_of(struct str address);
struct str s3_prefix_of(struct str address);

/* Only what a bucket's name can have: letters, digits, '.', '-', '_'; 3 to 63, and up to
 * 255 as old ones have. */
bool s3_bucket_ok(struct str bucket);

/* Can it stand in front of a host name, under its certificate "*.host"? Lower case,
 * digits and '-', without dots, at most 63. */
bool s3_bucket_is_label(struct str bucket);

/* Appends "prefix/dt=2026-01-31/hour=07/<shard>-<40 digits>.json.gz". */
void s3_put_key(struct buf *out, const struct s3_extent *x, enum s3_partition partition, struct str shard_id,
		const struct sequence *first);

/* Appends "prefix/<id>.json"; a digest of the id where that is too long for a key. */
void s3_put_letter_key(struct buf *out, struct str address, struct str id);

/* Appends a key, percent-encoded, its slashes as they are. */
void s3_put_path(struct buf *out, struct str key);

#endif
