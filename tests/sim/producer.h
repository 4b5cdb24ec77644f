/* sim/producer: Kafka as the kafka sink sees it, in virtual time: partitions that
 * append in order, delivery reports that come late, and what goes wrong: messages
 * that time out, acknowledgements that are lost, a full queue, a producer that
 * dies. What was on the wire when a producer is purged may have arrived.
 */
#ifndef SLUICE_SIM_PRODUCER_H
#define SLUICE_SIM_PRODUCER_H

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
};

struct sim_kafka {
	struct producer_factory factory;  /* for sink_site.producers */
	struct rng rng;
	struct sim_kafka_faults faults;
	struct sim_kafka_message *log;    /* what the brokers hold, in order of arrival */
	size_t count, cap;
	size_t opened, open;              /* producers so far, and now */
	struct producer_settings last;    /* of the last one opened */
};

void sim_kafka_init(struct sim_kafka *k, uint64_t seed);
void sim_kafka_release(struct sim_kafka *k);

#endif
