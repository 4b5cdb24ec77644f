/* proxy: what makes an http_server a proxy: tunnels (CONNECT) to one port of 127.0.0.1,
 * whatever name was asked for; requests without TLS it answers itself.
 */
#ifndef SLUICE_SUPPORT_PROXY_H
#define SLUICE_SUPPORT_PROXY_H

#include "support/http_server.h"

struct proxy {
	int upstream_port;
	const char *authorization;     /* that Proxy-Authorization must have, else 407; NULL: any */
	int refuses;                   /* the status of every answer; 0: none */
	bool hangs;                    /* answers nothing */
	const char *forbidden;         /* may stand in no head of a CONNECT; NULL: anything may */
	atomic_uint tunnels, forwards;
	atomic_bool saw_forbidden;
};

/* ctx: a struct proxy. A forwarded request is answered with 200 and its own first line. */
bool proxy_handle(struct http_server_request *r);

#endif
