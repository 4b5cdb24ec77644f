/* web_address: the absolute URL of a server that somebody has written into the
 * settings, looked at before anything is sent there.
 */
#ifndef SLUICE_SINKS_WEB_ADDRESS_H
#define SLUICE_SINKS_WEB_ADDRESS_H

#include "sluice/core/str.h"

/* Parts of the URL, borrowed from it. */
struct web_address {
	struct str origin;   /* "https://host:port" */
	struct str host;     /* without port and brackets */
	bool tls;            /* https */
	bool loopback;       /* localhost, 127.0.0.0/8, ::1: what is sent stays on this machine */
};

/* False, with `why` (a phrase: "it holds a user name"), for what is no http or https
 * URL with a host, or holds user information, a fragment, or a character that
 * must not stand in one. */
bool web_address_parse(struct str url, struct web_address *out, const char **why);

#endif
