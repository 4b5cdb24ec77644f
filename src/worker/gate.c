#include "sluice/worker/gate.h"

bool gate_is_open(void *gate, struct err *err)
{
	const struct send_gate *g = gate;

	return !g->heartbeat->begun || heartbeat_may_send(g->heartbeat, err);
}

/* Asked here, and by a transport in which requests wait for a connection once more. */
static bool gate_send(struct transport *t, const struct http_request *request, struct http_response *response,
		      struct err *err)
{
	struct send_gate *g = (struct send_gate *)t;
	struct http_request r = *request;

	if (!gate_is_open(g, err)) {
		http_response_clear(response);
		return false;
	}
	r.may_leave = gate_is_open;
	r.may_leave_ctx = g;
	return transport_send(g->beyond, &r, response, err);
}

void gate_init(struct send_gate *g, struct transport *beyond, const struct heartbeat *heartbeat)
{
	*g = (struct send_gate){ .transport.send = gate_send, .beyond = beyond, .heartbeat = heartbeat };
}
