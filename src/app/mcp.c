#include "sluice/app/command.h"
#include "sluice/app/mcp_catalogue.h"
#include "sluice/app/mcp_client.h"
#include "sluice/app/mcp_site.h"
#include "sluice/app/stop_signals.h"
#include "sluice/core/loop.h"
#include "sluice/core/problem.h"
#include "sluice/mcp/stdio.h"
#include "sluice/mcp/workspace.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MEAN_MAX = 128, FOLDER_BYTES = 64 << 10 };

/* ---- what it was told ---- */

static bool is_one_of(const char *value, const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		if (str_eq_nocase(str_c(value), str_c(words[i])))
			return true;
	return false;
}

/* As the server that it follows on: a name that shells cannot set, but clients can. */
static bool writes_allowed(const struct command_args *args)
{
	static const char *const yes[] = { "true", "1", "yes", "on", NULL }, *const no[] = { "false", "0", "no", "off", NULL };
	const char *read_only = getenv("DDB-MCP-READONLY");

	if (read_only && is_one_of(read_only, yes))
		return false;
	return args->allow_writes || (read_only && is_one_of(read_only, no));
}

static int refuse_word(const char *option, struct str word, const char *what, struct nearest *near)
{
	char mean[MEAN_MAX];

	fprintf(stderr, "sluice mcp: %s: there is no %s '%.*s'%s\n", option, what, STR_ARG(word),
		nearest_text(near, mean, sizeof(mean)));
	return EXIT_USAGE;
}

/* Where each name of a list goes, and what there is. */
struct taking {
	struct mcp_options *options;
	const struct mcp_setup *setup;
};

static int take_toolset(const struct taking *t, struct str name)
{
	struct nearest near = nearest_to(name);
	unsigned toolset = mcp_toolset_named(name);

	for (size_t i = 0; mcp_toolset_names[i]; i++)
		nearest_offer(&near, str_c(mcp_toolset_names[i]));
	if (!toolset)
		return refuse_word("--toolsets", name, "toolset", &near);
	t->options->toolsets |= toolset;
	t->options->chosen = true;
	return EXIT_OK;
}

static int too_many(const char *option)
{
	fprintf(stderr, "sluice mcp: %s: expected at most %d names\n", option, MCP_NAMES_MAX);
	return EXIT_USAGE;
}

static int take_tool(const struct taking *t, struct str name)
{
	struct mcp_options *o = t->options;
	struct nearest near = nearest_to(name);
	bool known = false;

	for (const struct mcp_tool *const *table = t->setup->tools; *table; table++)
		for (const struct mcp_tool *tool = *table; tool->name; tool++) {
			nearest_offer(&near, str_c(tool->name));
			known = known || str_eq(name, str_c(tool->name));
		}
	if (!known)
		return refuse_word("--tools", name, "tool", &near);
	if (o->n_tools == MCP_NAMES_MAX)
		return too_many("--tools");
	o->tools[o->n_tools++] = name;
	o->chosen = true;
	return EXIT_OK;
}

static int take_table(const struct taking *t, struct str name)
{
	struct mcp_options *o = t->options;

	if (o->n_tables == MCP_NAMES_MAX)
		return too_many("--tables");
	o->tables[o->n_tables++] = name;
	return EXIT_OK;
}

/* Each of "a,b". */
static int take_list(const struct taking *t, const char *option, const char *list,
		     int (*take)(const struct taking *t, struct str name))
{
	struct str rest = str_c(list);
	int code = EXIT_OK;

	while (rest.ptr && code == EXIT_OK) {
		struct str name = str_trim(str_split(&rest, ','));

		if (name.len == 0) {
			fprintf(stderr, "sluice mcp: %s: expected names with commas between them, found '%s'\n", option, list);
			return EXIT_USAGE;
		}
		code = take(t, name);
	}
	return code;
}

static int take_workspaces(struct mcp_options *o, const struct command_words *given)
{
	struct arena arena;
	struct err err;

	for (size_t i = 0; i < given->count; i++) {
		bool there;

		arena_init(&arena, FOLDER_BYTES);
		there = workspace_folder(&arena, str_c(given->words[i]), &err).ptr != NULL;
		arena_release(&arena);
		if (!there) {
			fprintf(stderr, "sluice mcp: --workspace: %s\n", err.text);
			return EXIT_USAGE;
		}
		o->workspaces[o->n_workspaces++] = given->words[i];
	}
	return EXIT_OK;
}

static int take_options(const struct command_args *args, const struct mcp_setup *setup, struct mcp_options *o)
{
	const struct taking t = { o, setup };
	int code = take_workspaces(o, &args->workspaces);

	o->allow_writes = writes_allowed(args);
	o->region = args->region;
	o->profile = args->profile;
	o->endpoint_url = args->endpoint_url;
	o->prompts = args->prompts;
	o->admin = args->admin;
	o->list_all = args->list_all;
	o->fixtures = args->fixtures;
	if (code == EXIT_OK && args->tables)
		code = take_list(&t, "--tables", args->tables, take_table);
	if (code == EXIT_OK && args->toolsets)
		code = take_list(&t, "--toolsets", args->toolsets, take_toolset);
	if (code == EXIT_OK && args->tools)
		code = take_list(&t, "--tools", args->tools, take_tool);
	return code;
}

/* FASTMCP_LOG_LEVEL has Python's names. */
static enum log_level log_level(void)
{
	const char *name = getenv("FASTMCP_LOG_LEVEL");
	enum log_level level = LOG_WARN;
	char lower[16] = "";

	for (size_t i = 0; name && name[i] && i + 1 < sizeof(lower); i++)
		lower[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] | 0x20 : name[i]);
	if (strcmp(lower, "warning") == 0 || !log_level_parse(str_c(lower), &level))
		return strcmp(lower, "critical") == 0 ? LOG_ERROR : LOG_WARN;
	return level;
}

/* ---- serving ---- */

struct serving {
	struct mcp_setup setup;
	struct mcp_server *server;
	struct stop_signals signals;
	int n_signals;
	bool ok;
	struct err err;
};

/* Asked twice: at once. */
static void on_signal(void *ctx, int signal)
{
	struct serving *s = ctx;

	(void)signal;
	if (s->n_signals++ > 0)
		_exit(EXIT_FAILED);
	mcp_server_stop(s->server);
}

static void serve_task(void *arg)
{
	struct serving *s = arg;
	struct mcp_stdio connection;
	struct mcp_site site;

	mcp_site_open(&site, s->setup.loop, s->setup.options);
	s->setup.site = &site;
	mcp_stdio_init(&connection, s->setup.loop, STDIN_FILENO, STDOUT_FILENO);
	s->setup.transport = &connection.transport;
	s->server = mcp_server_new(&s->setup);
	s->signals = (struct stop_signals){ .seen = on_signal, .ctx = s };
	s->ok = stop_signals_open(&s->signals, s->setup.loop, &s->err) && mcp_server_run(s->server, &s->err);
	stop_signals_close(&s->signals);
	mcp_server_free(s->server);
	mcp_site_close(&site);
}

static int serve(struct serving *s)
{
	struct log log = { .fd = STDERR_FILENO, .level = log_level() };
	struct env *env = env_real(&log, &s->err);

	s->setup.loop = env ? loop_new(env, &s->err) : NULL;
	if (s->setup.loop) {
		loop_run(s->setup.loop, serve_task, s);
		loop_free(s->setup.loop);
	}
	if (env)
		env_free(env);
	if (!s->ok)
		fprintf(stderr, "sluice mcp: %s\n", s->err.text);
	return s->ok ? EXIT_OK : EXIT_FAILED;
}

/* ---- the command ---- */

static void explain(void)
{
	fputs("This is sluice's MCP server: it speaks the Model Context Protocol (JSON, a message a line)\n"
	      "on stdin and stdout. An assistant's client starts it; people need not. It waits for a client now;\n"
	      "Ctrl-D ends it.\n\n"
	      "The entry for your client's configuration: sluice mcp --print-config CLIENT, where CLIENT is\n", stderr);
	for (const struct mcp_client *c = mcp_clients; c->name; c++)
		fprintf(stderr, "  %-16s %s\n", c->name, c->title);
	fputs("\nOptions and examples: sluice help mcp\n", stderr);
}

static int run_mcp(const struct command_args *args)
{
	struct mcp_options options = { 0 };
	struct serving s = { .setup = { .options = &options } };
	int code;

	if (args->print_config)
		return mcp_client_print(args->print_config);
	mcp_catalogue(&s.setup);
	code = take_options(args, &s.setup, &options);
	if (code != EXIT_OK)
		return code;
	stop_signals_block(NULL);
	if (isatty(STDIN_FILENO))
		explain();
	return serve(&s);
}

const struct command mcp_command = {
	.name = "mcp",
	.summary = "the server for assistants: design, look at, try out data models",
	.text = "Serves the Model Context Protocol on stdin and stdout, for an assistant's client that\n"
		"starts it: the data modeling guide, checks, costs and DynamoDB's operations as tools.\n"
		"Files are touched only in the folders of --workspace; without it in those that the\n"
		"client names, else in the working directory (unless that is / or the home). Data and\n"
		"tables are only read, unless --allow-writes or the environment variable\n"
		"DDB-MCP-READONLY=false says otherwise; DDB-MCP-READONLY=true beats both. Only a model's\n"
		"tables are made without it, at endpoints of this machine (DynamoDB Local).\n",
	.examples = "  sluice mcp --print-config claude-code\n"
		    "  sluice mcp --workspace ~/shop --region eu-central-1\n"
		    "  sluice mcp --endpoint-url http://127.0.0.1:8000 --allow-writes --tables deals,photos\n"
		    "  sluice mcp --toolsets design,data,tables --list-all\n",
	.takes = COMMAND_TAKES_MCP,
	.run = run_mcp,
};
