/* file: a small file read whole, for settings and secrets. Blocks; called when a
 * program starts, never from a task.
 */
#ifndef SLUICE_CORE_FILE_H
#define SLUICE_CORE_FILE_H

#include "sluice/core/buf.h"
#include "sluice/core/err.h"

/* Appends the content to `out`, whose cap is the limit. False with err FATAL:
 * "file.open", "file.read" (with the system's words), "file.size". */
bool file_read(const char *path, struct buf *out, struct err *err);

/* Puts `text` in the place of the file's content at once, for whoever reads it meanwhile or
 * pulls the plug: written beside it, flushed, renamed. A file that is there keeps its
 * permissions; a symbolic link stays one. False with err FATAL "file.write". */
bool file_replace(const char *path, struct str text, struct err *err);

/* The path `name` means when it stands in the file `beside` (NUL-terminated,
 * may be NULL): absolute ones as they are, others in that file's directory.
 * NUL-terminated, in the arena; NULL at its cap. */
struct arena;
const char *file_beside(struct arena *a, const char *beside, struct str name);

#endif
