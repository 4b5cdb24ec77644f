/* gate: the last place that a request passes before it leaves the process. What a
 * worker reads and sends for its shards goes through it; when the worker's
 * heartbeat is not confirmed in time nothing does, also not from the middle of a
 * sink's send() or an AWS client's third attempt: the question is asked after
 * signing and after the wait for a connection, and nothing can happen between the
 * answer and the request's way out.
 *
 * The state table's own requests do not pass here: a worker that may not send
 * must still be able to say that it lives.
 */
#ifndef SLUICE_WORKER_GATE_H
#define SLUICE_WORKER_GATE_H

#include "sluice/http/transport.h"
#include "sluice/stream/heartbeat.h"

struct send_gate {
	struct transport transport;
	struct transport *beyond;          /* borrowed */
	const struct heartbeat *heartbeat; /* borrowed */
};

void gate_init(struct send_gate *g, struct transport *beyond, const struct heartbeat *heartbeat);

/* True before the worker's first confirmed heartbeat (it has nothing yet that could
 * be somebody else's), then as heartbeat_may_send(): RETRY "lease.deadline". */
bool gate_is_open(void *gate, struct err *err);

#endif
