/* producer: what the kafka sink needs of a Kafka client. librdkafka's is in
 * src/sinks/kafka_producer.c; tests/sim has one in virtual time.
 *
 * A producer belongs to one loop. It calls back on the loop's own stack, between
 * tasks; the callbacks only note what they are told and set events.
 */
#ifndef SLUICE_SINKS_PRODUCER_H
#define SLUICE_SINKS_PRODUCER_H

#include "sluice/core/loop.h"
#include "sluice/core/option.h"
#include "sluice/pipeline/effect.h"

/* One message's delivery report. */
struct producer_report {
	void *opaque;              /* as given to produce() */
	enum err_class class;      /* ERR_NONE: all in-sync replicas have it */
	bool breaks;               /* its fate is unknown or its order is lost: the producer must be purged */
	const char *code;          /* "kafka.timeout"; static */
	const char *text;          /* the client's words; valid during the callback */
};

struct producer_listener {
	void (*reported)(void *ctx, const struct producer_report *report);
	/* After a number of reports: there may be room in the queue. */
	void (*progressed)(void *ctx);
	/* The producer can send nothing any more. */
	void (*broke)(void *ctx, const struct err *why);
	void *ctx;
};

/* Text is borrowed until open() returns. */
struct producer_settings {
	struct str brokers, client_id;
	const struct option_names *properties;  /* librdkafka's, as "name=value"; the user's, they win */
	int64_t message_timeout_ms;
	int64_t queue_messages, queue_bytes;
	struct producer_listener listener;
};

struct producer {
	const struct producer_ops *ops;
};

struct producer_ops {
	/* Queues a copy of the message; one report per true will follow (but not
	 * after close() has begun). False: THROTTLE "kafka.queue_full", DATA for a
	 * message that can never be sent, FATAL otherwise. */
	bool (*produce)(struct producer *p, const struct effect_message *m, void *opaque, struct err *err);

	/* Gives up all that is queued or on the wire; its reports follow. */
	void (*purge)(struct producer *p);

	/* What the client last complained of ("… Connection refused"), or empty. */
	struct str (*complaint)(struct producer *p);

	/* Yields: one metadata request. */
	bool (*probe)(struct producer *p, int64_t timeout_ms, struct err *err);

	/* Yields. Frees it; messages without a report get none. */
	void (*close)(struct producer *p);
};

struct producer_factory {
	/* NULL with FATAL when the settings are refused. Does no I/O. */
	struct producer *(*open)(const struct producer_factory *f, struct loop *loop,
				 const struct producer_settings *settings, struct err *err);
};

/* librdkafka's. */
const struct producer_factory *kafka_producers(void);

/* Is "name=value" a property that librdkafka knows and sluice allows? The value
 * is never repeated in err. */
bool kafka_property_check(struct str property, struct err *err);

#endif
