#include "sluice/app/command.h"
#include "sluice/app/settings.h"
#include "sluice/app/stop_signals.h"
#include "sluice/app/supervisor.h"
#include "sluice/core/mem.h"
#include "sluice/http/client.h"

#include <unistd.h>

static int serve(const struct settings *s, const char *path)
{
	struct log log = { .fd = STDERR_FILENO, .level = (enum log_level)s->log.level, .format = (enum log_format)s->log.format };
	struct err err;
	int code = EXIT_OK;

	log_info(&log, "sluice.start", LOG_TEXT("version", SLUICE_VERSION), LOG_TEXT("settings", path), LOG_INT("pid", getpid()));
	if (!http_global_init(&err) || !supervisor_run(s, &log, &err)) {
		log_error(&log, "sluice.failed", LOG_ERR(&err));
		code = EXIT_FAILED;
	}
	http_global_cleanup();
	log_info(&log, "sluice.end", LOG_INT("pid", getpid()), LOG_INT("exit_code", code));
	return code;
}

static int run(const struct command_args *args)
{
	struct problems problems;
	const struct settings *s;
	struct arena arena;
	int code;

	stop_signals_block(NULL);
	mem_keep_freed();
	arena_init(&arena, SETTINGS_BYTES_MAX);
	problems_init(&problems, &arena);
	s = settings_load(&settings_all_kinds, NULL, args->config, &problems);
	code = s ? serve(s, args->config) : command_problems(&problems);
	arena_wipe(&arena); /* secrets stand in it */
	return code;
}

const struct command run_command = {
	.name = "run",
	.summary = "run the pipelines of a settings file",
	.text = "Reads the streams of the tables in the settings file and keeps what is derived\n"
		"from them true, until SIGTERM or SIGINT: then it finishes what is in flight,\n"
		"saves its positions and ends with 0. A second signal ends it at once. Logs go\n"
		"to stderr, one event a line.",
	.examples = "  sluice run -c deals.conf\n"
		    "  sluice run                      with /etc/sluice/sluice.conf\n",
	.takes = COMMAND_TAKES_CONFIG,
	.run = run,
};
