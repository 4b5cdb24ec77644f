#include "sluice/app/command.h"

#include "sluice/core/json_write.h"

#include <stdio.h>

static int run(const struct command_args *args)
{
	struct json_writer w;
	struct buf out;

	if (!args->json) {
		puts("sluice " SLUICE_VERSION);
		return EXIT_OK;
	}
	buf_init(&out, 256);
	json_write_init(&w, &out);
	json_begin_object(&w);
	json_member_str(&w, STR("version"), STR(SLUICE_VERSION));
	json_end_object(&w);
	puts(out.ptr);
	buf_release(&out);
	return EXIT_OK;
}

const struct command version_command = {
	.name = "version",
	.summary = "the version of this program",
	.text = "Prints the version of this program.\n",
	.examples = "  sluice version\n  sluice version --json\n",
	.takes = COMMAND_TAKES_JSON,
	.run = run,
};
