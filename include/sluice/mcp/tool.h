/* tool: a tool of the MCP server is a row of a table: what clients see of it, what it
 * takes, and its function.
 *
 *   static const struct mcp_param get_item_params[] = {
 *           { "table_name", MCP_STRING, "The table's name or ARN.", .flags = MCP_REQUIRED },
 *           { "key", MCP_OBJECT, "The item's key, as {\"pk\": {\"S\": \"…\"}}.", .flags = MCP_REQUIRED },
 *           { "limit", MCP_INTEGER, "At most so many items.", .min = 1, .max = 1000 },
 *           { "index_name", MCP_STRING, "An index.", .flags = MCP_OPTIONAL },
 *           { 0 },
 *   };
 *   const struct mcp_tool item_tools[] = {
 *           { .name = "get_item", .title = "Get an item", .description = "…", .params = get_item_params,
 *             .traits = MCP_READ_ONLY | MCP_OPEN_WORLD, .toolset = MCP_DATA, .run = run_get_item },
 *           { 0 },
 *   };
 *
 * The server takes a list of such tables (mcp/server.h); a new file of tools is a line
 * where app makes that list. Rows are static and never change.
 *
 * inputSchema is written from `params`: only type, description, properties, required,
 * items and enum, which the strictest clients take. Before `run` is called the
 * arguments have been checked against the row; what is wrong was answered (isError,
 * with a sentence for each). So a function meets no unknown argument, nothing missing,
 * no wrong type, no number outside min..max and no word that is not in `names`.
 */
#ifndef SLUICE_MCP_TOOL_H
#define SLUICE_MCP_TOOL_H

#include <stdbool.h>
#include <stdint.h>

struct mcp_call;

enum mcp_type {
	MCP_ANY,      /* the zero: as an array's items, "whatever"; not for an argument */
	MCP_STRING,
	MCP_INTEGER,  /* "10" is taken for 10, and 10.0 */
	MCP_NUMBER,   /* "1.5" is taken for 1.5 */
	MCP_BOOLEAN,  /* "true" is taken for true */
	MCP_OBJECT,   /* a string that holds a JSON object is taken for it */
	MCP_ARRAY,    /* a string that holds a JSON list is taken for it */
};

enum mcp_param_flags {
	MCP_OPTIONAL = 0,
	MCP_REQUIRED = 1,
};

/* An argument, or a member of one. */
struct mcp_param {
	const char *name;              /* NULL ends the table */
	enum mcp_type type;
	const char *description;       /* one or two sentences; a map's holds an example */
	unsigned flags;                /* enum mcp_param_flags: .flags = MCP_OPTIONAL */
	enum mcp_type items;           /* ARRAY: what its elements are */
	const char *const *names;      /* STRING, ARRAY of STRING: the words it may be; NULL-terminated */
	const struct mcp_param *members; /* OBJECT, ARRAY of OBJECT: its members, checked as arguments are, all of
	                                    them known; NULL: any (a map) */
	int64_t min, max;              /* INTEGER, NUMBER: both 0: no limit. Not in the schema; say it in words */
};

/* Hints for clients (annotations), and what the server needs to know. */
enum mcp_traits {
	MCP_READ_ONLY = 1 << 0,    /* readOnlyHint: changes nothing, not even a file */
	MCP_DESTRUCTIVE = 1 << 1,  /* destructiveHint: may delete or overwrite */
	MCP_IDEMPOTENT = 1 << 2,   /* idempotentHint: a second time changes nothing more */
	MCP_OPEN_WORLD = 1 << 3,   /* openWorldHint: talks to something outside (AWS) */
	MCP_MUTATES = 1 << 4,      /* writes to DynamoDB. Without --allow-writes it is not listed (but by
	                              --list-all), and a call is answered with the way to allow it; `run` is not
	                              called. A tool where it depends asks mcp_writes_allowed() itself */
	MCP_LISTED = 1 << 5,       /* in the list by default, also when its toolset is not */
	MCP_LARGE = 1 << 6,        /* its result may be over MCP_RESULT_MAX_BYTES (the guide) */
	MCP_FIXTURE = 1 << 7,      /* there only with --conformance-fixtures */
};

/* The names of --toolsets. Without that option design and data are listed (and what is
 * MCP_LISTED), and all can be called. With it, or --tools, only what was named can. */
enum mcp_toolset {
	MCP_DESIGN = 1 << 0,
	MCP_DATA = 1 << 1,
	MCP_TABLES = 1 << 2,
	MCP_BACKUP = 1 << 3,
	MCP_ADMIN = 1 << 4,
	MCP_STREAMS = 1 << 5,
};

struct mcp_tool {
	const char *name;              /* NULL ends the table; letters, digits, '_', at most 64 */
	const char *title;             /* for people */
	const char *description;       /* for models: what it does, when to call it, what comes back */
	const struct mcp_param *params;  /* NULL: none */
	const char *output_schema;     /* JSON text, {"type":"object", …}; NULL: the result is not structured. With
	                                  one the function must give mcp_structured() unless it fails */
	const char *input_schema;      /* NULL, but for the one fixture whose schema is no table */
	unsigned traits;               /* enum mcp_traits */
	enum mcp_toolset toolset;

	/* Runs as a task of its own and may wait; 64 KiB of stack. Gives its result by the
	 * functions of mcp/call.h and returns; the answer is sent then. A cancelled one is
	 * refused every wait with ERR_CANCELLED: it cleans up (in a shield, where that must
	 * wait) and returns, and nothing is sent. */
	void (*run)(struct mcp_call *call);

	const void *data;              /* the row's own, for a function that many rows share */
};

#endif
