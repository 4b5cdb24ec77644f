/* mcp_catalogue: all that `sluice mcp` offers: the tables of mcp and of app, a line each.
 */
#ifndef SLUICE_APP_MCP_CATALOGUE_H
#define SLUICE_APP_MCP_CATALOGUE_H

#include "sluice/mcp/server.h"

/* Sets the tables and the instructions. */
void mcp_catalogue(struct mcp_setup *setup);

/* A toolset by its name ("design"); 0: there is none. */
unsigned mcp_toolset_named(struct str name);
extern const char *const mcp_toolset_names[];  /* ended by NULL */

#endif
