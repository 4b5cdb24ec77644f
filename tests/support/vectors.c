#include "support/vectors.h"

#include <stdio.h>
#include <unistd.h>

#define ROOT "../shared/vectors/"

bool vectors_have(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), ROOT "%s", name);
	if (access(path, R_OK) == 0)
		return true;
	printf("skipped: no %s here\n", path);
	return false;
}

bool vectors_read(const char *path, struct buf *out)
{
	char full[512], chunk[4096];
	FILE *file;
	size_t n;

	snprintf(full, sizeof(full), ROOT "%s", path);
	file = fopen(full, "re");
	if (!file)
		return false;
	while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
		buf_put(out, str_of(chunk, n));
	fclose(file);
	return buf_ok(out);
}
