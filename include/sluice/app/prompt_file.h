/* prompt_file: prompts from a folder in place of the embedded ones (`--prompts DIR`).
 */
#ifndef SLUICE_APP_PROMPT_FILE_H
#define SLUICE_APP_PROMPT_FILE_H

#include "sluice/core/buf.h"
#include "sluice/core/err.h"
#include "sluice/model/prompts.h"

/* Appends the prompt's text: of the file of its name in the folder, or the embedded one (folder NULL).
 * False with DATA "prompt.file" where the file is missing or no text (the sentence says which file is
 * expected): the embedded one is appended then, so that there is a prompt all the same. The cap of `out`:
 * PROMPT_MAX_BYTES. Blocks. */
bool prompt_read(const char *folder, const struct prompt *p, struct buf *out, struct err *err);

/* Looks at all of them. False with the first that is not as it should be. Blocks. */
bool prompts_check(const char *folder, struct err *err);

#endif
