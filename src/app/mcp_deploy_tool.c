#include "mcp_tools.h"

#include "sluice/app/model_apply.h"
#include "sluice/mcp/operation_tools.h"

enum { RESULT_MAX = 32 << 20 };

bool mcp_site_of(struct mcp_call *call, const char *endpoint, struct model_site_options *options, struct err *err)
{
	const struct mcp_options *o = mcp_call_options(call);
	struct str given = mcp_arg_str(call, "endpoint");

	if (str_find_char(given, '\0') != SIZE_MAX)
		return err_set(err, ERR_DATA, "model.endpoint", "endpoint: expected a URL like http://127.0.0.1:8000, found a NUL in it");
	if (!endpoint && given.len)
		endpoint = arena_dup(mcp_call_arena(call), given).ptr;
	if (!endpoint)
		endpoint = o->endpoint_url;
	*options = (struct model_site_options){
		.endpoint = endpoint, .region = o->region, .profile = o->profile,
		.yes_create_tables = mcp_writes_allowed(call) && mcp_arg_bool(call, "yes_create_tables", false),
	};
	if (!model_site_allows(options, err))
		return err_set(err, ERR_DATA, "model.endpoint",
			       "tables are created on this machine only (http://127.0.0.1:8000): elsewhere the server needs "
			       "--allow-writes, and the call yes_create_tables: true");
	return mcp_site_prepare(mcp_call_site(call), err);
}

struct deploying {
	struct mcp_call *call;
	struct model_file file;
	struct model_apply apply;
	struct event never;
};

static void show_step(void *ctx, const struct model_apply *a, size_t step)
{
	struct deploying *d = ctx;

	mcp_progress(d->call, (double)step + 0.5, (double)a->n_steps, "%.*s", STR_ARG(str_sub(a->steps[step].step->what, 0, 200)));
}

/* As much as a result can hold: else what people read of it, cut. */
static void give(struct deploying *d)
{
	struct json_writer w;
	struct buf out;

	buf_init(&out, RESULT_MAX);
	json_write_init(&w, &out);
	model_apply_write(&d->apply, &w);
	if (out.len > MCP_OBJECT_MAX_BYTES) {
		struct str shown;

		buf_clear(&out);
		model_apply_print_result(&d->apply, &out);
		shown = str_sub(buf_str(&out), 0, MCP_OBJECT_MAX_BYTES);
		mcp_textf(d->call, "%.*s%s", STR_ARG(shown), shown.len < out.len ? "…" : "");
	} else {
		mcp_structured(d->call, buf_str(&out));
	}
	buf_release(&out);
}

static void deploy(struct deploying *d, const struct model_site_options *options)
{
	struct model_site site;
	struct err err;

	event_init(&d->never, mcp_call_loop(d->call));
	model_apply_init(&d->apply, &d->file.model);
	d->apply.items = mcp_arg_bool(d->call, "items", false);
	d->apply.begun = show_step;
	d->apply.ctx = d;
	if (!model_site_open(&site, options, mcp_call_loop(d->call), &d->never, &err) ||
	    !model_apply_plan(&d->apply, &site, &err)) {
		mcp_fail_err(d->call, &err);
	} else {
		model_apply_run(&d->apply, &site);
		give(d);
	}
	model_site_close(&site);
	model_apply_release(&d->apply);
}

static bool tables_allowed(struct deploying *d)
{
	struct err err;

	for (size_t i = 0; i < d->file.model.n_tables; i++) {
		if (!mcp_table_allowed(d->call, d->file.model.tables[i].name, &err)) {
			mcp_fail_err(d->call, &err);
			return false;
		}
	}
	return true;
}

static void run_deploy(struct mcp_call *call)
{
	struct deploying *d = arena_alloc(mcp_call_arena(call), sizeof(*d));
	struct model_site_options options;
	struct err err;

	if (!d) {
		mcp_fail(call, "there is no memory left for this call");
		return;
	}
	d->call = call;
	if (!mcp_site_of(call, NULL, &options, &err)) {
		mcp_fail_err(call, &err);
		return;
	}
	if (mcp_model_open_valid(call, &d->file) && tables_allowed(d))
		deploy(d, &options);
	model_file_close(&d->file);
}

static const struct mcp_param deploy_params[] = {
	MCP_PARAM_MODEL, MCP_PARAM_WORKSPACE,
	{ .name = "endpoint", .type = MCP_STRING,
	  .description = "Where, as http://127.0.0.1:8000. Without it where the server's other tools look." },
	{ .name = "yes_create_tables", .type = MCP_BOOLEAN, .description = "The endpoint is not this machine, and that is meant." },
	{ .name = "items", .type = MCP_BOOLEAN, .description = "Put the sample items whose keys are free, too." },
	{ 0 },
};

const struct mcp_tool mcp_deploy_tools[] = {
	{ .name = "deploy_data_model", .title = "Create the model's tables", .toolset = MCP_DESIGN,
	  .description = "Creates what the model has and the endpoint lacks: tables, indexes, streams, TTL. Can be repeated; never "
			 "deletes or changes what is there, but lists it with what to do.",
	  .params = deploy_params, .traits = MCP_IDEMPOTENT | MCP_OPEN_WORLD, .run = run_deploy },
	{ 0 },
};
