/* Costs of any bytes, taken for a data model, for the two lists, for prices, and for a Markdown file: sums are
 * numbers, what is written is JSON, and a section is put in its place once and for all. */
#include "sluice/core/json_write.h"
#include "sluice/core/node.h"
#include "sluice/core/scan.h"
#include "sluice/model/cost.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_BYTES = 64 << 20, OUTPUT_BYTES = 16 << 20 };

static void expect(bool condition)
{
	if (!condition)
		abort();
}

static void check_sums(const struct cost *c)
{
	const double *totals = (const double *)&c->totals;

	for (size_t i = 0; i < sizeof(c->totals) / sizeof(*totals); i++)
		expect(isfinite(totals[i]) && totals[i] >= 0);
}

static void check_output(const struct cost *c, struct arena *a, struct err *err)
{
	struct cost_scale scales[COST_SCALES];
	struct json_writer w;
	struct buf out;

	if (!cost_scales(scales, c, a, err))
		return;
	buf_init(&out, OUTPUT_BYTES);
	json_write_init(&w, &out);
	json_begin_object(&w);
	cost_write_json(c, scales, &w);
	json_end_object(&w);
	expect(!buf_ok(&out) || (scan_check(buf_str(&out), NULL) && str_find(buf_str(&out), STR(":null,\"usd")) == SIZE_MAX));
	buf_clear(&out);
	cost_print(c, scales, a, &out);
	expect(str_find_char(buf_str(&out), '\x1b') == SIZE_MAX);
	buf_clear(&out);
	cost_print_markdown(c, scales, a, &out);
	buf_release(&out);
}

static void compute(struct cost_input *in, struct arena *a, struct findings_list *findings)
{
	struct err err;
	struct cost cost;

	cost_check(in, findings);
	if (!cost_compute(&cost, in, &prices_default, 1, a, &err))
		return;
	check_sums(&cost);
	check_output(&cost, a, &err);
}

static void try_document(struct str text, struct arena *a, struct findings_list *findings)
{
	struct cost_input in;
	struct model model;
	struct err err;

	if (model_parse(&model, text, "model.json", findings) && cost_from_model(&in, &model, a, findings, &err))
		compute(&in, a, findings);
	model_release(&model);
}

static void try_lists(struct str text, struct arena *a, struct findings_list *findings)
{
	struct err err;
	const struct node *root = node_from_json(a, text, NULL, &err);
	struct cost_lists lists = { node_get(root, STR("access_pattern_list")), node_get(root, STR("table_list")) };
	struct cost_input in;

	if (cost_from_lists(&in, &lists, a, findings, &err))
		compute(&in, a, findings);
}

static void try_markdown(struct str text)
{
	struct str section = STR("**$1** a month\n\n### Storage\n\n| a |\n");
	struct buf once, twice;

	buf_init(&once, OUTPUT_BYTES);
	buf_init(&twice, OUTPUT_BYTES);
	expect(cost_replace_section(text, section, &once));
	expect(cost_replace_section(buf_str(&once), section, &twice));
	expect(str_eq(buf_str(&once), buf_str(&twice)));
	buf_release(&once);
	buf_release(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_of((const char *)data, size);
	struct findings_list findings;
	struct prices prices;
	struct arena arena;

	arena_init(&arena, ARENA_BYTES);
	findings_list_init(&findings, &arena, NULL);
	try_document(text, &arena, &findings);
	try_lists(text, &arena, &findings);
	prices_read(&prices, text, &arena, &findings);
	try_markdown(text);
	arena_release(&arena);
	return 0;
}
