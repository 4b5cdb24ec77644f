/* Data models of any bytes, derived: the daemon's reader takes what comes of a model without
 * errors, and deriving again over it changes nothing. */
#include "sluice/app/conf_file.h"
#include "sluice/model/derive.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool condition)
{
	if (!condition)
		abort();
}

static bool load(void *ctx, const char *path, struct buf *out, struct err *err)
{
	expect(strcmp(path, "x.conf") == 0); /* nothing is included */
	(void)err;
	return buf_put(out, *(const struct str *)ctx);
}

static const char *variable(void *ctx, const char *name)
{
	(void)ctx, (void)name;
	return "set";
}

static void expect_read(struct str text, struct arena *arena)
{
	const struct conf_source source = { load, variable, &text };
	struct problems problems;
	const struct node *root;

	problems_init(&problems, arena);
	root = conf_read(&source, "x.conf", arena, &problems);
	expect(root && problems.count == 0);
	expect(node_get(root, STR("pipelines")) && node_get(root, STR("app")));
}

static void derive(const struct model *m, struct arena *arena)
{
	static const struct model_derive_options options = { .file = "x\n.json" };
	struct model_derivation made = { .arena = arena };
	struct buf first, again;

	buf_init(&first, MODEL_DERIVE_BYTES);
	buf_init(&again, MODEL_DERIVE_BYTES);
	if (model_derive(m, &options, STR(""), &first, &made, NULL)) {
		expect_read(buf_str(&first), arena);
		expect(model_derive(m, &options, buf_str(&first), &again, &made, NULL));
		expect(str_eq(buf_str(&first), buf_str(&again)));
	}
	buf_release(&first);
	buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct findings_list findings;
	struct arena arena;
	struct model model;

	arena_init(&arena, 64 << 20);
	findings_list_init(&findings, &arena, "model.json");
	if (model_parse(&model, str_of((const char *)data, size), "model.json", &findings) && findings.errors == 0)
		derive(&model, &arena);
	model_release(&model);
	arena_release(&arena);
	return 0;
}
