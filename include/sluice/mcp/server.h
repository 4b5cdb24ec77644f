/* server: the Model Context Protocol over one connection. It reads messages, one JSON text
 * a line, answers them, and runs tools, prompts and resources as tasks.
 *
 * Two eras: a request whose _meta names a protocol version is of the current one
 * (2026-07-28, stateless), others are legacy (2024-11-05 to 2025-11-25) and need an
 * `initialize` before. Facts: https://modelcontextprotocol.io/specification and its JSON
 * schemas.
 *
 * What is bounded: a line (16 MiB; longer ones are refused and skipped, not held), nesting
 * (128), requests in flight (64 and 32 MiB) and in line behind them (4,096 and 32 MiB; then refused),
 * a result (mcp/call.h), what waits to be written (1 MiB: the server stops reading then).
 * Pings, lists and cancellations are answered at once, whatever runs.
 */
#ifndef SLUICE_MCP_SERVER_H
#define SLUICE_MCP_SERVER_H

#include "sluice/core/err.h"
#include "sluice/mcp/call.h"
#include "sluice/mcp/options.h"
#include "sluice/mcp/prompt.h"
#include "sluice/mcp/resource.h"
#include "sluice/mcp/tool.h"

struct loop;

/* The connection. Both yield. */
struct mcp_transport {
	/* At least one byte into `to`; *got 0: it has ended. False: CANCELLED, or FATAL. */
	bool (*read)(struct mcp_transport *t, char *to, size_t room, size_t *got, struct err *err);

	/* All of it. False: CANCELLED, or FATAL (nobody reads any more). */
	bool (*write)(struct mcp_transport *t, struct str bytes, struct err *err);
};

struct mcp_setup {
	struct loop *loop;
	struct mcp_transport *transport;
	const struct mcp_options *options;
	void *site;                    /* for tools: mcp_call_site() */

	/* Lists of tables, ended by NULL; each table is ended by its own zero row. A name
	 * stands in one row only. May be NULL. */
	const struct mcp_tool *const *tools;
	const struct mcp_prompt *const *prompts;
	const struct mcp_resource *const *resources;
	const struct mcp_resource_template *const *templates;

	const char *instructions;      /* how to use the server, for models */
	size_t page;                   /* entries of a list at a time; 0: 100 */
};

struct mcp_server;

/* *setup is copied, what it points to is borrowed. */
struct mcp_server *mcp_server_new(const struct mcp_setup *setup);
void mcp_server_free(struct mcp_server *server);

/* Yields: serves until the connection ends or mcp_server_stop(). At its end running calls
 * have half a second to finish; then they are cancelled, and their cleanup is waited for.
 * False with err where the connection broke. */
bool mcp_server_run(struct mcp_server *server, struct err *err);

/* Ends it: running calls are cancelled at once. Not a wait; may be called from a watch. */
void mcp_server_stop(struct mcp_server *server);

#endif
