/* record: one stream record as spans into its page. Valid as long as the page
 * is referenced (page_ref). Spans are JSON as received, validated.
 */
#ifndef SLUICE_ITEM_RECORD_H
#define SLUICE_ITEM_RECORD_H

#include "sluice/item/sequence.h"
#include "sluice/item/value.h"

struct page;

enum record_event { RECORD_INSERT, RECORD_MODIFY, RECORD_REMOVE };

struct record {
	struct page *page;
	struct str raw;              /* the whole record, a JSON object */
	struct str event_id;         /* escaped string content */
	enum record_event event;
	struct str aws_region;
	struct str user_type, user_principal;  /* userIdentity's Type and PrincipalId, or empty */
	struct sequence sequence;
	int64_t created_s;           /* ApproximateCreationDateTime, whole seconds since the epoch */
	uint64_t size_bytes;         /* SizeBytes, 0 when absent */
	struct str view_type;        /* StreamViewType */
	struct value keys;           /* type M, always there */
	struct value new_image, old_image;  /* type M, or NONE */
	uint64_t v;                  /* given by the reader (DESIGN: ordering tokens) */
};

const char *record_event_name(enum record_event event); /* "INSERT" */

/* True for a TTL deletion: userIdentity Service / dynamodb.amazonaws.com. */
bool record_is_ttl_delete(const struct record *r);

/* Writes the record as Lambda shows it to filters and functions: eventID,
 * eventName, eventVersion, eventSource, awsRegion, dynamodb { … }, and
 * userIdentity in lower camel case. */
bool record_write_lambda(const struct record *r, struct str stream_arn, struct buf *out);

#endif
