/* mcp_peer: a client of the MCP server in memory: lines go in, lines come out. With the
 * fixtures' tools, and whatever options the test sets before it opens.
 */
#ifndef SLUICE_SUPPORT_MCP_PEER_H
#define SLUICE_SUPPORT_MCP_PEER_H

#include "sluice/core/buf.h"
#include "sluice/core/task.h"
#include "sluice/mcp/server.h"

struct mcp_peer {
	struct mcp_transport transport;
	struct mcp_setup setup;
	struct mcp_options options;
	struct loop *loop;
	struct mcp_server *server;
	struct scope scope;
	struct buf in, out;          /* not read yet by the server, by the test */
	size_t in_at, out_at;
	struct event more, written, reads;
	bool ended;                  /* no more will come */
	bool stuck;                  /* the test does not read: writes wait */
	bool gone;                   /* the test is no longer there: writes fail */
	size_t chunk;                /* bytes of a read; 0: as many as fit */
	bool ok, done;
	struct err err;
};

/* Sets all up; the server runs from peer_open() on. */
void peer_init(struct mcp_peer *p, struct loop *loop);
void peer_open(struct mcp_peer *p);

/* No more input; waits for the server's end. */
void peer_close(struct mcp_peer *p);

/* A line; its end is added. */
void peer_send(struct mcp_peer *p, const char *line);
void peer_send_bytes(struct mcp_peer *p, struct str bytes);

/* The next line from the server, waited for; {NULL, 0}: none came within a minute. Good
 * until the next call. */
struct str peer_next(struct mcp_peer *p);

/* True where nothing more has come when all tasks wait. */
bool peer_silent(struct mcp_peer *p);

/* Sends and waits for the answer. */
struct str peer_ask(struct mcp_peer *p, const char *line);

/* initialize with that version, and `initialized`; capabilities: JSON. */
void peer_initialize(struct mcp_peer *p, const char *version, const char *capabilities);

/* A request of the current era: {"jsonrpc":…,"id":id,"method":method,"params":{params…,"_meta":…}};
 * params are members with a comma behind them, or "". */
struct str peer_ask_current(struct mcp_peer *p, const char *id, const char *method, const char *params);

/* Does the fragment stand in the line? Shows the line when not. */
bool peer_has(struct str line, const char *fragment);

#endif
