/* filter: the event-pattern language of EventBridge and Lambda event filtering,
 * compiled from a settings tree. Two subjects: the stream record as Lambda shows
 * it (`filter`), or one plain item (`where`).
 *
 * Operators: exact values, prefix, suffix (each also with equals-ignore-case),
 * anything-but (values, prefix, suffix, equals-ignore-case, wildcard), exists,
 * numeric, equals-ignore-case, wildcard, cidr, $or. Exact, anything-but and
 * numeric operands may be templates ("${old.price}"); one whose value is missing
 * makes its condition not match (an INSERT has no old image), give a default
 * where it shall.
 *
 * Meaning, as in EventBridge's rules (Amazon EventBridge User Guide, "Comparison
 * operators"; Lambda Developer Guide, "Event filtering"):
 *  - Names of a group are joined by AND, the values of a list by OR. Groups inside
 *    a list of objects must match within one of its elements.
 *  - Conditions look at leaves. Maps, and empty lists and sets, are no leaves:
 *    exists: false is true there. Over lists and sets any element is enough, for
 *    anything-but, too; anything-but needs a leaf to be there.
 *  - Numbers compare as exact decimals, 5 = 5.0 = 5e0, without EventBridge's
 *    limits. A number and a string are never equal; but in attribute-value form,
 *    where N is a string, {N: ["50"]} compares text and {N: [50]} and numeric
 *    compare values. NULL is {NULL: [true]} there, and null in a plain item.
 *  - prefix, suffix, equals-ignore-case, wildcard, cidr: strings only. Case is
 *    ignored by Unicode's simple mappings (é = É, σ = ς; not ß = SS).
 *  - In a wildcard * stands for any text, \* and \\ for themselves, ** is refused.
 *  - A FilterCriteria ({"Filters": [{"Pattern": "…"}]}) is accepted as it is.
 *  - Limits: 64 names in a group, 4,096 names and conditions, 72 levels.
 */
#ifndef SLUICE_PIPELINE_FILTER_H
#define SLUICE_PIPELINE_FILTER_H

#include "sluice/pipeline/template.h"

enum filter_subject {
	FILTER_RECORD,       /* eventName, userIdentity, dynamodb.Keys … in attribute-value form */
	FILTER_RECORD_KEYS,  /* the same, but only dynamodb.Keys may be named (image kinds) */
	FILTER_ITEM,         /* plain names and values of one image; operands: ${item.…} */
	FILTER_MEMBER,       /* the same of an audience's row; operands: member, new, old, keys, event */
};

struct filter;

/* NULL node: a filter that matches everything. NULL when problems were noted. */
struct filter *filter_compile(const struct node *pattern, enum filter_subject subject, struct arena *a,
			      struct problems *problems);

/* What it reads: the roots of its operands, and NEW, OLD, KEYS for the images
 * that a record's pattern names. */
unsigned filter_roots(const struct filter *f);

/* The paths that its operands refer to below one root. */
void filter_each_path(const struct filter *f, enum template_root root, void (*fn)(void *ctx, const struct path *path),
		      void *ctx);

/* ITEM and MEMBER: the top-level names that it reads, for projections. May give a
 * name more than once. */
void filter_each_name(const struct filter *f, void (*fn)(void *ctx, struct str name), void *ctx);

/* Matches a record (RECORD kinds), with the context for operand templates (may
 * be NULL where there are none). A pattern path that is absent in the record
 * simply does not match (but for exists: false). DATA when an operand is a list
 * or map ("template.type"), or no number where one is compared ("filter.operand"),
 * and when the record is malformed where it is looked at. *matches is false then. */
bool filter_match_record(const struct filter *f, const struct record *r, struct str stream_arn,
			 const struct template_context *c, bool *matches, struct err *err);

/* Matches an item (ITEM, MEMBER). Over a list or set any element is enough. */
bool filter_match_item(const struct filter *f, struct value item, const struct template_context *c, bool *matches,
		       struct err *err);

/* `changed = ["price"]`: a MODIFY counts only if one of these paths differs
 * between the images (numbers by value, sets without order; missing differs from
 * everything that is there); INSERT and REMOVE always count. NULL, or no paths:
 * everything counts. */
struct changed;
struct changed *changed_compile(const struct option_names *paths, struct arena *a, const struct node *at,
				struct problems *problems);
bool changed_match(const struct changed *c, const struct record *r);

#endif
