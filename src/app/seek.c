#include "sluice/app/command.h"
#include "sluice/app/session.h"
#include "sluice/core/json_write.h"
#include "sluice/core/loop.h"
#include "sluice/core/rfc3339.h"
#include "sluice/stream/seek.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { OUTPUT_MAX = 4 << 20, MEAN_MAX = 128, RETENTION_MS = 24 * 3600 * 1000 };

/* One command line, as understood. */
struct job {
	const struct command_args *args;
	const struct settings *settings;
	const struct settings_pipeline *pipeline;
	const struct settings_handler **chosen;   /* as seek.handlers */
	struct seek seek;
	struct arena *arena;
	bool ok, told_waiting;
	struct err err;
};

/* ---- understanding ---- */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool find_pipeline(struct job *j)
{
	struct nearest near = nearest_to(str_c(j->args->pipeline));
	char mean[MEAN_MAX];

	for (size_t i = 0; i < j->settings->n_pipelines; i++) {
		const struct settings_pipeline *p = &j->settings->pipelines[i];

		if (str_eq(p->name, near.word))
			j->pipeline = p;
		nearest_offer(&near, p->name);
	}
	if (!j->pipeline)
		fprintf(stderr, "sluice seek: %s has no pipeline '%s'%s\n", j->args->config, j->args->pipeline,
			nearest_text(&near, mean, sizeof(mean)));
	return j->pipeline != NULL;
}

static struct seek_handler seek_handler_of(const struct settings_handler *h)
{
	return (struct seek_handler){
		.name = h->name, .image = h->ops->image, .sums = str_eq(str_c(h->ops->kind), STR("counter")),
	};
}

/* Disabled ones, too: their positions stand in the rows. */
static bool choose_handlers(struct job *j)
{
	struct str name = str_c(j->args->handler);
	struct nearest near = nearest_to(name);
	size_t n = j->pipeline->n_handlers;
	char mean[MEAN_MAX];

	j->chosen = arena_array(j->arena, n, sizeof(*j->chosen));
	j->seek.handlers = arena_array(j->arena, n, sizeof(*j->seek.handlers));
	for (size_t i = 0; i < n; i++) {
		const struct settings_handler *h = &j->pipeline->handlers[i];

		nearest_offer(&near, h->name);
		if (j->args->handler && !str_eq(name, h->name))
			continue;
		j->chosen[j->seek.n_handlers] = h;
		j->seek.handlers[j->seek.n_handlers++] = seek_handler_of(h);
	}
	if (j->seek.n_handlers == 0)
		fprintf(stderr, "sluice seek: pipeline %s has no handler '%s'%s\n", j->args->pipeline, j->args->handler,
			nearest_text(&near, mean, sizeof(mean)));
	return j->seek.n_handlers > 0;
}

static bool wrong_time(const struct job *j, const char *what)
{
	fprintf(stderr, "sluice seek: %s, found --to %s\nTry `sluice help seek`.\n", what, j->args->to);
	return false;
}

static bool wrong_place(const struct job *j, struct str to)
{
	struct nearest near = nearest_to(to);
	char mean[MEAN_MAX];

	nearest_offer(&near, STR("trim_horizon"));
	nearest_offer(&near, STR("latest"));
	fprintf(stderr,
		"sluice seek: expected --to trim_horizon, latest or a time like 2026-11-20T12:00:00Z, found '%s'%s\n"
		"Try `sluice help seek`.\n",
		j->args->to, nearest_text(&near, mean, sizeof(mean)));
	return false;
}

static bool read_place(struct job *j)
{
	struct str to = str_c(j->args->to);

	if (str_eq(to, STR("trim_horizon")))
		j->seek.whence = SEEK_TRIM_HORIZON;
	else if (str_eq(to, STR("latest")))
		j->seek.whence = SEEK_LATEST;
	else if (rfc3339_parse(to, &j->seek.pin_ms))
		j->seek.whence = SEEK_TIME;
	else
		return wrong_place(j, to);
	if (j->seek.whence == SEEK_TIME && j->seek.pin_ms > now_ms())
		return wrong_time(j, "expected a time that has passed");
	return true;
}

/* What the stream no longer has cannot be pinned. */
static bool is_older_than_the_stream(const struct job *j)
{
	return j->seek.pin_ms && now_ms() - j->seek.pin_ms > RETENTION_MS;
}

/* ---- doing ---- */

/* On a terminal a line that is written over; elsewhere once. */
static void waiting(void *ctx, struct str session, int64_t left_ms)
{
	struct job *j = ctx;
	bool terminal = isatty(STDERR_FILENO);

	if (terminal || !j->told_waiting)
		fprintf(stderr, "%swatching whether worker %.*s, which holds shards, is alive: up to %lld s%s",
			terminal ? "\r" : "sluice seek: ", STR_ARG(session), (long long)(left_ms + 999) / 1000,
			terminal ? "  " : "\n");
	j->told_waiting = true;
}

static bool no_state(struct job *j, struct err *err)
{
	const struct settings_state *state = &j->settings->state;

	return err_set(err, ERR_FATAL, "seek.nothing",
		       "there is no state %s %.*s: nothing has run yet, so there is nothing to seek",
		       state->file.len ? "file" : "table", STR_ARG(state->file.len ? state->file : state->table));
}

static void seek_task(void *ctx, struct session *session)
{
	struct job *j = ctx;
	bool exists;

	j->ok = session_open_state(session, &exists, &j->err);
	if (!j->ok)
		return;
	if (!exists) {
		j->ok = no_state(j, &j->err);
		return;
	}
	j->seek.loop = session->loop;
	j->seek.state = session->state;
	j->seek.instance = session->instance;
	j->seek.now_ms = aws_service_time_ms(session->dynamodb);
	j->ok = seek_run(&j->seek, &j->err);
	if (j->told_waiting && isatty(STDERR_FILENO))
		fputc('\n', stderr);
}

/* ---- telling ---- */

static struct str time_text(struct arena *a, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	char text[40] = "";

	if (gmtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return arena_dup(a, str_c(text));
}

/* What a person should know of what comes next for this handler. */
static struct str note_of(const struct job *j, size_t i)
{
	const struct seek_handler *h = &j->seek.handlers[i];
	const char *kind = j->chosen[i]->ops->kind;

	if (!h->begun)
		return STR("has not begun yet; it begins at the settings' start");
	if (h->sums && h->start_ms && seek_start_ms(&j->seek, h, h->start_ms) == h->start_ms)
		return arena_putf(j->arena, "goes back to its own start, %.*s, and not before; what its rows hold is left out",
				  STR_ARG(time_text(j->arena, h->start_ms)));
	if (j->seek.whence == SEEK_LATEST || (j->seek.whence == SEEK_TIME && j->seek.force))
		return h->image ? STR("what it keeps lacks the changes that are passed over, if there are any") : str_of(NULL, 0);
	if (h->sums)
		return STR("what its rows hold already is left out");
	if (h->image)
		return STR("what it keeps goes through old states again until it has caught up");
	if (str_eq(str_c(kind), STR("fanout")))
		return STR("an event whose task is still in the state table is not sent again");
	return STR("is sent again what it has had, with new, higher versions");
}

static struct str note_of_time(const struct job *j)
{
	return is_older_than_the_stream(j) ? STR("a stream keeps 24 hours: so old a time is the same as trim_horizon") :
					     str_of(NULL, 0);
}

static void put_done(const struct job *j, struct buf *out)
{
	buf_putf(out, "pipeline %.*s: moved to %s\n", STR_ARG(j->pipeline->name), j->args->to);
	if (note_of_time(j).len)
		buf_putf(out, "  %.*s\n", STR_ARG(note_of_time(j)));
	buf_putf(out, "  %-8s %-24s %8s %10s %14s\n", "kind", "handler", "shards", "reopened", "left finished");
	for (size_t i = 0; i < j->seek.n_handlers; i++) {
		const struct seek_handler *h = &j->seek.handlers[i];

		buf_putf(out, "  %-8s %-24.*s %8zu %10zu %14zu\n", j->chosen[i]->ops->kind, STR_ARG(h->name), h->moved,
			 h->reopened, h->finished);
		if (note_of(j, i).len)
			buf_putf(out, "           %.*s\n", STR_ARG(note_of(j, i)));
	}
}

static void put_failed(const struct job *j, struct buf *out)
{
	buf_putf(out, "sluice seek: %s\n", j->err.text);
	if (j->seek.rows_written)
		buf_putf(out,
			 "The seek is not complete: %zu of %zu shards are done, the rest stands where it was. Seek again to "
			 "complete it.\n",
			 j->seek.rows_written, j->seek.rows_found);
}

static void write_handler(struct json_writer *w, const struct job *j, size_t i)
{
	const struct seek_handler *h = &j->seek.handlers[i];
	struct str note = note_of(j, i);

	json_begin_object(w);
	json_member_str(w, STR("name"), h->name);
	json_member_str(w, STR("kind"), str_c(j->chosen[i]->ops->kind));
	json_member_bool(w, STR("begun"), h->begun);
	json_member_int(w, STR("shards"), (int64_t)h->moved);
	json_member_int(w, STR("reopened"), (int64_t)h->reopened);
	json_member_int(w, STR("left_finished"), (int64_t)h->finished);
	if (j->ok && h->begun) {
		json_member_int(w, STR("start_ms"), seek_start_ms(&j->seek, h, h->start_ms));
		json_key(w, STR("v"));
		json_uint(w, h->v);
	}
	if (j->ok && note.len)
		json_member_str(w, STR("note"), note);
	json_end_object(w);
}

static void write_result(const struct job *j, struct buf *out)
{
	struct json_writer w;

	json_write_init(&w, out);
	json_begin_object(&w);
	json_member_bool(&w, STR("ok"), j->ok);
	json_member_str(&w, STR("pipeline"), j->pipeline->name);
	json_member_str(&w, STR("to"), str_c(j->args->to));
	if (note_of_time(j).len)
		json_member_str(&w, STR("note"), note_of_time(j));
	json_member_int(&w, STR("shards"), (int64_t)j->seek.rows_found);
	json_member_int(&w, STR("shards_done"), (int64_t)j->seek.rows_written);
	json_key(&w, STR("handlers"));
	json_begin_array(&w);
	for (size_t i = 0; i < j->seek.n_handlers; i++)
		write_handler(&w, j, i);
	json_end_array(&w);
	if (!j->ok) {
		json_member_str(&w, STR("code"), str_c(j->err.code));
		json_member_str(&w, STR("error"), str_c(j->err.text));
	}
	json_end_object(&w);
	buf_putc(out, '\n');
}

static int tell(const struct job *j)
{
	struct buf out;

	buf_init(&out, OUTPUT_MAX);
	if (j->args->json)
		write_result(j, &out);
	else if (j->ok)
		put_done(j, &out);
	else
		put_failed(j, &out);
	fputs(out.ptr ? out.ptr : "", j->ok || j->args->json ? stdout : stderr);
	buf_release(&out);
	return j->ok ? EXIT_OK : EXIT_FAILED;
}

/* ---- the command ---- */

static int seek(struct job *j)
{
	int code;

	j->seek.pipeline = j->pipeline->name;
	j->seek.failover_ms = j->settings->failover_s * 1000;
	j->seek.force = j->args->force;
	j->seek.waiting = waiting;
	j->seek.ctx = j;
	if (is_older_than_the_stream(j))
		j->seek.whence = SEEK_TRIM_HORIZON;
	if (!session_run(j->settings, seek_task, j, &j->err))
		j->ok = false;
	code = tell(j);
	seek_release(&j->seek);
	return code;
}

static int run(const struct command_args *args)
{
	struct job j = { .args = args };
	struct problems problems;
	struct arena arena;
	int code;

	arena_init(&arena, SETTINGS_BYTES_MAX);
	problems_init(&problems, &arena);
	j.arena = &arena;
	j.settings = settings_load(&settings_all_kinds, NULL, args->config, &problems);
	if (!j.settings)
		code = command_problems(&problems);
	else
		code = find_pipeline(&j) && choose_handlers(&j) && read_place(&j) ? seek(&j) : EXIT_USAGE;
	arena_wipe(&arena); /* secrets stand in it */
	return code;
}

const struct command seek_command = {
	.name = "seek",
	.summary = "move where a pipeline's handlers go on",
	.text = "Moves the saved positions of a stopped pipeline's handlers, of all in the\n"
		"settings or of one: to trim_horizon (all that the stream still has), to latest\n"
		"(now), or to a time (what is older than it is passed over). At the next run they\n"
		"go on from there. What is read again gets new, higher versions (sluice-v).\n"
		"\n"
		"Workers that hold shards of the pipeline must be stopped first; one that was\n"
		"killed is watched for its failover time. Counters, views and indexes go back\n"
		"without harm, but would be wrong behind a gap: forward they are not moved.\n"
		"--force does both all the same; a running worker then goes on from the new\n"
		"positions within half a minute, and may repeat some records until it does.\n"
		"A seek that was interrupted is completed by repeating it.",
	.examples = "  sluice seek -c deals.conf --pipeline deals --to trim_horizon\n"
		    "  sluice seek -c deals.conf --pipeline deals --handler deal-changes --to 2026-11-20T12:00:00Z\n"
		    "  sluice seek -c deals.conf --pipeline deals --handler deal-alerts --to latest --json\n",
	.takes = COMMAND_TAKES_CONFIG | COMMAND_TAKES_PIPELINE | COMMAND_TAKES_HANDLER | COMMAND_TAKES_TO |
		 COMMAND_TAKES_FORCE | COMMAND_TAKES_JSON,
	.needs = COMMAND_TAKES_PIPELINE | COMMAND_TAKES_TO,
	.run = run,
};
