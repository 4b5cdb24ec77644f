#include "support/fake_process.h"

#include "support/vectors.h"

#include <assert.h>
#include <stdio.h>

static const char *find(const struct fake_entry *entries, const char *name)
{
	for (size_t i = 0; i < FAKE_PROCESS_ENTRIES && entries[i].name; i++)
		if (strcmp(entries[i].name, name) == 0)
			return entries[i].value;
	return NULL;
}

static void put(struct fake_entry *entries, const char *name, const char *value)
{
	size_t i = 0;

	while (i < FAKE_PROCESS_ENTRIES && entries[i].name && strcmp(entries[i].name, name) != 0)
		i++;
	assert(i < FAKE_PROCESS_ENTRIES);
	entries[i] = (struct fake_entry){ name, value };
}

static const char *fake_get(void *ctx, const char *name)
{
	struct fake_process *p = ctx;

	return find(p->vars, name);
}

static bool fake_read_file(void *ctx, const char *path, struct buf *out, struct err *err)
{
	struct fake_process *p = ctx;
	const char *text = find(p->files, path);
	char full[1024];

	p->reads++;
	if (p->unreadable && strcmp(p->unreadable, path) == 0)
		return err_set(err, ERR_AUTH, "file.open", "cannot open %s: Permission denied", path);
	if (p->root) {
		snprintf(full, sizeof(full), "%s%s", p->root, path);
		if (vectors_read(full, out))
			return true;
	}
	if (text)
		return buf_puts(out, text);
	return err_set(err, ERR_AUTH, "file.absent", "cannot open %s: No such file or directory", path);
}

static bool fake_write_file(void *ctx, const char *path, struct str text, struct err *err)
{
	struct fake_process *p = ctx;

	if (p->read_only)
		return err_set(err, ERR_AUTH, "file.write", "cannot write %s: Read-only file system", path);
	assert(text.len < sizeof(p->written));
	snprintf(p->written_path, sizeof(p->written_path), "%s", path);
	snprintf(p->written, sizeof(p->written), "%.*s", STR_ARG(text));
	put(p->files, p->written_path, p->written);
	return true;
}

void fake_process_init(struct fake_process *p)
{
	*p = (struct fake_process){ 0 };
	p->env = (struct process_env){ .get = fake_get, .read_file = fake_read_file, .write_file = fake_write_file, .ctx = p };
}

void fake_process_set(struct fake_process *p, const char *name, const char *value)
{
	put(p->vars, name, value);
}

void fake_process_add_file(struct fake_process *p, const char *path, const char *text)
{
	put(p->files, path, text);
}
