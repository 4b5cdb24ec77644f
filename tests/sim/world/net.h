/* net: the network between the nodes and the services: latency, loss, errors,
 * partitions. world.h has its knobs.
 */
#ifndef SLUICE_SIM_NET_H
#define SLUICE_SIM_NET_H

#include "sim/world/world.h"

/* struct host's transport. On the node. */
bool net_send(struct transport *t, const struct http_request *request, struct http_response *response, struct err *err);

/* A node is gone: whoever waits there is waited for no more. */
void net_forget(struct host *n);

/* Frees what is left. */
void net_release(struct world *w);

#endif
