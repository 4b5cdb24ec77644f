/* command: the subcommands. Each is one file that defines a struct command; a new
 * one is a line in src/app/commands.c.
 *
 * Exit codes: 0 ok, 1 the operation failed, 2 usage or settings wrong. Results
 * go to stdout, everything else to stderr.
 */
#ifndef SLUICE_APP_COMMAND_H
#define SLUICE_APP_COMMAND_H

#include "sluice/core/str.h"

enum exit_code { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

#define COMMAND_CONFIG "/etc/sluice/sluice.conf"

/* What a command takes beside --help; a value stands as --to X or --to=X. A new one
 * is a line in the table of src/app/commands.c and a member of command_args. */
enum command_options {
	COMMAND_TAKES_CONFIG = 1 << 0,    /* -c FILE, --config FILE */
	COMMAND_TAKES_PIPELINE = 1 << 1,  /* --pipeline NAME */
	COMMAND_TAKES_HANDLER = 1 << 2,   /* --handler NAME */
	COMMAND_TAKES_TO = 1 << 3,        /* --to WHERE */
	COMMAND_TAKES_FORCE = 1 << 4,     /* --force */
	COMMAND_TAKES_JSON = 1 << 5,      /* --json */
	COMMAND_TAKES_AWS = 1 << 6,       /* --aws */
	COMMAND_TAKES_FILE = 1 << 7,      /* FILE, a word of its own */
	COMMAND_TAKES_FILES = 1 << 8,     /* OLD NEW, two words: file and other */
	COMMAND_TAKES_ENDPOINT = 1 << 9,  /* --endpoint URL */
	COMMAND_TAKES_YES = 1 << 10,      /* --yes-create-tables */
	COMMAND_TAKES_LOCAL = 1 << 11,    /* --start-local */
	COMMAND_TAKES_PRICES = 1 << 12,   /* --prices FILE */
	COMMAND_TAKES_WHAT_IF = 1 << 13,  /* --what-if rps=xN */
	COMMAND_TAKES_MARKDOWN = 1 << 14, /* --markdown FILE */
	COMMAND_TAKES_OUTPUT = 1 << 15,   /* -o FILE, --output FILE */
	COMMAND_TAKES_FORMAT = 1 << 16,   /* --format NAME */
	COMMAND_TAKES_ITEMS = 1 << 17,    /* --items */
	COMMAND_TAKES_RPS = 1 << 18,      /* --rps xN */
	COMMAND_TAKES_FOR = 1 << 19,      /* --for 60s */
	COMMAND_TAKES_MCP = 1 << 20,      /* what only `sluice mcp` takes */
};

enum { COMMAND_WORDS_MAX = 32 };

/* An option that may stand several times. */
struct command_words {
	const char *words[COMMAND_WORDS_MAX];
	size_t count;
};

struct command_args {
	const char *config;   /* -c; COMMAND_CONFIG without it */
	const char *pipeline, *handler, *to;  /* NULL: not given */
	bool force, json, aws;
	const char *file, *other;             /* NULL: not given */
	const char *endpoint, *prices, *what_if, *markdown, *output, *format, *rps, *duration;
	bool yes_create_tables, start_local, items;
	struct command_words workspaces;
	const char *tables, *region, *profile, *endpoint_url, *toolsets, *tools, *prompts, *admin, *print_config;
	bool allow_writes, list_all, fixtures;
};

struct command {
	const char *name;      /* "check"; in a group with the group's in front: "model validate" */
	const char *summary;   /* one line for `sluice help` */
	const char *text;      /* what it does, a paragraph; lines of at most 78 columns */
	const char *examples;  /* lines "  sluice check -c deals.conf" */
	unsigned takes;        /* enum command_options */
	unsigned needs;        /* of these: what must be given */
	int (*run)(const struct command_args *args);
	const struct command *const *group;  /* a group: its commands, ended by NULL; nothing else but name and
	                                        summary then */
};

extern const struct command run_command;
extern const struct command check_command;
extern const struct command seek_command;
extern const struct command model_command;
extern const struct command mcp_command;
extern const struct command version_command;

/* All commands, ended by NULL. */
extern const struct command *const commands[];

/* Finds the command in argv, reads its options, runs it; the exit code. Where stdout
 * did not take all of a result, that is said and 0 becomes 1. */
int commands_main(const struct command *const *table, int argc, char **argv);

/* Shows what is wrong with the settings on stderr; EXIT_USAGE. */
struct problems;
int command_problems(const struct problems *problems);

#endif
