#include "model_commands.h"

#include "sluice/app/model_apply.h"
#include "sluice/app/model_file.h"
#include "sluice/core/json_write.h"

#include <stdio.h>
#include <unistd.h>

enum { OUTPUT_MAX = 32 << 20 };

struct applying {
	const struct command_args *args;
	const struct model *model;
	int code;
};

static void print(struct buf *out)
{
	if (out->len)
		fwrite(out->ptr, 1, out->len, stdout);
	fflush(stdout);
	buf_release(out);
}

static void show_plan(const struct model_apply *a)
{
	struct buf out;

	buf_init(&out, OUTPUT_MAX);
	model_apply_print_plan(a, &out);
	print(&out);
}

/* For who sits in front of it; gone when the step is done. */
static void show_begin(void *ctx, const struct model_apply *a, size_t step)
{
	struct str what = a->steps[step].step->what;

	(void)ctx;
	fprintf(stderr, "... %.*s\r", (int)(what.len < 72 ? what.len : 72), what.ptr);
	fflush(stderr);
}

static void show_end(void *ctx, const struct model_apply *a, size_t step)
{
	const struct apply_step *s = &a->steps[step];

	(void)ctx;
	if (a->begun)
		fputs("\033[K", stderr);
	printf("%s: %.*s\n", apply_state_name(s->state), STR_ARG(s->step->what));
	fflush(stdout);
}

static void show_result(const struct model_apply *a, bool json)
{
	struct json_writer w;
	struct buf out;

	buf_init(&out, OUTPUT_MAX);
	if (json) {
		json_write_init(&w, &out);
		model_apply_write(a, &w);
		buf_putc(&out, '\n');
	} else {
		model_apply_print_result(a, &out);
	}
	if (!buf_ok(&out))
		fprintf(stderr, "sluice model apply: the result is larger than %d bytes and was cut\n", OUTPUT_MAX);
	print(&out);
}

static void apply(void *ctx, struct model_site *site)
{
	struct applying *x = ctx;
	struct model_apply a;
	struct err err;

	model_apply_init(&a, x->model);
	a.items = x->args->items;
	if (!x->args->json)
		a.ended = show_end;
	if (!x->args->json && isatty(STDERR_FILENO))
		a.begun = show_begin;
	if (!model_apply_plan(&a, site, &err)) {
		fprintf(stderr, "sluice model apply: nothing was changed: %s\n", err.text);
	} else {
		if (!x->args->json)
			show_plan(&a);
		model_apply_run(&a, site);
		show_result(&a, x->args->json);
		x->code = model_apply_complete(&a) ? EXIT_OK : EXIT_FAILED;
	}
	model_apply_release(&a);
}

static int run_site(const struct command_args *args, const struct model *model)
{
	const struct model_site_options options = { .endpoint = args->endpoint, .yes_create_tables = args->yes_create_tables };
	struct applying x = { .args = args, .model = model, .code = EXIT_FAILED };
	struct err err;

	if (model_site_run(&options, apply, &x, &err))
		return x.code;
	fprintf(stderr, "sluice model apply: %s\n", err.text);
	return EXIT_USAGE;
}

static int run_apply(const struct command_args *args)
{
	struct model_file file;
	int code = model_file_begin(&file, "model apply", args->file);

	if (code == EXIT_OK)
		code = run_site(args, &file.model);
	model_file_close(&file);
	return code;
}

const struct command model_apply_command = {
	.name = "model apply",
	.summary = "create what a data model has and an endpoint lacks",
	.text = "Shows what differs between a data model and the tables at an endpoint, and then\n"
		"creates what is missing: tables, global indexes (one at a time, waited for),\n"
		"streams, TTL; with --items also the sample items whose keys are free. It can be\n"
		"run again, and goes on where an interrupted run stopped. It removes nothing and\n"
		"changes nothing that is there: such differences are listed with what to do, and\n"
		"the exit code is then 1. Tables that the model does not name are not looked at.\n"
		"Without --endpoint it is DynamoDB itself, as the AWS configuration says.\n",
	.examples = "  sluice model apply dynamodb_data_model.json --endpoint http://127.0.0.1:8000 --items\n"
		    "  sluice model apply dynamodb_data_model.json --yes-create-tables\n",
	.takes = COMMAND_TAKES_FILE | COMMAND_TAKES_ENDPOINT | COMMAND_TAKES_ITEMS | COMMAND_TAKES_YES | COMMAND_TAKES_JSON,
	.needs = COMMAND_TAKES_FILE,
	.run = run_apply,
};
