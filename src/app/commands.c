#include "sluice/app/command.h"

#include "sluice/core/problem.h"

#include <stdio.h>

const struct command *const commands[] = {
	&run_command,
	&check_command,
	&version_command,
	NULL,
};

/* What may stand on the line, whatever the command. */
static const struct option_name {
	const char *name, *argument, *help;
	unsigned takes;
} options[] = {
	{ "--config", "FILE", "the settings file (default " COMMAND_CONFIG ")", COMMAND_TAKES_CONFIG },
	{ "--json", NULL, "machine-readable result on stdout", COMMAND_TAKES_JSON },
	{ "--help", NULL, "this text", 0 },
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

static void print_help(const struct command *c, FILE *to)
{
	struct str text = str_trim(str_c(c->text));

	fprintf(to, "Usage: sluice %s%s%s\n\n%.*s\n\nOptions:\n", c->name,
		c->takes & COMMAND_TAKES_CONFIG ? " [-c FILE]" : "", c->takes & COMMAND_TAKES_JSON ? " [--json]" : "",
		STR_ARG(text));
	for (size_t i = 0; i < N_OPTIONS; i++) {
		const struct option_name *o = &options[i];
		char left[40];

		if (!allowed(o, c))
			continue;
		snprintf(left, sizeof(left), "%s%s%s%s", o->argument ? "-c, " : "", o->name, o->argument ? " " : "",
			 o->argument ? o->argument : "");
		fprintf(to, "  %-20s %s\n", left, o->help);
	}
	fprintf(to, "\nExamples:\n%s", c->examples);
}

/* --- the command line ---------------------------------------------------- */

static int unknown_command(const struct command *const *table, const char *word)
{
	struct nearest near = nearest_to(str_c(word));
	char mean[MEAN_MAX];

	for (size_t i = 0; table[i]; i++)
		nearest_offer(&near, str_c(table[i]->name));
	nearest_offer(&near, STR("help"));
	fprintf(stderr, "sluice: there is no command '%s'%s\nTry `sluice help`.\n", word,
		nearest_text(&near, mean, sizeof(mean)));
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

static const struct command *find(const struct command *const *table, const char *name)
{
	for (size_t i = 0; table[i]; i++)
		if (strcmp(table[i]->name, name) == 0)
			return table[i];
	return NULL;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

#define CONFIG_EQUALS "--config="

static bool is_config(const char *word)
{
	return strcmp(word, "-c") == 0 || strcmp(word, "--config") == 0 ||
	       strncmp(word, CONFIG_EQUALS, strlen(CONFIG_EQUALS)) == 0;
}

/* Reads one option, which may take the word behind it. False: it is unknown, or
 * has no argument. */
static bool take_option(const struct command *c, char **argv, int argc, int *i, struct command_args *args)
{
	const char *word = argv[*i];

	if ((c->takes & COMMAND_TAKES_JSON) && strcmp(word, "--json") == 0) {
		args->json = true;
		return true;
	}
	if (!(c->takes & COMMAND_TAKES_CONFIG) || !is_config(word))
		return false;
	if (strncmp(word, CONFIG_EQUALS, strlen(CONFIG_EQUALS)) == 0)
		args->config = word + strlen(CONFIG_EQUALS);
	else if (*i + 1 < argc)
		args->config = argv[++*i];
	return args->config != NULL;
}

static int wrong_config(const struct command *c, const char *word, bool given)
{
	if (given)
		fprintf(stderr, "sluice %s: expected one settings file, found another one behind %s\n", c->name, word);
	else
		fprintf(stderr, "sluice %s: expected a file behind %s\n", c->name, word);
	return EXIT_USAGE;
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
	for (int i = 0; i < argc; i++) {
		const char *word = argv[i];
		bool config = (c->takes & COMMAND_TAKES_CONFIG) && is_config(word), given = args.config != NULL;

		if (!(config && given) && take_option(c, argv, argc, &i, &args))
			continue;
		return config ? wrong_config(c, word, given) : unknown_option(c, word);
	}
	if (!args.config)
		args.config = COMMAND_CONFIG;
	return c->run(&args);
}

static int help_main(const struct command *const *table, int argc, char **argv)
{
	const struct command *c;

	if (argc == 0 || is_help(argv[0]) || strcmp(argv[0], "help") == 0) {
		print_overview(table, stdout);
		return EXIT_OK;
	}
	c = find(table, argv[0]);
	if (!c)
		return unknown_command(table, argv[0]);
	print_help(c, stdout);
	return EXIT_OK;
}

static int run_line(const struct command *const *table, int argc, char **argv)
{
	const struct command *c;

	if (argc < 2) {
		print_overview(table, stderr);
		return EXIT_USAGE;
	}
	if (is_help(argv[1]) || strcmp(argv[1], "help") == 0)
		return help_main(table, argc - 2, argv + 2);
	if (strcmp(argv[1], "--version") == 0)
		return version_command.run(&(struct command_args){ 0 });
	c = find(table, argv[1]);
	return c ? run_command_line(c, argc - 2, argv + 2) : unknown_command(table, argv[1]);
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
