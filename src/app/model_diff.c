#include "model_commands.h"

#include "sluice/app/model_file.h"
#include "sluice/core/json_write.h"
#include "sluice/model/diff.h"

#include <stdio.h>

enum { OUTPUT_MAX = 32 << 20 };

static void write_result(const struct command_args *args, const struct model_diff *d, struct buf *out)
{
	struct json_writer w;

	json_write_init(&w, out);
	json_begin_object(&w);
	json_member_str(&w, STR("old"), str_c(args->file));
	json_member_str(&w, STR("new"), str_c(args->other));
	json_member_bool(&w, STR("changed"), d->n_changes > 0);
	model_diff_write(d, &w);
	json_end_object(&w);
	buf_putc(out, '\n');
}

static int show(const struct command_args *args, const struct model_diff *d)
{
	struct buf out;
	int code = EXIT_OK;

	buf_init(&out, OUTPUT_MAX);
	if (args->json)
		write_result(args, d, &out);
	else
		model_diff_print(d, &out);
	if (!buf_ok(&out)) {
		fprintf(stderr, "sluice model diff: the result is larger than %d bytes\n", OUTPUT_MAX);
		code = EXIT_FAILED;
	} else {
		fwrite(out.ptr, 1, out.len, stdout);
	}
	buf_release(&out);
	return code;
}

static int compare(const struct command_args *args, const struct model *was, const struct model *is)
{
	const struct diff_options options = { 0 };
	struct model_diff d;
	struct arena arena;
	struct err err;
	int code = EXIT_FAILED;

	arena_init(&arena, DIFF_BYTES);
	if (model_diff(&d, was, is, &options, &arena, &err))
		code = show(args, &d);
	else
		fprintf(stderr, "sluice model diff: %s\n", err.text);
	arena_release(&arena);
	return code;
}

static int run_diff(const struct command_args *args)
{
	struct model_file was, is;
	int code = model_file_begin(&was, "model diff", args->file);

	if (code == EXIT_OK) {
		code = model_file_begin(&is, "model diff", args->other);
		if (code == EXIT_OK)
			code = compare(args, &was.model, &is.model);
		model_file_close(&is);
	}
	model_file_close(&was);
	return code;
}

const struct command model_diff_command = {
	.name = "model diff",
	.summary = "what changes between two data models, and how to get there",
	.text = "Compares two data models: tables, keys, indexes, projections, billing, streams,\n"
		"TTL, patterns, handlers, sinks and pipelines; and shows the steps that a system\n"
		"that runs needs, in an order in which each is safe: what only adds, filling,\n"
		"readers, writers, what takes away. Each with its reason, the call to make, what\n"
		"must be true before and what may follow. Things are matched by name; a new name\n"
		"is an addition and a removal. Nothing is connected to; `model apply` does those\n"
		"steps that only add.\n",
	.examples = "  sluice model diff old.json dynamodb_data_model.json\n"
		    "  git show main:dynamodb_data_model.json > old.json\n"
		    "  sluice model diff old.json dynamodb_data_model.json --json\n",
	.takes = COMMAND_TAKES_FILES | COMMAND_TAKES_JSON,
	.needs = COMMAND_TAKES_FILES,
	.run = run_diff,
};
