#include "support/test.h"

#include "sluice/app/command.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* What the command saw, for the asserts. */
static struct {
	int runs;
	const char *config, *pipeline, *handler, *to;
	bool json, force;
	struct command_words workspaces;
} seen;

static int run_fake(const struct command_args *args)
{
	seen.runs++;
	seen.config = args->config;
	seen.json = args->json;
	seen.pipeline = args->pipeline;
	seen.handler = args->handler;
	seen.to = args->to;
	seen.force = args->force;
	seen.workspaces = args->workspaces;
	return EXIT_FAILED;
}

static const struct command full = {
	.name = "full", .summary = "takes all", .text = "All.\n", .examples = "  sluice full\n",
	.takes = COMMAND_TAKES_CONFIG | COMMAND_TAKES_JSON, .run = run_fake,
};
static const struct command bare = {
	.name = "bare", .summary = "takes nothing", .text = "Nothing.\n", .examples = "  sluice bare\n", .run = run_fake,
};
static const struct command mover = {
	.name = "mover", .summary = "needs two", .text = "Moves.\n", .examples = "  sluice mover\n",
	.takes = COMMAND_TAKES_PIPELINE | COMMAND_TAKES_HANDLER | COMMAND_TAKES_TO | COMMAND_TAKES_FORCE,
	.needs = COMMAND_TAKES_PIPELINE | COMMAND_TAKES_TO, .run = run_fake,
};
static const struct command server = {
	.name = "server", .summary = "takes several", .text = "Serves.\n", .examples = "  sluice server\n",
	.takes = COMMAND_TAKES_MCP, .run = run_fake,
};
static const struct command *const table[] = { &full, &bare, &mover, &server, NULL };

/* Runs the line and gives what was written to stderr and stdout, joined. */
static int run_line(char **argv, char *out, size_t size)
{
	FILE *file = tmpfile();
	int saved[2] = { dup(STDOUT_FILENO), dup(STDERR_FILENO) }, argc = 0, code;

	seen.runs = 0;
	while (argv[argc])
		argc++;
	fflush(NULL);
	dup2(fileno(file), STDOUT_FILENO);
	dup2(fileno(file), STDERR_FILENO);
	code = commands_main(table, argc, argv);
	fflush(NULL);
	dup2(saved[0], STDOUT_FILENO);
	dup2(saved[1], STDERR_FILENO);
	close(saved[0]);
	close(saved[1]);
	rewind(file);
	out[fread(out, 1, size - 1, file)] = '\0';
	fclose(file);
	return code;
}

static void test_options_reach_the_command(void **state)
{
	static const struct { const char *argv[6]; const char *config; bool json; } cases[] = {
		{ { "sluice", "full" }, COMMAND_CONFIG, false },
		{ { "sluice", "full", "-c", "x" }, "x", false },
		{ { "sluice", "full", "--json", "--config", "x" }, "x", true },
		{ { "sluice", "full", "--config=y", "--json" }, "y", true },
		{ { "sluice", "bare" }, COMMAND_CONFIG, false },
	};
	char out[4000];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(run_line((char **)cases[i].argv, out, sizeof(out)), EXIT_FAILED);
		assert_int_equal(seen.runs, 1);
		assert_string_equal(seen.config, cases[i].config);
		assert_int_equal(seen.json, cases[i].json);
	}
}

static void test_options_with_values_reach_the_command(void **state)
{
	static const struct { const char *argv[10]; const char *pipeline, *handler, *to; bool force; } cases[] = {
		{ { "sluice", "mover", "--pipeline", "p", "--to", "latest" }, "p", NULL, "latest", false },
		{ { "sluice", "mover", "--to=2026-11-20T12:00:00Z", "--pipeline=p", "--force" }, "p", NULL, "2026-11-20T12:00:00Z", true },
		{ { "sluice", "mover", "--pipeline", "a=b", "--handler", "h", "--to", "x" }, "a=b", "h", "x", false },
	};
	char out[4000];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(run_line((char **)cases[i].argv, out, sizeof(out)), EXIT_FAILED);
		assert_int_equal(seen.runs, 1);
		assert_string_equal(seen.pipeline, cases[i].pipeline);
		assert_true(str_eq(str_c(seen.handler), str_c(cases[i].handler)));
		assert_string_equal(seen.to, cases[i].to);
		assert_int_equal(seen.force, cases[i].force);
	}
}

static void test_an_option_may_stand_several_times(void **state)
{
	const char *argv[] = { "sluice", "server", "--workspace", "a", "--workspace=b", "--list-all", "--workspace", "c", NULL };
	const char *many[2 + 2 * (COMMAND_WORDS_MAX + 1) + 1] = { "sluice", "server" };
	char out[8000];

	(void)state;
	assert_int_equal(run_line((char **)argv, out, sizeof(out)), EXIT_FAILED);
	assert_int_equal(seen.workspaces.count, 3);
	assert_string_equal(seen.workspaces.words[0], "a");
	assert_string_equal(seen.workspaces.words[1], "b");
	assert_string_equal(seen.workspaces.words[2], "c");
	for (size_t i = 2; i + 1 < COUNT_OF(many); i += 2) {
		many[i] = "--workspace";
		many[i + 1] = "x";
	}
	assert_int_equal(run_line((char **)many, out, sizeof(out)), EXIT_USAGE);
	assert_int_equal(seen.runs, 0);
	assert_non_null(strstr(out, "at most 32 of --workspace"));
	assert_int_equal(run_line((char **)(const char *[]){ "sluice", "server", "--workspace", NULL }, out, sizeof(out)), EXIT_USAGE);
	assert_non_null(strstr(out, "expected a folder behind --workspace"));
	assert_int_equal(run_line((char **)(const char *[]){ "sluice", "help", "server", NULL }, out, sizeof(out)), EXIT_OK);
	assert_non_null(strstr(out, "[--workspace DIR]..."));
}

static void test_a_wrong_line_is_named_and_runs_nothing(void **state)
{
	static const struct { const char *argv[8]; const char *text; } cases[] = {
		{ { "sluice", "mover", "--to", "x" }, "sluice mover: expected --pipeline NAME" },
		{ { "sluice", "mover", "--pipeline", "p" }, "sluice mover: expected --to WHERE" },
		{ { "sluice", "mover", "--pipeline", "p", "--to" }, "sluice mover: expected trim_horizon, latest or a time behind --to\n" },
		{ { "sluice", "mover", "--pipeline", "p", "--to=" }, "sluice mover: expected trim_horizon, latest or a time behind --to=\n" },
		{ { "sluice", "mover", "--to=x", "--to", "y" }, "sluice mover: expected one place, found another one behind --to\n" },
		{ { "sluice", "mover", "--pipline", "p" }, "unknown option '--pipline'; did you mean '--pipeline'?" },
		{ { "sluice", "mover", "--force=yes" }, "unknown option '--force=yes'" },
		{ { "sluice" }, "Usage: sluice COMMAND" },
		{ { "sluice", "ful" }, "sluice: there is no command 'ful'; did you mean 'full'?\n" },
		{ { "sluice", "zzzzzzzz" }, "sluice: there is no command 'zzzzzzzz'\n" },
		{ { "sluice", "full", "--jsno" }, "sluice full: unknown option '--jsno'; did you mean '--json'?\n" },
		{ { "sluice", "bare", "--json" }, "sluice bare: unknown option '--json'" },
		{ { "sluice", "bare", "-c", "x" }, "sluice bare: unknown option '-c'" },
		{ { "sluice", "full", "-c" }, "sluice full: expected a file behind -c\n" },
		{ { "sluice", "full", "-c", "x", "-c", "y" }, "sluice full: expected one settings file, found another one behind -c\n" },
		{ { "sluice", "full", "-c", "x", "--config=x" }, "expected one settings file, found another one behind --config=x\n" },
		{ { "sluice", "full", "x" }, "sluice full: unexpected argument 'x'" },
		{ { "sluice", "help", "ful" }, "sluice: there is no command 'ful'; did you mean 'full'?\n" },
	};
	char out[4000];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(run_line((char **)cases[i].argv, out, sizeof(out)), EXIT_USAGE);
		assert_int_equal(seen.runs, 0);
		assert_non_null(strstr(out, cases[i].text));
	}
}

static void test_help_shows_usage_options_and_examples(void **state)
{
	static const struct { const char *argv[6]; const char *text; } cases[] = {
		{ { "sluice", "--help" }, "  full       takes all\n" },
		{ { "sluice", "help" }, "  bare       takes nothing\n" },
		{ { "sluice", "help", "full" }, "Usage: sluice full [-c FILE] [--json]\n\nAll.\n" },
		{ { "sluice", "full", "--help" }, "-c, --config FILE" },
		{ { "sluice", "full", "-c", "x", "-h" }, "Examples:\n  sluice full\n" },
		{ { "sluice", "help", "bare" }, "Usage: sluice bare\n" },
		{ { "sluice", "help", "mover" }, "Usage: sluice mover --pipeline NAME [--handler NAME] --to WHERE [--force]\n" },
		{ { "sluice", "help", "mover" }, "  --handler NAME       one of its handlers" },
	};
	char out[4000];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(run_line((char **)cases[i].argv, out, sizeof(out)), EXIT_OK);
		assert_int_equal(seen.runs, 0);
		assert_non_null(strstr(out, cases[i].text));
	}
	run_line((char *[]){ (char *)"sluice", (char *)"help", (char *)"bare", NULL }, out, sizeof(out));
	assert_null(strstr(out, "--json"));
}

static int run_quiet(const struct command_args *args)
{
	(void)args;
	return EXIT_OK;
}

static int run_telling(const struct command_args *args)
{
	puts("a result");
	return args->json ? EXIT_USAGE : EXIT_OK;
}

static const struct command quiet = { .name = "quiet", .summary = "", .text = "", .examples = "", .run = run_quiet };
static const struct command telling = {
	.name = "telling", .summary = "", .text = "", .examples = "", .takes = COMMAND_TAKES_JSON, .run = run_telling,
};
static const struct command *const tellers[] = { &quiet, &telling, NULL };

/* The exit code of the line when stdout is a device that is full. */
static int run_full(char **argv)
{
	int saved = dup(STDOUT_FILENO), errors = dup(STDERR_FILENO), argc = 0, code;
	int full_device = open("/dev/full", O_WRONLY), null = open("/dev/null", O_WRONLY);

	while (argv[argc])
		argc++;
	fflush(NULL);
	dup2(full_device, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	code = commands_main(tellers, argc, argv);
	dup2(saved, STDOUT_FILENO);
	dup2(errors, STDERR_FILENO);
	clearerr(stdout);
	close(saved);
	close(errors);
	close(full_device);
	close(null);
	return code;
}

static void test_a_result_that_cannot_be_written_is_a_failure(void **state)
{
	static const struct { const char *argv[4]; int code; } cases[] = {
		{ { "sluice", "quiet" }, EXIT_OK },
		{ { "sluice", "telling" }, EXIT_FAILED },
		{ { "sluice", "telling", "--json" }, EXIT_USAGE },
		{ { "sluice", "help" }, EXIT_FAILED },
		{ { "sluice", "help", "telling" }, EXIT_FAILED },
		{ { "sluice", "--version" }, EXIT_FAILED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(run_full((char **)cases[i].argv), cases[i].code);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options_reach_the_command),
		cmocka_unit_test(test_options_with_values_reach_the_command),
		cmocka_unit_test(test_an_option_may_stand_several_times),
		cmocka_unit_test(test_a_wrong_line_is_named_and_runs_nothing),
		cmocka_unit_test(test_a_result_that_cannot_be_written_is_a_failure),
		cmocka_unit_test(test_help_shows_usage_options_and_examples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
