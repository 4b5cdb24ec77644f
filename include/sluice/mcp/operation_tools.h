/* operation_tools: the operations of DynamoDB and its streams as tools: tables of rows for
 * the server. Their names are the API's in snake_case, so are their parameters; results keep
 * the API's casing. Their mcp_call_site() is what operation_site() makes of it.
 *
 * With --tables every table that a call names, however it does, must be in the list; what
 * cannot be told is refused (operation_tables.h).
 */
#ifndef SLUICE_MCP_OPERATION_TOOLS_H
#define SLUICE_MCP_OPERATION_TOOLS_H

#include "sluice/mcp/aws.h"
#include "sluice/mcp/tool.h"

struct mcp_call;

/* What app gave the server, as AWS. Defined by whoever makes the site (app, tests). */
struct mcp_aws *mcp_site_aws(void *site);

/* May the server touch the table (a name or an ARN)? False: DATA "mcp.table" with the way to allow it. */
struct err;
bool mcp_table_allowed(const struct mcp_call *call, struct str table, struct err *err);

extern const struct mcp_tool operation_item_tools[];    /* items, query, scan, batches, transactions, PartiQL */
extern const struct mcp_tool operation_table_tools[];   /* tables, TTL */
extern const struct mcp_tool operation_backup_tools[];  /* backups, exports, imports */
extern const struct mcp_tool operation_admin_tools[];   /* policies, tags, limits, endpoints */
extern const struct mcp_tool operation_stream_tools[];  /* a look into a stream */

#endif
