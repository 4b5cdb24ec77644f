#include "mcp_tools.h"

#include "sluice/app/prompt_file.h"
#include "sluice/app/settings.h"
#include "sluice/model/schema.h"

#include <unistd.h>

enum { TEXT_MAX = 4 << 20, ARGUMENTS_MAX = 4, FILE_MAX_BYTES = 1 << 20 };

#define GUIDE_URI "sluice://guide"

/* ---- prompts ---- */

/* The text of --prompts, or the embedded one; why it is that is told in the log. */
static void read_prompt(struct mcp_call *call, const struct prompt *p, struct buf *out)
{
	struct err err;

	if (!prompt_read(mcp_call_options(call)->prompts, p, out, &err))
		mcp_log(call, MCP_WARNING, "%s", err.text);
}

static void run_guide(struct mcp_call *call)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	read_prompt(call, &prompts[0], &text);
	mcp_text(call, buf_str(&text));
	buf_release(&text);
}

static void get_prompt(struct mcp_call *call)
{
	const struct prompt *p = prompt_named(str_c(mcp_call_data(call)));
	struct str values[ARGUMENTS_MAX] = { { NULL, 0 } };
	struct buf text;

	buf_init(&text, TEXT_MAX);
	read_prompt(call, p, &text);
	for (size_t i = 0; p->arguments[i].name && i < ARGUMENTS_MAX; i++)
		values[i] = mcp_arg_str(call, p->arguments[i].name);
	if (prompt_put_given(p, values, &text))
		mcp_text(call, buf_str(&text));
	else
		mcp_fail(call, "what was given with the prompt is more than %d bytes", TEXT_MAX);
	buf_release(&text);
}

static void offer_folders(struct mcp_call *call, struct str typed)
{
	const struct str *roots;
	size_t n;

	(void)typed;
	if (mcp_roots(call, &roots, &n, NULL))
		for (size_t i = 0; i < n; i++)
			mcp_offer(call, roots[i]);
}

static void offer_models(struct mcp_call *call, struct str typed)
{
	const struct str *roots;
	size_t n;

	(void)typed;
	if (!mcp_roots(call, &roots, &n, NULL))
		return;
	for (size_t i = 0; i < n; i++) {
		struct str path = arena_putf(mcp_call_arena(call), "%.*s/" MODEL_FILE, STR_ARG(roots[i]));

		if (path.ptr && access(path.ptr, R_OK) == 0)
			mcp_offer(call, path);
	}
}

static void offer_topics(struct mcp_call *call, struct str typed)
{
	static const char *const topics[] = { "keys", "indexes", "cost", "handlers", "operation", NULL };

	(void)typed;
	for (size_t i = 0; topics[i]; i++)
		mcp_offer(call, str_c(topics[i]));
}

/* The same arguments as in model/prompts.c, with what can be offered for them. */
static const struct mcp_prompt_argument modeling_arguments[] = {
	{ .name = "application", .description = "What the application is for, in a sentence or two." },
	{ .name = "workspace_dir", .complete = offer_folders,
	  .description = "The folder that holds, or shall hold, the requirements and the model." },
	{ 0 },
};

static const struct mcp_prompt_argument review_arguments[] = {
	{ .name = "model", .complete = offer_models,
	  .description = "The model's file or its folder. Default: dynamodb_data_model.json where you are." },
	{ .name = "focus", .complete = offer_topics,
	  .description = "What to look at first: keys, indexes, cost, handlers, operation." },
	{ 0 },
};

static const struct mcp_prompt_argument handlers_arguments[] = {
	{ .name = "model", .complete = offer_models,
	  .description = "The model's file or its folder. Default: dynamodb_data_model.json where you are." },
	{ .name = "need", .description = "What shall follow from a change: who is told, what is counted, copied or searched." },
	{ 0 },
};

const struct mcp_prompt mcp_guide_prompts[] = {
	{ .name = "dynamodb-data-modeling", .title = "Design a DynamoDB data model", .arguments = modeling_arguments,
	  .description = "The expert guide: from access patterns to a DynamoDB data model that has been run and priced.",
	  .get = get_prompt, .data = "dynamodb-data-modeling" },
	{ .name = "review-model", .title = "Review a DynamoDB data model", .arguments = review_arguments,
	  .description = "Judge a DynamoDB data model that exists: what breaks, what is dear, what is missing.",
	  .get = get_prompt, .data = "review-model" },
	{ .name = "design-stream-handlers", .title = "Design stream handlers", .arguments = handlers_arguments,
	  .description = "Derive notifications, counters, views and searches from a table's stream, with guarantees and cost.",
	  .get = get_prompt, .data = "design-stream-handlers" },
	{ 0 },
};

/* ---- resources ---- */

static void read_guide(struct mcp_call *call, struct str uri)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	read_prompt(call, &prompts[0], &text);
	mcp_resource_text(call, uri, "text/markdown", buf_str(&text));
	buf_release(&text);
}

static void read_schema(struct mcp_call *call, struct str uri)
{
	mcp_resource_text(call, uri, "application/schema+json", model_schema());
}

/* What conf/README.md has of them: what all kinds take, then each kind. */
static void read_handlers(struct mcp_call *call, struct str uri)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	buf_puts(&text, "# Stream handlers\n\n## What all kinds take\n\n");
	settings_print_section(&settings_all_kinds, STR("handlers"), &text);
	for (size_t i = 0; handler_kinds[i]; i++) {
		struct str section = arena_putf(mcp_call_arena(call), "handlers.%s", handler_kinds[i]->kind);

		buf_putf(&text, "\n## %s\n\n", handler_kinds[i]->kind);
		settings_print_section(&settings_all_kinds, section, &text);
	}
	mcp_resource_text(call, uri, "text/markdown", buf_str(&text));
	buf_release(&text);
}

#define EMBED(name, path)                                    \
	__asm__(".section .rodata\n"                         \
		".global example_" #name "_begin\n"          \
		".global example_" #name "_end\n"            \
		"example_" #name "_begin:\n"                 \
		".incbin \"" path "\"\n"                     \
		"example_" #name "_end:\n"                   \
		".byte 0\n"                                  \
		".previous\n");                              \
	extern const char example_##name##_begin[], example_##name##_end[]

EMBED(deals, "conf/examples/deals.json");
EMBED(photos, "conf/examples/photos.json");

static void read_deals(struct mcp_call *call, struct str uri)
{
	mcp_resource_text(call, uri, "application/json",
			  str_of(example_deals_begin, (size_t)(example_deals_end - example_deals_begin)));
}

static void read_photos(struct mcp_call *call, struct str uri)
{
	mcp_resource_text(call, uri, "application/json",
			  str_of(example_photos_begin, (size_t)(example_photos_end - example_photos_begin)));
}

const struct mcp_resource mcp_guide_resources[] = {
	{ .uri = GUIDE_URI, .name = "guide", .title = "DynamoDB data modeling guide", .mime_type = "text/markdown",
	  .description = "How to design a DynamoDB data model: the whole guide.", .read = read_guide },
	{ .uri = "sluice://schema/data-model", .name = "data-model-schema", .title = "Schema of a data model",
	  .mime_type = "application/schema+json", .description = "The JSON schema of dynamodb_data_model.json.",
	  .read = read_schema },
	{ .uri = "sluice://handlers", .name = "handlers", .title = "Stream handlers and their settings",
	  .mime_type = "text/markdown", .description = "All settings of stream handlers, kind by kind.", .read = read_handlers },
	{ .uri = "sluice://examples/deals", .name = "example-deals", .title = "Example: a deals app", .mime_type = "application/json",
	  .description = "A data model with fan-out, counters and a search index; ten tables.", .read = read_deals },
	{ .uri = "sluice://examples/photos", .name = "example-photos", .title = "Example: a photo app",
	  .mime_type = "application/json", .description = "A data model in a single table, with counters and a feed.",
	  .read = read_photos },
	{ 0 },
};

/* ---- chapters ---- */

static struct prompt_chapter *chapters(struct mcp_call *call, struct buf *text, size_t *n)
{
	read_prompt(call, &prompts[0], text);
	return prompt_chapters(buf_str(text), mcp_call_arena(call), n);
}

static void read_chapter(struct mcp_call *call, struct str uri)
{
	struct str wanted = mcp_arg_str(call, "chapter");
	struct prompt_chapter *list;
	bool found = false;
	struct buf text;
	size_t n = 0;

	buf_init(&text, TEXT_MAX);
	list = chapters(call, &text, &n);
	for (size_t i = 0; list && i < n && !found; i++) {
		found = str_eq(list[i].slug, wanted);
		if (found)
			mcp_resource_text(call, uri, "text/markdown", list[i].text);
	}
	if (!found)
		mcp_fail(call, "the guide has no chapter \"%.*s\": resources/list names them", STR_ARG(str_sub(wanted, 0, 80)));
	buf_release(&text);
}

static void list_chapters(struct mcp_call *call)
{
	struct prompt_chapter *list;
	struct buf text;
	size_t n = 0;

	buf_init(&text, TEXT_MAX);
	list = chapters(call, &text, &n);
	for (size_t i = 0; list && i < n; i++)
		mcp_list_resource(call, arena_putf(mcp_call_arena(call), GUIDE_URI "/%.*s", STR_ARG(list[i].slug)),
				  arena_putf(mcp_call_arena(call), "guide: %.*s", STR_ARG(list[i].title)), STR("A chapter of the guide."),
				  "text/markdown");
	buf_release(&text);
}

static void complete_chapter(struct mcp_call *call, const char *variable, struct str typed)
{
	struct prompt_chapter *list;
	struct buf text;
	size_t n = 0;

	(void)variable;
	(void)typed;
	buf_init(&text, TEXT_MAX);
	list = chapters(call, &text, &n);
	for (size_t i = 0; list && i < n; i++)
		mcp_offer(call, list[i].slug);
	buf_release(&text);
}

/* ---- a person's own files ---- */

static const struct {
	const char *name, *about, *mime_type;
} own_files[] = {
	{ "dynamodb_requirements.md", "What is required of the data model.", "text/markdown" },
	{ "dynamodb_requirement.md", "What is required of the data model.", "text/markdown" },
	{ MODEL_REPORT, "The data model, explained.", "text/markdown" },
	{ MODEL_FILE, "The data model.", "application/json" },
	{ "sluice.conf", "The daemon's settings.", "text/plain" },
};

enum { OWN_FILES = sizeof(own_files) / sizeof(*own_files) };

static const char *type_of(struct str path)
{
	for (size_t i = 0; i < OWN_FILES; i++)
		if (str_ends(path, str_c(own_files[i].name)) &&
		    (path.len == strlen(own_files[i].name) || path.ptr[path.len - strlen(own_files[i].name) - 1] == '/'))
			return own_files[i].mime_type;
	return NULL;
}

static void read_own(struct mcp_call *call, struct str uri)
{
	struct str asked = mcp_arg_str(call, "path"), path;
	const char *type = type_of(asked);
	struct buf text;
	struct err err;
	bool there;

	if (!type) {
		mcp_fail(call, "only the files of a data model can be read: " MODEL_FILE ", " MODEL_REPORT
			 ", dynamodb_requirements.md, sluice.conf");
		return;
	}
	if (!mcp_path_allowed(call, asked, &path, &err)) {
		mcp_fail_err(call, &err);
		return;
	}
	buf_init(&text, FILE_MAX_BYTES);
	if (mcp_file_read(call, path, &text, &there)) {
		if (there)
			mcp_resource_text(call, uri, type, buf_str(&text));
		else
			mcp_fail(call, "there is no %.*s", STR_ARG(path));
	}
	buf_release(&text);
}

static void list_own(struct mcp_call *call)
{
	struct arena *a = mcp_call_arena(call);
	const struct str *roots;
	size_t n;

	if (!mcp_roots(call, &roots, &n, NULL))
		return;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < OWN_FILES; k++) {
			struct str path = arena_putf(a, "%.*s/%s", STR_ARG(roots[i]), own_files[k].name);

			if (path.ptr && access(path.ptr, R_OK) == 0)
				mcp_list_resource(call, arena_putf(a, "sluice://workspace/%.*s", STR_ARG(path)), str_c(own_files[k].name),
						  str_c(own_files[k].about), own_files[k].mime_type);
		}
	}
}

const struct mcp_resource_template mcp_guide_templates[] = {
	{ .uri_template = GUIDE_URI "/{chapter}", .name = "guide-chapter", .title = "A chapter of the guide",
	  .description = "One chapter of the data modeling guide.", .mime_type = "text/markdown",
	  .read = read_chapter, .list = list_chapters, .complete = complete_chapter },
	{ .uri_template = "sluice://workspace/{+path}", .name = "workspace-file", .title = "A file of the data model",
	  .description = "The requirements, the model and the settings in the workspace.",
	  .read = read_own, .list = list_own },
	{ 0 },
};

/* ---- tools ---- */

static void run_schema(struct mcp_call *call)
{
	mcp_text(call, model_schema());
	mcp_textf(call, "A filled example is the resource sluice://examples/photos, and in short:\n"
		  "{\"tables\":[{\"TableName\":\"Orders\",\"AttributeDefinitions\":[{\"AttributeName\":\"order_id\",\"AttributeType\":\"S\"}],"
		  "\"KeySchema\":[{\"AttributeName\":\"order_id\",\"KeyType\":\"HASH\"}],\"BillingMode\":\"PAY_PER_REQUEST\"}],"
		  "\"items\":{\"Orders\":[{\"PutRequest\":{\"Item\":{\"order_id\":{\"S\":\"o-1\"}}}}]},"
		  "\"access_patterns\":[{\"pattern\":\"1\",\"description\":\"An order by its id\",\"table\":\"Orders\","
		  "\"dynamodb_operation\":\"GetItem\",\"implementation\":\"aws dynamodb get-item --table-name Orders --key "
		  "'{\\\"order_id\\\":{\\\"S\\\":\\\"o-1\\\"}}'\",\"expect\":{\"count\":1},\"rps\":{\"average\":10,\"peak\":50}}],"
		  "\"sizing\":{\"Orders\":{\"item_size_bytes\":600,\"item_count\":1000000}}}");
}

const struct mcp_tool mcp_guide_tools[] = {
	{ .name = "dynamodb_data_modeling", .title = "DynamoDB data modeling guide", .toolset = MCP_DESIGN,
	  .description = "The expert guide for DynamoDB data modeling: how to find out what is needed, how to design tables, indexes "
			 "and stream handlers for it, and which files to write. Call this whenever the user wants to design or change "
			 "a DynamoDB data model, before anything else, and follow it.",
	  .traits = MCP_READ_ONLY | MCP_IDEMPOTENT | MCP_LARGE, .run = run_guide },
	{ .name = "dynamodb_data_model_schema", .title = "Schema of a data model", .toolset = MCP_DESIGN,
	  .description = "The JSON schema of dynamodb_data_model.json, the document that holds a DynamoDB data model, and a filled "
			 "example. Read it before writing one.",
	  .traits = MCP_READ_ONLY | MCP_IDEMPOTENT | MCP_LARGE, .run = run_schema },
	{ 0 },
};
