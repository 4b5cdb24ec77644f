#include "model_commands.h"

#include "model_output.h"
#include "sluice/app/model_file.h"
#include "sluice/model/resources.h"

#include <stdio.h>

enum { OUTPUT_MAX = 64 << 20, NOTES_MAX = 1 << 20 };

/* Notes on stderr: the result may go through a pipe. */
static int write_resources(const struct model *m, enum resources_format format, const char *to)
{
	struct buf out, notes;
	struct err err;
	int code = EXIT_OK;

	buf_init(&out, OUTPUT_MAX);
	buf_init(&notes, NOTES_MAX);
	if (!model_resources(m, format, &out, &notes, &err) || !model_output(to, buf_str(&out), &err)) {
		fprintf(stderr, "sluice model resources: %s\n", err.text);
		code = EXIT_FAILED;
	} else {
		fwrite(notes.ptr ? notes.ptr : "", 1, notes.len, stderr);
	}
	buf_release(&notes);
	buf_release(&out);
	return code;
}

static int run_resources(const struct command_args *args)
{
	enum resources_format format = resources_format_named(str_c(args->format));
	struct model_file file;
	int code;

	if (format == RESOURCES_FORMATS) {
		fprintf(stderr, "sluice model resources: there is no format '%s'; expected cloudformation, terraform or iam\n",
			args->format);
		return EXIT_USAGE;
	}
	code = model_file_begin(&file, "model resources", args->file);
	if (code == EXIT_OK)
		code = write_resources(&file.model, format, args->output);
	model_file_close(&file);
	return code;
}

const struct command model_resources_command = {
	.name = "model resources",
	.summary = "templates of its tables, and the policy sluice needs",
	.text = "Writes the tables of a data model, sluice's state table and the least that\n"
		"sluice must be allowed for exactly the model's handlers. Formats: cloudformation, a\n"
		"template; terraform, a configuration (main.tf.json; AWS provider from 6.37 on);\n"
		"iam, the policy alone (replace REGION and ACCOUNT_ID in it). Tables have\n"
		"point-in-time recovery and deletion protection. Where a sink's address does not\n"
		"tell an ARN, it becomes a parameter, a variable or a placeholder, and a note on\n"
		"stderr says so. Nothing is connected to.\n",
	.examples = "  sluice model resources dynamodb_data_model.json --format cloudformation -o tables.json\n"
		    "  sluice model resources dynamodb_data_model.json --format terraform -o main.tf.json\n"
		    "  sluice model resources dynamodb_data_model.json --format iam\n",
	.takes = COMMAND_TAKES_FILE | COMMAND_TAKES_FORMAT | COMMAND_TAKES_OUTPUT,
	.needs = COMMAND_TAKES_FILE | COMMAND_TAKES_FORMAT,
	.run = run_resources,
};
