/* balancer: one worker's look at the others, three times in a failover time: who
 * lives, what each holds, and whether we have so much more that we give some of
 * it away (stream/balance says how much). The coordinators ask it how many free
 * leases they may take, and learn from it when a worker has come or gone.
 *
 * At rest a look is one Query.
 */
#ifndef SLUICE_STREAM_BALANCER_H
#define SLUICE_STREAM_BALANCER_H

#include "sluice/stream/heartbeat.h"

struct coordinator;

struct balancer {
	struct heartbeat *heartbeat;       /* borrowed */
	struct loop *loop;
	struct coordinator **coordinators; /* borrowed; one a pipeline */
	size_t n_coordinators;
	size_t taking;                     /* leases that coordinators are about to take */
	bool looked;                       /* there was a look in this life; before it nothing is taken */
	bool poor;                         /* somebody may give us leases soon */
	uint64_t alive;                    /* a hash of the sessions that were alive */
	uint64_t changes;                  /* how often that has changed */
	struct event stop;
};

/* Also sets the heartbeat's loads. */
void balancer_init(struct balancer *b, struct heartbeat *heartbeat, size_t max_pipelines);
void balancer_release(struct balancer *b);

/* Before it runs. */
void balancer_add(struct balancer *b, struct coordinator *c);

/* A task body: looks and gives until balancer_stop(), or cancelled. */
void balancer_run(struct balancer *b);
void balancer_stop(struct balancer *b);

/* How many free leases may be taken until this worker has its fair share. SIZE_MAX
 * when it is alone. */
size_t balancer_allowance(const struct balancer *b);

/* As the latest look showed. */
bool balancer_is_alive(const struct balancer *b, struct str session);

#endif
