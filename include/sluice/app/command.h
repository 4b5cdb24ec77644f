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

/* What a command takes beside --help. */
enum command_options {
	COMMAND_TAKES_CONFIG = 1 << 0,  /* -c FILE, --config FILE, --config=FILE */
	COMMAND_TAKES_JSON = 1 << 1,    /* --json */
};

struct command_args {
	const char *config;   /* -c; COMMAND_CONFIG without it */
	bool json;
};

struct command {
	const char *name;
	const char *summary;   /* one line for `sluice help` */
	const char *text;      /* what it does, a paragraph; lines of at most 78 columns */
	const char *examples;  /* lines "  sluice check -c deals.conf" */
	unsigned takes;        /* enum command_options */
	int (*run)(const struct command_args *args);
};

extern const struct command run_command;
extern const struct command check_command;
extern const struct command version_command;

/* All commands, ended by NULL. */
extern const struct command *const commands[];

/* Finds the command in argv, reads its options, runs it; the exit code. Where stdout
 * did not take all of a result, that is said and 0 becomes 1. */
int commands_main(const struct command *const *table, int argc, char **argv);

#endif
