/* dynamodb: the DynamoDB API (2012-08-10) as far as sluice calls it. Bodies are
 * made with core/json_write; answers are read with core/json or item/value.
 */
#ifndef SLUICE_AWS_DYNAMODB_H
#define SLUICE_AWS_DYNAMODB_H

#include "sluice/aws/client.h"
#include "sluice/item/value.h"

/* Yields. One call with a JSON body; errors as aws_call(). */
bool dynamodb_call(struct aws_client *c, const char *operation, struct str body, struct buf *answer, struct err *err);

/* What sluice wants to know of a table; text lives in `arena`. */
struct table_description {
	struct str status;                  /* CREATING ACTIVE … */
	struct str key_names[2];            /* HASH, RANGE (empty when none) */
	char key_types[2];                  /* 'S' 'N' 'B' */
	struct str stream_arn;              /* LatestStreamArn; empty when there never was one */
	struct str stream_view_type;        /* empty when the stream is disabled */
	bool stream_enabled;
};

/* An answer that is not as the API says is RETRY "aws.answer", here and below. */
bool dynamodb_describe_table(struct aws_client *c, struct str table, struct arena *arena,
			     struct table_description *out, struct err *err);

/* The keys of one of the table's indexes (of `out` only status and keys are
 * filled); *global: it is a global one. DATA "dynamodb.no_index" when the table
 * has none of that name. */
bool dynamodb_describe_index(struct aws_client *c, struct str table, struct str index, struct arena *arena,
			     struct table_description *out, bool *global, struct err *err);

/* From the answer of a failed conditional write with ALL_OLD: the item that is
 * there, or VALUE_NONE when there is none. Borrowed from `answer`. */
bool dynamodb_failed_item(struct str answer, struct value *item, struct err *err);

/* Member "Item" / "Attributes" of an answer, validated; VALUE_NONE when absent. */
bool dynamodb_answer_item(struct str answer, const char *member, struct value *item, struct err *err);

#endif
