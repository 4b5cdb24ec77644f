#include "mcp_tools.h"

#include "sluice/core/json_write.h"
#include "sluice/model/cost.h"

#include <stdio.h>

enum {
	ARENA_BYTES = 64 << 20, REPORT_MAX = 4 << 20, MARKDOWN_MAX = 50 << 20,
	REPORT_SHOWN = 13 * 1024,      /* of the Markdown report, in the result */
	PATTERNS_SHOWN = 7 * 1024,     /* of the structured result */
	FINDINGS_SHOWN = 3 * 1024,
};

struct costing {
	struct mcp_call *call;
	struct arena arena;
	struct findings_list findings;
	struct model_file file;
	bool opened;
	struct cost_input input;
	struct cost cost;
	struct cost_scale scales[COST_SCALES];
	struct str written;            /* the report's file; empty: none */
	bool report_shown;             /* else the structured result is all that people see */
};

static bool fail_err(struct costing *c, const struct err *err)
{
	mcp_fail_err(c->call, err);
	return false;
}

/* ---- what is computed ---- */

static bool read_input(struct costing *c, struct err *err)
{
	const struct cost_lists lists = { .patterns = mcp_arg(c->call, "access_pattern_list"),
					  .tables = mcp_arg(c->call, "table_list") };

	findings_list_init(&c->findings, &c->arena, NULL);
	if (lists.patterns || lists.tables)
		return cost_from_lists(&c->input, &lists, &c->arena, &c->findings, err);
	c->opened = true;
	return mcp_model_open_valid(c->call, &c->file) &&
	       cost_from_model(&c->input, &c->file.model, &c->arena, &c->findings, err);
}

static void fail_findings(struct costing *c)
{
	struct buf text;

	buf_init(&text, REPORT_SHOWN);
	cost_print_errors(&c->findings, &text);
	mcp_fail(c->call, "%.*s", STR_ARG(buf_str(&text)));
	buf_release(&text);
}

static bool compute(struct costing *c)
{
	struct err err = { 0 };

	if (!read_input(c, &err))
		return mcp_failed(c->call) ? false : fail_err(c, &err);
	cost_check(&c->input, &c->findings);
	findings_list_sort(&c->findings);
	if (c->findings.errors) {
		fail_findings(c);
		return false;
	}
	return (cost_compute(&c->cost, &c->input, &prices_default, 1, &c->arena, &err) &&
		cost_scales(c->scales, &c->cost, &c->arena, &err)) || fail_err(c, &err);
}

/* ---- the report ---- */

/* The report's section of dynamodb_data_model.md: that alone is written. */
static bool write_report(struct costing *c, struct str section)
{
	struct str folder = mcp_arg_str(c->call, "workspace_dir"), path;
	struct buf before, after;
	bool there, ok;

	if (!folder.len)
		return true;
	buf_init(&before, MARKDOWN_MAX);
	buf_init(&after, MARKDOWN_MAX);
	ok = mcp_file_at(c->call, folder, MODEL_REPORT, &path) && mcp_file_read(c->call, path, &before, &there);
	if (ok && !cost_replace_section(buf_str(&before), section, &after)) {
		mcp_fail(c->call, "%.*s would be larger than %d bytes", STR_ARG(path), MARKDOWN_MAX);
		ok = false;
	}
	ok = ok && mcp_file_write(c->call, path, buf_str(&after), true);
	if (ok)
		c->written = path;
	buf_release(&before);
	buf_release(&after);
	return ok;
}

static void show_report(struct costing *c, struct str section)
{
	c->report_shown = section.len <= REPORT_SHOWN;
	if (c->report_shown)
		mcp_text(c->call, section);
	else if (c->written.len)
		mcp_textf(c->call, "The report is %zu bytes: read it in %.*s.", section.len, STR_ARG(c->written));
	else
		mcp_textf(c->call, "The report is %zu bytes, too many to be shown: give workspace_dir to have it written into "
				   MODEL_REPORT ", or run `sluice model cost`.", section.len);
}

/* ---- structured ---- */

static void write_real(struct json_writer *w, const char *name, double d)
{
	char text[40];

	snprintf(text, sizeof(text), "%.10g", d);
	json_member_raw(w, str_c(name), str_c(text));
}

static void write_pattern(const struct cost_pattern_result *r, struct json_writer *w)
{
	bool writes = cost_operation_writes(r->pattern->operation);
	double usd = r->own.usd;

	for (size_t i = 0; i < r->pattern->n_writes; i++)
		usd += r->indexes[i].usd;
	json_begin_object(w);
	json_member_str(w, STR("pattern"), r->pattern->id);
	json_member_str(w, STR("operation"), str_c(cost_operation_name(r->pattern->operation)));
	write_real(w, writes ? "wcu" : "rcu", r->own.units_per_operation);
	if (r->pattern->n_writes) {
		double units = 0;

		for (size_t i = 0; i < r->pattern->n_writes; i++)
			units += r->indexes[i].units_per_operation;
		write_real(w, "index_wcu", units);
	}
	write_real(w, "monthly_usd", usd);
	json_end_object(w);
}

static void write_patterns(const struct cost *c, struct json_writer *w)
{
	size_t begin = w->out->len, i = 0;

	json_key(w, STR("patterns"));
	json_begin_array(w);
	for (; i < c->input->n_patterns && w->out->len - begin < PATTERNS_SHOWN; i++)
		write_pattern(&c->patterns[i], w);
	json_end_array(w);
	if (i < c->input->n_patterns)
		json_member_int(w, STR("patterns_left_out"), (int64_t)(c->input->n_patterns - i));
}

static void write_totals(const struct cost_totals *t, struct json_writer *w)
{
	write_real(w, "reads", t->reads);
	write_real(w, "writes", t->writes);
	write_real(w, "index_writes", t->index_writes);
	write_real(w, "storage", t->storage);
	write_real(w, "streams", t->streams);
	write_real(w, "handlers", t->handlers);
	write_real(w, "state", t->state);
	write_real(w, "total", t->usd);
}

static void write_scales(const struct costing *c, struct json_writer *w)
{
	json_key(w, STR("at_other_rates"));
	json_begin_array(w);
	for (size_t i = 0; i < COST_SCALES; i++) {
		json_begin_object(w);
		write_real(w, "factor", c->scales[i].factor);
		write_real(w, "total", c->scales[i].totals.usd);
		json_end_object(w);
	}
	json_end_array(w);
}

static void give(struct costing *c)
{
	struct json_writer w;
	struct buf out;

	buf_init(&out, REPORT_MAX);
	json_write_init(&w, &out);
	json_begin_object(&w);
	json_key(&w, STR("monthly_usd"));
	json_begin_object(&w);
	write_totals(&c->cost.totals, &w);
	json_end_object(&w);
	write_scales(c, &w);
	write_patterns(&c->cost, &w);
	mcp_write_findings(&c->findings, FINDINGS_SHOWN, &w);
	if (c->written.len)
		json_member_str(&w, STR("written"), c->written);
	json_end_object(&w);
	mcp_structured(c->call, buf_str(&out));
	if (!c->report_shown)
		mcp_text(c->call, buf_str(&out));
	buf_release(&out);
}

static void report(struct costing *c)
{
	struct buf section;

	buf_init(&section, REPORT_MAX);
	if (!cost_print_markdown(&c->cost, c->scales, &c->arena, &section)) {
		mcp_fail(c->call, "the report is larger than %d bytes", REPORT_MAX);
	} else if (write_report(c, buf_str(&section))) {
		show_report(c, buf_str(&section));
		give(c);
	}
	buf_release(&section);
}

static void run_costs(struct mcp_call *call)
{
	struct costing *c = arena_alloc(mcp_call_arena(call), sizeof(*c));

	if (!c) {
		mcp_fail(call, "there is no memory left for this call");
		return;
	}
	c->call = call;
	arena_init(&c->arena, ARENA_BYTES);
	if (compute(c))
		report(c);
	if (c->opened)
		model_file_close(&c->file);
	arena_release(&c->arena);
}

static const struct mcp_param gsi_params[] = {
	{ .name = "name", .type = MCP_STRING, .flags = MCP_REQUIRED, .description = "The index's name." },
	{ .name = "item_size_bytes", .type = MCP_INTEGER, .flags = MCP_REQUIRED, .description = "Average size of an item in it." },
	{ .name = "item_count", .type = MCP_INTEGER, .flags = MCP_REQUIRED, .description = "Items in it." },
	{ 0 },
};

static const struct mcp_param table_params[] = {
	{ .name = "name", .type = MCP_STRING, .flags = MCP_REQUIRED, .description = "The table's name." },
	{ .name = "item_size_bytes", .type = MCP_INTEGER, .flags = MCP_REQUIRED, .description = "Average size of an item, 1 to 409600." },
	{ .name = "item_count", .type = MCP_INTEGER, .flags = MCP_REQUIRED, .description = "Items in the table." },
	{ .name = "gsi_list", .type = MCP_ARRAY, .items = MCP_OBJECT, .members = gsi_params, .description = "Its secondary indexes." },
	{ 0 },
};

static const struct mcp_param pattern_params[] = {
	{ .name = "operation", .type = MCP_STRING, .flags = MCP_REQUIRED,
	  .description = "GetItem, Query, Scan, BatchGetItem, TransactGetItems, PutItem, UpdateItem, DeleteItem, BatchWriteItem "
			 "or TransactWriteItems." },
	{ .name = "pattern", .type = MCP_STRING, .flags = MCP_REQUIRED, .description = "Its number or name." },
	{ .name = "description", .type = MCP_STRING, .flags = MCP_REQUIRED, .description = "What it does." },
	{ .name = "table", .type = MCP_STRING, .flags = MCP_REQUIRED, .description = "A table of table_list." },
	{ .name = "rps", .type = MCP_NUMBER, .flags = MCP_REQUIRED, .description = "Average operations a second, above 0." },
	{ .name = "item_size_bytes", .type = MCP_INTEGER, .flags = MCP_REQUIRED, .description = "Average item, 1 to 409600." },
	{ .name = "item_count", .type = MCP_INTEGER, .description = "Items an operation reads or writes; not for single items." },
	{ .name = "strongly_consistent", .type = MCP_BOOLEAN, .description = "Strongly consistent reads." },
	{ .name = "gsi", .type = MCP_STRING, .description = "The index that is read." },
	{ .name = "gsi_list", .type = MCP_ARRAY, .items = MCP_STRING, .description = "Names of the indexes that a write changes." },
	{ 0 },
};

static const struct mcp_param cost_params[] = {
	{ .name = "access_pattern_list", .type = MCP_ARRAY, .items = MCP_OBJECT, .members = pattern_params,
	  .description = "Patterns, with table_list; or model." },
	{ .name = "table_list", .type = MCP_ARRAY, .items = MCP_OBJECT, .members = table_params,
	  .description = "Tables of the patterns." },
	MCP_PARAM_MODEL,
	{ .name = "workspace_dir", .type = MCP_STRING,
	  .description = "The folder whose dynamodb_data_model.md gets the report, in its cost section; without lists and model "
			 "its dynamodb_data_model.json is read." },
	{ 0 },
};

const struct mcp_tool mcp_cost_tools[] = {
	{ .name = "compute_performances_and_costs", .title = "Compute costs", .toolset = MCP_DESIGN,
	  .description = "Capacity units and dollars a month of each access pattern, its indexes, storage, streams and handlers "
			 "(on demand, us-east-1, average rates), and the totals at 1, 3 and 10 times the rates.",
	  .params = cost_params, .traits = MCP_IDEMPOTENT, .run = run_costs,
	  .output_schema = "{\"type\":\"object\",\"properties\":{\"monthly_usd\":{\"type\":\"object\"},\"at_other_rates\":{\"type\":"
			   "\"array\",\"items\":{\"type\":\"object\"}},\"patterns\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}},"
			   "\"findings\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}},\"written\":{\"type\":\"string\"}},"
			   "\"required\":[\"monthly_usd\"]}" },
	{ 0 },
};
