/* fanout: each member of an audience gets one notification for an event.
 *
 * The handler itself only writes a durable task (EFFECT_TASK, a row of the state);
 * the runner (worker) leases tasks, reads the audience, and sends through the
 * handler's sink. This header is what the runner needs: the settings, the
 * compiled parts, a task's layout both ways, and a notification's content.
 *
 * A task's attributes, as the handler writes them:
 *
 *   handler, pipeline, table S; status S "open"; sent N 0; created N (epoch s of
 *   the record); expires_at N (epoch s; absent: never);
 *   event M: name, id, sequence S, time, v N;
 *   values M: new, old, keys M: those parts of the images that templates filled
 *   for each member refer to (list elements that nobody needs are NULL);
 *   audience L of M: {table, index?, key_attribute?, sort_prefix? S, consistent?
 *   BOOL, attributes? L, keys L: one partition key a shard}, {members L: sorted,
 *   each once} or {scan S, consistent?, attributes?}.
 *
 * Absent while open: ttl, resume (nothing acknowledged yet), total (unknown).
 */
#ifndef SLUICE_HANDLERS_FANOUT_H
#define SLUICE_HANDLERS_FANOUT_H

#include "sluice/handlers/handler.h"

enum {
	FANOUT_AUDIENCE_MAX = 64,      /* entries of `audience` */
	FANOUT_SOURCES_MAX = 1024,     /* of all entries, shards counted */
	FANOUT_ID_LEN = 64,            /* a task's id: hex SHA-256 */
	FANOUT_NOTIFICATION_LEN = 32,  /* a notification's id: hex, the first half of a SHA-256 */
};

enum fanout_kind { FANOUT_QUERY, FANOUT_MEMBERS, FANOUT_SCAN };

struct fanout_audience_settings {
	struct str table, index, key_attribute, key, sort_prefix, scan;
	int64_t shards;
	bool consistent;
	struct option_names attributes;
	const struct node *members;
};

struct fanout_settings {
	struct option_list audience;   /* struct fanout_audience_settings */
	struct handler_address address;
	struct str member, sink, table, message_key, expires, once;
	const struct node *member_where, *message, *item;
	int64_t ttl_s, rate_per_s, max_age_s, slices;
	bool aligned, exactly_once;
};

struct fanout_audience {
	enum fanout_kind kind;
	const struct fanout_audience_settings *settings;
	const struct node *at;
	struct template *key, *sort_prefix;
	struct template **members;     /* NULL entry: a plain number of the settings */
	const struct node **member_nodes;
	size_t n_members;
};

struct prune;

struct fanout {
	struct handler base;           /* base.sink is empty: tasks go to the state table */
	const struct fanout_settings *settings;
	struct str address;            /* of the notifications; empty where the sink has one place */
	struct fanout_audience *audience;
	size_t n_audience;
	struct filter *member_where;
	struct template_tree *message, *item;  /* one of them */
	struct template *message_key, *expires, *once;
	struct prune *kept_new, *kept_old, *kept_keys;
	struct buf text;               /* working space, beside base.scratch */
};

/* The handler as a fanout; it must be of that kind. */
struct fanout *fanout_of(struct handler *h);

/* The keys of one audience entry's table or index, as the service describes it. */
struct fanout_schema {
	struct str partition_key, sort_key;      /* sort_key empty: none */
	enum value_type partition_type, sort_type;
	bool global_index;
};

/* Checks the entries (schemas[i] describes audience[i]; not read for lists of
 * members): the member must be every Query source's sort key, of one type, and a
 * scanned table's only key. Mistakes go into *problems; false with them. */
bool fanout_check_sources(const struct fanout *f, const struct fanout_schema *schemas, struct problems *problems);

/* One sorted stream of members. */
struct fanout_source {
	enum fanout_kind kind;
	struct str table, index, key_attribute, sort_prefix;  /* plain; empty: none */
	struct value key;                                     /* QUERY: the partition key */
	struct value members;                                 /* MEMBERS: type L */
	bool consistent;
	struct option_names attributes;                       /* none: all */
};

struct fanout_task {
	struct str id, handler, pipeline, table;
	int64_t created_s;
	int64_t expires_at_s;          /* 0: never */
	struct template_context context;  /* member and notification_id are unset */
	struct fanout_source *sources; /* shards as sources of their own */
	size_t n_sources;
};

/* Reads a task's row (validated: value_parse_image()). Text lives in the row and
 * the arena. DATA "fanout.task" says what is missing or of a wrong type; FATAL at
 * the arena's cap. */
bool fanout_task_read(struct str id, struct value row, struct arena *a, struct fanout_task *out, struct err *err);

/* The member that a source's row stands for: its attribute `member`, less the
 * source's sort_prefix. DATA "fanout.member". Elements of a list of members are
 * members as they are. */
bool fanout_member(struct fanout *f, const struct fanout_source *s, struct value row, struct arena *a,
		   struct value *out, struct err *err);

/* Writes the notification's id, FANOUT_NOTIFICATION_LEN hex digits and a NUL: the
 * same for ever for this task and member. */
bool fanout_notification_id(struct str task_id, struct value member, struct arena *a, char *out, struct err *err);

/* The context of one member: the task's, with the row it was read in (NONE for a
 * list of members: then an item of that one attribute) and the notification's id
 * (borrowed). */
bool fanout_member_context(const struct fanout *f, const struct fanout_task *task, struct value row,
			   struct value member, struct str notification_id, struct arena *a,
			   struct template_context *out, struct err *err);

/* Whether member_where wants this member. */
bool fanout_wants(const struct fanout *f, const struct template_context *c, bool *wanted, struct err *err);

/* Fills one notification: topic, key, body and headers (sluice-v,
 * sluice-notification-id), or for inboxes the table as address and as body the
 * row in attribute-value form, with `ttl` where ttl_s is set. `conditional` is
 * left to the caller. Text lives in the arena. DATA when a template cannot be
 * filled. */
bool fanout_fill(struct fanout *f, const struct template_context *c, struct value member, struct arena *a,
		 struct effect_message *out, struct err *err);

#endif
