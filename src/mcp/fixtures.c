#include "sluice/core/buf.h"
#include "sluice/core/json_write.h"
#include "sluice/core/loop.h"
#include "sluice/mcp/call.h"
#include "sluice/mcp/tables.h"

#include <stdio.h>

/* The tools, prompts and resources whose names and answers the official conformance
 * suite (@modelcontextprotocol/conformance) expects, and a few for the project's tests. */

#define PNG "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNoAAAAggCB2kUIOwAAAABJRU5ErkJggg=="
#define WAV "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQIAAACAgA=="

enum { PAUSE_MS = 50, ANSWER_BYTES = 16 << 10, WAIT_MAX_MS = 600000 };

/* ---- content of every kind ---- */

static void run_simple_text(struct mcp_call *call)
{
	mcp_text(call, STR("This is a simple text response for testing."));
}

static void run_reconnection(struct mcp_call *call)
{
	mcp_text(call, STR("Reconnection test completed successfully"));
}

static void run_image(struct mcp_call *call)
{
	mcp_image(call, STR(PNG), "image/png");
}

static void run_audio(struct mcp_call *call)
{
	mcp_audio(call, STR(WAV), "audio/wav");
}

static void run_embedded(struct mcp_call *call)
{
	mcp_resource_text(call, STR("test://embedded-resource"), "text/plain", STR("This is an embedded resource content."));
}

static void run_mixed(struct mcp_call *call)
{
	mcp_text(call, STR("Multiple content types test:"));
	mcp_image(call, STR(PNG), "image/png");
	mcp_resource_text(call, STR("test://mixed-content-resource"), "application/json", STR("{\"test\":\"data\",\"value\":123}"));
}

static void run_link(struct mcp_call *call)
{
	mcp_resource_link(call, STR("test://static-text"), "static-text", "text/plain");
}

static void run_error(struct mcp_call *call)
{
	mcp_fail(call, "This tool intentionally returns an error for testing");
}

/* ---- meanwhile ---- */

static void run_logging(struct mcp_call *call)
{
	struct loop *loop = mcp_call_loop(call);

	mcp_log(call, MCP_INFO, "Tool execution started");
	if (!task_sleep_ms(loop, PAUSE_MS, NULL))
		return;
	mcp_log(call, MCP_INFO, "Tool processing data");
	if (!task_sleep_ms(loop, PAUSE_MS, NULL))
		return;
	mcp_log(call, MCP_INFO, "Tool execution completed");
	mcp_text(call, STR("Three messages were logged."));
}

static void run_progress(struct mcp_call *call)
{
	for (int done = 0; done <= 100; done += 50) {
		if (done && !task_sleep_ms(mcp_call_loop(call), PAUSE_MS, NULL))
			return;
		mcp_progress(call, done, 100, "%d of 100", done);
	}
	mcp_text(call, STR("Progress was told three times."));
}

/* For tests of cancellation and of many at a time. */
static void run_wait(struct mcp_call *call)
{
	int64_t ms = mcp_arg_int(call, "milliseconds", 0);
	struct err err;

	mcp_log(call, MCP_INFO, "waiting");
	if (!task_sleep_ms(mcp_call_loop(call), ms, &err)) {
		task_shield_begin(mcp_call_loop(call));
		task_sleep_ms(mcp_call_loop(call), PAUSE_MS, NULL);
		task_shield_end(mcp_call_loop(call));
		log_warn(loop_env(mcp_call_loop(call))->log, "fixture.cleaned", LOG_INT("ms", ms));
		mcp_fail_err(call, &err);
		return;
	}
	mcp_textf(call, "waited %lld ms", (long long)ms);
}

/* For tests of the workspace. */
static void run_path(struct mcp_call *call)
{
	struct str real;
	struct err err;

	if (mcp_path_allowed(call, mcp_arg_str(call, "path"), &real, &err))
		mcp_text(call, real);
	else
		mcp_fail_err(call, &err);
}

/* For tests of arguments: gives them back as they were understood. */
static void run_echo(struct mcp_call *call)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	if (node_print_json(mcp_args(call), &out))
		mcp_structured(call, buf_str(&out));
	else
		mcp_fail(call, "the arguments are over 1 MiB");
	buf_release(&out);
}

/* ---- asking the client ---- */

static const struct node *ask(struct mcp_call *call, enum mcp_ask what, struct str params)
{
	struct err err;
	const struct node *answer = mcp_ask(call, "fixture", what, params, &err);

	if (!answer)
		mcp_fail_err(call, &err);
	return answer;
}

/* The argument as a JSON string. */
static void put_string(struct buf *out, struct mcp_call *call, const char *name)
{
	buf_putc(out, '"');
	json_escape(out, mcp_arg_str(call, name));
	buf_putc(out, '"');
}

static void run_sampling(struct mcp_call *call)
{
	const struct node *answer, *text;
	struct buf params;

	buf_init(&params, 1 << 20);
	buf_puts(&params, "{\"messages\":[{\"role\":\"user\",\"content\":{\"type\":\"text\",\"text\":");
	put_string(&params, call, "prompt");
	buf_puts(&params, "}}],\"maxTokens\":100}");
	answer = ask(call, MCP_ASK_SAMPLING, buf_str(&params));
	text = node_get(node_get(answer, STR("content")), STR("text"));
	if (answer)
		mcp_textf(call, "LLM response: %.*s", STR_ARG(text ? text->text : str_of(NULL, 0)));
	buf_release(&params);
}

static void elicit(struct mcp_call *call, const char *begin, struct str params)
{
	const struct node *answer = ask(call, MCP_ASK_ELICITATION, params);
	const struct node *action = node_get(answer, STR("action")), *content = node_get(answer, STR("content"));
	struct buf text;

	if (!answer)
		return;
	buf_init(&text, ANSWER_BYTES);
	if (content)
		node_print_json(content, &text);
	mcp_textf(call, "%s: action=%.*s, content=%.*s", begin, STR_ARG(action ? action->text : str_of(NULL, 0)),
		  STR_ARG(content ? buf_str(&text) : STR("{}")));
	buf_release(&text);
}

static void run_elicitation(struct mcp_call *call)
{
	struct buf params;

	buf_init(&params, 1 << 20);
	buf_puts(&params, "{\"message\":");
	put_string(&params, call, "message");
	buf_puts(&params, ",\"requestedSchema\":{\"type\":\"object\",\"properties\":{"
			  "\"username\":{\"type\":\"string\",\"description\":\"User's response\"},"
			  "\"email\":{\"type\":\"string\",\"description\":\"User's email address\"}},"
			  "\"required\":[\"username\",\"email\"]}}");
	elicit(call, "User response", buf_str(&params));
	buf_release(&params);
}

static void run_defaults(struct mcp_call *call)
{
	elicit(call, "Elicitation completed",
	       STR("{\"message\":\"Please look at these values\",\"requestedSchema\":{\"type\":\"object\",\"properties\":{"
		   "\"name\":{\"type\":\"string\",\"description\":\"A name\",\"default\":\"John Doe\"},"
		   "\"age\":{\"type\":\"integer\",\"description\":\"Years\",\"default\":30},"
		   "\"score\":{\"type\":\"number\",\"description\":\"Points\",\"default\":95.5},"
		   "\"status\":{\"type\":\"string\",\"description\":\"State\",\"enum\":[\"active\",\"inactive\",\"pending\"],"
		   "\"default\":\"active\"},"
		   "\"verified\":{\"type\":\"boolean\",\"description\":\"Checked\",\"default\":true}},\"required\":[]}}"));
}

#define THREE_OPTIONS "[\"option1\",\"option2\",\"option3\"]"
#define THREE_TITLES(word)                                                                           \
	"[{\"const\":\"value1\",\"title\":\"First " word "\"},{\"const\":\"value2\",\"title\":\"Second " word \
	"\"},{\"const\":\"value3\",\"title\":\"Third " word "\"}]"

static void run_enums(struct mcp_call *call)
{
	elicit(call, "Elicitation completed",
	       STR("{\"message\":\"Please choose\",\"requestedSchema\":{\"type\":\"object\",\"properties\":{"
		   "\"untitledSingle\":{\"type\":\"string\",\"enum\":" THREE_OPTIONS "},"
		   "\"titledSingle\":{\"type\":\"string\",\"oneOf\":" THREE_TITLES("Option") "},"
		   "\"legacyEnum\":{\"type\":\"string\",\"enum\":[\"opt1\",\"opt2\",\"opt3\"],"
		   "\"enumNames\":[\"Option One\",\"Option Two\",\"Option Three\"]},"
		   "\"untitledMulti\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"enum\":" THREE_OPTIONS "}},"
		   "\"titledMulti\":{\"type\":\"array\",\"items\":{\"anyOf\":" THREE_TITLES("Choice") "}}},\"required\":[]}}"));
}

/* ---- the tables ---- */

static const struct mcp_param prompt_params[] = {
	{ "prompt", MCP_STRING, "What the client's model is asked.", .flags = MCP_REQUIRED },
	{ 0 },
};

static const struct mcp_param message_params[] = {
	{ "message", MCP_STRING, "What the person is asked.", .flags = MCP_REQUIRED },
	{ 0 },
};

static const struct mcp_param wait_params[] = {
	{ "milliseconds", MCP_INTEGER, "How long.", .flags = MCP_REQUIRED, .max = WAIT_MAX_MS },
	{ 0 },
};

static const struct mcp_param path_params[] = {
	{ "path", MCP_STRING, "A path.", .flags = MCP_REQUIRED },
	{ 0 },
};

static const char *const colours[] = { "red", "green", "blue", NULL };

static const struct mcp_param member_params[] = {
	{ "name", MCP_STRING, "A name.", .flags = MCP_REQUIRED },
	{ "size", MCP_NUMBER, "A size.", .flags = MCP_OPTIONAL },
	{ 0 },
};

static const struct mcp_param echo_params[] = {
	{ "text", MCP_STRING, "Any text.", .flags = MCP_OPTIONAL },
	{ "colour", MCP_STRING, "One of three.", .names = colours },
	{ "count", MCP_INTEGER, "0 to 100.", .max = 100 },
	{ "ratio", MCP_NUMBER, "Any number.", .flags = MCP_OPTIONAL },
	{ "yes", MCP_BOOLEAN, "True or false.", .flags = MCP_OPTIONAL },
	{ "map", MCP_OBJECT, "Any object.", .flags = MCP_OPTIONAL },
	{ "words", MCP_ARRAY, "Texts.", .items = MCP_STRING },
	{ "parts", MCP_ARRAY, "Objects with a name and a size.", .items = MCP_OBJECT, .members = member_params },
	{ 0 },
};

static const char schema_2020_12[] =
	"{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"type\":\"object\","
	"\"$defs\":{\"address\":{\"type\":\"object\",\"properties\":{\"street\":{\"type\":\"string\"},"
	"\"city\":{\"type\":\"string\"}}}},\"properties\":{\"name\":{\"type\":\"string\"},"
	"\"address\":{\"$ref\":\"#/$defs/address\"}},\"additionalProperties\":false}";

#define FIXTURE(tool, does, function, takes) \
	{ .name = tool, .description = does, .params = takes, .traits = MCP_FIXTURE, .toolset = MCP_DESIGN, .run = function }

const struct mcp_tool mcp_fixture_tools[] = {
	FIXTURE("test_simple_text", "Gives a text.", run_simple_text, NULL),
	FIXTURE("test_image_content", "Gives an image.", run_image, NULL),
	FIXTURE("test_audio_content", "Gives a sound.", run_audio, NULL),
	FIXTURE("test_embedded_resource", "Gives a resource.", run_embedded, NULL),
	FIXTURE("test_multiple_content_types", "Gives content of several kinds.", run_mixed, NULL),
	FIXTURE("test_resource_link", "Gives a link.", run_link, NULL),
	FIXTURE("test_tool_with_logging", "Logs three messages.", run_logging, NULL),
	FIXTURE("test_error_handling", "Fails.", run_error, NULL),
	FIXTURE("test_tool_with_progress", "Tells its progress.", run_progress, NULL),
	FIXTURE("test_sampling", "Asks the client's model.", run_sampling, prompt_params),
	FIXTURE("test_elicitation", "Asks the person.", run_elicitation, message_params),
	FIXTURE("test_elicitation_sep1034_defaults", "Asks the person, with defaults.", run_defaults, NULL),
	FIXTURE("test_elicitation_sep1330_enums", "Asks the person to choose.", run_enums, NULL),
	FIXTURE("test_reconnection", "Gives a text.", run_reconnection, NULL),
	FIXTURE("test_wait", "Waits.", run_wait, wait_params),
	FIXTURE("test_path", "Says where a path leads.", run_path, path_params),
	{
		.name = "test_echo",
		.description = "Gives its arguments back.",
		.params = echo_params,
		.output_schema = "{\"type\":\"object\"}",
		.traits = MCP_FIXTURE | MCP_READ_ONLY,
		.toolset = MCP_DESIGN,
		.run = run_echo,
	},
	{
		.name = "json_schema_2020_12_tool",
		.description = "Has a schema with references.",
		.input_schema = schema_2020_12,
		.traits = MCP_FIXTURE,
		.toolset = MCP_DESIGN,
		.run = run_simple_text,
	},
	{ 0 },
};

/* ---- prompts ---- */

static void get_simple(struct mcp_call *call)
{
	mcp_text(call, STR("This is a simple prompt for testing."));
}

static void get_arguments(struct mcp_call *call)
{
	struct str one = mcp_arg_str(call, "arg1"), two = mcp_arg_str(call, "arg2");

	mcp_textf(call, "Prompt with arguments: arg1='%.*s', arg2='%.*s'", STR_ARG(one), STR_ARG(two));
}

static void get_embedded(struct mcp_call *call)
{
	mcp_resource_text(call, mcp_arg_str(call, "resourceUri"), "text/plain", STR("Embedded resource content for testing."));
	mcp_text(call, STR("Please process the embedded resource above."));
}

static void get_image(struct mcp_call *call)
{
	mcp_image(call, STR(PNG), "image/png");
	mcp_text(call, STR("Please analyze the image above."));
}

/* More than a completion may have. */
static void complete_numbers(struct mcp_call *call, struct str typed)
{
	char number[24];

	(void)typed;
	for (int i = 0; i < 150; i++) {
		snprintf(number, sizeof(number), "value-%03d", i);
		mcp_offer(call, str_c(number));
	}
}

static const struct mcp_prompt_argument two_arguments[] = {
	{ "arg1", "The first", true, complete_numbers },
	{ "arg2", "The second", true, NULL },
	{ 0 },
};

static const struct mcp_prompt_argument uri_argument[] = {
	{ "resourceUri", "The resource to embed", true, NULL },
	{ 0 },
};

const struct mcp_prompt mcp_fixture_prompts[] = {
	{ "test_simple_prompt", NULL, "Has no arguments.", NULL, true, get_simple, NULL },
	{ "test_prompt_with_arguments", NULL, "Has two arguments.", two_arguments, true, get_arguments, NULL },
	{ "test_prompt_with_embedded_resource", NULL, "Embeds a resource.", uri_argument, true, get_embedded, NULL },
	{ "test_prompt_with_image", NULL, "Has an image.", NULL, true, get_image, NULL },
	{ 0 },
};

/* ---- resources ---- */

static void read_text(struct mcp_call *call, struct str uri)
{
	mcp_resource_text(call, uri, "text/plain", STR("This is the content of the static text resource."));
}

static void read_binary(struct mcp_call *call, struct str uri)
{
	mcp_resource_blob(call, uri, "image/png", STR(PNG));
}

static void read_template(struct mcp_call *call, struct str uri)
{
	struct str id = mcp_arg_str(call, "id");
	struct json_writer w;
	struct buf text, data;

	buf_init(&text, ANSWER_BYTES);
	buf_init(&data, ANSWER_BYTES);
	buf_putf(&data, "Data for ID: %.*s", STR_ARG(id));
	json_write_init(&w, &text);
	json_begin_object(&w);
	json_member_str(&w, STR("id"), id);
	json_member_bool(&w, STR("templateTest"), true);
	json_member_str(&w, STR("data"), buf_str(&data));
	json_end_object(&w);
	mcp_resource_text(call, uri, "application/json", buf_str(&text));
	buf_release(&data);
	buf_release(&text);
}

static void list_templates(struct mcp_call *call)
{
	mcp_list_resource(call, STR("test://template/1/data"), STR("template-1"), STR("One of the template."), "application/json");
}

static void complete_template(struct mcp_call *call, const char *variable, struct str typed)
{
	(void)variable;
	(void)typed;
	mcp_offer(call, STR("1"));
}

const struct mcp_resource mcp_fixture_resources[] = {
	{ "test://static-text", "static-text", NULL, "A text.", "text/plain", true, read_text, NULL },
	{ "test://static-binary", "static-binary", NULL, "An image.", "image/png", true, read_binary, NULL },
	{ "test://watched-resource", "watched-resource", NULL, "For subscriptions.", "text/plain", true, read_text, NULL },
	{ 0 },
};

const struct mcp_resource_template mcp_fixture_templates[] = {
	{
		.uri_template = "test://template/{id}/data",
		.name = "template",
		.description = "Data by id.",
		.mime_type = "application/json",
		.fixture = true,
		.read = read_template,
		.list = list_templates,
		.complete = complete_template,
	},
	{ 0 },
};
