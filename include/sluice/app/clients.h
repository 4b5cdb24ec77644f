/* clients: HTTP clients as the settings and the process's environment (proxies) say.
 */
#ifndef SLUICE_APP_CLIENTS_H
#define SLUICE_APP_CLIENTS_H

#include "sluice/app/settings.h"
#include "sluice/http/client.h"

/* ca_file: PEM; empty: the system's store. NULL: as http_client_new(). Blocks while it reads that file. */
struct http_client *clients_new(const struct settings *s, struct loop *loop, struct str ca_file, struct err *err);

/* One for the state table alone, whose 16 connections nobody else can take: 12 for the requests for rows that are
 * under way at most (stream/state_table.c), 4 for the heartbeat, the look at the others' and their second tries. */
struct http_client *clients_new_state(struct loop *loop, struct str ca_file, struct err *err);

#endif
