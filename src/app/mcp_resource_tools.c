#include "mcp_tools.h"

#include "sluice/app/model_conf.h"
#include "sluice/core/json_write.h"
#include "sluice/model/resources.h"

enum { TEXT_MAX = 8 << 20, TEXT_SHOWN = 26 * 1024, NOTES_MAX = 64 * 1024, NOTES_SHOWN = 4096 };

/* ---- files in output_dir, or text ---- */

/* Writes the text to output_dir/name and says so, or shows it. */
static void deliver(struct mcp_call *call, const char *name, struct str text, bool overwrite)
{
	struct str folder = mcp_arg_str(call, "output_dir"), path;

	if (folder.len) {
		if (mcp_file_at(call, folder, name, &path) && mcp_file_write(call, path, text, overwrite))
			mcp_textf(call, "Written: %.*s (%zu bytes).", STR_ARG(path), text.len);
		return;
	}
	if (text.len <= TEXT_SHOWN)
		mcp_text(call, text);
	else
		mcp_fail(call, "%s is %zu bytes, more than fit into a result: give output_dir, a folder of the workspace, to have "
			 "it written there", name, text.len);
}

static void show_notes(struct mcp_call *call, const struct buf *notes)
{
	struct str text = str_trim(buf_str(notes));

	if (text.len && !mcp_failed(call))
		mcp_textf(call, "%.*s%s", STR_ARG(str_sub(text, 0, NOTES_SHOWN)), text.len > NOTES_SHOWN ? "…" : "");
}

/* ---- derive_stream_handlers ---- */

/* The file as it stands: what is below its line is a person's, and stays. */
static bool read_existing(struct mcp_call *call, struct str *path, struct buf *existing)
{
	struct str folder = mcp_arg_str(call, "output_dir");
	bool there;

	*path = STR("sluice.conf");
	return !folder.len || (mcp_file_at(call, folder, "sluice.conf", path) && mcp_file_read(call, *path, existing, &there));
}

static void derive(struct mcp_call *call, const struct model_file *f)
{
	const struct model_derive_options options = { .file = MODEL_FILE };
	struct buf existing, notes;
	struct model_conf conf;
	struct str path;
	struct err err;

	buf_init(&existing, MODEL_DERIVE_BYTES);
	if (!read_existing(call, &path, &existing)) {
		buf_release(&existing);
		return;
	}
	buf_init(&notes, NOTES_MAX);
	if (model_conf_make(&conf, &f->model, &options, path.ptr, buf_str(&existing), &err)) {
		deliver(call, "sluice.conf", buf_str(&conf.text), true);
		model_conf_print(&conf, &notes);
		show_notes(call, &notes);
	} else {
		mcp_fail_err(call, &err);
	}
	model_conf_release(&conf);
	buf_release(&notes);
	buf_release(&existing);
}

static void run_derive(struct mcp_call *call)
{
	struct model_file f;

	if (mcp_model_open_valid(call, &f))
		derive(call, &f);
	model_file_close(&f);
}

/* ---- generate_resources ---- */

static const char *const formats[] = { "cloudformation", "terraform", "iam", NULL };
static const char *const kinds[] = { "cdk", NULL };
static const char *const files[] = {
	[RESOURCES_CLOUDFORMATION] = "cloudformation.json", [RESOURCES_TERRAFORM] = "sluice.tf.json",
	[RESOURCES_IAM] = "iam-policy.json",
};

static void generate(struct mcp_call *call, const struct model_file *f, enum resources_format format)
{
	struct buf text, notes;
	struct err err;

	buf_init(&text, TEXT_MAX);
	buf_init(&notes, NOTES_MAX);
	if (model_resources(&f->model, format, &text, &notes, &err)) {
		deliver(call, files[format], buf_str(&text), mcp_arg_bool(call, "overwrite", false));
		show_notes(call, &notes);
		if (!mcp_failed(call) && mcp_arg(call, "resource_type"))
			mcp_textf(call, "In a CDK stack: new cfninc.CfnInclude(this, 'Tables', { templateFile: '%s' });", files[format]);
	} else {
		mcp_fail_err(call, &err);
	}
	buf_release(&text);
	buf_release(&notes);
}

static void run_resources(struct mcp_call *call)
{
	struct str format = mcp_arg_str(call, "format");
	struct model_file f;

	if (mcp_arg(call, "resource_type") && format.len && !str_eq(format, STR("cloudformation"))) {
		mcp_fail(call, "resource_type \"cdk\" is made from CloudFormation: leave format out");
		return;
	}
	if (mcp_model_open_valid(call, &f))
		generate(call, &f, format.len ? resources_format_named(format) : RESOURCES_CLOUDFORMATION);
	model_file_close(&f);
}

/* ---- rows ---- */

#define PARAM_OUTPUT \
	{ .name = "output_dir", .type = MCP_STRING, .description = "A folder of the workspace to write to; without it the text comes back." }

static const struct mcp_param derive_params[] = {
	MCP_PARAM_MODEL, MCP_PARAM_WORKSPACE, PARAM_OUTPUT,
	{ 0 },
};

static const struct mcp_param resources_params[] = {
	MCP_PARAM_MODEL, MCP_PARAM_WORKSPACE,
	{ .name = "dynamodb_data_model_json_file", .type = MCP_STRING, .description = "The model's file; or model." },
	{ .name = "format", .type = MCP_STRING, .names = formats, .description = "What is generated (default cloudformation)." },
	{ .name = "resource_type", .type = MCP_STRING, .names = kinds,
	  .description = "cdk: the CloudFormation template, and the line that includes it in a CDK stack." },
	PARAM_OUTPUT,
	{ .name = "overwrite", .type = MCP_BOOLEAN, .description = "Replace a file that is there and says something else." },
	{ 0 },
};

const struct mcp_tool mcp_resource_tools[] = {
	{ .name = "derive_stream_handlers", .title = "Derive the daemon's settings", .toolset = MCP_DESIGN,
	  .description = "Writes sluice.conf from the model's stream_handlers, with comments that say what each handler keeps true; "
			 "`sluice run -c sluice.conf` runs them. What stands below the line \"" MODEL_DERIVE_YOURS "\" of an existing "
			 "file is kept.",
	  .params = derive_params, .traits = MCP_IDEMPOTENT, .run = run_derive },
	{ .name = "generate_resources", .title = "Generate infrastructure", .toolset = MCP_DESIGN,
	  .description = "The model's tables, the state table and the least-privilege policy of its handlers, for CloudFormation or "
			 "Terraform, or the IAM policy alone.",
	  .params = resources_params, .traits = MCP_IDEMPOTENT | MCP_DESTRUCTIVE, .run = run_resources },
	{ 0 },
};
