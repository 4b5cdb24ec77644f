#include "model_commands.h"

#include "sluice/app/model_settings.h"
#include "sluice/core/file.h"
#include "sluice/core/json_write.h"

#include <stdio.h>

enum { OUTPUT_MAX = 4 << 20, FINDINGS_BYTES_MAX = 8 << 20 };

#define NOT_RUN "not run: no endpoint given"

static void write_result(const struct findings_list *f, const struct model *m, struct buf *out)
{
	struct json_writer w;

	json_write_init(&w, out);
	json_begin_object(&w);
	json_member_bool(&w, STR("ok"), f->errors == 0);
	json_member_str(&w, STR("file"), str_c(f->file));
	json_member_int(&w, STR("tables"), (int64_t)m->n_tables);
	json_member_int(&w, STR("access_patterns"), (int64_t)m->n_patterns);
	json_member_int(&w, STR("handlers"), (int64_t)m->n_handlers);
	json_member_int(&w, STR("errors"), (int64_t)f->errors);
	json_member_int(&w, STR("warnings"), (int64_t)f->warnings);
	json_key(&w, STR("findings"));
	findings_list_write(f, &w);
	json_member_str(&w, STR("live"), STR(NOT_RUN));
	json_end_object(&w);
	buf_putc(out, '\n');
}

static void print_result(const struct findings_list *f, const struct model *m, struct buf *out)
{
	findings_list_print(f, out);
	buf_putf(out, "%s: %zu tables, %zu access patterns, %zu handlers; offline checks %s; live validation " NOT_RUN "\n",
		 f->file, m->n_tables, m->n_patterns, m->n_handlers, f->errors ? "failed" : "passed");
}

static int validate(const struct command_args *args, struct str text)
{
	struct findings_list findings;
	struct arena arena;
	struct model model;
	struct buf out;
	int code;

	arena_init(&arena, FINDINGS_BYTES_MAX);
	findings_list_init(&findings, &arena, args->file);
	if (model_parse(&model, text, args->file, &findings))
		model_lint(&model, &model_daemon_kinds, &findings);
	findings_list_sort(&findings);
	buf_init(&out, OUTPUT_MAX);
	if (args->json)
		write_result(&findings, &model, &out);
	else
		print_result(&findings, &model, &out);
	code = findings.errors || !buf_ok(&out) ? EXIT_FAILED : EXIT_OK;
	if (!buf_ok(&out))
		fprintf(stderr, "sluice model validate: the result is larger than %d bytes and was cut\n", OUTPUT_MAX);
	fwrite(out.ptr ? out.ptr : "", 1, out.len, stdout);
	buf_release(&out);
	model_release(&model);
	arena_release(&arena);
	return code;
}

static int run_validate(const struct command_args *args)
{
	struct err err;
	struct buf text;
	int code = EXIT_USAGE;

	buf_init(&text, MODEL_MAX_BYTES);
	if (file_read(args->file, &text, &err))
		code = validate(args, buf_str(&text));
	else
		fprintf(stderr, "sluice model validate: %s\n", err.text);
	buf_release(&text);
	return code;
}

const struct command model_validate_command = {
	.name = "model validate",
	.summary = "check a data model",
	.text = "Reads a data model (dynamodb_data_model.json) and shows all that is wrong with\n"
		"it, and what it will regret: each with line, column, path, a code and what to\n"
		"do. Nothing is connected to. With errors the exit code is 1; a file that cannot\n"
		"be read gives 2.\n",
	.examples = "  sluice model validate dynamodb_data_model.json\n"
		    "  sluice model validate dynamodb_data_model.json --json\n",
	.takes = COMMAND_TAKES_FILE | COMMAND_TAKES_JSON,
	.needs = COMMAND_TAKES_FILE,
	.run = run_validate,
};
