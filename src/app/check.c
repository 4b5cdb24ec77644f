#include "sluice/app/check_aws.h"
#include "sluice/app/command.h"
#include "sluice/app/settings.h"
#include "sluice/core/json_write.h"

#include <stdio.h>

enum { OUTPUT_MAX = 4 << 20 };

/* --- for people ---------------------------------------------------------- */

static void print_handler(const struct settings_handler *h, struct buf *out)
{
	const struct node *table = node_get(h->node, STR("table"));

	const char *address = h->sink ? h->sink->ops->address : NULL;
	const struct node *place = address ? node_get(h->node, str_c(address)) : NULL;

	buf_putf(out, "  %-8s %-24.*s", h->ops->kind, STR_ARG(h->name));
	if (h->sink)
		buf_putf(out, " -> %.*s (%s)", STR_ARG(h->sink->name), h->sink->ops->kind);
	if (place)
		buf_putf(out, " %s %.*s", address, STR_ARG(place->text));
	else if (table && !h->sink)
		buf_putf(out, " -> table %.*s", STR_ARG(table->text));
	if (h->failure.dead_letter.sink)
		buf_putf(out, ", dead letters to %.*s", STR_ARG(h->failure.dead_letter.sink->name));
	if (!h->enabled)
		buf_puts(out, ", not enabled");
	buf_putc(out, '\n');
}

static void print_summary(const struct settings *s, const char *path, struct buf *out)
{
	for (size_t i = 0; i < s->n_pipelines; i++) {
		const struct settings_pipeline *p = &s->pipelines[i];
		const struct node *start = node_get(p->node, STR("start"));

		buf_putf(out, "pipeline %.*s: table %.*s from %.*s\n", STR_ARG(p->name), STR_ARG(p->table),
			 STR_ARG(start ? start->text : str_c(settings_start_name(p->start))));
		for (size_t j = 0; j < p->n_handlers; j++)
			print_handler(&p->handlers[j], out);
	}
	buf_putf(out, "%s: ok\n", path);
}

/* --- for machines -------------------------------------------------------- */

static void write_handler(struct json_writer *w, const struct settings_handler *h)
{
	json_begin_object(w);
	json_member_str(w, STR("name"), h->name);
	json_member_str(w, STR("kind"), str_c(h->ops->kind));
	json_member_bool(w, STR("enabled"), h->enabled);
	if (h->sink)
		json_member_str(w, STR("sink"), h->sink->name);
	if (h->failure.dead_letter.sink)
		json_member_str(w, STR("dead_letter"), h->failure.dead_letter.sink->name);
	json_end_object(w);
}

static void write_pipelines(struct json_writer *w, const struct settings *s)
{
	json_key(w, STR("pipelines"));
	json_begin_array(w);
	for (size_t i = 0; i < s->n_pipelines; i++) {
		const struct settings_pipeline *p = &s->pipelines[i];

		json_begin_object(w);
		json_member_str(w, STR("name"), p->name);
		json_member_str(w, STR("table"), p->table);
		json_member_str(w, STR("start"), str_c(settings_start_name(p->start)));
		if (p->start == START_TIME)
			json_member_int(w, STR("start_ms"), p->start_ms);
		json_key(w, STR("handlers"));
		json_begin_array(w);
		for (size_t j = 0; j < p->n_handlers; j++)
			write_handler(w, &p->handlers[j]);
		json_end_array(w);
		json_end_object(w);
	}
	json_end_array(w);
}

static void write_sinks(struct json_writer *w, const struct settings *s)
{
	json_key(w, STR("sinks"));
	json_begin_array(w);
	for (size_t i = 0; i < s->n_sinks; i++) {
		json_begin_object(w);
		json_member_str(w, STR("name"), s->sinks[i].name);
		json_member_str(w, STR("kind"), str_c(s->sinks[i].ops->kind));
		json_end_object(w);
	}
	json_end_array(w);
}

static void write_problems(struct json_writer *w, const struct problems *problems)
{
	json_key(w, STR("problems"));
	json_begin_array(w);
	for (const struct problem *p = problems->first; p; p = p->next) {
		json_begin_object(w);
		if (p->file)
			json_member_str(w, STR("file"), str_c(p->file));
		if (p->line)
			json_member_int(w, STR("line"), p->line);
		if (p->path.len)
			json_member_str(w, STR("path"), p->path);
		json_member_str(w, STR("text"), p->text);
		json_end_object(w);
	}
	json_end_array(w);
	json_member_int(w, STR("count"), (int64_t)problems->count);
}

static void write_result(const struct settings *s, const char *path, const struct problems *problems,
			 const struct findings *findings, struct buf *out)
{
	struct json_writer w;

	json_write_init(&w, out);
	json_begin_object(&w);
	json_member_bool(&w, STR("ok"), s != NULL && findings->failed == 0);
	json_member_str(&w, STR("file"), str_c(path));
	if (s) {
		write_pipelines(&w, s);
		write_sinks(&w, s);
	}
	write_problems(&w, problems);
	if (findings->count)
		findings_write(findings, &w);
	json_end_object(&w);
	buf_putc(out, '\n');
}

/* --- asking the services ------------------------------------------------ */

static void ask(void *ctx, struct session *s)
{
	check_aws(s, ctx);
}

/* What keeps a session from opening is a finding like any other. */
static void ask_aws(const struct settings *s, struct findings *f)
{
	struct err err = { 0 };

	findings_group(f, "AWS");
	if (!session_run(s, ask, f, &err))
		findings_fail(f, "configuration", &err);
}

static int run(const struct command_args *args)
{
	struct problems problems;
	struct findings findings;
	struct settings *s;
	struct arena arena;
	struct buf out;
	int code;

	arena_init(&arena, SETTINGS_BYTES_MAX);
	problems_init(&problems, &arena);
	findings_init(&findings, &arena);
	buf_init(&out, OUTPUT_MAX);
	s = settings_load(&settings_all_kinds, NULL, args->config, &problems);
	if (s && args->aws)
		ask_aws(s, &findings);
	if (args->json)
		write_result(s, args->config, &problems, &findings, &out);
	else if (s)
		print_summary(s, args->config, &out);
	else
		problems_print(&problems, &out);
	if (findings.count && !args->json)
		findings_print(&findings, &out);
	fputs(out.ptr ? out.ptr : "", s || args->json ? stdout : stderr);
	code = !s ? EXIT_USAGE : findings.failed ? EXIT_FAILED : EXIT_OK;
	if (!buf_ok(&out)) {
		fprintf(stderr, "sluice check: the result is larger than %d bytes and was cut\n", OUTPUT_MAX);
		code = EXIT_FAILED;
	}
	buf_release(&out);
	arena_wipe(&arena); /* secrets stand in it */
	return code;
}

const struct command check_command = {
	.name = "check",
	.summary = "prove a settings file",
	.text = "Reads a settings file and says what it would run: its pipelines, their handlers\n"
		"and sinks. All mistakes are shown at once, each with file, line, setting, and\n"
		"what was expected; then the exit code is 2. Nothing is connected to, unless\n"
		"--aws is given: then it says where credentials come from and whose they are,\n"
		"the region, the clock, and tries what the pipelines need of streams, tables\n"
		"and sinks. It writes nothing: its writes have a condition that never holds.\n"
		"What failed is marked with an ✗, and the exit code is 1.\n",
	.examples = "  sluice check -c conf/deals.conf\n"
		    "  sluice check -c conf/deals.conf --json\n"
		    "  sluice check -c conf/deals.conf --aws\n",
	.takes = COMMAND_TAKES_CONFIG | COMMAND_TAKES_JSON | COMMAND_TAKES_AWS,
	.run = run,
};
