#include "sluice/mcp/call.h"
#include "sluice/mcp/tables.h"
#include "sluice/model/schema.h"

/* The guide as it is; make runs where its path begins. */
__asm__(".section .rodata\n"
	".global mcp_guide_begin\n"
	".global mcp_guide_end\n"
	"mcp_guide_begin:\n"
	".incbin \"prompts/dynamodb_data_modeling.md\"\n"
	"mcp_guide_end:\n"
	".byte 0\n"
	".previous\n");

extern const char mcp_guide_begin[], mcp_guide_end[];

static struct str guide(void)
{
	return str_of(mcp_guide_begin, (size_t)(mcp_guide_end - mcp_guide_begin));
}

static void run_guide(struct mcp_call *call)
{
	mcp_text(call, guide());
}

static void run_schema(struct mcp_call *call)
{
	mcp_text(call, model_schema());
}

const struct mcp_tool mcp_guide_tools[] = {
	{
		.name = "dynamodb_data_modeling",
		.title = "DynamoDB data modeling guide",
		.description = "The expert guide for DynamoDB data modeling: how to find out what is needed, how to design "
			       "tables, indexes and stream handlers for it, and which files to write. Call this whenever the user "
			       "wants to design or change a DynamoDB data model, before anything else, and follow it.",
		.traits = MCP_READ_ONLY | MCP_IDEMPOTENT | MCP_LARGE,
		.toolset = MCP_DESIGN,
		.run = run_guide,
	},
	{
		.name = "dynamodb_data_model_schema",
		.title = "Schema of a data model",
		.description = "The JSON schema of dynamodb_data_model.json, the document that holds a DynamoDB data model: "
			       "tables, indexes, access patterns, sample items and stream handlers. Read it before writing one.",
		.traits = MCP_READ_ONLY | MCP_IDEMPOTENT | MCP_LARGE,
		.toolset = MCP_DESIGN,
		.run = run_schema,
	},
	{ 0 },
};

const struct mcp_prompt mcp_guide_prompts[] = {
	{
		.name = "dynamodb-data-modeling",
		.title = "Design a DynamoDB data model",
		.description = "The expert guide: from what an application does to tables, indexes and stream handlers.",
		.get = run_guide,
	},
	{ 0 },
};

static void read_guide(struct mcp_call *call, struct str uri)
{
	mcp_resource_text(call, uri, "text/markdown", guide());
}

static void read_schema(struct mcp_call *call, struct str uri)
{
	mcp_resource_text(call, uri, "application/schema+json", model_schema());
}

const struct mcp_resource mcp_guide_resources[] = {
	{
		.uri = "sluice://guide",
		.name = "guide",
		.title = "DynamoDB data modeling guide",
		.description = "How to design a DynamoDB data model.",
		.mime_type = "text/markdown",
		.read = read_guide,
	},
	{
		.uri = "sluice://schema/data-model",
		.name = "data-model-schema",
		.title = "Schema of a data model",
		.description = "The JSON schema of dynamodb_data_model.json.",
		.mime_type = "application/schema+json",
		.read = read_schema,
	},
	{ 0 },
};
