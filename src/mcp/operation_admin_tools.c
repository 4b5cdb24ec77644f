#include "operation.h"

/* Policies, tags, limits, endpoints. */

static const struct mcp_param get_resource_policy_params[] = {
	{ .name = "resource_arn", .type = MCP_STRING, .flags = MCP_REQUIRED,
	  .description = "ARN of the table, index or stream." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row get_resource_policy_row = { .operation = "GetResourcePolicy" };

static const struct mcp_param put_resource_policy_params[] = {
	{ .name = "resource_arn", .type = MCP_STRING, .flags = MCP_REQUIRED,
	  .description = "ARN of the table, index or stream." },
	{ .name = "policy", .type = MCP_OBJECT, .flags = MCP_REQUIRED,
	  .description = "The IAM policy document, as {\"Version\": \"2012-10-17\", \"Statement\": [...]}." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row put_resource_policy_row = { .operation = "PutResourcePolicy" };

static const struct mcp_param tag_resource_params[] = {
	{ .name = "resource_arn", .type = MCP_STRING, .flags = MCP_REQUIRED,
	  .description = "ARN of the table, index or stream." },
	{ .name = "tags", .type = MCP_ARRAY, .flags = MCP_REQUIRED, .items = MCP_OBJECT,
	  .description = "As [{\"Key\": \"team\", \"Value\": \"shop\"}]." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row tag_resource_row = { .operation = "TagResource" };

static const struct mcp_param untag_resource_params[] = {
	{ .name = "resource_arn", .type = MCP_STRING, .flags = MCP_REQUIRED,
	  .description = "ARN of the table, index or stream." },
	{ .name = "tag_keys", .type = MCP_ARRAY, .flags = MCP_REQUIRED, .items = MCP_STRING,
	  .description = "The tags' keys." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row untag_resource_row = { .operation = "UntagResource" };

static const struct mcp_param list_tags_of_resource_params[] = {
	{ .name = "resource_arn", .type = MCP_STRING, .flags = MCP_REQUIRED,
	  .description = "ARN of the table, index or stream." },
	{ .name = "next_token", .type = MCP_STRING,
	  .description = "NextToken of the call before." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row list_tags_of_resource_row = { .operation = "ListTagsOfResource" };

static const struct mcp_param describe_limits_params[] = {
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row describe_limits_row = {
	.operation = "DescribeLimits", .flags = OPERATION_TABLELESS,
};

static const struct mcp_param describe_endpoints_params[] = {
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row describe_endpoints_row = {
	.operation = "DescribeEndpoints", .flags = OPERATION_TABLELESS,
};

const struct mcp_tool operation_admin_tools[] = {
	{ .name = "get_resource_policy", .title = "Get a resource policy", .toolset = MCP_ADMIN,
	  .description = "The policy that stands at a table or stream.",
	  .params = get_resource_policy_params, .traits = OPERATION_READS,
	  .run = operation_run, .data = &get_resource_policy_row },
	{ .name = "put_resource_policy", .title = "Set a resource policy", .toolset = MCP_ADMIN,
	  .description = "Replaces the policy at a table or stream (20 KB at most).",
	  .params = put_resource_policy_params, .traits = OPERATION_REPLACES,
	  .run = operation_run, .data = &put_resource_policy_row },
	{ .name = "tag_resource", .title = "Tag a resource", .toolset = MCP_ADMIN,
	  .description = "Adds tags, or changes their values.",
	  .params = tag_resource_params, .traits = OPERATION_REPLACES,
	  .run = operation_run, .data = &tag_resource_row },
	{ .name = "untag_resource", .title = "Remove tags", .toolset = MCP_ADMIN,
	  .description = "Removes tags.",
	  .params = untag_resource_params, .traits = OPERATION_REPLACES,
	  .run = operation_run, .data = &untag_resource_row },
	{ .name = "list_tags_of_resource", .title = "List tags", .toolset = MCP_ADMIN,
	  .description = "Tags of a resource.",
	  .params = list_tags_of_resource_params, .traits = OPERATION_READS,
	  .run = operation_run, .data = &list_tags_of_resource_row },
	{ .name = "describe_limits", .title = "Describe account limits", .toolset = MCP_ADMIN,
	  .description = "Capacity quotas of the account and of a table, in the region.",
	  .params = describe_limits_params, .traits = OPERATION_READS,
	  .run = operation_run, .data = &describe_limits_row },
	{ .name = "describe_endpoints", .title = "Describe endpoints", .toolset = MCP_ADMIN,
	  .description = "The regional endpoint.",
	  .params = describe_endpoints_params, .traits = OPERATION_READS,
	  .run = operation_run, .data = &describe_endpoints_row },
	{ 0 },
};
