/* prompt: a prompt of the MCP server is a row of a table, as a tool is. People choose it
 * in their client (as a slash command), which sends its messages to the model.
 */
#ifndef SLUICE_MCP_PROMPT_H
#define SLUICE_MCP_PROMPT_H

#include "sluice/core/str.h"

struct mcp_call;

/* Offers what a value could be, by mcp_offer(): all of them. The server keeps those that
 * go on from what was typed so far, whatever the case of letters, and sends 100 at most.
 * What the other arguments are already: mcp_arg_str(). May wait. */
typedef void mcp_complete_fn(struct mcp_call *call, struct str typed);
void mcp_offer(struct mcp_call *call, struct str value);

struct mcp_prompt_argument {
	const char *name;              /* NULL ends the table */
	const char *description;
	bool required;
	mcp_complete_fn *complete;     /* NULL: nothing to offer */
};

struct mcp_prompt {
	const char *name;              /* NULL ends the table: "dynamodb-data-modeling" */
	const char *title;
	const char *description;
	const struct mcp_prompt_argument *arguments;  /* NULL: none; always strings */
	bool fixture;                  /* there only with --conformance-fixtures */

	/* Adds the messages (mcp/call.h). Runs as a task, may wait. */
	void (*get)(struct mcp_call *call);
	const void *data;              /* the row's own: mcp_call_data() */
};

#endif
