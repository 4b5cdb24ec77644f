/* allow: which tables a request is about, and whether --tables lets it through. Known to
 * src/mcp only.
 */
#ifndef SLUICE_MCP_ALLOW_H
#define SLUICE_MCP_ALLOW_H

#include "sluice/core/err.h"
#include "sluice/core/node.h"
#include "sluice/mcp/options.h"

/* Is the table (a name, or the ARN of a table, index, stream, backup, export or import) in the list, or is there none?
 * False: DATA "mcp.table" that names it and the way to allow it. */
bool allow_table(const struct mcp_options *o, struct str table, struct err *err);

/* The same for all that a request of the API names: TableName, RequestItems, TransactItems, Statement(s), …Arn.
 * Where there is a list, a request that names none is refused, unless `tableless` (describe-limits and the like). */
bool allow_request(const struct mcp_options *o, const struct node *request, bool tableless, struct err *err);

/* The table's name in an ARN, "arn:aws:dynamodb:r:a:table/Name/…", or the text itself. Empty for an ARN of
 * something else. */
struct str allow_table_of(struct str name_or_arn);

#endif
