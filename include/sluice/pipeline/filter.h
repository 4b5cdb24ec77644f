/* filter: the event-pattern language of EventBridge and Lambda event filtering,
 * compiled from a settings tree. Two subjects: the stream record as Lambda shows
 * it (`filter`), or one plain item (`where`).
 *
 * Operators: exact values, prefix, suffix (each also with equals-ignore-case),
 * anything-but (values, prefix, suffix, equals-ignore-case, wildcard), exists,
 * numeric, equals-ignore-case, wildcard, cidr, $or. Exact and numeric operands
 * may be templates ("${old.price}").
 */
#ifndef SLUICE_PIPELINE_FILTER_H
#define SLUICE_PIPELINE_FILTER_H

#include "sluice/pipeline/template.h"

enum filter_subject {
	FILTER_RECORD,       /* eventName, userIdentity, dynamodb.Keys … in attribute-value form */
	FILTER_RECORD_KEYS,  /* the same, but only dynamodb.Keys may be named (image kinds) */
	FILTER_ITEM,         /* plain names and values of one image */
};

struct filter;

/* NULL node: a filter that matches everything. NULL when problems were noted. */
struct filter *filter_compile(const struct node *pattern, enum filter_subject subject, struct arena *a,
			      struct problems *problems);

/* Matches a record (RECORD kinds), with the context for operand templates. A
 * pattern path that is absent in the record simply does not match (but for
 * exists: false). DATA when an operand template cannot be filled. */
bool filter_match_record(const struct filter *f, const struct record *r, struct str stream_arn,
			 const struct template_context *c, bool *matches, struct err *err);

/* Matches an item (ITEM). Over a list or set any element is enough. */
bool filter_match_item(const struct filter *f, struct value item, const struct template_context *c, bool *matches,
		       struct err *err);

/* `changed = ["price"]`: a MODIFY counts only if one of these paths differs
 * between the images; INSERT and REMOVE always count. */
struct changed;
struct changed *changed_compile(const struct option_names *paths, struct arena *a, const struct node *at,
				struct problems *problems);
bool changed_match(const struct changed *c, const struct record *r);

#endif
