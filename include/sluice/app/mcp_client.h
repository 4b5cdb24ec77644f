/* mcp_client: how the usual MCP clients are told to start `sluice mcp`: a snippet of JSON
 * for the client's own file, for each of them.
 */
#ifndef SLUICE_APP_MCP_CLIENT_H
#define SLUICE_APP_MCP_CLIENT_H

#include "sluice/core/buf.h"

struct mcp_client {
	const char *name;        /* "claude-code"; NULL ends the table */
	const char *title;       /* "Claude Code" */
	const char *file;        /* where the snippet goes, for people */
	const char *root;        /* the object that holds the servers: "mcpServers" */
	const char *workspace;   /* what its --workspace is; "": the person's own folder; NULL: the client starts
	                            servers in the project, or tells its roots */
	bool typed;              /* its entries want "type": "stdio" */
};

extern const struct mcp_client mcp_clients[];

/* By its name in any case; NULL. */
const struct mcp_client *mcp_client_named(struct str name);

/* The snippet: an object with the server `sluice`, started as `binary` (absolute). folder: the person's. False: the
 * buf is full. */
bool mcp_client_snippet(const struct mcp_client *client, struct str binary, struct str folder, struct buf *out);

/* `sluice mcp --print-config NAME`: the snippet with this program's own path on stdout, where it goes on
 * stderr; the exit code. */
int mcp_client_print(const char *name);

#endif
