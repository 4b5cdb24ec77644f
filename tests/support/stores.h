/* stores: every kind of state store there is, for tests of what all promise. */
#ifndef SLUICE_SUPPORT_STORES_H
#define SLUICE_SUPPORT_STORES_H

#include "sim/dynamodb.h"
#include "sluice/stream/state.h"

struct store {
	const char *name;                /* "table", "file" */
	struct loop *loop;
	struct state *state;             /* open; of the app "app" */

	/* A table in memory. */
	struct sim_dynamodb *far;        /* NULL: it is a file */
	struct credentials_provider credentials;
	struct aws_client *client;

	/* A file in a folder of its own. */
	char folder[64], path[96];
};

/* Runs body in a task, for each kind of store by seeds 1..seeds, and for those
 * that may wait in real time in a real env, too. It may use CHECK…(). */
void with_each_store(void (*body)(struct store *s), uint64_t seeds);

/* Closes s->state and makes it again over the same rows; it is not opened. */
void store_reopen(struct store *s, struct str app);

#endif
