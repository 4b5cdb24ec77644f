/* stdio: the connection over two descriptors, as a client that starts the server has it:
 * pipes, sockets, terminals or plain files. Their flags are left alone (others may share
 * them): it waits until one is ready, and writes no more than fits.
 */
#ifndef SLUICE_MCP_STDIO_H
#define SLUICE_MCP_STDIO_H

#include "sluice/mcp/server.h"

struct mcp_stdio {
	struct mcp_transport transport;
	struct loop *loop;
	int in, out;
};

/* Owns nothing; SIGPIPE must be ignored. */
void mcp_stdio_init(struct mcp_stdio *s, struct loop *loop, int in, int out);

#endif
