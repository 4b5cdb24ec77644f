/* Brings conf/README.md up to date with the option tables: make conf-readme */
#include "tools/conf_readme.h"

#include "sluice/core/file.h"

#include <stdio.h>

static bool write_file(const char *path, struct str text)
{
	FILE *f = fopen(path, "w");
	bool ok = f && fwrite(text.ptr, 1, text.len, f) == text.len;

	if (f && fclose(f) != 0)
		ok = false;
	return ok;
}

int main(void)
{
	struct buf old, new;
	struct err err = { 0 };
	bool ok;

	buf_init(&old, CONF_README_MAX);
	buf_init(&new, CONF_README_MAX);
	ok = file_read(CONF_README, &old, &err) && conf_readme_fill(buf_str(&old), &new, &err);
	if (ok && !write_file(CONF_README, buf_str(&new)))
		ok = err_set(&err, ERR_FATAL, "file.write", "cannot write " CONF_README);
	if (!ok)
		fprintf(stderr, "conf-readme: %s\n", err.text);
	buf_release(&old);
	buf_release(&new);
	return ok ? 0 : 1;
}
