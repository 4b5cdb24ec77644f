/* model_local: DynamoDB Local for a while, by the project's own script (deploy/services/dynamodb-local.sh): on a free
 * port of 127.0.0.1, its tables in memory, gone with this process however that ends.
 */
#ifndef SLUICE_APP_MODEL_LOCAL_H
#define SLUICE_APP_MODEL_LOCAL_H

#include "sluice/core/err.h"

#include <limits.h>
#include <sys/types.h>

struct model_local {
	char script[PATH_MAX];       /* empty: not found */
	char folder[64];             /* of its own; empty: none */
	char port[8];
	char endpoint[40];           /* "http://127.0.0.1:8123" */
	pid_t starting;              /* the script, until it says that the service answers; 0: none */
};

enum model_local_state { MODEL_LOCAL_STARTING, MODEL_LOCAL_STARTED, MODEL_LOCAL_FAILED };

/* Looks for the script in SLUICE_SERVICES_DIR, in deploy/services above this program's own file, and in
 * /usr/share/sluice/services; starts the service and waits until it answers, a second or two. False with FATAL:
 * "local.script", "local.start" with what the script said and what to do. Blocks; in a task by task_offload(). Stop it
 * all the same. Signals that are blocked stay so; the script does not get the terminal's. */
bool model_local_start(struct model_local *l, struct err *err);

/* The same in two steps, neither of which blocks: begin, then look until it is no longer STARTING. */
bool model_local_begin(struct model_local *l, struct err *err);
enum model_local_state model_local_look(struct model_local *l, struct err *err);

/* Blocks, a moment; also in the middle of a start. */
void model_local_stop(struct model_local *l);

#endif
