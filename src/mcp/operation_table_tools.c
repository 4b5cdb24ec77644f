#include "operation.h"

/* Tables and their time to live. */

static const char *const words_create_table_billing_mode[] = { "PAY_PER_REQUEST", "PROVISIONED", NULL };

static const char *const words_create_table_table_class[] = { "STANDARD", "STANDARD_INFREQUENT_ACCESS", NULL };

static const struct mcp_param list_tables_params[] = {
	{ .name = "exclusive_start_table_name", .type = MCP_STRING,
	  .description = "LastEvaluatedTableName of the call before." },
	{ .name = "limit", .type = MCP_INTEGER, .min = 1, .max = 100,
	  .description = "At most so many names, 1 to 100." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row list_tables_row = {
	.operation = "ListTables", .flags = OPERATION_TABLELESS | OPERATION_OWN_TABLES, .list = "TableNames", .limit = "Limit",
};

static const struct mcp_param describe_table_params[] = {
	PARAM_TABLE,
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row describe_table_row = { .operation = "DescribeTable" };

static const struct mcp_param create_table_params[] = {
	{ .name = "table_name", .type = MCP_STRING, .flags = MCP_REQUIRED,
	  .description = "The name of the table to create." },
	{ .name = "attribute_definitions", .type = MCP_ARRAY, .flags = MCP_REQUIRED, .items = MCP_OBJECT,
	  .description = "Types of all key attributes, as [{\"AttributeName\": \"id\", \"AttributeType\": \"S\"}]." },
	{ .name = "key_schema", .type = MCP_ARRAY, .flags = MCP_REQUIRED, .items = MCP_OBJECT,
	  .description = "As [{\"AttributeName\": \"id\", \"KeyType\": \"HASH\"}, {\"AttributeName\": \"day\", "
			 "\"KeyType\": \"RANGE\"}]." },
	{ .name = "billing_mode", .type = MCP_STRING, .names = words_create_table_billing_mode,
	  .description = "How capacity is paid." },
	{ .name = "global_secondary_indexes", .type = MCP_ARRAY, .items = MCP_OBJECT,
	  .description = "As [{\"IndexName\": \"ByDay\", \"KeySchema\": [...], \"Projection\": {\"ProjectionType\": "
			 "\"KEYS_ONLY\"}}]." },
	{ .name = "local_secondary_indexes", .type = MCP_ARRAY, .items = MCP_OBJECT,
	  .description = "The same with the table's partition key; only possible now." },
	{ .name = "provisioned_throughput", .type = MCP_OBJECT,
	  .description = "As {\"ReadCapacityUnits\": 5, \"WriteCapacityUnits\": 5}, for PROVISIONED." },
	{ .name = "stream_specification", .type = MCP_OBJECT,
	  .description = "As {\"StreamEnabled\": true, \"StreamViewType\": \"NEW_AND_OLD_IMAGES\"}." },
	{ .name = "table_class", .type = MCP_STRING, .names = words_create_table_table_class,
	  .description = "Storage class." },
	{ .name = "deletion_protection_enabled", .type = MCP_BOOLEAN,
	  .description = "delete_table is refused while it is on." },
	{ .name = "on_demand_throughput", .type = MCP_OBJECT,
	  .description = "Upper bounds, as {\"MaxReadRequestUnits\": 1000, \"MaxWriteRequestUnits\": 500}." },
	{ .name = "warm_throughput", .type = MCP_OBJECT,
	  .description = "As {\"ReadUnitsPerSecond\": 12000, \"WriteUnitsPerSecond\": 4000}." },
	{ .name = "sse_specification", .type = MCP_OBJECT,
	  .description = "As {\"Enabled\": true, \"SSEType\": \"KMS\"}." },
	{ .name = "tags", .type = MCP_ARRAY, .items = MCP_OBJECT,
	  .description = "As [{\"Key\": \"team\", \"Value\": \"shop\"}]." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row create_table_row = { .operation = "CreateTable" };

static const struct mcp_param update_table_params[] = {
	PARAM_TABLE,
	{ .name = "attribute_definitions", .type = MCP_ARRAY, .items = MCP_OBJECT,
	  .description = "Types of all key attributes, as [{\"AttributeName\": \"id\", \"AttributeType\": \"S\"}]." },
	{ .name = "billing_mode", .type = MCP_STRING, .names = words_create_table_billing_mode,
	  .description = "How capacity is paid." },
	{ .name = "deletion_protection_enabled", .type = MCP_BOOLEAN,
	  .description = "delete_table is refused while it is on." },
	{ .name = "global_secondary_index_updates", .type = MCP_ARRAY, .items = MCP_OBJECT,
	  .description = "As [{\"Create\": {\"IndexName\": \"ByDay\", \"KeySchema\": [...], \"Projection\": {...}}}] or "
			 "[{\"Delete\": {\"IndexName\": \"ByDay\"}}]." },
	{ .name = "on_demand_throughput", .type = MCP_OBJECT,
	  .description = "Upper bounds, as {\"MaxReadRequestUnits\": 1000, \"MaxWriteRequestUnits\": 500}." },
	{ .name = "provisioned_throughput", .type = MCP_OBJECT,
	  .description = "As {\"ReadCapacityUnits\": 5, \"WriteCapacityUnits\": 5}, for PROVISIONED." },
	{ .name = "replica_updates", .type = MCP_ARRAY, .items = MCP_OBJECT,
	  .description = "As [{\"Create\": {\"RegionName\": \"eu-west-1\"}}]." },
	{ .name = "sse_specification", .type = MCP_OBJECT,
	  .description = "As {\"Enabled\": true, \"SSEType\": \"KMS\"}." },
	{ .name = "stream_specification", .type = MCP_OBJECT,
	  .description = "As {\"StreamEnabled\": true, \"StreamViewType\": \"NEW_AND_OLD_IMAGES\"}." },
	{ .name = "table_class", .type = MCP_STRING, .names = words_create_table_table_class,
	  .description = "Storage class." },
	{ .name = "warm_throughput", .type = MCP_OBJECT,
	  .description = "As {\"ReadUnitsPerSecond\": 12000, \"WriteUnitsPerSecond\": 4000}." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row update_table_row = { .operation = "UpdateTable" };

static const struct mcp_param delete_table_params[] = {
	PARAM_TABLE,
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row delete_table_row = { .operation = "DeleteTable" };

static const struct mcp_param describe_time_to_live_params[] = {
	PARAM_TABLE,
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row describe_time_to_live_row = { .operation = "DescribeTimeToLive" };

static const struct mcp_param update_time_to_live_params[] = {
	PARAM_TABLE,
	{ .name = "time_to_live_specification", .type = MCP_OBJECT, .flags = MCP_REQUIRED,
	  .description = "As {\"Enabled\": true, \"AttributeName\": \"expires_at\"}; the attribute holds Unix seconds." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row update_time_to_live_row = { .operation = "UpdateTimeToLive" };

const struct mcp_tool operation_table_tools[] = {
	{ .name = "list_tables", .title = "List the tables", .toolset = MCP_TABLES,
	  .description = "Names of the tables, a page at a time.",
	  .params = list_tables_params, .traits = OPERATION_READS | MCP_LISTED,
	  .run = operation_run, .data = &list_tables_row },
	{ .name = "describe_table", .title = "Describe a table", .toolset = MCP_TABLES,
	  .description = "Keys, indexes, status, size, stream and settings of a table.",
	  .params = describe_table_params, .traits = OPERATION_READS | MCP_LISTED,
	  .run = operation_run, .data = &describe_table_row },
	{ .name = "create_table", .title = "Create a table", .toolset = MCP_TABLES,
	  .description = "Creates a table; it is usable once describe_table says ACTIVE.",
	  .params = create_table_params, .traits = OPERATION_ADDS,
	  .run = operation_run, .data = &create_table_row },
	{ .name = "update_table", .title = "Change a table", .toolset = MCP_TABLES,
	  .description = "Changes capacity, stream, class or protection, or adds, changes or deletes one global index. "
			 "One kind of change a call.",
	  .params = update_table_params, .traits = OPERATION_CHANGES,
	  .run = operation_run, .data = &update_table_row },
	{ .name = "delete_table", .title = "Delete a table", .toolset = MCP_TABLES,
	  .description = "Deletes a table with all its items, indexes and stream. There is no way back but a backup.",
	  .params = delete_table_params, .traits = OPERATION_REPLACES,
	  .run = operation_run, .data = &delete_table_row },
	{ .name = "describe_time_to_live", .title = "Describe TTL", .toolset = MCP_TABLES,
	  .description = "Which attribute says when items expire, and whether that is on.",
	  .params = describe_time_to_live_params, .traits = OPERATION_READS,
	  .run = operation_run, .data = &describe_time_to_live_row },
	{ .name = "update_time_to_live", .title = "Switch TTL", .toolset = MCP_TABLES,
	  .description = "Switches the expiry of items on or off. At most once an hour for a table.",
	  .params = update_time_to_live_params, .traits = OPERATION_REPLACES,
	  .run = operation_run, .data = &update_time_to_live_row },
	{ 0 },
};
