#include "operation.h"

/* Backups, exports, imports. */

static const char *const words_list_backups_backup_type[] = { "USER", "SYSTEM", "AWS_BACKUP", "ALL", NULL };

static const struct mcp_param list_backups_params[] = {
	PARAM_TABLE,
	{ .name = "backup_type", .type = MCP_STRING, .names = words_list_backups_backup_type,
	  .description = "Who made them." },
	{ .name = "exclusive_start_backup_arn", .type = MCP_STRING,
	  .description = "LastEvaluatedBackupArn of the call before." },
	{ .name = "limit", .type = MCP_INTEGER, .min = 1, .max = 100,
	  .description = "At most so many, 1 to 100." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row list_backups_row = {
	.operation = "ListBackups", .list = "BackupSummaries", .limit = "Limit",
};

static const struct mcp_param describe_backup_params[] = {
	{ .name = "backup_arn", .type = MCP_STRING, .flags = MCP_REQUIRED,
	  .description = "The backup's ARN." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row describe_backup_row = { .operation = "DescribeBackup" };

static const struct mcp_param create_backup_params[] = {
	PARAM_TABLE,
	{ .name = "backup_name", .type = MCP_STRING, .flags = MCP_REQUIRED,
	  .description = "Its name, 3 to 255 characters." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row create_backup_row = { .operation = "CreateBackup" };

static const struct mcp_param restore_table_from_backup_params[] = {
	{ .name = "backup_arn", .type = MCP_STRING, .flags = MCP_REQUIRED,
	  .description = "The backup's ARN." },
	{ .name = "target_table_name", .type = MCP_STRING, .flags = MCP_REQUIRED,
	  .description = "The name of the new table." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row restore_table_from_backup_row = { .operation = "RestoreTableFromBackup" };

static const struct mcp_param describe_continuous_backups_params[] = {
	PARAM_TABLE,
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row describe_continuous_backups_row = { .operation = "DescribeContinuousBackups" };

static const struct mcp_param update_continuous_backups_params[] = {
	PARAM_TABLE,
	{ .name = "point_in_time_recovery_enabled", .type = MCP_BOOLEAN, .flags = MCP_REQUIRED,
	  .description = "On or off." },
	{ .name = "recovery_period_in_days", .type = MCP_INTEGER, .min = 1, .max = 35,
	  .description = "How far back, 1 to 35 days." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row update_continuous_backups_row = { .operation = "UpdateContinuousBackups" };

static const struct mcp_param describe_export_params[] = {
	{ .name = "export_arn", .type = MCP_STRING, .flags = MCP_REQUIRED,
	  .description = "The export's ARN." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row describe_export_row = { .operation = "DescribeExport" };

static const struct mcp_param list_exports_params[] = {
	{ .name = "max_results", .type = MCP_INTEGER, .min = 1, .max = 25,
	  .description = "At most so many, 1 to 25." },
	{ .name = "next_token", .type = MCP_STRING,
	  .description = "NextToken of the call before." },
	{ .name = "table_arn", .type = MCP_STRING,
	  .description = "Of this table only." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row list_exports_row = {
	.operation = "ListExports", .list = "ExportSummaries", .limit = "MaxResults",
};

static const struct mcp_param list_imports_params[] = {
	{ .name = "next_token", .type = MCP_STRING,
	  .description = "NextToken of the call before." },
	{ .name = "table_arn", .type = MCP_STRING,
	  .description = "Into this table only." },
	{ .name = "page_size", .type = MCP_INTEGER, .min = 1, .max = 25,
	  .description = "At most so many, 1 to 25." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row list_imports_row = {
	.operation = "ListImports", .list = "ImportSummaryList", .limit = "PageSize",
};

const struct mcp_tool operation_backup_tools[] = {
	{ .name = "list_backups", .title = "List backups", .toolset = MCP_BACKUP,
	  .description = "Backups of a table.",
	  .params = list_backups_params, .traits = OPERATION_READS,
	  .run = operation_run, .data = &list_backups_row },
	{ .name = "describe_backup", .title = "Describe a backup", .toolset = MCP_BACKUP,
	  .description = "What a backup holds, its size and status.",
	  .params = describe_backup_params, .traits = OPERATION_READS,
	  .run = operation_run, .data = &describe_backup_row },
	{ .name = "create_backup", .title = "Create a backup", .toolset = MCP_BACKUP,
	  .description = "Makes an on-demand backup of a table.",
	  .params = create_backup_params, .traits = OPERATION_ADDS,
	  .run = operation_run, .data = &create_backup_row },
	{ .name = "restore_table_from_backup", .title = "Restore a table", .toolset = MCP_BACKUP,
	  .description = "Makes a new table from a backup. Streams, TTL, tags and policies are not restored.",
	  .params = restore_table_from_backup_params, .traits = OPERATION_ADDS,
	  .run = operation_run, .data = &restore_table_from_backup_row },
	{ .name = "describe_continuous_backups", .title = "Describe point-in-time recovery", .toolset = MCP_BACKUP,
	  .description = "Whether point-in-time recovery is on, and how far it reaches back.",
	  .params = describe_continuous_backups_params, .traits = OPERATION_READS,
	  .run = operation_run, .data = &describe_continuous_backups_row },
	{ .name = "update_continuous_backups", .title = "Switch point-in-time recovery", .toolset = MCP_BACKUP,
	  .description = "Switches point-in-time recovery on or off. Off deletes the history.",
	  .params = update_continuous_backups_params, .traits = OPERATION_REPLACES,
	  .run = operation_run, .data = &update_continuous_backups_row },
	{ .name = "describe_export", .title = "Describe an export", .toolset = MCP_BACKUP,
	  .description = "Status and place of an export to S3.",
	  .params = describe_export_params, .traits = OPERATION_READS,
	  .run = operation_run, .data = &describe_export_row },
	{ .name = "list_exports", .title = "List exports", .toolset = MCP_BACKUP,
	  .description = "Exports to S3 of the last 90 days.",
	  .params = list_exports_params, .traits = OPERATION_READS,
	  .run = operation_run, .data = &list_exports_row },
	{ .name = "list_imports", .title = "List imports", .toolset = MCP_BACKUP,
	  .description = "Imports from S3 of the last 90 days.",
	  .params = list_imports_params, .traits = OPERATION_READS,
	  .run = operation_run, .data = &list_imports_row },
	{ 0 },
};
