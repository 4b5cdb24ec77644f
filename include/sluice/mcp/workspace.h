/* workspace: the folders that the server may touch. Looks at the file system; tools use
 * mcp_path_allowed() (mcp/call.h), which finds out which folders there are.
 */
#ifndef SLUICE_MCP_WORKSPACE_H
#define SLUICE_MCP_WORKSPACE_H

#include "sluice/core/arena.h"
#include "sluice/core/err.h"

/* The real path of a folder, in the arena; {NULL, 0} with err DATA "mcp.path" where there
 * is no such folder. */
struct str workspace_folder(struct arena *a, struct str path, struct err *err);

/* The folder of a file:// URI as clients send their roots, decoded; {NULL, 0} for other
 * URIs and other machines' files. */
struct str workspace_of_uri(struct arena *a, struct str uri);

/* The working directory, unless it is / or the home: {NULL, 0} then. */
struct str workspace_default(struct arena *a);

/* See mcp_path_allowed(); roots are real paths. */
bool workspace_resolve(struct arena *a, const struct str *roots, size_t n_roots, struct str path, struct str *resolved,
		       struct err *err);

#endif
