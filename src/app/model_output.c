#include "model_output.h"

#include "sluice/core/file.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

/* What is no file (a terminal, /dev/stdout) is written to as it is. */
static bool write_there(const char *path, struct str text, struct err *err)
{
	FILE *to = fopen(path, "w");
	bool ok = to && fwrite(text.ptr ? text.ptr : "", 1, text.len, to) == text.len;

	if (to && fclose(to) != 0)
		ok = false;
	return ok || err_set(err, ERR_FATAL, "file.write", "cannot write %s: %s", path, strerror(errno));
}

bool model_output(const char *path, struct str text, struct err *err)
{
	struct stat there;

	if (!path) {
		fwrite(text.ptr ? text.ptr : "", 1, text.len, stdout);
		return true; /* commands_main() says when stdout did not take it */
	}
	if (stat(path, &there) == 0 && !S_ISREG(there.st_mode))
		return write_there(path, text, err);
	return file_replace(path, text, err);
}
