/* sim/producer: Kafka as the kafka sink sees it, in virtual time: partitions that
 * append in order, delivery reports that come late, and what goes wrong: messages
 * that time out, acknowledgements that are lost, a full queue, a producer that
 * dies. What was on the wire when a producer is purged or dropped may have arrived.
 *
 * Any number of producers write into one log, each on the loop it was opened for and
 * in that loop's time. A message that has waited for its producer's
 * message_timeout_ms is not sent any more. All that producers hold is the
 * brokers' memory, so that a process can vanish (sim_kafka_drop()).
 */
#ifndef SLUICE_SIM_PRODUCER_H
#define SLUICE_SIM_PRODUCER_H

#include "sim/map.h"
#include "sluice/sinks/producer.h"

struct sim_kafka_faults {
	double timeout;          /* a message is given up, the ones behind it are not */
	double lost_ack;         /* it arrived, but is reported as timed out */
	double fatal;            /* per step: the producer dies */
	int64_t most_delay_ms;   /* between two steps */
	size_t queue;            /* messages; 0: 10,000 */
	size_t largest;          /* bytes the broker takes; 0: any. Fails its whole request */
	bool no_topic, down;     /* down: nothing moves, all times out */
};

struct sim_kafka_message {
	char *topic, *key, *body;
	char *headers;           /* "name: value\n" of each */
	unsigned partition;
	uint64_t v;              /* header sluice-v; 0: none */
	char node[24];           /* who produced it */
	int64_t queued_ms;       /* in the producer's time */
	int64_t at_ms;           /* of its arrival */
	size_t before;           /* the log's message of the same topic and key before it; SIZE_MAX: none */
};

/* For a world of several processes with a memory each; all NULL: one process. */
struct sim_kafka_world {
	void *(*enter)(void *ctx);    /* from here on memory is the brokers'; returns what was before */
	void (*leave)(void *before);
	const char *(*node)(void *ctx, struct env *env);  /* whose env that is */
	int64_t (*now_ms)(void *ctx); /* of the brokers; NULL: the producer's monotonic clock */
	void *ctx;
};

struct sim_producer;

struct sim_kafka {
	struct producer_factory factory;  /* for sink_site.producers */
	struct rng rng;
	struct sim_kafka_world world;
	struct sim_kafka_faults faults;
	struct sim_kafka_message *log;    /* what the brokers hold, in order of arrival */
	size_t count, cap;
	struct sim_map newest;            /* by topic and key: of its last message, a struct private to the brokers */
	struct sim_producer *producers;
	size_t opened, open;              /* producers so far, and now */
	size_t dropped;                   /* messages lost with their process */
	struct producer_settings last;    /* of the last one opened */
};

void sim_kafka_init(struct sim_kafka *k, uint64_t seed);
void sim_kafka_release(struct sim_kafka *k);

/* The process is killed: its producers vanish without a report. Of what was on the
 * wire a beginning, drawn, has arrived. Before its loop goes. */
void sim_kafka_drop(struct sim_kafka *k, const char *node);

/* The last message of that topic and key, from where `before` leads back; SIZE_MAX:
 * none. */
size_t sim_kafka_newest(const struct sim_kafka *k, const char *topic, const char *key);

#endif
