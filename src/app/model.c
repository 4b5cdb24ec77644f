#include "model_commands.h"

#include "sluice/model/schema.h"

#include <stdio.h>

static int run_schema(const struct command_args *args)
{
	struct str schema = model_schema();

	(void)args;
	fwrite(schema.ptr, 1, schema.len, stdout);
	return EXIT_OK;
}

static const struct command schema_command = {
	.name = "model schema",
	.summary = "the JSON schema of a data model",
	.text = "Prints the JSON schema (draft 2020-12) of a data model's document, for editors\n"
		"and other tools.\n",
	.examples = "  sluice model schema > dynamodb_data_model.schema.json\n",
	.run = run_schema,
};

/* A line each; the commands are files of their own. */
static const struct command *const model_commands[] = {
	&model_validate_command,
	&model_diff_command,
	&model_apply_command,
	&model_load_command,
	&model_cost_command,
	&model_derive_command,
	&model_resources_command,
	&model_show_command,
	&schema_command,
	NULL,
};

const struct command model_command = {
	.name = "model",
	.summary = "data models: check, try out, price, deploy, draw them",
	.group = model_commands,
};
