#include "sluice/app/session.h"

#include "sluice/app/aws_site.h"
#include "sluice/app/clients.h"
#include "sluice/app/plan.h"
#include "sluice/core/loop.h"
#include "sluice/core/mem.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

enum { SESSION_BYTES = 1 << 20 };

/* A session while it is open. */
struct opened {
	struct session s;
	struct env *env;
	struct http_client *http;
	struct aws_site site;
	struct arena arena;
	void (*fn)(void *ctx, struct session *s);
	void *ctx;
	bool ok;
	struct err *err;
};

/* ---- opening ---- */

static bool open_client(struct opened *o, struct err *err)
{
	const struct settings *set = o->s.settings;
	struct aws_settings *aws = &o->s.aws;

	if (!aws_site_open(&o->site, o->s.loop, set, err))
		return false;
	o->http = clients_new(set, o->s.loop, o->site.config.ca_bundle, err);
	if (!o->http)
		return false;
	*aws = (struct aws_settings){
		.loop = o->s.loop, .transport = http_client_transport(o->http), .credentials = o->site.credentials,
		.config = &o->site.config, .endpoint_url = set->aws.endpoint_url,
	};
	o->s.dynamodb = aws_client_new(AWS_DYNAMODB, aws, err);
	return o->s.dynamodb != NULL;
}

/* Here and in worker.c: where the settings keep the state. */
static void make_state(struct session *s)
{
	const struct settings *set = s->settings;

	s->state = set->state.file.len ? state_file_new(s->loop, set->app, set->state.file) :
					 state_table_new(s->dynamodb, s->loop, set->app, set->state.table);
}

static bool describe(struct session *s, struct str name, bool *exists, struct err *err)
{
	struct table_description table;
	struct arena arena;

	arena_init(&arena, SESSION_BYTES);
	*exists = dynamodb_describe_table(s->dynamodb, name, &arena, &table, err);
	arena_release(&arena);
	return *exists || err_is(err, "ResourceNotFoundException");
}

/* A file tells no time; an answer of the service does, whatever it says. */
static bool open_file(struct session *s, bool *exists, struct err *err)
{
	char *path = mem_dup(s->settings->state.file.ptr, s->settings->state.file.len);
	bool any;

	*exists = access(path, F_OK) == 0 || errno != ENOENT;
	mem_free(path);
	return !*exists || (describe(s, s->settings->pipelines[0].table, &any, err) && state_open(s->state, err));
}

bool session_open_state(struct session *s, bool *exists, struct err *err)
{
	if (s->settings->state.file.len)
		return open_file(s, exists, err);
	return describe(s, s->settings->state.table, exists, err) && (!*exists || state_open(s->state, err));
}

/* ---- its life ---- */

static void session_task(void *arg)
{
	struct opened *o = arg;

	o->ok = open_client(o, o->err);
	if (o->ok) {
		make_state(&o->s);
		o->fn(o->ctx, &o->s);
		state_free(o->s.state);
	}
	aws_client_free(o->s.dynamodb);
	if (o->http)
		http_client_free(o->http);
	aws_site_close(&o->site);
}

static bool run(struct opened *o, struct log *log, struct err *err)
{
	o->env = env_real(log, err);
	o->s.loop = o->env ? loop_new(o->env, err) : NULL;
	if (o->s.loop) {
		loop_run(o->s.loop, session_task, o);
		loop_free(o->s.loop);
	}
	if (o->env)
		env_free(o->env);
	return o->ok;
}

bool session_run(const struct settings *settings, void (*fn)(void *ctx, struct session *s), void *ctx, struct err *err)
{
	struct log log = { .fd = STDERR_FILENO, .level = LOG_WARN, .format = (enum log_format)settings->log.format };
	struct opened o = { .s = { .settings = settings }, .fn = fn, .ctx = ctx, .err = err };
	bool ok;

	signal(SIGPIPE, SIG_IGN);
	if (!http_global_init(err))
		return false;
	arena_init(&o.arena, SESSION_BYTES);
	o.s.instance = plan_instance(&o.arena);
	ok = run(&o, &log, err);
	arena_release(&o.arena);
	http_global_cleanup();
	return ok;
}
