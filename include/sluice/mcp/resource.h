/* resource: a resource of the MCP server is a row of a table: something to read, at a
 * URI. What comes and goes (files of the workspace) is a template.
 */
#ifndef SLUICE_MCP_RESOURCE_H
#define SLUICE_MCP_RESOURCE_H

#include "sluice/mcp/prompt.h"

struct mcp_resource {
	const char *uri;               /* NULL ends the table: "sluice://guide" */
	const char *name;              /* short, unique: "guide" */
	const char *title, *description;
	const char *mime_type;
	bool fixture;                  /* there only with --conformance-fixtures */

	/* Adds its contents: mcp_resource_text(call, uri, …) or _blob. Runs as a task, may
	 * wait. No limit of size but what is sensible (a file: 1 MiB). */
	void (*read)(struct mcp_call *call, struct str uri);
	const void *data;              /* the row's own: mcp_call_data() */
};

struct mcp_resource_template {
	const char *uri_template;      /* NULL ends the table: "sluice://workspace/{+path}". {name}: without a slash,
	                                  {+name}: with */
	const char *name, *title, *description;
	const char *mime_type;         /* NULL: they differ */
	bool fixture;

	/* As above; the variables are its arguments (mcp_arg_str). mcp_fail() where there is
	 * nothing at the URI: the client gets the version's code for that. */
	void (*read)(struct mcp_call *call, struct str uri);
	const void *data;

	/* Adds those that are there now to resources/list by mcp_list_resource(); may wait.
	 * NULL: none are listed. */
	void (*list)(struct mcp_call *call);

	/* Offers values for a variable; NULL: none. */
	void (*complete)(struct mcp_call *call, const char *variable, struct str typed);
};

/* The row's data, in a resource, template or prompt. */
const void *mcp_call_data(const struct mcp_call *call);

/* In `list`: one that is there. 200 are taken at most. */
void mcp_list_resource(struct mcp_call *call, struct str uri, struct str name, struct str description,
		       const char *mime_type);

#endif
