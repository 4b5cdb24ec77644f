#include "model_commands.h"

#include "sluice/app/model_file.h"
#include "sluice/app/model_load.h"

#include <stdio.h>
#include <unistd.h>

enum { OUTPUT_MAX = 16 << 20 };

struct loading {
	const struct command_args *args;
	struct model_load load;
	int code;
};

/* One line that is written over and over. */
static void show_progress(void *ctx, const struct model_load *l)
{
	struct load_figures f;

	(void)ctx;
	model_load_total(l, &f);
	fprintf(stderr, "\r%lld s of %lld s: %llu sent, %llu throttled, %llu failed, %llu dropped ",
		(long long)(l->elapsed_ms / 1000), (long long)(l->duration_ms / 1000), (unsigned long long)f.sent,
		(unsigned long long)f.throttled, (unsigned long long)f.failed, (unsigned long long)f.dropped);
	fflush(stderr);
}

static void show(const struct model_load *l, bool json)
{
	struct json_writer w;
	struct buf out;

	buf_init(&out, OUTPUT_MAX);
	if (json) {
		json_write_init(&w, &out);
		model_load_write(l, &w);
		buf_putc(&out, '\n');
	} else {
		model_load_print(l, &out);
	}
	if (!buf_ok(&out))
		fprintf(stderr, "sluice model load: the result is larger than %d bytes and was cut\n", OUTPUT_MAX);
	if (out.len)
		fwrite(out.ptr, 1, out.len, stdout);
	buf_release(&out);
}

/* Something came through, and nothing failed. */
static bool went_well(const struct model_load *l)
{
	struct load_figures f;

	model_load_total(l, &f);
	return f.failed == 0 && f.done + f.refused > 0;
}

static void load(void *ctx, struct model_site *site)
{
	struct loading *x = ctx;
	bool terminal = isatty(STDERR_FILENO);
	struct err err;

	if (!model_load_check(&x->load, site, &err)) {
		fprintf(stderr, "sluice model load: %s\n", err.text);
		return;
	}
	if (terminal)
		x->load.progress = show_progress;
	model_load_run(&x->load, site);
	if (terminal)
		fputs("\r\033[K", stderr);
	show(&x->load, x->args->json);
	x->code = went_well(&x->load) ? EXIT_OK : EXIT_FAILED;
}

static int refuse(const struct err *err)
{
	fprintf(stderr, "sluice model load: %s\n", err->text);
	return EXIT_USAGE;
}

static int run_site(struct loading *x)
{
	struct model_site_options options = {
		.endpoint = x->args->endpoint, .yes_create_tables = x->args->yes_create_tables,
	};
	struct err err;

	if (!model_load_factor(x->args->rps, &x->load.factor, &err) ||
	    !model_load_duration(x->args->duration, &x->load.duration_ms, &err))
		return refuse(&err);
	if (!model_load_prepare(&x->load, &err))
		return refuse(&err);
	options.read_only = !x->load.writes;
	return model_site_run(&options, load, x, &err) ? x->code : refuse(&err);
}

static int run_load(const struct command_args *args)
{
	struct loading x = { .args = args, .code = EXIT_FAILED };
	struct model_file file;
	int code = model_file_begin(&file, "model load", args->file);

	if (code == EXIT_OK) {
		model_load_init(&x.load, &file.model);
		code = run_site(&x);
		model_load_release(&x.load);
	}
	model_file_close(&file);
	return code;
}

const struct command model_load_command = {
	.name = "model load",
	.summary = "run a data model's patterns at their rates",
	.text = "Runs the commands of the access patterns against an endpoint, each at its peak\n"
		"rate (else its average; without rps it is passed over) times --rps, for the time\n"
		"of --for, and shows latencies, throttles, errors and the capacity consumed beside\n"
		"what `model cost` estimates. Requests go out when they are due, whatever became of\n"
		"those before; a latency counts from then on. 64 are under way at most; what finds\n"
		"no place within reason is counted as dropped. Nothing is tried again.\n"
		"\n"
		"The commands name one key each. Where the model has sample items, keys are chosen\n"
		"among theirs (always in the same order of chance; of items of several kinds in a\n"
		"table those whose keys begin alike up to the first '#'); batches and transactions\n"
		"stay as they are. So few keys are a hot partition at high rates: declare more sample\n"
		"items, or read throttles with that in mind. A write whose own condition does not\n"
		"hold counts as refused, not as failed.\n"
		"\n"
		"Writes change data. Elsewhere than on this machine they need --yes-create-tables.\n"
		"The tables must be there (`model apply --items`). Ctrl-C ends it with the result so\n"
		"far. With failures the exit code is 1.\n",
	.examples = "  sluice model load dynamodb_data_model.json --endpoint http://127.0.0.1:8000 --for 10s\n"
		    "  sluice model load dynamodb_data_model.json --rps x0.1 --for 5m --yes-create-tables --json\n",
	.takes = COMMAND_TAKES_FILE | COMMAND_TAKES_ENDPOINT | COMMAND_TAKES_RPS | COMMAND_TAKES_FOR | COMMAND_TAKES_YES |
		 COMMAND_TAKES_JSON,
	.needs = COMMAND_TAKES_FILE,
	.run = run_load,
};
