/* sink: carries effects out and acknowledges each when the far side has really
 * said yes. One file a kind; the table in src/sinks/registry.c lists them. A sink
 * belongs to one worker (one loop) and serves all its chains at once.
 */
#ifndef SLUICE_SINKS_SINK_H
#define SLUICE_SINKS_SINK_H

#include "sluice/aws/client.h"
#include "sluice/core/loop.h"
#include "sluice/core/option.h"
#include "sluice/pipeline/effect.h"

/* What a sink may use. Borrowed; lives longer than the sink. */
struct sink_site {
	struct str app, name;
	struct loop *loop;
	struct transport *transport;
	/* Asked by sinks whose requests do not go through the transport, right before
	 * they hand something on: false with RETRY once this worker may not send any
	 * more (a zombie). NULL: always. */
	bool (*may_send)(void *ctx, struct err *err);
	void *may_send_ctx;
	struct aws_client *dynamodb;     /* for sinks that write tables */
	const struct aws_settings *aws;  /* for sinks that call another service: a client of their own
	                                    (loop, transport through the gate, credentials, config) */
	int64_t failover_ms;             /* kafka: message timeouts stay below it */
	uint32_t drain_ms;
	const struct producer_factory *producers;  /* kafka; NULL: librdkafka's (sinks/producer.h) */
};

struct sink;

/* The code of DATA errors of a request that was refused as a whole with no word
 * about which of its effects was at fault: the caller tries halves. */
#define SINK_OPAQUE "sink.opaque"

/* IAM actions; static text. */
struct sink_examination {
	const char *tried;               /* what was called: "sqs:GetQueueAttributes" */
	const char *sends;               /* what sending calls: "sqs:SendMessage" */
	bool sure;                       /* whoever may do the one may do the other */
};

struct sink_ops {
	const char *kind;
	const char *summary;
	const struct option *options;
	size_t settings_size;
	unsigned accepts;                /* mask of 1 << effect_kind */
	const char *address;             /* the handler's setting that names the place ("topic"), or NULL */
	const char *address_under;       /* another one, optional, that goes on from there: the effect's address is
	                                    "<address>/<this>" ("bucket", "prefix"); or NULL */
	const char *path;                /* the sink's setting that names a file for it alone, or NULL */

	/* Checks what can be checked without I/O; for `sluice check`. May be NULL. */
	void (*check)(const void *settings, const struct node *at, struct problems *problems);

	/* The same for what a handler or a dead letter gives as `address`; at: where it
	 * stands. May be NULL. */
	void (*check_address)(const void *settings, struct str address, const struct node *at,
			      struct problems *problems);

	/* settings are borrowed for the sink's life. Does no I/O that must succeed:
	 * a far side that is down is found by send(). NULL with FATAL;
	 * the caller puts the sink's name in front of the text. */
	struct sink *(*open)(const void *settings, const struct sink_site *site, struct err *err);

	/* Yields until each of the n PENDING effects is settled by effect_done() or
	 * effect_fail(): RETRY, THROTTLE, AUTH leave it to the caller to come again,
	 * DATA is this effect's own fault, FATAL the sink's. Of several effects on
	 * the same target those behind a failed one are failed too (never overtake).
	 * When cancelled it returns early; what is not known stays PENDING.
	 *
	 * A sink with flush() may effect_hold() those of a batch with a holder.
	 *
	 * Effects of one send stand in stream order. Any number of send()s may be
	 * under way on one sink, but a chain (handler and shard) has one at a time:
	 * that is what keeps the order of one target from send to send. */
	void (*send)(struct sink *s, struct effect *const *effects, size_t n);

	/* Yields. Nothing more can come for what is held: it is carried out as it is and
	 * acknowledged. False with err as in send(). NULL: the sink holds nothing. */
	bool (*flush)(struct sink *s, struct effect_holder *h, struct err *err);

	/* What is held is given up; it comes again. With flush(). */
	void (*forget)(struct sink *s, struct effect_holder *h);

	/* Yields. Can the far side be reached? For start-up messages. May be NULL. */
	bool (*probe)(struct sink *s, struct err *err);

	/* Yields. Is a handler's place (its messages' address) there, and may it be used, as
	 * far as that shows without writing? For `sluice check --aws`. *out is filled in
	 * any case. False: not there, not allowed, not reached. May be NULL. */
	bool (*examine)(struct sink *s, struct str address, struct sink_examination *out, struct err *err);

	/* Forgets all that is queued but not yet on the wire (lost lease). May be NULL. */
	void (*purge)(struct sink *s);

	/* Yields (shielded by the caller); no send() may be under way. */
	void (*close)(struct sink *s);
};

struct sink {
	const struct sink_ops *ops;
	struct sink_site site;
};

/* All kinds, ended by NULL; and one by name, or NULL. */
extern const struct sink_ops *const sink_kinds[];
const struct sink_ops *sink_kind(struct str kind);

/* False when the sink does not take effects of this kind; the effect is then
 * settled as FATAL "sink.kind" (settings that `check` should have refused). */
bool sink_takes(const struct sink *s, struct effect *e);

/* Fails an effect because an earlier one on the same target failed: RETRY
 * "sink.behind". */
void sink_fail_behind(const struct sink *s, struct effect *e);

#endif
