/* model_file: a data model's file as a command has it: read, parsed, linted. Every
 * `sluice model` command begins here, and the tools that get the text itself.
 */
#ifndef SLUICE_APP_MODEL_FILE_H
#define SLUICE_APP_MODEL_FILE_H

#include "sluice/core/buf.h"
#include "sluice/model/document.h"

struct model_file {
	struct buf text;
	struct arena arena;              /* of the findings; also for what is made of the model */
	struct findings_list findings;   /* sorted */
	struct model model;
	bool parsed;                     /* it is a JSON object at least */
};

/* Reads, parses and lints. False with err when it cannot be read; what is wrong with
 * its content is in the findings. Blocks. `path` is borrowed. Close it all the same. */
bool model_file_open(struct model_file *f, const char *path, struct err *err);

/* The same with the text itself, which is copied; `name` is for messages, borrowed. False:
 * "file.size", more than MODEL_MAX_BYTES. */
bool model_file_open_text(struct model_file *f, struct str text, const char *name, struct err *err);

void model_file_close(struct model_file *f);

/* As commands but `validate` begin: opens it; what stands in the way (it cannot be read, or
 * has errors) goes to stderr with the command's name in front, and the exit code is not
 * EXIT_OK. Warnings are not shown. Close it all the same. */
int model_file_begin(struct model_file *f, const char *command, const char *path);

#endif
