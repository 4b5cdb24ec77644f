/* mcp_tools: what the design tools of `sluice mcp` share: the model that they are about, and
 * the files of the workspace. Known to src/app only.
 */
#ifndef SLUICE_APP_MCP_TOOLS_H
#define SLUICE_APP_MCP_TOOLS_H

#include "sluice/app/mcp_site.h"
#include "sluice/app/model_file.h"
#include "sluice/mcp/call.h"
#include "sluice/mcp/resource.h"
#include "sluice/mcp/tool.h"

#define MODEL_FILE "dynamodb_data_model.json"
#define MODEL_REPORT "dynamodb_data_model.md"

/* The guide and the schema; what people choose, and what can be read. */
extern const struct mcp_tool mcp_guide_tools[];
extern const struct mcp_prompt mcp_guide_prompts[];
extern const struct mcp_resource mcp_guide_resources[];
extern const struct mcp_resource_template mcp_guide_templates[];

extern const struct mcp_tool mcp_validation_tools[], mcp_cost_tools[], mcp_resource_tools[], mcp_deploy_tools[], mcp_explain_tools[];

/* ---- files ---- */

/* folder/name, looked up in the workspace: in the call's memory, NUL-terminated. folder may be
 * empty (the first root). False: the call has failed. */
bool mcp_file_at(struct mcp_call *call, struct str folder, const char *name, struct str *path);

/* Appends the file's content; its cap is the limit. A symlink put there meanwhile, a folder or a device is refused.
 * *there false (and true returned) when there is none. False: the call has failed. */
bool mcp_file_read(struct mcp_call *call, struct str path, struct buf *out, bool *there);

/* Puts the text there. One that is there and says something else is only replaced with `overwrite`. False: the
 * call has failed. */
bool mcp_file_write(struct mcp_call *call, struct str path, struct str text, bool overwrite);

/* ---- an endpoint ---- */

/* The arguments endpoint (else --endpoint-url) and yes_create_tables: tables may be made on this machine, elsewhere where the server may write
 * and the call says so. False with err. Texts are in the call's memory. */
bool mcp_site_of(struct mcp_call *call, const char *endpoint, struct model_site_options *options, struct err *err);

/* ---- the model ---- */

#define MCP_PARAM_MODEL \
	{ .name = "model", .type = MCP_OBJECT, \
	  .description = "The data model itself, a document as dynamodb_data_model_schema shows; or workspace_dir." }
#define MCP_PARAM_WORKSPACE \
	{ .name = "workspace_dir", .type = MCP_STRING, \
	  .description = "The folder with dynamodb_data_model.json, inside the workspace; or model." }

/* Opens the model of the arguments `model`, `dynamodb_data_model_json_file` or `workspace_dir`; with neither,
 * the workspace's. Close it all the same. False: the call has failed. */
bool mcp_model_open(struct mcp_call *call, struct model_file *f);

/* As above; with errors in it the call fails with them. */
bool mcp_model_open_valid(struct mcp_call *call, struct model_file *f);

/* {"findings": […]} as many as fit into that many bytes, errors first; the number left out
 * as findings_left_out. Members of the object that `w` is in. */
struct json_writer;
void mcp_write_findings(const struct findings_list *findings, size_t bytes, struct json_writer *w);

#endif
