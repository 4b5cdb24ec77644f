#include "sluice/app/mcp_catalogue.h"

#include "mcp_tools.h"

#include "sluice/mcp/operation_tools.h"
#include "sluice/mcp/tables.h"

/* A line for each file of tools, prompts, resources. */
static const struct mcp_tool *const tools[] = {
	mcp_guide_tools,
	mcp_validation_tools,
	mcp_cost_tools,
	mcp_resource_tools,
	mcp_deploy_tools,
	mcp_explain_tools,
	operation_item_tools,
	operation_table_tools,
	operation_backup_tools,
	operation_admin_tools,
	operation_stream_tools,
	mcp_fixture_tools,
	NULL,
};

static const struct mcp_prompt *const prompts[] = {
	mcp_guide_prompts,
	mcp_fixture_prompts,
	NULL,
};

static const struct mcp_resource *const resources[] = {
	mcp_guide_resources,
	mcp_fixture_resources,
	NULL,
};

static const struct mcp_resource_template *const templates[] = {
	mcp_guide_templates,
	mcp_fixture_templates,
	NULL,
};

static const char instructions[] =
	"sluice helps to design DynamoDB data models and looks into tables and streams.\n"
	"To design or change a data model, call dynamodb_data_modeling first and follow the guide that it gives.\n"
	"Attribute values are written as DynamoDB's API writes them: {\"S\": \"text\"}, {\"N\": \"123.45\"}, {\"B\": \"base64\"}, "
	"{\"BOOL\": true}, {\"NULL\": true}, {\"L\": [value, ...]}, {\"M\": {\"name\": value}}, {\"SS\": [\"a\"]}, "
	"{\"NS\": [\"1\"]}, {\"BS\": [\"base64\"]}. Numbers are strings.\n"
	"Unless writes were allowed at its start, the server only reads; a model is tried and deployed on this machine only.";

void mcp_catalogue(struct mcp_setup *setup)
{
	setup->tools = tools;
	setup->prompts = prompts;
	setup->resources = resources;
	setup->templates = templates;
	setup->instructions = instructions;
}

/* In the order of enum mcp_toolset's bits. */
const char *const mcp_toolset_names[] = { "design", "data", "tables", "backup", "admin", "streams", NULL };

unsigned mcp_toolset_named(struct str name)
{
	for (unsigned i = 0; mcp_toolset_names[i]; i++)
		if (str_eq(name, str_c(mcp_toolset_names[i])))
			return 1u << i;
	return 0;
}
