/* template: "${new.title} by ${new.brand | default("?")}" (CONF.md, "Templates
 * and conditions"). Compiled once from the settings; filled for each record
 * straight from its spans. A text that is exactly one ${…} keeps the value's type.
 *
 * Inside ${ }: a root, a path below it (item/path; new, old, keys, item, member
 * and element alone mean all of it), then filters, from left to right:
 *
 *   | default(v)      v, where the value so far is missing: "text" or 'text' (with
 *                     \\ \" \' \n \t), a number, true, false or null. An attribute
 *                     of type NULL is not missing.
 *   | split("#", 1)   the piece of that number, from 0; missing if there are fewer
 *   | slice(0, 10)    the letters (code points) from 0 up to, not with, 10; without
 *                     the second number up to the end
 *   | lower | upper   Unicode's simple case mappings; ß and the like stay
 *   | json            plain JSON, as text
 *
 * All but default make text. "$${" stands for "${". In text S, N, B (base64) and
 * BOOL can stand. Limits: 64 KiB, 256 parts, 16 filters in a row.
 */
#ifndef SLUICE_PIPELINE_TEMPLATE_H
#define SLUICE_PIPELINE_TEMPLATE_H

#include "sluice/core/option.h"
#include "sluice/item/path.h"
#include "sluice/item/record.h"

/* What a template may refer to; each kind of setting allows some. */
enum template_root {
	TEMPLATE_NEW = 1 << 0,
	TEMPLATE_OLD = 1 << 1,
	TEMPLATE_KEYS = 1 << 2,
	TEMPLATE_ITEM = 1 << 3,          /* the image being applied */
	TEMPLATE_EVENT = 1 << 4,         /* ${event.name id time sequence_number table v} */
	TEMPLATE_MEMBER = 1 << 5,        /* fan-out: the audience's row */
	TEMPLATE_NOTIFICATION = 1 << 6,  /* ${notification.id} */
	TEMPLATE_SHARD = 1 << 7,         /* ${shard} */
	TEMPLATE_ELEMENT = 1 << 8,       /* explode: ${element} or ${element.path} */
};

/* What it is filled from. Unset values are VALUE_NONE / empty: they count as
 * missing; times, versions and shards are always there. */
struct template_context {
	struct value new_image, old_image, keys, item, member, element;
	struct str event_id;              /* escaped JSON string content, as in the record */
	struct str event_name, event_table, event_sequence;  /* plain text */
	int64_t event_time_s;
	uint64_t event_v;
	struct str notification_id;
	int64_t shard;
};

/* From a record: images, keys, event fields. `item` stays unset. */
void template_context_of(const struct record *r, struct str table, struct template_context *out);

struct template;

/* Compiles `text` (not kept); everything lives in `a`. Mistakes (unknown root, one
 * that is not in `allowed`, unknown filter, bad syntax) are noted at `at` (may be
 * NULL); NULL then. */
struct template *template_compile(struct str text, unsigned allowed, struct arena *a, const struct node *at,
				  struct problems *problems);

/* The roots it refers to, as a mask. */
unsigned template_roots(const struct template *t);

/* The paths it refers to below one root, for storing just those values. A path
 * without steps is all of it. */
void template_each_path(const struct template *t, enum template_root root,
			void (*fn)(void *ctx, const struct path *path), void *ctx);

/* Appends plain text. DATA "template.missing" names the path that is not there
 * and has no default; "template.type" where a list, map, set or null stands in
 * text; "json.surrogate" half a surrogate pair in text; "template.size" out's cap;
 * "value.malformed" a malformed attribute value. This and the other fills append
 * nothing when they fail, and allocate nothing but in `out`. */
bool template_text(const struct template *t, const struct template_context *c, struct buf *out, struct err *err);

/* Appends one plain JSON value: the value itself where the text is exactly one
 * ${…}, else a JSON string. */
bool template_json(const struct template *t, const struct template_context *c, struct buf *out, struct err *err);

/* Appends one attribute value {"S": …}: as it came for exactly one ${…} without
 * text filters, else a string. */
bool template_value(const struct template *t, const struct template_context *c, struct buf *out, struct err *err);

/* A settings tree whose strings are templates: message, key, item, set. */
struct template_tree;

/* Names are taken as they are. NULL for no node, and when problems were noted. */
struct template_tree *template_tree_compile(const struct node *node, unsigned allowed, struct arena *a,
					    struct problems *problems);
unsigned template_tree_roots(const struct template_tree *t);
void template_tree_each_path(const struct template_tree *t, enum template_root root,
			     void (*fn)(void *ctx, const struct path *path), void *ctx);

/* As plain JSON. */
bool template_tree_json(const struct template_tree *t, const struct template_context *c, struct buf *out,
			struct err *err);

/* As attribute values; at the top an object {"name": {"S": …}, …} (of a tree that
 * is no group: one attribute value), numbers in the settings become N, nested
 * groups M, lists L. */
bool template_tree_value(const struct template_tree *t, const struct template_context *c, struct buf *out,
			 struct err *err);

/* The names at the top of the tree (an object), in order. */
size_t template_tree_names(const struct template_tree *t, const struct str **names);

/* The template that stands at that top-level name, or NULL. */
const struct template_tree *template_tree_get(const struct template_tree *t, struct str name);

#endif
