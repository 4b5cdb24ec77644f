/* aws_batch: what the sinks of AWS's batch services share (SQS, SNS, Kinesis,
 * Firehose, EventBridge): one engine that cuts sends into requests, and a row for
 * each service that says what its requests and answers look like. Known to
 * src/sinks only.
 *
 * Order: where an address keeps it (row's `ordered`), a request holds at most one
 * message of a key, and the next one of that key leaves when the one before it has
 * been accepted: an answer may accept a later message and refuse an earlier one,
 * and what was accepted cannot be taken back. Messages without a key have no order.
 */
#ifndef SLUICE_SINKS_AWS_BATCH_H
#define SLUICE_SINKS_AWS_BATCH_H

#include "sluice/core/digest.h"
#include "sluice/sinks/sink.h"

enum {
	AWS_BATCH_ENTRIES = 500,          /* the most that any of them takes at once */
	AWS_BATCH_ANSWER_BYTES = 4 << 20,
};

/* The settings of all of them; each kind's option table fills what it has. */
struct aws_batch_settings {
	struct str endpoint_url, region;
	int64_t concurrency, timeout_ms;
	int64_t entry_bytes;              /* 0: the row's */
	bool newline;
	struct str source, detail_type;
};

/* What one service's answer says of one entry. Text lives in the reader's arena. */
struct aws_batch_outcome {
	unsigned named;                   /* how often the answer speaks of it; 1 is right */
	bool failed, sender_fault;
	struct str code, message;
};

struct aws_batch_service {
	const char *name;                 /* for messages */
	enum aws_service service;
	const char *operation;
	const char *ordered;              /* how addresses end that keep order per key: "" all; NULL: none */
	size_t entries, entry_bytes;
	size_t request_bytes;             /* 0: as the largest entry's, by the settings */
	size_t attributes;                /* headers a message may have; SIZE_MAX: they are not sent */
	const char *probe;                /* an operation that only reads, with its body */
	struct str probe_body;

	/* Looks at one place; member: the address's in the request. */
	const char *examine, *member;
	struct sink_examination examination;

	/* The entry's size as the service counts it. */
	size_t (*size)(const struct aws_batch_settings *set, const struct effect *e);

	/* Appends the whole request of n entries with one address. */
	void (*write)(const struct aws_batch_settings *set, struct effect *const *effects, size_t n, struct buf *out);

	/* Fills n outcomes that are all zero. False: the answer is none of the
	 * service's, RETRY "aws.answer". */
	bool (*read)(const struct aws_batch_service *s, struct str answer, struct arena *arena,
		     struct aws_batch_outcome *out, size_t n, struct err *err);
	const char *answers;              /* for read: the member that holds them, in the request's order */
	const char *proof;                /* for read: what each accepted one has there */
};

extern const struct aws_batch_service aws_batch_sqs, aws_batch_sns, aws_batch_kinesis, aws_batch_firehose,
	aws_batch_eventbridge;

/* Readers: outcomes by ids "0", "1", … in JSON and in XML, and by position. */
bool aws_batch_read_ids(const struct aws_batch_service *s, struct str answer, struct arena *arena,
			struct aws_batch_outcome *out, size_t n, struct err *err);
bool aws_batch_read_xml(const struct aws_batch_service *s, struct str answer, struct arena *arena,
			struct aws_batch_outcome *out, size_t n, struct err *err);
bool aws_batch_read_list(const struct aws_batch_service *s, struct str answer, struct arena *arena,
			 struct aws_batch_outcome *out, size_t n, struct err *err);

/* The class of an error that these services name, of an entry or a request; `unknown`
 * for what is in no table. */
enum err_class aws_batch_class(struct str code, enum err_class unknown);

/* A header's value; empty when absent. */
struct str aws_batch_header(const struct effect_message *m, struct str name);

/* Appends text for a form or a path: all but the unreserved characters is escaped,
 * and a space becomes `space`. */
void aws_batch_put_encoded(struct buf *out, struct str text, const char *space);

/* ---- what aws_batch.c gives to sink_ops ---- */

/* ops: the kind's own table. */
struct sink *aws_batch_open(const struct sink_ops *ops, const struct aws_batch_service *service,
			    const void *settings, const struct sink_site *site, struct err *err);
void aws_batch_send(struct sink *s, struct effect *const *effects, size_t n);
bool aws_batch_probe(struct sink *s, struct err *err);
bool aws_batch_examine(struct sink *s, struct str address, struct sink_examination *out, struct err *err);
void aws_batch_close(struct sink *s);

/* Shared with lambda: a client by the sink's own region and endpoint before the
 * site's, NULL with FATAL; the check of endpoint_url; what a probe's error means
 * (a call that is not allowed has reached the service). */
struct aws_client *aws_batch_client(enum aws_service service, const struct aws_batch_settings *set,
				    const struct sink_site *site, struct err *err);
void aws_batch_check(const void *settings, const struct node *at, struct problems *problems);
bool aws_batch_probed(const struct sink *s, bool answered, struct err *err);

#define AWS_BATCH_AT(field) offsetof(struct aws_batch_settings, field)
#define AWS_BATCH_OPTIONS                                                                                     \
	{ .name = "endpoint_url", .type = OPTION_STR, .offset = AWS_BATCH_AT(endpoint_url),                   \
	  .help = "Where the service is called instead of its own address: an emulator, a VPC endpoint." },   \
	{ .name = "region", .type = OPTION_STR, .offset = AWS_BATCH_AT(region),                               \
	  .help = "Another region than `aws.region`." }
#define AWS_BATCH_CONCURRENCY                                                                                 \
	{ .name = "concurrency", .type = OPTION_INT, .offset = AWS_BATCH_AT(concurrency), .default_text = "4", \
	  .min = 1, .max = 64, .help = "Requests that one batch of effects may have under way at once." }
#define AWS_BATCH_TIMEOUT(text)                                                                               \
	{ .name = "timeout_ms", .type = OPTION_INT, .offset = AWS_BATCH_AT(timeout_ms), .default_text = text, \
	  .min = 100, .max = 905000, .unit = "ms", .help = "How long one attempt of a request may take." }

#endif
