/* output: what waits to be written, and the task that writes it. Known to src/mcp only.
 */
#ifndef SLUICE_MCP_OUTPUT_H
#define SLUICE_MCP_OUTPUT_H

#include "sluice/core/buf.h"
#include "sluice/core/task.h"
#include "sluice/mcp/server.h"

enum { OUTPUT_HIGH_BYTES = 1 << 20, OUTPUT_MAX_BYTES = 64 << 20 };

struct output {
	struct loop *loop;
	struct mcp_transport *transport;
	struct buf waiting, writing;
	struct event changed;   /* more waits */
	struct event room;      /* less than OUTPUT_HIGH_BYTES wait */
	struct event empty;     /* all is written, or never will be */
	bool broken;            /* nobody reads any more; what is put is dropped */
	struct err err;         /* why */
};

void output_init(struct output *o, struct loop *loop, struct mcp_transport *transport);
void output_release(struct output *o);

/* A message, one line of JSON; copied. Does not wait: who puts many asks for room. */
void output_put(struct output *o, struct str message);

/* Too much waits already: what is of no great use is not put. */
bool output_crowded(const struct output *o);

/* Yields while it is crowded. False when cancelled. */
bool output_wait_room(struct output *o, struct err *err);

/* Yields until all is written, at most so long. */
void output_flush(struct output *o, int64_t timeout_ms);

/* The task; ends when it is cancelled or the transport is broken. */
void output_task(void *output);

#endif
