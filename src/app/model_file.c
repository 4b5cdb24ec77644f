#include "sluice/app/model_file.h"

#include "sluice/app/command.h"
#include "sluice/app/model_settings.h"
#include "sluice/core/file.h"

#include <stdio.h>

enum { ARENA_BYTES = 512 << 20, SHOWN_MAX = 4 << 20 };

static void start(struct model_file *f, const char *name)
{
	*f = (struct model_file){ .parsed = false };
	buf_init(&f->text, MODEL_MAX_BYTES);
	arena_init(&f->arena, ARENA_BYTES);
	findings_list_init(&f->findings, &f->arena, name);
}

static void read_model(struct model_file *f)
{
	f->parsed = model_parse(&f->model, buf_str(&f->text), f->findings.file, &f->findings);
	if (f->parsed)
		model_lint(&f->model, &model_daemon_kinds, &f->findings);
	findings_list_sort(&f->findings);
}

bool model_file_open(struct model_file *f, const char *path, struct err *err)
{
	start(f, path);
	if (!file_read(path, &f->text, err))
		return false;
	read_model(f);
	return true;
}

bool model_file_open_text(struct model_file *f, struct str text, const char *name, struct err *err)
{
	start(f, name);
	if (!buf_put(&f->text, text))
		return err_set(err, ERR_DATA, "file.size", "%s is larger than %d bytes", name, MODEL_MAX_BYTES);
	read_model(f);
	return true;
}

void model_file_close(struct model_file *f)
{
	if (f->findings.arena)
		model_release(&f->model);
	arena_release(&f->arena);
	buf_release(&f->text);
}

/* Errors alone: warnings are what `validate` is for. */
static void show_errors(const struct model_file *f, const char *command)
{
	struct buf out;

	buf_init(&out, SHOWN_MAX);
	findings_list_print(&f->findings, &out);
	fwrite(out.ptr ? out.ptr : "", 1, out.len, stderr);
	fprintf(stderr, "sluice %s: the model has errors; mend them first (`sluice model validate` shows them, too)\n", command);
	buf_release(&out);
}

int model_file_begin(struct model_file *f, const char *command, const char *path)
{
	struct err err;

	if (!model_file_open(f, path, &err)) {
		fprintf(stderr, "sluice %s: %s\n", command, err.text);
		return EXIT_USAGE;
	}
	if (f->findings.errors == 0)
		return EXIT_OK;
	show_errors(f, command);
	return EXIT_FAILED;
}
