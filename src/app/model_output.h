/* model_output: where a command's result goes: `-o FILE`, or stdout. Known to src/app only.
 */
#ifndef SLUICE_APP_MODEL_OUTPUT_H
#define SLUICE_APP_MODEL_OUTPUT_H

#include "sluice/core/err.h"

/* Writes the text to the file as file_replace() does, to what is no file (a terminal, /dev/stdout) as it
 * is. NULL: stdout. False with err FATAL "file.write". Blocks. */
bool model_output(const char *path, struct str text, struct err *err);

#endif
