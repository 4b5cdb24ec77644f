#include "mcp_tools.h"

#include "sluice/app/model_live.h"
#include "sluice/app/model_local.h"
#include "sluice/core/json_write.h"

enum {
	RESULT_MAX = 4 << 20, REPORT_MAX = 64 << 20,
	FINDINGS_SHOWN = 6 * 1024,      /* of the result */
	FAILURES_SHOWN = 6 * 1024,
	DIFFERENCES_SHOWN = 3,          /* of each pattern or handler */
	LOOK_MS = 20,                   /* between looks at a service that starts */
};

#define REPORT_NAME "dynamodb_model_validation.json"

struct validating {
	struct mcp_call *call;
	struct model_file file;
	struct model_local local;
	struct arena arena;
	struct model_live_result result;
	bool tried, whole;
	struct err err;                  /* why it was not tried, or not to its end */
	struct event never;              /* the site's stop; the call's own cancellation is heard without it */
};

/* ---- on an endpoint ---- */

static void show_progress(void *ctx, const struct model_live_progress *p)
{
	static const struct {
		const char *phase;
		double at, share;            /* of 100 */
	} phases[] = { { "tables", 0, 15 }, { "items", 15, 5 }, { "handlers", 20, 50 }, { "patterns", 70, 25 }, { "clean up", 95, 5 } };
	struct validating *v = ctx;

	for (size_t i = 0; i < sizeof(phases) / sizeof(*phases); i++)
		if (strcmp(phases[i].phase, p->phase) == 0)
			mcp_progress(v->call, phases[i].at + phases[i].share * (p->total ? (double)p->done / (double)p->total : 0), 100,
				     "%s %zu of %zu %.*s", p->phase, p->done, p->total, STR_ARG(str_sub(p->what, 0, 60)));
}

static bool try_on(struct validating *v)
{
	struct model_site_options options;
	const struct model_live_options live = { .progress = show_progress, .ctx = v };
	struct model_site site;

	if (!mcp_site_of(v->call, v->local.endpoint[0] ? v->local.endpoint : NULL, &options, &v->err))
		return false;
	event_init(&v->never, mcp_call_loop(v->call));
	if (model_site_open(&site, &options, mcp_call_loop(v->call), &v->never, &v->err)) {
		v->tried = true;
		v->whole = model_live_run(&site, &v->file.model, &live, &v->result, &v->arena, &v->err);
	}
	model_site_close(&site);
	return v->whole;
}

/* Some seconds, in which the call may be cancelled. */
static bool start_local(struct validating *v)
{
	enum model_local_state state = MODEL_LOCAL_FAILED;

	if (model_local_begin(&v->local, &v->err))
		while ((state = model_local_look(&v->local, &v->err)) == MODEL_LOCAL_STARTING)
			if (!task_sleep_ms(mcp_call_loop(v->call), LOOK_MS, &v->err))
				break;
	return state == MODEL_LOCAL_STARTED;
}

static void stop_local(void *arg)
{
	struct validating *v = arg;

	model_local_stop(&v->local);
}

static void try_locally(struct validating *v)
{
	struct loop *loop = mcp_call_loop(v->call);

	mcp_progress(v->call, 0, 100, "starting DynamoDB Local");
	if (start_local(v))
		try_on(v);
	task_offload(loop, stop_local, v);
}

/* ---- the result ---- */

static void write_sums(const struct model_outcomes *o, const char *name, struct json_writer *w)
{
	json_key(w, str_c(name));
	json_begin_object(w);
	json_member_int(w, STR("passed"), (int64_t)o->passed);
	json_member_int(w, STR("failed"), (int64_t)o->failed);
	json_member_int(w, STR("not_checked"), (int64_t)o->not_checked);
	json_end_object(w);
}

static void write_outcome(const struct model_outcome *o, struct str name, const char *what, struct json_writer *w)
{
	size_t shown = 0;

	json_begin_object(w);
	json_member_str(w, str_c(what), name);
	json_member_str(w, STR("verdict"), str_c(model_verdict_name(o->verdict)));
	if (o->reason.len)
		json_member_str(w, STR("reason"), o->reason);
	if (o->differences.first) {
		json_key(w, STR("differences"));
		json_begin_array(w);
		for (const struct expect_difference *d = o->differences.first; d && shown < DIFFERENCES_SHOWN; d = d->next, shown++)
			json_str(w, d->text);
		json_end_array(w);
	}
	json_end_object(w);
}

/* Failed ones first, then those that were not checked, as many as fit. */
static void write_outcomes(const struct validating *v, struct json_writer *w)
{
	static const enum model_verdict order[] = { MODEL_FAILED, MODEL_NOT_CHECKED };
	const struct model *m = &v->file.model;
	size_t begin = w->out->len, left_out = 0;

	json_key(w, STR("not_passed"));
	json_begin_array(w);
	for (size_t k = 0; k < 2; k++) {
		for (size_t i = 0; i < m->n_patterns + m->n_handlers; i++) {
			bool handler = i >= m->n_patterns;
			const struct model_outcome *o = handler ? &v->result.handlers[i - m->n_patterns] : &v->result.patterns[i];

			if (o->verdict != order[k])
				continue;
			if (w->out->len - begin > FAILURES_SHOWN)
				left_out++;
			else
				write_outcome(o, handler ? m->handlers[i - m->n_patterns].name : m->patterns[i].id,
					      handler ? "handler" : "pattern", w);
		}
	}
	json_end_array(w);
	if (left_out)
		json_member_int(w, STR("not_passed_left_out"), (int64_t)left_out);
}

static void write_live(const struct validating *v, struct json_writer *w)
{
	json_key(w, STR("live"));
	json_begin_object(w);
	json_member_str(w, STR("endpoint"), v->result.endpoint);
	if (v->err.class)
		json_member_str(w, STR("error"), str_c(v->err.text));
	if (v->result.patterns && v->result.handlers) {
		write_sums(&v->result.pattern_sums, "patterns", w);
		write_sums(&v->result.handler_sums, "handlers", w);
		write_outcomes(v, w);
	}
	json_end_object(w);
}

static bool passed(const struct validating *v)
{
	return !v->file.findings.errors && !v->err.class && !v->result.pattern_sums.failed && !v->result.handler_sums.failed &&
	       !v->result.n_left;
}

static const char *not_run(const struct validating *v)
{
	if (v->file.findings.errors)
		return "not run: mend the errors first";
	return v->err.class ? v->err.text : "not run: give endpoint, or start_local: true";
}

static void give(const struct validating *v)
{
	const struct model *m = &v->file.model;
	struct json_writer w;
	struct buf out;

	buf_init(&out, RESULT_MAX);
	json_write_init(&w, &out);
	json_begin_object(&w);
	json_member_bool(&w, STR("ok"), passed(v));
	json_member_int(&w, STR("tables"), (int64_t)m->n_tables);
	json_member_int(&w, STR("access_patterns"), (int64_t)m->n_patterns);
	json_member_int(&w, STR("handlers"), (int64_t)m->n_handlers);
	json_member_int(&w, STR("errors"), (int64_t)v->file.findings.errors);
	json_member_int(&w, STR("warnings"), (int64_t)v->file.findings.warnings);
	mcp_write_findings(&v->file.findings, FINDINGS_SHOWN, &w);
	if (v->tried)
		write_live(v, &w);
	else
		json_member_str(&w, STR("live_not_run"), str_c(not_run(v)));
	json_end_object(&w);
	mcp_structured(v->call, buf_str(&out));
	buf_release(&out);
}

/* Beside the model's file, for other tools; one of somebody else is left alone. */
static void write_report(const struct validating *v)
{
	struct str path;
	struct buf old, out;
	bool there;

	if (!v->tried || mcp_arg(v->call, "model"))
		return;
	buf_init(&old, REPORT_MAX);
	buf_init(&out, REPORT_MAX);
	if (mcp_file_at(v->call, mcp_arg_str(v->call, "workspace_dir"), REPORT_NAME, &path) &&
	    mcp_file_read(v->call, path, &old, &there) &&
	    (!there || str_starts(str_trim(buf_str(&old)), STR("{\"validated_by\":\"" MODEL_LIVE_WRITER "\""))) &&
	    model_live_write_file(&v->result, &v->file.model, &out))
		mcp_file_write(v->call, path, buf_str(&out), true);
	buf_release(&old);
	buf_release(&out);
}

/* Where --tables names the only tables to touch, those of a trial, which have names of their own, are made on this
 * machine alone. */
static bool arguments_fit(struct mcp_call *call)
{
	struct str endpoint = mcp_arg_str(call, "endpoint");

	if (endpoint.len && mcp_arg_bool(call, "start_local", false))
		mcp_fail(call, "give endpoint or start_local, not both");
	else if (endpoint.len && mcp_call_options(call)->n_tables && !model_site_is_loopback(endpoint))
		mcp_fail(call, "this server may touch only the tables in its --tables, and a trial makes tables of its own: give an "
			 "endpoint on this machine (http://127.0.0.1:8000), or start_local");
	return !mcp_failed(call);
}

static void validate(struct validating *v)
{
	if (!v->file.findings.errors && mcp_arg_bool(v->call, "start_local", false))
		try_locally(v);
	else if (!v->file.findings.errors && mcp_arg(v->call, "endpoint"))
		try_on(v);
	if (v->err.class == ERR_CANCELLED || (v->err.class && !v->tried)) {
		mcp_fail_err(v->call, &v->err);
		return;
	}
	write_report(v);
	give(v);
}

static void run_validation(struct mcp_call *call)
{
	struct validating *v = arena_alloc(mcp_call_arena(call), sizeof(*v));

	if (!v) {
		mcp_fail(call, "there is no memory left for this call");
		return;
	}
	v->call = call;
	arena_init(&v->arena, MODEL_LIVE_BYTES);
	if (arguments_fit(call) && mcp_model_open(call, &v->file))
		validate(v);
	model_file_close(&v->file);
	arena_release(&v->arena);
}

static const struct mcp_param validation_params[] = {
	MCP_PARAM_MODEL, MCP_PARAM_WORKSPACE,
	{ .name = "endpoint", .type = MCP_STRING,
	  .description = "DynamoDB Local to try it on, as http://127.0.0.1:8000: tables are made there, everything is run, all is "
			 "dropped again." },
	{ .name = "start_local", .type = MCP_BOOLEAN, .description = "Start DynamoDB Local for it, and stop it in the end." },
	{ .name = "yes_create_tables", .type = MCP_BOOLEAN, .description = "The endpoint is not this machine, and that is meant." },
	{ 0 },
};

const struct mcp_tool mcp_validation_tools[] = {
	{ .name = "dynamodb_data_model_validation", .title = "Validate a data model", .toolset = MCP_DESIGN,
	  .description = "Checks a data model and gives the verdict: all mistakes with their place and what to do; with endpoint or "
			 "start_local also runs every access pattern and stream handler and compares with what is expected. Call it "
			 "after every change of the model, until ok is true.",
	  .params = validation_params, .traits = MCP_OPEN_WORLD, .run = run_validation,
	  .output_schema = "{\"type\":\"object\",\"properties\":{\"ok\":{\"type\":\"boolean\"},\"errors\":{\"type\":\"integer\"},"
			   "\"warnings\":{\"type\":\"integer\"},\"findings\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}},"
			   "\"live\":{\"type\":\"object\"},\"live_not_run\":{\"type\":\"string\"}},\"required\":[\"ok\"]}" },
	{ 0 },
};
