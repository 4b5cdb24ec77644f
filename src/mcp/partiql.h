/* partiql: what a PartiQL statement does and to which table, without running it. Known to
 * src/mcp only.
 *
 * Not a parser of the language: a reader of its words that is sure of what it says. What
 * it is not sure of is refused. Facts: Developer Guide, "PartiQL for DynamoDB".
 */
#ifndef SLUICE_MCP_PARTIQL_H
#define SLUICE_MCP_PARTIQL_H

#include "sluice/core/err.h"

enum partiql_kind { PARTIQL_SELECT, PARTIQL_INSERT, PARTIQL_UPDATE, PARTIQL_DELETE };

enum { PARTIQL_NAME_BYTES = 256 };

struct partiql {
	enum partiql_kind kind;
	char table[PARTIQL_NAME_BYTES];  /* without quotes; an index's is not in it */
};

/* False: DATA "partiql" with what is not understood. EXISTS(SELECT …), the condition of a
 * transaction, counts as SELECT. */
bool partiql_read(struct str statement, struct partiql *out, struct err *err);

#endif
