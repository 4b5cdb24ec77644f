/* The settings reader on any bytes: the file, and behind the first zero byte one
 * that it may include as "y". What it accepts must print as JSON and be read
 * again; what it refuses must have a reason, and one of the scan's own: libconfig
 * leaks memory when it refuses a file.
 */
#include "sluice/app/conf_file.h"

#include <stdlib.h>

struct input {
	struct str main, included;
};

static bool load(void *ctx, const char *path, struct buf *out, struct err *err)
{
	const struct input *in = ctx;

	if (strcmp(path, "x") == 0)
		return buf_put(out, in->main);
	if (strcmp(path, "y") == 0)
		return buf_put(out, in->included);
	return err_set(err, ERR_FATAL, "file.open", "no such file");
}

static const char *variable(void *ctx, const char *name)
{
	(void)ctx;
	return strcmp(name, "A") == 0 ? "value" : strcmp(name, "E") == 0 ? "" : NULL;
}

static void print_again(struct arena *a, const struct node *n)
{
	struct buf once, twice;
	struct node *again;

	buf_init(&once, 1 << 24);
	buf_init(&twice, 1 << 24);
	if (!node_print_json(n, &once))
		abort();
	again = node_from_json(a, buf_str(&once), NULL, NULL);
	if (again && (!node_print_json(again, &twice) || !str_eq(buf_str(&once), buf_str(&twice))))
		abort();
	if (!again && a->used < a->max / 2)
		abort();
	buf_release(&once);
	buf_release(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str all = str_of((const char *)data, size);
	struct input in = { .main = all };
	struct conf_source source = { load, variable, &in };
	struct problems problems;
	const struct node *root;
	struct arena arena;

	in.included = all;
	in.main = str_split(&in.included, '\0');
	arena_init(&arena, 16 << 20);
	problems_init(&problems, &arena);
	root = conf_read(&source, "x", &arena, &problems);
	if (!root && problems.count == 0)
		abort();
	for (const struct problem *p = problems.first; p; p = p->next)
		if (str_starts(p->text, STR("libconfig says")))
			abort();
	if (root)
		print_again(&arena, root);
	arena_release(&arena);
	return 0;
}
