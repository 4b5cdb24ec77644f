/* tables: the rows that this layer brings itself. Those that need AWS, files of settings
 * or other parts of app are in app, which makes the lists for the server.
 */
#ifndef SLUICE_MCP_TABLES_H
#define SLUICE_MCP_TABLES_H

#include "sluice/mcp/prompt.h"
#include "sluice/mcp/resource.h"
#include "sluice/mcp/tool.h"

/* What the official conformance suite asks for (--conformance-fixtures). */
extern const struct mcp_tool mcp_fixture_tools[];
extern const struct mcp_prompt mcp_fixture_prompts[];
extern const struct mcp_resource mcp_fixture_resources[];
extern const struct mcp_resource_template mcp_fixture_templates[];

#endif
