#include "mcp_tools.h"

#include "sluice/core/json_write.h"

#define INLINE "model"

enum { INLINE_MAX = 16 << 20, FINDING_MAX = 8192 };

static bool fail_err(struct mcp_call *call, const struct err *err)
{
	mcp_fail_err(call, err);
	return false;
}

/* As text again, so that it is read as a file's would be. */
static bool open_inline(struct mcp_call *call, const struct node *model, struct model_file *f)
{
	struct err err;
	struct buf text;
	bool ok;

	buf_init(&text, INLINE_MAX);
	ok = node_print_json(model, &text) || err_set(&err, ERR_DATA, "file.size", "the model is larger than %d bytes", INLINE_MAX);
	ok = ok && model_file_open_text(f, buf_str(&text), INLINE, &err);
	buf_release(&text);
	return ok || fail_err(call, &err);
}

static bool open_file(struct mcp_call *call, struct str path, struct model_file *f)
{
	struct err err;
	struct buf text;
	bool there, ok;

	buf_init(&text, MODEL_MAX_BYTES);
	ok = mcp_file_read(call, path, &text, &there);
	if (ok && !there) {
		mcp_fail(call, "there is no %.*s: give the folder that has a " MODEL_FILE " as workspace_dir, or the model itself",
			 STR_ARG(path));
		ok = false;
	}
	if (ok && !model_file_open_text(f, buf_str(&text), path.ptr, &err))
		ok = fail_err(call, &err);
	buf_release(&text);
	return ok;
}

bool mcp_model_open(struct mcp_call *call, struct model_file *f)
{
	const struct node *model = mcp_arg(call, "model");
	struct str file = mcp_arg_str(call, "dynamodb_data_model_json_file"), path;

	*f = (struct model_file){ .parsed = false };
	if (model)
		return open_inline(call, model, f);
	if (file.len) {
		struct err err;

		return mcp_path_allowed(call, file, &path, &err) ? open_file(call, path, f) : fail_err(call, &err);
	}
	return mcp_file_at(call, mcp_arg_str(call, "workspace_dir"), MODEL_FILE, &path) && open_file(call, path, f);
}

bool mcp_model_open_valid(struct mcp_call *call, struct model_file *f)
{
	struct buf text;

	if (!mcp_model_open(call, f))
		return false;
	if (f->findings.errors == 0)
		return true;
	buf_init(&text, MCP_OBJECT_MAX_BYTES);
	findings_list_print(&f->findings, &text);
	mcp_fail(call, "the model has errors; mend them first (dynamodb_data_model_validation):\n%.*s", STR_ARG(buf_str(&text)));
	buf_release(&text);
	return false;
}

/* ---- findings in a result ---- */

/* A model that came as an argument has no lines. */
static void write_finding(const struct model_finding *f, bool lines, struct json_writer *w)
{
	json_begin_object(w);
	json_member_str(w, STR("code"), str_c(f->code));
	json_member_str(w, STR("severity"), str_c(finding_severity_name(f->severity)));
	json_member_str(w, STR("path"), f->path);
	if (f->line && lines)
		json_member_int(w, STR("line"), f->line);
	json_member_str(w, STR("text"), f->text);
	if (f->fix.len)
		json_member_str(w, STR("fix"), f->fix);
	json_end_object(w);
}

/* False: it would not fit any more. */
static bool add_finding(const struct model_finding *f, bool lines, size_t begin, size_t bytes, struct json_writer *w)
{
	struct json_writer one;
	struct buf text;
	bool fits;

	buf_init(&text, FINDING_MAX);
	json_write_init(&one, &text);
	write_finding(f, lines, &one);
	fits = buf_ok(&text) && w->out->len - begin + text.len <= bytes;
	if (fits)
		json_raw(w, buf_str(&text));
	buf_release(&text);
	return fits;
}

void mcp_write_findings(const struct findings_list *findings, size_t bytes, struct json_writer *w)
{
	size_t begin = w->out->len, written = 0;
	bool fits = true, lines = findings->file && strcmp(findings->file, INLINE) != 0;

	json_key(w, STR("findings"));
	json_begin_array(w);
	for (int severity = FINDING_ERROR; fits && severity <= FINDING_HINT; severity++)
		for (const struct model_finding *f = findings->first; fits && f; f = f->next)
			if ((int)f->severity == severity && (fits = add_finding(f, lines, begin, bytes, w)))
				written++;
	json_end_array(w);
	if (written < findings->count)
		json_member_int(w, STR("findings_left_out"), (int64_t)(findings->count - written));
}
