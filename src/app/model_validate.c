#include "model_commands.h"

#include "sluice/app/model_file.h"
#include "sluice/app/model_live.h"
#include "sluice/app/model_local.h"
#include "sluice/app/stop_signals.h"
#include "sluice/core/file.h"
#include "sluice/core/json_write.h"

#include <stdio.h>
#include <unistd.h>

enum { OUTPUT_MAX = 64 << 20, REPORT_MAX = 64 << 20, PATH_BYTES = 4096 };

#define MODEL_NAME "dynamodb_data_model.json"
#define REPORT_NAME "dynamodb_model_validation.json"

/* One validation. */
struct validation {
	const struct command_args *args;
	const char *endpoint;            /* NULL: offline only */
	struct model_file file;
	struct arena arena;              /* the result's */
	struct model_live_result result;
	bool tried, whole;               /* the live run began; it went to its end */
	bool shows_progress, line_open;
	struct err err;                  /* why it did not */
};

/* ---- the live run ---- */

static void show_progress(void *ctx, const struct model_live_progress *p)
{
	struct validation *v = ctx;

	if (!v->shows_progress)
		return;
	fprintf(stderr, "\r\x1b[K%s", p->phase);
	if (p->total)
		fprintf(stderr, " %zu of %zu", p->done + 1 > p->total ? p->total : p->done + 1, p->total);
	v->line_open = true;
}

static void end_progress(struct validation *v)
{
	if (v->line_open)
		fputs("\r\x1b[K", stderr);
	v->line_open = false;
}

static void run_live(void *ctx, struct model_site *site)
{
	struct validation *v = ctx;
	const struct model_live_options options = { .progress = show_progress, .ctx = v };

	v->tried = true;
	v->whole = model_live_run(site, &v->file.model, &options, &v->result, &v->arena, &v->err);
}

static void try_on(struct validation *v)
{
	const struct model_site_options options = { .endpoint = v->endpoint, .yes_create_tables = v->args->yes_create_tables };

	v->shows_progress = isatty(STDERR_FILENO);
	model_site_run(&options, run_live, v, &v->err);
	end_progress(v);
}

/* A signal while it starts waits for the run, which stops at once then. */
static void try_locally(struct validation *v)
{
	struct model_local local;
	sigset_t before;

	stop_signals_block(&before);
	if (isatty(STDERR_FILENO))
		fputs("starting DynamoDB Local\r", stderr);
	if (model_local_start(&local, &v->err)) {
		v->endpoint = local.endpoint;
		try_on(v);
	}
	model_local_stop(&local);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* ---- the file beside the model ---- */

/* Beside a model of the usual name: other files may share their folder with more of them. */
static bool report_path(const char *model, char path[PATH_BYTES])
{
	const char *slash = strrchr(model, '/');
	int folder = slash ? (int)(slash - model + 1) : 0;

	return strcmp(model + folder, MODEL_NAME) == 0 &&
	       snprintf(path, PATH_BYTES, "%.*s" REPORT_NAME, folder, model) < PATH_BYTES;
}

static bool is_ours(const char *path)
{
	struct buf text;
	bool ours;

	if (access(path, F_OK) != 0)
		return true;
	buf_init(&text, REPORT_MAX);
	ours = file_read(path, &text, NULL) && str_starts(str_trim(buf_str(&text)), STR("{\"validated_by\":\"" MODEL_LIVE_WRITER "\""));
	buf_release(&text);
	return ours;
}

static void write_report(struct validation *v)
{
	char path[PATH_BYTES];
	struct buf out;
	struct err err;

	if (!report_path(v->args->file, path))
		return;
	if (!is_ours(path)) {
		fprintf(stderr, "sluice model validate: %s is somebody else's and was left alone\n", path);
		return;
	}
	buf_init(&out, REPORT_MAX);
	if (!model_live_write_file(&v->result, &v->file.model, &out))
		fprintf(stderr, "sluice model validate: %s would be larger than %d bytes and was not written\n", path, REPORT_MAX);
	else if (!file_replace(path, buf_str(&out), &err))
		fprintf(stderr, "sluice model validate: %s\n", err.text);
	buf_release(&out);
}

/* ---- what came of it ---- */

static bool passed(const struct validation *v)
{
	const struct model_live_result *r = &v->result;

	return v->file.findings.errors == 0 && !v->err.class && r->pattern_sums.failed == 0 && r->handler_sums.failed == 0 &&
	       r->n_left == 0;
}

static const char *live_state(const struct validation *v)
{
	if (v->file.findings.errors)
		return "not run: the model has errors";
	return v->tried || v->err.class ? NULL : "not run: no endpoint given";
}

static void write_result(struct validation *v, struct buf *out)
{
	const struct findings_list *f = &v->file.findings;
	const struct model *m = &v->file.model;
	struct json_writer w;

	json_write_init(&w, out);
	json_begin_object(&w);
	json_member_bool(&w, STR("ok"), passed(v));
	json_member_str(&w, STR("file"), str_c(f->file));
	json_member_int(&w, STR("tables"), (int64_t)m->n_tables);
	json_member_int(&w, STR("access_patterns"), (int64_t)m->n_patterns);
	json_member_int(&w, STR("handlers"), (int64_t)m->n_handlers);
	json_member_int(&w, STR("errors"), (int64_t)f->errors);
	json_member_int(&w, STR("warnings"), (int64_t)f->warnings);
	json_key(&w, STR("findings"));
	findings_list_write(f, &w);
	if (v->result.patterns)
		model_live_write(&v->result, m, &w);
	else
		json_member_str(&w, STR("live"), str_c(live_state(v) ? live_state(v) : "not run"));
	if (v->err.class)
		json_member_str(&w, STR("problem"), str_c(v->err.text));
	json_end_object(&w);
	buf_putc(out, '\n');
}

static void print_result(struct validation *v, struct buf *out)
{
	const struct findings_list *f = &v->file.findings;
	const struct model *m = &v->file.model;

	findings_list_print(f, out);
	if (v->result.patterns)
		model_live_print(&v->result, m, out);
	buf_putf(out, "%s: %zu tables, %zu access patterns, %zu handlers; offline checks %s", f->file, m->n_tables, m->n_patterns,
		 m->n_handlers, f->errors ? "failed" : "passed");
	if (v->tried)
		buf_putf(out, "; live validation %s\n", !v->whole ? "not finished" : passed(v) ? "passed" : "failed");
	else
		buf_putf(out, "; live validation %s\n", live_state(v) ? live_state(v) : "not run");
	if (!v->endpoint && !v->args->start_local && !f->errors)
		buf_puts(out, "Run it against a real table store with --start-local (DynamoDB Local) or --endpoint URL.\n");
}

/* False: not all of it. */
static bool show(struct validation *v)
{
	struct buf out;
	bool whole;

	buf_init(&out, OUTPUT_MAX);
	if (v->args->json)
		write_result(v, &out);
	else
		print_result(v, &out);
	whole = buf_ok(&out);
	if (!whole)
		fprintf(stderr, "sluice model validate: the result is larger than %d bytes and was cut\n", OUTPUT_MAX);
	fwrite(out.ptr ? out.ptr : "", 1, out.len, stdout);
	if (v->err.class)
		fprintf(stderr, "sluice model validate: %s\n", v->err.text);
	buf_release(&out);
	return whole;
}

static int validate(struct validation *v)
{
	if (v->file.findings.errors == 0 && v->args->start_local)
		try_locally(v);
	else if (v->file.findings.errors == 0 && v->endpoint)
		try_on(v);
	if (v->tried && v->whole)
		write_report(v);
	return show(v) && passed(v) ? EXIT_OK : EXIT_FAILED;
}

static int run_validate(const struct command_args *args)
{
	struct validation v = { .args = args, .endpoint = args->endpoint };
	int code = EXIT_USAGE;

	if (args->endpoint && args->start_local) {
		fputs("sluice model validate: expected --endpoint or --start-local, found both\n", stderr);
		return EXIT_USAGE;
	}
	arena_init(&v.arena, MODEL_LIVE_BYTES);
	if (model_file_open(&v.file, args->file, &v.err))
		code = validate(&v);
	else
		fprintf(stderr, "sluice model validate: %s\n", v.err.text);
	model_file_close(&v.file);
	arena_release(&v.arena);
	return code;
}

const struct command model_validate_command = {
	.name = "model validate",
	.summary = "check a data model, and try it on an endpoint",
	.text = "Reads a data model (dynamodb_data_model.json) and shows all that is wrong with\n"
		"it, and what it will regret: each with line, column, path, a code and what to\n"
		"do. Without an endpoint nothing is connected to.\n"
		"With one, and without errors, it is tried: tables are made under names of this\n"
		"run, the sample items written, the handlers run on what comes of that with\n"
		"sinks that only keep what they get, and every pattern's command is run and\n"
		"compared with its `expect`. Everything is dropped again, also after Ctrl-C.\n"
		"Beside a file named dynamodb_data_model.json the answers are written to\n"
		"dynamodb_model_validation.json.\n"
		"Errors, and patterns or handlers that fail, give exit code 1; a file that\n"
		"cannot be read gives 2.\n",
	.examples = "  sluice model validate dynamodb_data_model.json\n"
		    "  sluice model validate dynamodb_data_model.json --start-local\n"
		    "  sluice model validate dynamodb_data_model.json --endpoint http://127.0.0.1:8000 --json\n",
	.takes = COMMAND_TAKES_FILE | COMMAND_TAKES_JSON | COMMAND_TAKES_ENDPOINT | COMMAND_TAKES_LOCAL | COMMAND_TAKES_YES,
	.needs = COMMAND_TAKES_FILE,
	.run = run_validate,
};
