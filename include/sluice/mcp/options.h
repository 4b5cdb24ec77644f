/* options: what `sluice mcp` was told, by its command line and the environment. Filled
 * by app; the server and the tools read it.
 */
#ifndef SLUICE_MCP_OPTIONS_H
#define SLUICE_MCP_OPTIONS_H

#include "sluice/core/str.h"

enum { MCP_WORKSPACES_MAX = 32, MCP_NAMES_MAX = 128 };

struct mcp_options {
	const char *workspaces[MCP_WORKSPACES_MAX];  /* --workspace, as given */
	size_t n_workspaces;
	bool allow_writes;             /* --allow-writes, or DDB-MCP-READONLY=false; DDB-MCP-READONLY=true beats both */
	struct str tables[MCP_NAMES_MAX];  /* --tables a,b */
	size_t n_tables;               /* 0: all */
	const char *region, *profile, *endpoint_url, *prompts, *admin;  /* NULL: not given */
	bool chosen;                   /* --toolsets or --tools was given: only those may be called */
	unsigned toolsets;             /* enum mcp_toolset */
	struct str tools[MCP_NAMES_MAX];   /* --tools a,b */
	size_t n_tools;
	bool list_all;                 /* --list-all */
	bool fixtures;                 /* --conformance-fixtures */
};

#endif
