#include "model_commands.h"

#include "sluice/app/model_conf.h"
#include "sluice/app/model_file.h"
#include "sluice/core/file.h"

#include <stdio.h>
#include <sys/stat.h>

enum { SHOWN_MAX = 4 << 20 };

/* The file's name that says nothing about the app. */
#define USUAL_NAME "dynamodb_data_model"

static void show(struct buf *text, FILE *to)
{
	fwrite(text->ptr ? text->ptr : "", 1, text->len, to);
	buf_release(text);
}

static void show_warnings(const struct model_file *f)
{
	struct buf out;

	buf_init(&out, SHOWN_MAX);
	if (f->findings.count)
		findings_list_print(&f->findings, &out);
	show(&out, stderr);
}

/* "conf/examples/deals.json" is of the app "deals"; empty where the name says nothing. */
static struct str app_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct str name = str_c(slash ? slash + 1 : path);

	if (str_ends(name, STR(".json")))
		name.len -= strlen(".json");
	return str_eq(name, STR(USUAL_NAME)) ? STR("") : name;
}

/* The file as it stands; nothing where there is none. Reading a pipe or /dev/stdout would wait for ever. */
static bool read_existing(const char *path, struct buf *existing, struct err *err)
{
	struct stat st;

	if (!path || stat(path, &st) != 0)
		return true;
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_DATA, "derive.file", "%s is no regular file: name another, or leave -o out for stdout", path);
	return file_read(path, existing, err);
}

static void show_made(const struct command_args *args, const struct model_conf *c)
{
	struct buf out;

	buf_init(&out, SHOWN_MAX);
	if (args->output)
		buf_putf(&out, "%s: %s; ", args->output,
			 c->derivation.first ? "written; settings below \"" MODEL_DERIVE_YOURS "\" are yours" :
					       "written again; what stands below \"" MODEL_DERIVE_YOURS "\" was kept");
	model_conf_print(c, &out);
	if (args->output)
		buf_putf(&out, "Next: sluice check -c %s\n", args->output);
	show(&out, stderr);
}

static bool put(const struct command_args *args, const struct model_conf *c, struct err *err)
{
	if (args->output)
		return file_replace(args->output, buf_str(&c->text), err);
	fwrite(c->text.ptr, 1, c->text.len, stdout);
	return true;
}

static int derive(const struct command_args *args, const struct model *m, struct str existing)
{
	const struct model_derive_options options = { .file = args->file, .app = app_of(args->file) };
	struct model_conf conf;
	struct err err = { 0 };
	bool ok;

	ok = model_conf_make(&conf, m, &options, args->output ? args->output : "sluice.conf", existing, &err) &&
	     put(args, &conf, &err);
	if (ok)
		show_made(args, &conf);
	else
		fprintf(stderr, "sluice model derive: %s\n", err.text);
	model_conf_release(&conf);
	return ok ? EXIT_OK : EXIT_FAILED;
}

static int run(const struct command_args *args)
{
	struct buf existing;
	struct model_file f;
	struct err err = { 0 };
	int code = model_file_begin(&f, "model derive", args->file);

	buf_init(&existing, MODEL_DERIVE_BYTES);
	if (code == EXIT_OK) {
		show_warnings(&f);
		if (read_existing(args->output, &existing, &err)) {
			code = derive(args, &f.model, buf_str(&existing));
		} else {
			fprintf(stderr, "sluice model derive: %s\n", err.text);
			code = EXIT_USAGE;
		}
	}
	buf_release(&existing);
	model_file_close(&f);
	return code;
}

const struct command model_derive_command = {
	.name = "model derive",
	.summary = "the daemon's settings file from a data model",
	.text = "Writes a settings file for `sluice run` from the model's stream_sinks,\n"
		"stream_pipelines and stream_handlers, with comments that say what each handler\n"
		"keeps true. The file is proven as `sluice check` proves it. What this version\n"
		"does not run stands in it as a comment.\n"
		"Deriving again into the same file writes sinks and pipelines anew and keeps\n"
		"everything below the line \"" MODEL_DERIVE_YOURS "\" byte for byte. A file without\n"
		"that line is left alone, and the exit code is 1.\n",
	.examples = "  sluice model derive dynamodb_data_model.json -o sluice.conf\n"
		    "  sluice model derive dynamodb_data_model.json\n",
	.takes = COMMAND_TAKES_FILE | COMMAND_TAKES_OUTPUT,
	.needs = COMMAND_TAKES_FILE,
	.run = run,
};
