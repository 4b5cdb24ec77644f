/* base: what the kinds of handlers share: beginnings and ends, checks of their
 * settings, the two sides of image kinds, keys of derived rows, definitions.
 * Known to src/handlers only.
 */
#ifndef SLUICE_HANDLERS_BASE_H
#define SLUICE_HANDLERS_BASE_H

#include "sluice/core/json_write.h"
#include "sluice/handlers/handler.h"

void handler_init(struct handler *h, const struct handler_ops *ops, const struct handler_site *site);
void handler_release(struct handler *h);

/* Runs `record` as the body of apply(): whatever it appended is taken back when
 * it fails, and it may count on err not being NULL and being clear. */
typedef bool handler_record_fn(struct handler *h, struct effect_batch *b, uint32_t index, struct err *err);
bool handler_apply(handler_record_fn *record, struct handler *h, struct effect_batch *b, uint32_t index,
		   struct err *err);

/* The setting `name` of the group, or the group itself: where a problem is shown. */
const struct node *handler_at(const struct handler_site *site, const char *name);

/* Their rows of the handler's option table; `at`: the member's offset. */
#define HANDLER_ADDRESSES(at)                                                                        \
	HANDLER_ADDRESS(at, topic, "The Kafka topic; fixed text, as all addresses."),                \
	HANDLER_ADDRESS(at, queue_url, "URL of the SQS queue."),                                     \
	HANDLER_ADDRESS(at, topic_arn, "ARN of the SNS topic."),                                     \
	HANDLER_ADDRESS(at, stream, "Name of the Kinesis or Firehose stream."),                      \
	HANDLER_ADDRESS(at, bus, "Name or ARN of the EventBridge bus."),                             \
	HANDLER_ADDRESS(at, function, "Name or ARN of the Lambda function."),                        \
	HANDLER_ADDRESS(at, bucket, "The S3 bucket."),                                               \
	HANDLER_ADDRESS(at, prefix, "What the S3 objects' keys begin with."),                        \
	HANDLER_ADDRESS(at, url, "Where a webhook posts to."),                                       \
	{ .name = "path", .type = OPTION_STR, .flags = OPTION_LATER,                                 \
	  .help = "a file's path is a setting of its sink" }
#define HANDLER_ADDRESS(at, setting, text)                                                           \
	{ .name = #setting, .type = OPTION_STR, .offset = (at) + offsetof(struct handler_address, setting), .help = text }

/* The one that is given ("bucket/prefix" for the two); templates are refused. Empty where the sink has one place. */
struct str handler_address(struct handler *h, const struct handler_address *a, struct problems *problems);

/* Notes an attribute name that derived rows may not have: empty, or sluice_…. */
bool handler_check_name(struct str name, const struct node *at, struct problems *problems);
bool handler_name_reserved(struct str name);

/* Compiles one template, or NULL for an empty text. */
struct template *handler_template(struct handler *h, struct str text, unsigned allowed, const char *setting,
				  struct problems *problems);

/* Compiles a group of named templates and checks its names; NULL node: NULL. */
struct template_tree *handler_tree(struct handler *h, const struct node *node, unsigned allowed,
				   struct problems *problems);

/* As handler_tree() for a row's key: one or two attributes. */
struct template_tree *handler_key_tree(struct handler *h, const struct node *node, unsigned allowed,
				       struct problems *problems);

bool handler_tree_has(const struct template_tree *t, struct str name);

/* Notes each name of `a` that stands in `b` too. */
void handler_check_apart(const struct template_tree *a, const struct template_tree *b, const struct node *at,
			 struct problems *problems);

/* Rows in the source table itself need a `where` that tells them from its items. */
void handler_check_target(const struct handler_site *site, struct str target, const struct node *where,
			  struct problems *problems);

/* Append members to an object of attributes that is being written (its "{" and
 * maybe more stands in out): a tree's, and the mark of rows in their source table. */
bool handler_append_tree(const struct template_tree *t, const struct template_context *c, struct buf *out,
			 struct err *err);
void handler_append_mark(const struct handler *h, struct buf *out);

/* Append a number: what printf would write, at a tenth of its price. */
void handler_put_uint(struct buf *out, uint64_t n);
void handler_put_int(struct buf *out, int64_t n);

/* Clears the scratch buf for the next text, and gives back the memory that one
 * huge record made it take. */
struct buf *handler_scratch(struct handler *h);

/* The same steps as effect_text() behind a writer that returned `ok`: a writer
 * that failed because the buf was full is DATA "effect.size" as well. */
bool handler_text(bool ok, const struct buf *from, struct effect_batch *b, struct str *out, struct err *err);

/* The two sides of a change: what the item was and what it is. */
enum image_side { IMAGE_OLD, IMAGE_NEW, IMAGE_SIDES };

struct image_sides {
	bool present[IMAGE_SIDES];
	struct template_context context[IMAGE_SIDES];  /* item is that side's image */
};

/* DATA "handler.image" when the record lacks an image that its event has: then
 * the stream's view type is not NEW_AND_OLD_IMAGES. */
bool image_sides(const struct handler *h, const struct record *r, struct image_sides *out, struct err *err);

/* After a side failed with *err: DATA is noted for the dead letter and forgotten
 * (true: go on without that side); anything else stays (false). */
bool image_side_report(struct effect_batch *b, uint32_t record, enum image_side side, struct err *err);

/* A derived row's key. */
struct row_key {
	struct str text;       /* attribute-value JSON object */
	struct str canonical;  /* item/key: equal keys have equal text */
};

/* Fills the key. DATA "row.key" for an empty value, "key.malformed" for a type
 * that no key can have. */
bool row_key_fill(struct handler *h, const struct template_tree *key, const struct template_context *c,
		  struct effect_batch *b, struct row_key *out, struct err *err);

/* Definitions: canonical JSON. Members are written by the caller in the order of
 * their names; trees have theirs sorted. */
void definition_begin(struct json_writer *w, struct buf *out);
void definition_str(struct json_writer *w, const char *name, struct str text);
void definition_tree(struct json_writer *w, const char *name, const struct node *tree);
void definition_names(struct json_writer *w, const char *name, const struct option_names *names);
bool definition_end(struct json_writer *w);

#endif
