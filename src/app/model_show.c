#include "model_commands.h"

#include "model_output.h"
#include "sluice/app/model_file.h"
#include "sluice/model/show.h"

#include <stdio.h>

enum { OUTPUT_MAX = 64 << 20 };

static int show(const struct model *m, enum show_format format, const char *to)
{
	struct buf out;
	struct err err;
	bool ok;

	buf_init(&out, OUTPUT_MAX);
	ok = model_show(m, format, &out, &err) && model_output(to, buf_str(&out), &err);
	if (!ok)
		fprintf(stderr, "sluice model show: %s\n", err.text);
	buf_release(&out);
	return ok ? EXIT_OK : EXIT_FAILED;
}

static int run_show(const struct command_args *args)
{
	enum show_format format = show_format_named(str_c(args->format ? args->format : "text"));
	struct model_file file;
	int code;

	if (format == SHOW_FORMATS) {
		fprintf(stderr, "sluice model show: there is no format '%s'; expected svg, mermaid or text\n", args->format);
		return EXIT_USAGE;
	}
	code = model_file_begin(&file, "model show", args->file);
	if (code == EXIT_OK)
		code = show(&file.model, format, args->output);
	model_file_close(&file);
	return code;
}

const struct command model_show_command = {
	.name = "model show",
	.summary = "a picture of it: svg, mermaid or text",
	.text = "Shows a data model: its tables with their keys and indexes, the access patterns\n"
		"at what they use, and which handler carries what from where to where. Formats:\n"
		"text (the default); mermaid, a flowchart; svg, a picture that needs nothing but a\n"
		"viewer and is light or dark as the viewer is. Nothing is connected to.\n",
	.examples = "  sluice model show dynamodb_data_model.json\n"
		    "  sluice model show dynamodb_data_model.json --format svg -o model.svg\n"
		    "  sluice model show dynamodb_data_model.json --format mermaid\n",
	.takes = COMMAND_TAKES_FILE | COMMAND_TAKES_FORMAT | COMMAND_TAKES_OUTPUT,
	.needs = COMMAND_TAKES_FILE,
	.run = run_show,
};
