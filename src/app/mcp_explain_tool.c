#include "mcp_tools.h"

#include "sluice/app/explain.h"

static void run_explain(struct mcp_call *call)
{
	const struct explain_input in = { .record = mcp_arg(call, "record"), .filter = mcp_arg(call, "filter"),
					  .message = mcp_arg_str(call, "template") };
	struct buf out;
	struct err err;

	buf_init(&out, MCP_OBJECT_MAX_BYTES);
	if (explain_record(&in, &out, &err))
		mcp_structured(call, buf_str(&out));
	else
		mcp_fail_err(call, &err);
	buf_release(&out);
}

static const struct mcp_param explain_params[] = {
	{ .name = "record", .type = MCP_OBJECT, .flags = MCP_REQUIRED,
	  .description = "A stream record, as get_stream_records or a Lambda function shows it: {\"eventName\": \"MODIFY\", "
			 "\"dynamodb\": {\"Keys\": {...}, \"NewImage\": {...}, \"OldImage\": {...}}}." },
	{ .name = "filter", .type = MCP_OBJECT,
	  .description = "A handler's filter, an event pattern: {\"eventName\": [\"INSERT\"]}. All records match without it." },
	{ .name = "template", .type = MCP_STRING,
	  .description = "A handler's message: \"${new.title}\", or a JSON object whose strings are templates." },
	{ 0 },
};

const struct mcp_tool mcp_explain_tools[] = {
	{ .name = "explain_stream_record", .title = "Explain a stream record", .toolset = MCP_DESIGN,
	  .description = "Tries a stream handler's filter and template on one stream record: would it match, condition by "
			 "condition, and what would be sent. Call it while you write stream_handlers.",
	  .params = explain_params, .traits = MCP_READ_ONLY | MCP_IDEMPOTENT,
	  .output_schema = "{\"type\":\"object\",\"properties\":{\"matches\":{\"type\":\"boolean\"},\"conditions\":{\"type\":\"array\","
			   "\"items\":{\"type\":\"object\"}},\"not_sent\":{\"type\":\"string\"},\"notes\":{\"type\":\"array\",\"items\":"
			   "{\"type\":\"string\"}}},\"required\":[\"matches\"]}",
	  .run = run_explain },
	{ 0 },
};
