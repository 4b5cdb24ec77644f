/* dynamodb: a dynamodb sink over the simulated DynamoDB, for tests. */
#ifndef SLUICE_SUPPORT_DYNAMODB_H
#define SLUICE_SUPPORT_DYNAMODB_H

#include "sim/dynamodb.h"
#include "sluice/sinks/sink.h"
#include "support/effects.h"

struct made_dynamodb {
	struct sim_dynamodb *sim;
	struct credentials_provider *credentials;
	struct aws_client *client;
	struct sink *sink;
	double p_fault;               /* chance of each request to meet one of: */
	const enum sim_fault *faults; /* ended by SIM_NO_FAULT */
};

/* False when something cannot be made (said on stderr). */
bool made_dynamodb_init(struct made_dynamodb *m, struct loop *loop);
void made_dynamodb_release(struct made_dynamodb *m);

/* From now on requests meet one of the faults with that chance. */
void made_dynamodb_faults(struct made_dynamodb *m, double p, const enum sim_fault *faults);

/* One send of what is pending. */
void made_dynamodb_send(struct made_dynamodb *m, struct made_batch *batch);

/* Sends until nothing is left to wait for; false after `most` rounds. DATA and
 * FATAL end an effect. */
bool made_dynamodb_deliver(struct made_dynamodb *m, struct made_batch *batch, int most);

/* An attribute's text ("" when absent) of the row with that key. */
struct str made_dynamodb_text(struct made_dynamodb *m, const char *table, const char *key, const char *attribute);

#endif
