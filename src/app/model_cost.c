#include "model_commands.h"

#include "sluice/app/model_file.h"
#include "sluice/core/file.h"
#include "sluice/core/json_write.h"
#include "sluice/model/cost.h"

#include <stdio.h>

enum { ARENA_BYTES = 256 << 20, OUTPUT_MAX = 64 << 20, PRICES_MAX = 1 << 20, MARKDOWN_MAX = 50 << 20 };

struct run {
	const struct command_args *args;
	struct prices prices;
	double factor;
	struct model_file file;
	struct arena arena;
	struct findings_list findings;   /* of the costs alone */
	struct cost_input input;
	struct cost cost;
	struct cost_scale scales[COST_SCALES];
	struct err err;
};

static int refuse(const struct run *r)
{
	fprintf(stderr, "sluice model cost: %s\n", r->err.text);
	return r->err.class == ERR_DATA ? EXIT_USAGE : EXIT_FAILED;
}

/* --- what it is asked for ---------------------------------------------------- */

static int wrong_prices(const struct findings_list *findings)
{
	struct buf out;

	buf_init(&out, OUTPUT_MAX);
	findings_list_print(findings, &out);
	fprintf(stderr, "%.*s", STR_ARG(buf_str(&out)));
	buf_release(&out);
	return EXIT_USAGE;
}

static int read_prices(struct run *r)
{
	struct findings_list findings;
	struct buf text;
	int code = EXIT_OK;

	r->prices = prices_default;
	if (!r->args->prices)
		return EXIT_OK;
	findings_list_init(&findings, &r->arena, r->args->prices);
	buf_init(&text, PRICES_MAX);
	if (!file_read(r->args->prices, &text, &r->err)) {
		fprintf(stderr, "sluice model cost: %s\n", r->err.text);
		code = EXIT_USAGE;
	} else if (!prices_read(&r->prices, buf_str(&text), &r->arena, &findings)) {
		code = wrong_prices(&findings);
	}
	buf_release(&text);
	return code;
}

static int read_arguments(struct run *r)
{
	r->factor = 1;
	if (r->args->what_if && !cost_what_if(str_c(r->args->what_if), &r->factor, &r->err))
		return refuse(r);
	return read_prices(r);
}

/* --- results ------------------------------------------------------------------ */

static bool write_json(struct run *r, struct buf *out)
{
	struct json_writer w;

	json_write_init(&w, out);
	json_begin_object(&w);
	json_member_bool(&w, STR("ok"), r->findings.errors == 0);
	json_member_str(&w, STR("file"), str_c(r->args->file));
	cost_write_json(&r->cost, r->scales, &w);
	json_key(&w, STR("findings"));
	findings_list_write(&r->findings, &w);
	json_end_object(&w);
	return buf_putc(out, '\n') && buf_ok(out);
}

static bool print_all(struct run *r, struct buf *out)
{
	bool ok = cost_print(&r->cost, r->scales, &r->arena, out);

	if (r->findings.kept) {
		buf_puts(out, "\nAssumed, missing or wrong\n\n");
		findings_list_print(&r->findings, out);
	}
	return ok && buf_ok(out);
}

static int show(struct run *r)
{
	struct buf out;
	bool ok;

	buf_init(&out, OUTPUT_MAX);
	ok = r->args->json ? write_json(r, &out) : print_all(r, &out);
	fwrite(out.ptr ? out.ptr : "", 1, out.len, stdout);
	if (!ok)
		fprintf(stderr, "sluice model cost: the result is larger than %d bytes and was cut\n", OUTPUT_MAX);
	buf_release(&out);
	return ok && r->findings.errors == 0 ? EXIT_OK : EXIT_FAILED;
}

/* --- into a Markdown file -------------------------------------------------------- */

static bool is_there(const char *path)
{
	FILE *f = fopen(path, "r");

	if (f)
		fclose(f);
	return f != NULL;
}

static bool replace(struct run *r, struct str before, struct str section, const char *what)
{
	struct buf after;
	bool ok = false;

	buf_init(&after, MARKDOWN_MAX + OUTPUT_MAX);
	if (!cost_replace_section(before, section, &after))
		err_set(&r->err, ERR_FATAL, "file.size", "%s would be larger than %zu bytes", r->args->markdown, after.max);
	else if (before.ptr && str_eq(before, buf_str(&after)))
		ok = fprintf(stderr, "%s: the cost section is as it was\n", r->args->markdown) >= 0;
	else if (file_replace(r->args->markdown, buf_str(&after), &r->err))
		ok = fprintf(stderr, "%s: %s\n", r->args->markdown, what) >= 0;
	buf_release(&after);
	return ok;
}

static bool write_markdown(struct run *r)
{
	bool there = is_there(r->args->markdown), ok;
	struct buf before, section;

	buf_init(&before, MARKDOWN_MAX);
	buf_init(&section, OUTPUT_MAX);
	ok = !there || file_read(r->args->markdown, &before, &r->err);
	if (ok && !cost_print_markdown(&r->cost, r->scales, &r->arena, &section))
		ok = err_set(&r->err, ERR_FATAL, "cost.size", "the cost section would be larger than %d bytes", OUTPUT_MAX);
	ok = ok && replace(r, buf_str(&before), buf_str(&section),
			   there ? "the cost section is written" : "written with the cost section alone: it was not there");
	buf_release(&before);
	buf_release(&section);
	return ok;
}

static int put_markdown(struct run *r)
{
	if (!r->args->markdown)
		return EXIT_OK;
	if (r->findings.errors) {
		fprintf(stderr, "sluice model cost: %s is left as it is, since not everything could be counted\n",
			r->args->markdown);
		return EXIT_FAILED;
	}
	if (write_markdown(r))
		return EXIT_OK;
	fprintf(stderr, "sluice model cost: %s\n", r->err.text);
	return EXIT_FAILED;
}

/* --- the command ------------------------------------------------------------------ */

static bool compute(struct run *r)
{
	findings_list_init(&r->findings, &r->arena, r->args->file);
	if (!cost_from_model(&r->input, &r->file.model, &r->arena, &r->findings, &r->err))
		return false;
	cost_check(&r->input, &r->findings);
	findings_list_sort(&r->findings);
	return cost_compute(&r->cost, &r->input, &r->prices, r->factor, &r->arena, &r->err) &&
	       cost_scales(r->scales, &r->cost, &r->arena, &r->err);
}

static int run_model(struct run *r)
{
	int code = model_file_begin(&r->file, "model cost", r->args->file);

	if (code == EXIT_OK)
		code = compute(r) ? show(r) : refuse(r);
	if (code == EXIT_OK || r->findings.errors)
		code |= put_markdown(r);
	model_file_close(&r->file);
	return code;
}

static int run_cost(const struct command_args *args)
{
	struct run r = { .args = args };
	int code;

	arena_init(&r.arena, ARENA_BYTES);
	code = read_arguments(&r);
	if (code == EXIT_OK)
		code = run_model(&r);
	arena_release(&r.arena);
	return code;
}

const struct command model_cost_command = {
	.name = "model cost",
	.summary = "what a data model costs a month, and where",
	.text = "Computes capacity units and dollars a month of every access pattern, each index\n"
		"it writes, storage, streams, handlers and sluice's own state table, at the\n"
		"average rates; what on-demand requests cost beside provisioned capacity; and the\n"
		"totals at 1, 3 and 10 times the rates. Nothing is connected to. What is assumed\n"
		"is said below. With figures missing or wrong the exit code is 1; the rest is\n"
		"computed. Prices are us-east-1's; a price file names those that differ:\n"
		"  { \"region\": \"somewhere-1\",\n"
		"    \"standard\": { \"read_request_million_usd\": 0.1525,\n"
		"                  \"write_request_million_usd\": 0.7625,\n"
		"                  \"read_capacity_hour_usd\": 0.0001586,\n"
		"                  \"write_capacity_hour_usd\": 0.000793,\n"
		"                  \"storage_gb_month_usd\": 0.306 },\n"
		"    \"standard_infrequent_access\": { the same names },\n"
		"    \"stream_read_million_usd\": 0.2, \"stream_reads_free\": 2500000 }\n"
		"--markdown puts the report into a file: in the place of the section that an\n"
		"earlier report or a heading such as \"Cost Report\" stands over, else at the end.\n",
	.examples = "  sluice model cost dynamodb_data_model.json\n"
		    "  sluice model cost dynamodb_data_model.json --what-if rps=x3\n"
		    "  sluice model cost dynamodb_data_model.json --prices prices.json --json\n"
		    "  sluice model cost dynamodb_data_model.json --markdown dynamodb_data_model.md\n",
	.takes = COMMAND_TAKES_FILE | COMMAND_TAKES_PRICES | COMMAND_TAKES_WHAT_IF | COMMAND_TAKES_MARKDOWN |
		 COMMAND_TAKES_JSON,
	.needs = COMMAND_TAKES_FILE,
	.run = run_cost,
};
