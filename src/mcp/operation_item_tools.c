#include "operation.h"

/* Items. In the order of their use: reads, then writes. */

static const char *const words_query_select[] = {
	"ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES", "COUNT", NULL,
};

static const char *const words_put_item_return_values[] = { "NONE", "ALL_OLD", NULL };

static const char *const words_update_item_return_values[] = {
	"NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW", NULL,
};

static const struct mcp_param get_item_params[] = {
	PARAM_TABLE,
	{ .name = "key", .type = MCP_OBJECT, .flags = MCP_REQUIRED,
	  .description = "The primary key, as {\"id\": {\"S\": \"o-1\"}}." },
	{ .name = "projection_expression", .type = MCP_STRING,
	  .description = "Attributes to return, as \"id, total\". All without it." },
	PARAM_NAMES,
	{ .name = "consistent_read", .type = MCP_BOOLEAN,
	  .description = "Strongly consistent: twice the price, not on global indexes." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row get_item_row = { .operation = "GetItem", .flags = OPERATION_CAPACITY };

static const struct mcp_param query_params[] = {
	PARAM_TABLE,
	{ .name = "key_condition_expression", .type = MCP_STRING, .flags = MCP_REQUIRED,
	  .description = "Equality on the partition key, perhaps a condition on the sort key: \"id = :i AND day > :d\"." },
	{ .name = "index_name", .type = MCP_STRING,
	  .description = "A secondary index to read instead of the table." },
	{ .name = "filter_expression", .type = MCP_STRING,
	  .description = "Drops items after they are read (and paid for)." },
	{ .name = "projection_expression", .type = MCP_STRING,
	  .description = "Attributes to return, as \"id, total\". All without it." },
	PARAM_NAMES,
	PARAM_VALUES,
	{ .name = "select", .type = MCP_STRING, .names = words_query_select,
	  .description = "What is returned; COUNT for the number alone." },
	{ .name = "limit", .type = MCP_INTEGER, .min = 1, .max = 1000000,
	  .description = "At most so many items are read." },
	{ .name = "scan_index_forward", .type = MCP_BOOLEAN,
	  .description = "false: from the highest sort key down." },
	{ .name = "exclusive_start_key", .type = MCP_OBJECT,
	  .description = "LastEvaluatedKey of the call before, to go on behind it." },
	{ .name = "consistent_read", .type = MCP_BOOLEAN,
	  .description = "Strongly consistent: twice the price, not on global indexes." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row query_row = {
	.operation = "Query", .flags = OPERATION_CAPACITY, .list = "Items", .limit = "Limit",
};

static const struct mcp_param scan_params[] = {
	PARAM_TABLE,
	{ .name = "index_name", .type = MCP_STRING,
	  .description = "A secondary index to read instead of the table." },
	{ .name = "filter_expression", .type = MCP_STRING,
	  .description = "Drops items after they are read (and paid for)." },
	{ .name = "projection_expression", .type = MCP_STRING,
	  .description = "Attributes to return, as \"id, total\". All without it." },
	PARAM_NAMES,
	PARAM_VALUES,
	{ .name = "select", .type = MCP_STRING, .names = words_query_select,
	  .description = "What is returned; COUNT for the number alone." },
	{ .name = "limit", .type = MCP_INTEGER, .min = 1, .max = 1000000,
	  .description = "At most so many items are read." },
	{ .name = "exclusive_start_key", .type = MCP_OBJECT,
	  .description = "LastEvaluatedKey of the call before, to go on behind it." },
	{ .name = "consistent_read", .type = MCP_BOOLEAN,
	  .description = "Strongly consistent: twice the price, not on global indexes." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row scan_row = {
	.operation = "Scan", .flags = OPERATION_CAPACITY, .list = "Items", .limit = "Limit",
};

static const struct mcp_param batch_get_item_params[] = {
	{ .name = "request_items", .type = MCP_OBJECT, .flags = MCP_REQUIRED,
	  .description = "Keys by table: {\"Orders\": {\"Keys\": [{\"id\": {\"S\": \"o-1\"}}], \"ConsistentRead\": "
			 "false}}." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row batch_get_item_row = { .operation = "BatchGetItem", .flags = OPERATION_CAPACITY };

static const struct mcp_param transact_get_items_params[] = {
	{ .name = "transact_items", .type = MCP_ARRAY, .flags = MCP_REQUIRED, .items = MCP_OBJECT,
	  .description = "As [{\"Get\": {\"TableName\": \"Orders\", \"Key\": {\"id\": {\"S\": \"o-1\"}}}}]." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row transact_get_items_row = {
	.operation = "TransactGetItems", .flags = OPERATION_CAPACITY,
};

static const struct mcp_param execute_statement_params[] = {
	{ .name = "statement", .type = MCP_STRING, .flags = MCP_REQUIRED,
	  .description = "The statement, ? for each parameter." },
	{ .name = "parameters", .type = MCP_ARRAY, .items = MCP_OBJECT,
	  .description = "Attribute values for the ?, as [{\"S\": \"o-1\"}]." },
	{ .name = "consistent_read", .type = MCP_BOOLEAN,
	  .description = "Strongly consistent: twice the price, not on global indexes." },
	{ .name = "limit", .type = MCP_INTEGER, .min = 1, .max = 1000000,
	  .description = "At most so many items are read." },
	{ .name = "next_token", .type = MCP_STRING,
	  .description = "NextToken of the call before." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row execute_statement_row = {
	.operation = "ExecuteStatement", .flags = OPERATION_CAPACITY | OPERATION_STATEMENT, .list = "Items", .limit = "Limit",
};

static const struct mcp_param put_item_params[] = {
	PARAM_TABLE,
	{ .name = "item", .type = MCP_OBJECT, .flags = MCP_REQUIRED,
	  .description = "The whole item, as {\"id\": {\"S\": \"o-1\"}, \"total\": {\"N\": \"9.5\"}}." },
	{ .name = "condition_expression", .type = MCP_STRING,
	  .description = "Only if this holds, as \"attribute_not_exists(id)\"." },
	PARAM_NAMES,
	PARAM_VALUES,
	{ .name = "return_values", .type = MCP_STRING, .names = words_put_item_return_values,
	  .description = "Which attributes come back." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row put_item_row = { .operation = "PutItem", .flags = OPERATION_CAPACITY };

static const struct mcp_param update_item_params[] = {
	PARAM_TABLE,
	{ .name = "key", .type = MCP_OBJECT, .flags = MCP_REQUIRED,
	  .description = "The primary key, as {\"id\": {\"S\": \"o-1\"}}." },
	{ .name = "update_expression", .type = MCP_STRING,
	  .description = "As \"SET #s = :s, n = n + :one REMOVE draft\"." },
	{ .name = "condition_expression", .type = MCP_STRING,
	  .description = "Only if this holds, as \"attribute_not_exists(id)\"." },
	PARAM_NAMES,
	PARAM_VALUES,
	{ .name = "return_values", .type = MCP_STRING, .names = words_update_item_return_values,
	  .description = "Which attributes come back." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row update_item_row = { .operation = "UpdateItem", .flags = OPERATION_CAPACITY };

static const struct mcp_param delete_item_params[] = {
	PARAM_TABLE,
	{ .name = "key", .type = MCP_OBJECT, .flags = MCP_REQUIRED,
	  .description = "The primary key, as {\"id\": {\"S\": \"o-1\"}}." },
	{ .name = "condition_expression", .type = MCP_STRING,
	  .description = "Only if this holds, as \"attribute_not_exists(id)\"." },
	PARAM_NAMES,
	PARAM_VALUES,
	{ .name = "return_values", .type = MCP_STRING, .names = words_put_item_return_values,
	  .description = "Which attributes come back." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row delete_item_row = { .operation = "DeleteItem", .flags = OPERATION_CAPACITY };

static const struct mcp_param batch_write_item_params[] = {
	{ .name = "request_items", .type = MCP_OBJECT, .flags = MCP_REQUIRED,
	  .description = "By table: {\"Orders\": [{\"PutRequest\": {\"Item\": {\"id\": {\"S\": \"o-1\"}}}}]}." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row batch_write_item_row = {
	.operation = "BatchWriteItem", .flags = OPERATION_CAPACITY,
};

static const struct mcp_param transact_write_items_params[] = {
	{ .name = "transact_items", .type = MCP_ARRAY, .flags = MCP_REQUIRED, .items = MCP_OBJECT,
	  .description = "As [{\"Put\": {\"TableName\": \"Orders\", \"Item\": {...}}}, {\"ConditionCheck\": {...}}]." },
	{ .name = "client_request_token", .type = MCP_STRING,
	  .description = "Makes a repetition within 10 minutes harmless." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row transact_write_items_row = {
	.operation = "TransactWriteItems", .flags = OPERATION_CAPACITY,
};

const struct mcp_tool operation_item_tools[] = {
	{ .name = "get_item", .title = "Get an item", .toolset = MCP_DATA,
	  .description = "Reads one item by its primary key.",
	  .params = get_item_params, .traits = OPERATION_READS,
	  .run = operation_run, .data = &get_item_row },
	{ .name = "query", .title = "Query a table or index", .toolset = MCP_DATA,
	  .description = "Reads the items of one partition key, in the order of the sort key. A page at a time: "
			 "LastEvaluatedKey says where to go on.",
	  .params = query_params, .traits = OPERATION_READS,
	  .run = operation_run, .data = &query_row },
	{ .name = "scan", .title = "Scan a table or index", .toolset = MCP_DATA,
	  .description = "Reads all items, a page at a time. Costs what it reads, not what it returns: prefer query.",
	  .params = scan_params, .traits = OPERATION_READS,
	  .run = operation_run, .data = &scan_row },
	{ .name = "batch_get_item", .title = "Get several items", .toolset = MCP_DATA,
	  .description = "Reads up to 100 items by their keys. Ask again for UnprocessedKeys.",
	  .params = batch_get_item_params, .traits = OPERATION_READS,
	  .run = operation_run, .data = &batch_get_item_row },
	{ .name = "transact_get_items", .title = "Get several items at one moment", .toolset = MCP_DATA,
	  .description = "Reads up to 100 items as they stood at one moment, at twice the price.",
	  .params = transact_get_items_params, .traits = OPERATION_READS,
	  .run = operation_run, .data = &transact_get_items_row },
	{ .name = "execute_statement", .title = "Run a PartiQL statement", .toolset = MCP_DATA,
	  .description = "Runs one PartiQL statement, as SELECT * FROM \"Orders\" WHERE id = ?. A SELECT without the "
			 "whole partition key scans. Only SELECT in read-only mode.",
	  .params = execute_statement_params, .traits = MCP_DESTRUCTIVE | MCP_OPEN_WORLD,
	  .run = operation_run, .data = &execute_statement_row },
	{ .name = "put_item", .title = "Put an item", .toolset = MCP_DATA,
	  .description = "Creates an item, or replaces the one with the same key.",
	  .params = put_item_params, .traits = OPERATION_REPLACES,
	  .run = operation_run, .data = &put_item_row },
	{ .name = "update_item", .title = "Update an item", .toolset = MCP_DATA,
	  .description = "Changes attributes of an item, or creates it.",
	  .params = update_item_params, .traits = OPERATION_CHANGES,
	  .run = operation_run, .data = &update_item_row },
	{ .name = "delete_item", .title = "Delete an item", .toolset = MCP_DATA,
	  .description = "Deletes an item by its primary key.",
	  .params = delete_item_params, .traits = OPERATION_REPLACES,
	  .run = operation_run, .data = &delete_item_row },
	{ .name = "batch_write_item", .title = "Put and delete several items", .toolset = MCP_DATA,
	  .description = "Puts or deletes up to 25 items, each by itself. Send UnprocessedItems again.",
	  .params = batch_write_item_params, .traits = OPERATION_REPLACES,
	  .run = operation_run, .data = &batch_write_item_row },
	{ .name = "transact_write_items", .title = "Write several items, all or none", .toolset = MCP_DATA,
	  .description = "Puts, updates, deletes and checks up to 100 items: all of it or nothing, at twice the price.",
	  .params = transact_write_items_params, .traits = OPERATION_CHANGES,
	  .run = operation_run, .data = &transact_write_items_row },
	{ 0 },
};
