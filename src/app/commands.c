#include "sluice/app/command.h"

#include "sluice/core/buf.h"
#include "sluice/core/problem.h"

#include <stddef.h>
#include <stdio.h>

const struct command *const commands[] = {
	&run_command,
	&check_command,
	&seek_command,
	&model_command,
	&mcp_command,
	&version_command,
	NULL,
};

/* What may stand on the line, whatever the command. */
static const struct option_name {
	const char *name, *letter, *argument, *help;
	const char *one, *value;   /* what it stands for and what must come behind it, for messages */
	unsigned takes;
	size_t offset;             /* in command_args: const char *, or bool without an argument */
	bool many;                 /* may stand several times: struct command_words */
} options[] = {
	{ "--config", "-c", "FILE", "the settings file (default " COMMAND_CONFIG ")", "settings file", "a file",
	  COMMAND_TAKES_CONFIG, offsetof(struct command_args, config), false },
	{ "--pipeline", NULL, "NAME", "a pipeline of the settings", "pipeline", "a pipeline's name",
	  COMMAND_TAKES_PIPELINE, offsetof(struct command_args, pipeline), false },
	{ "--handler", NULL, "NAME", "one of its handlers (default: all of them)", "handler", "a handler's name",
	  COMMAND_TAKES_HANDLER, offsetof(struct command_args, handler), false },
	{ "--to", NULL, "WHERE", "trim_horizon, latest, or a time (2026-11-20T12:00:00Z)", "place",
	  "trim_horizon, latest or a time", COMMAND_TAKES_TO, offsetof(struct command_args, to), false },
	{ "--force", NULL, NULL, "do what is refused otherwise", NULL, NULL,
	  COMMAND_TAKES_FORCE, offsetof(struct command_args, force), false },
	{ "--aws", NULL, NULL, "ask the services, too: credentials, permissions, sinks", NULL, NULL,
	  COMMAND_TAKES_AWS, offsetof(struct command_args, aws), false },
	{ "--endpoint", NULL, "URL", "DynamoDB's address, as http://127.0.0.1:8000", "endpoint", "an address",
	  COMMAND_TAKES_ENDPOINT, offsetof(struct command_args, endpoint), false },
	{ "--start-local", NULL, NULL, "start DynamoDB Local for it, and stop it in the end", NULL, NULL,
	  COMMAND_TAKES_LOCAL, offsetof(struct command_args, start_local), false },
	{ "--yes-create-tables", NULL, NULL, "create tables also where the endpoint is not this machine", NULL, NULL,
	  COMMAND_TAKES_YES, offsetof(struct command_args, yes_create_tables), false },
	{ "--items", NULL, NULL, "put the sample items, too", NULL, NULL,
	  COMMAND_TAKES_ITEMS, offsetof(struct command_args, items), false },
	{ "--prices", NULL, "FILE", "prices that differ from the list's of us-east-1 (JSON)", "price file", "a file",
	  COMMAND_TAKES_PRICES, offsetof(struct command_args, prices), false },
	{ "--what-if", NULL, "rps=xN", "as if all rates were N times as high", "factor", "rps=xN, as rps=x3",
	  COMMAND_TAKES_WHAT_IF, offsetof(struct command_args, what_if), false },
	{ "--rps", NULL, "xN", "N times the patterns' peak rates (default x1)", "factor", "xN, as x0.1",
	  COMMAND_TAKES_RPS, offsetof(struct command_args, rps), false },
	{ "--for", NULL, "TIME", "how long, as 30s or 5m (default 60s)", "time", "a time, as 60s",
	  COMMAND_TAKES_FOR, offsetof(struct command_args, duration), false },
	{ "--format", NULL, "NAME", "the result's format", "format", "a format's name",
	  COMMAND_TAKES_FORMAT, offsetof(struct command_args, format), false },
	{ "--output", "-o", "FILE", "the result goes there (default: stdout)", "output file", "a file",
	  COMMAND_TAKES_OUTPUT, offsetof(struct command_args, output), false },
	{ "--markdown", NULL, "FILE", "put the result into this Markdown file, in its section", "Markdown file", "a file",
	  COMMAND_TAKES_MARKDOWN, offsetof(struct command_args, markdown), false },
	{ "--workspace", NULL, "DIR", "a folder whose files tools may read and write; several are several options", "folder",
	  "a folder", COMMAND_TAKES_MCP, offsetof(struct command_args, workspaces), true },
	{ "--allow-writes", NULL, NULL, "tools may change data and tables (default: they only read)", NULL, NULL,
	  COMMAND_TAKES_MCP, offsetof(struct command_args, allow_writes), false },
	{ "--tables", NULL, "LIST", "only these tables, as deals,photos (default: all)", "list", "tables' names, as a,b",
	  COMMAND_TAKES_MCP, offsetof(struct command_args, tables), false },
	{ "--region", NULL, "NAME", "AWS region (default: AWS_REGION, or the profile's)", "region", "a region, as us-east-1",
	  COMMAND_TAKES_MCP, offsetof(struct command_args, region), false },
	{ "--profile", NULL, "NAME", "a profile of the AWS files (default: AWS_PROFILE)", "profile", "a profile's name",
	  COMMAND_TAKES_MCP, offsetof(struct command_args, profile), false },
	{ "--endpoint-url", NULL, "URL", "DynamoDB's address, as http://127.0.0.1:8000", "endpoint", "an address",
	  COMMAND_TAKES_MCP, offsetof(struct command_args, endpoint_url), false },
	{ "--toolsets", NULL, "LIST", "only these: design,data,tables,backup,admin,streams", "list", "toolsets, as design,data",
	  COMMAND_TAKES_MCP, offsetof(struct command_args, toolsets), false },
	{ "--tools", NULL, "LIST", "only these tools (and those of --toolsets)", "list", "tools' names, as query,scan",
	  COMMAND_TAKES_MCP, offsetof(struct command_args, tools), false },
	{ "--list-all", NULL, NULL, "show clients every tool", NULL, NULL,
	  COMMAND_TAKES_MCP, offsetof(struct command_args, list_all), false },
	{ "--prompts", NULL, "DIR", "prompts of your own: its *.md files", "folder", "a folder",
	  COMMAND_TAKES_MCP, offsetof(struct command_args, prompts), false },
	{ "--admin", NULL, "URL", "a running sluice (default http://127.0.0.1:9464)", "address", "an address",
	  COMMAND_TAKES_MCP, offsetof(struct command_args, admin), false },
	{ "--print-config", NULL, "CLIENT", "print the entry for a client's file, and end", "client", "a client's name",
	  COMMAND_TAKES_MCP, offsetof(struct command_args, print_config), false },
	{ "--conformance-fixtures", NULL, NULL, "also what the protocol's conformance suite asks for", NULL, NULL,
	  COMMAND_TAKES_MCP, offsetof(struct command_args, fixtures), false },
	{ "--json", NULL, NULL, "machine-readable result on stdout", NULL, NULL,
	  COMMAND_TAKES_JSON, offsetof(struct command_args, json), false },
	{ "--help", NULL, NULL, "this text", NULL, NULL, 0, 0, false },
};

enum { N_OPTIONS = sizeof(options) / sizeof(*options), MEAN_MAX = 128 };

static bool allowed(const struct option_name *o, const struct command *c)
{
	return o->takes == 0 || (c->takes & o->takes);
}

/* --- help ---------------------------------------------------------------- */

static void print_overview(const struct command *const *table, FILE *to)
{
	fputs("sluice keeps what is derived from DynamoDB tables true, by their streams.\n\n"
	      "Usage: sluice COMMAND [OPTIONS]\n\nCommands:\n", to);
	for (size_t i = 0; table[i]; i++)
		fprintf(to, "  %-10s %s\n", table[i]->name, table[i]->summary);
	fputs("  help       what a command does, its options, examples\n\n"
	      "Exit codes: 0 ok, 1 the operation failed, 2 usage or settings wrong.\n"
	      "Settings: conf/README.md. Try `sluice help check`.\n", to);
}

static void print_group(const struct command *group, FILE *to)
{
	fprintf(to, "%s\n\nUsage: sluice %s COMMAND [OPTIONS]\n\nCommands:\n", group->summary, group->name);
	for (size_t i = 0; group->group[i]; i++)
		fprintf(to, "  %-24s %s\n", group->group[i]->name, group->group[i]->summary);
	fprintf(to, "\nTry `sluice help %s`.\n", group->group[0]->name);
}

/* " --to WHERE [--json]": what need not be given stands in brackets. */
static void print_usage(const struct command *c, FILE *to)
{
	fprintf(to, "Usage: sluice %s", c->name);
	for (size_t i = 0; i < N_OPTIONS; i++) {
		const struct option_name *o = &options[i];
		bool needed = c->needs & o->takes;

		if (c->takes & o->takes)
			fprintf(to, " %s%s%s%s%s%s", needed ? "" : "[", o->letter ? o->letter : o->name, o->argument ? " " : "",
				o->argument ? o->argument : "", needed ? "" : "]", o->many ? "..." : "");
	}
	fprintf(to, "%s\n\n", c->takes & COMMAND_TAKES_FILES ? " OLD NEW" : c->takes & COMMAND_TAKES_FILE ? " FILE" : "");
}

static void print_help(const struct command *c, FILE *to)
{
	struct str text = str_trim(str_c(c->text));

	print_usage(c, to);
	fprintf(to, "%.*s\n\nOptions:\n", STR_ARG(text));
	for (size_t i = 0; i < N_OPTIONS; i++) {
		const struct option_name *o = &options[i];
		char left[40];

		if (!allowed(o, c))
			continue;
		snprintf(left, sizeof(left), "%s%s%s%s%s", o->letter ? o->letter : "", o->letter ? ", " : "", o->name,
			 o->argument ? " " : "", o->argument ? o->argument : "");
		fprintf(to, "  %-20s %s\n", left, o->help);
	}
	fprintf(to, "\nExamples:\n%s", c->examples);
}

int command_problems(const struct problems *problems)
{
	struct buf out;

	buf_init(&out, 4 << 20);
	problems_print(problems, &out);
	fwrite(out.ptr, 1, out.len, stderr);
	buf_release(&out);
	return EXIT_USAGE;
}

/* --- the command line ---------------------------------------------------- */

/* "model " in front of the commands of that group. */
static size_t prefix_length(const struct command *group)
{
	return group ? strlen(group->name) + 1 : 0;
}

static int unknown_command(const struct command *group, const struct command *const *table, const char *word)
{
	struct nearest near = nearest_to(str_c(word));
	char mean[MEAN_MAX];

	for (size_t i = 0; table[i]; i++)
		nearest_offer(&near, str_c(table[i]->name + prefix_length(group)));
	nearest_offer(&near, STR("help"));
	fprintf(stderr, "sluice%s%s: there is no command '%s'%s\nTry `sluice help%s%s`.\n", group ? " " : "",
		group ? group->name : "", word, nearest_text(&near, mean, sizeof(mean)), group ? " " : "",
		group ? group->name : "");
	return EXIT_USAGE;
}

static int unknown_option(const struct command *c, const char *word)
{
	struct nearest near = nearest_to(str_c(word));
	char mean[MEAN_MAX];

	for (size_t i = 0; i < N_OPTIONS; i++)
		if (allowed(&options[i], c))
			nearest_offer(&near, str_c(options[i].name));
	fprintf(stderr, "sluice %s: %s '%s'%s\nTry `sluice help %s`.\n", c->name,
		word[0] == '-' ? "unknown option" : "unexpected argument", word, nearest_text(&near, mean, sizeof(mean)),
		c->name);
	return EXIT_USAGE;
}

static const struct command *find(const struct command *group, const struct command *const *table, const char *name)
{
	for (size_t i = 0; table[i]; i++)
		if (strcmp(table[i]->name + prefix_length(group), name) == 0)
			return table[i];
	return NULL;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* The option that stands in the word, "--to" or "--to=X"; NULL: none of the command's. */
static const struct option_name *option_of(const struct command *c, const char *word)
{
	for (size_t i = 0; i < N_OPTIONS; i++) {
		const struct option_name *o = &options[i];
		size_t len = strlen(o->name);

		if (!(c->takes & o->takes))
			continue;
		if (strcmp(word, o->name) == 0 || (o->letter && strcmp(word, o->letter) == 0) ||
		    (o->argument && strncmp(word, o->name, len) == 0 && word[len] == '='))
			return o;
	}
	return NULL;
}

static int wrong_value(const struct command *c, const struct option_name *o, const char *word, bool given)
{
	if (given && o->many)
		fprintf(stderr, "sluice %s: expected at most %d of %s\n", c->name, COMMAND_WORDS_MAX, o->name);
	else if (given)
		fprintf(stderr, "sluice %s: expected one %s, found another one behind %s\n", c->name, o->one, word);
	else
		fprintf(stderr, "sluice %s: expected %s behind %s\n", c->name, o->value, word);
	return EXIT_USAGE;
}

/* A word that is no option: a file's name, where one is still missing. */
static bool take_file(const struct command *c, const char *word, struct command_args *args)
{
	const char **next = args->file ? &args->other : &args->file;

	if (word[0] == '-' || !(c->takes & (COMMAND_TAKES_FILE | COMMAND_TAKES_FILES)))
		return false;
	if (*next || (args->file && !(c->takes & COMMAND_TAKES_FILES)))
		return false;
	*next = word;
	return true;
}

/* Where the option's word goes; NULL: there have been too many. */
static const char **place_of(const struct option_name *o, struct command_args *args)
{
	void *at = (char *)args + o->offset;
	struct command_words *words = at;

	if (!o->many)
		return at;
	return words->count < COMMAND_WORDS_MAX ? &words->words[words->count++] : NULL;
}

/* Reads one option, which may take the word behind it. */
static int take_option(const struct command *c, char **argv, int argc, int *i, struct command_args *args)
{
	const char *word = argv[*i], *equals = strchr(word, '=');
	const struct option_name *o = option_of(c, word);
	const char **value;

	if (!o && take_file(c, word, args))
		return EXIT_OK;
	if (!o)
		return unknown_option(c, word);
	if (!o->argument) {
		*(bool *)((char *)args + o->offset) = true;
		return EXIT_OK;
	}
	value = place_of(o, args);
	if (!value || *value)
		return wrong_value(c, o, word, true);
	if (word[1] == '-' && equals)
		*value = equals + 1;
	else if (*i + 1 < argc)
		*value = argv[++*i];
	return *value && **value ? EXIT_OK : wrong_value(c, o, word, false);
}

static int missing_option(const struct command *c, const struct command_args *args)
{
	for (size_t i = 0; i < N_OPTIONS; i++) {
		const struct option_name *o = &options[i];

		if (!(c->needs & o->takes) || *(const char *const *)((const char *)args + o->offset))
			continue;
		fprintf(stderr, "sluice %s: expected %s %s (%s)\nTry `sluice help %s`.\n", c->name, o->name, o->argument,
			o->help, c->name);
		return EXIT_USAGE;
	}
	if (((c->needs & COMMAND_TAKES_FILE) && !args->file) || ((c->needs & COMMAND_TAKES_FILES) && !args->other)) {
		fprintf(stderr, "sluice %s: expected %s\nTry `sluice help %s`.\n", c->name,
			c->needs & COMMAND_TAKES_FILES ? "two files, OLD and NEW" : "a FILE", c->name);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

static int run_command_line(const struct command *c, int argc, char **argv)
{
	struct command_args args = { 0 };

	for (int i = 0; i < argc; i++) {
		if (is_help(argv[i])) {
			print_help(c, stdout);
			return EXIT_OK;
		}
	}
	for (int i = 0; i < argc; i++)
		if (take_option(c, argv, argc, &i, &args) != EXIT_OK)
			return EXIT_USAGE;
	if (missing_option(c, &args) != EXIT_OK)
		return EXIT_USAGE;
	if (!args.config)
		args.config = COMMAND_CONFIG;
	return c->run(&args);
}

static int help_main(const struct command *group, const struct command *const *table, int argc, char **argv)
{
	const struct command *c;

	if (argc == 0 || is_help(argv[0]) || strcmp(argv[0], "help") == 0) {
		if (group)
			print_group(group, stdout);
		else
			print_overview(table, stdout);
		return EXIT_OK;
	}
	c = find(group, table, argv[0]);
	if (!c)
		return unknown_command(group, table, argv[0]);
	if (c->group)
		return help_main(c, c->group, argc - 1, argv + 1);
	print_help(c, stdout);
	return EXIT_OK;
}

/* The commands of a group: the next word says which. */
static int run_group(const struct command *group, int argc, char **argv)
{
	const struct command *c;

	if (argc == 0) {
		print_group(group, stderr);
		return EXIT_USAGE;
	}
	if (is_help(argv[0]) || strcmp(argv[0], "help") == 0)
		return help_main(group, group->group, argc - 1, argv + 1);
	c = find(group, group->group, argv[0]);
	return c ? run_command_line(c, argc - 1, argv + 1) : unknown_command(group, group->group, argv[0]);
}

static int run_line(const struct command *const *table, int argc, char **argv)
{
	const struct command *c;

	if (argc < 2) {
		print_overview(table, stderr);
		return EXIT_USAGE;
	}
	if (is_help(argv[1]) || strcmp(argv[1], "help") == 0)
		return help_main(NULL, table, argc - 2, argv + 2);
	if (strcmp(argv[1], "--version") == 0)
		return version_command.run(&(struct command_args){ 0 });
	c = find(NULL, table, argv[1]);
	if (!c)
		return unknown_command(NULL, table, argv[1]);
	return c->group ? run_group(c, argc - 2, argv + 2) : run_command_line(c, argc - 2, argv + 2);
}

/* A result that did not arrive is no success. */
int commands_main(const struct command *const *table, int argc, char **argv)
{
	int code = run_line(table, argc, argv);

	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	fputs("sluice: the result could not be written to stdout (is the disk full, the pipe closed?)\n", stderr);
	return code == EXIT_OK ? EXIT_FAILED : code;
}
