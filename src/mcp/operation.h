/* operation: how a call of DynamoDB's API is run for a tool: what the rows of
 * operation_*_tools.c share. Known to src/mcp only.
 */
#ifndef SLUICE_MCP_OPERATION_H
#define SLUICE_MCP_OPERATION_H

#include "sluice/core/json_write.h"
#include "sluice/mcp/aws.h"
#include "sluice/mcp/call.h"
#include "sluice/mcp/operation_tools.h"
#include "sluice/mcp/tool.h"

enum operation_flags {
	OPERATION_TABLELESS = 1 << 0,   /* names no table: --tables has nothing to say */
	OPERATION_CAPACITY = 1 << 1,    /* ReturnConsumedCapacity is asked for */
	OPERATION_STATEMENT = 1 << 2,   /* a PartiQL statement: only SELECT where writes are not allowed */
	OPERATION_OWN_TABLES = 1 << 3,  /* lists tables: those that --tables leaves */
};

/* A row's data. */
struct operation_row {
	const char *operation;          /* "GetItem" */
	enum mcp_service service;
	unsigned flags;                 /* enum operation_flags */
	const char *list, *limit;       /* what a result that is too large has too much of ("Items", or in a member:
	                                   "StreamDescription.Shards"), and the parameter that says how many; NULL: neither */
};

/* The function of all rows whose data is a struct operation_row. */
void operation_run(struct mcp_call *call);

/* Yields: one call. The region is the argument region_name. False: the call has failed (mcp_fail). */
bool operation_call(struct mcp_call *call, enum mcp_service service, const char *operation, struct str body,
		    struct buf *answer);

/* ---- traits that many have ---- */

#define OPERATION_READS (MCP_READ_ONLY | MCP_IDEMPOTENT | MCP_OPEN_WORLD)
#define OPERATION_ADDS (MCP_MUTATES | MCP_OPEN_WORLD)
#define OPERATION_CHANGES (MCP_MUTATES | MCP_DESTRUCTIVE | MCP_OPEN_WORLD)
#define OPERATION_REPLACES (OPERATION_CHANGES | MCP_IDEMPOTENT)   /* twice is as once */

/* ---- parameters that many have ---- */

#define PARAM_REGION { .name = "region_name", .type = MCP_STRING, .description = "AWS region, if not the configured one." }
#define PARAM_TABLE { .name = "table_name", .type = MCP_STRING, .flags = MCP_REQUIRED, .description = "Table name or ARN." }
#define PARAM_NAMES \
	{ .name = "expression_attribute_names", .type = MCP_OBJECT, \
	  .description = "Placeholders for names, as {\"#s\": \"status\"}." }
#define PARAM_VALUES \
	{ .name = "expression_attribute_values", .type = MCP_OBJECT, \
	  .description = "Placeholders for attribute values, as {\":s\": {\"S\": \"open\"}}." }

#endif
