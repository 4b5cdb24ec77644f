#include "sluice/app/model_site.h"

#include "sluice/app/aws_site.h"
#include "sluice/app/clients.h"
#include "sluice/app/stop_signals.h"
#include "sluice/core/loop.h"
#include "sluice/core/mem.h"
#include "sluice/sinks/web_address.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { CONNECTIONS = 64 };

#define LOCAL_REGION "us-east-1"

/* ---- where tables may be created ---- */

bool model_site_is_loopback(struct str endpoint)
{
	struct web_address address;
	const char *why;

	return web_address_parse(endpoint, &address, &why) && address.loopback;
}

bool model_site_allows(const struct model_site_options *o, struct err *err)
{
	if (o->read_only || o->yes_create_tables || (o->endpoint && model_site_is_loopback(str_c(o->endpoint))))
		return true;
	return err_set(err, ERR_DATA, "model.endpoint",
		       "tables would be created at %s, which is not this machine (127.0.0.1, localhost, [::1]): add "
		       "--yes-create-tables if that is meant", o->endpoint ? o->endpoint : "DynamoDB itself");
}

/* ---- what is open ---- */

struct model_site_parts {
	struct settings settings;
	struct aws_site aws;
	struct http_client *http;
	struct credentials_provider *local;  /* on loopback, in the place of the default chain */
};

static bool region_is_known(const struct settings *set, bool *known, struct err *err)
{
	const struct aws_choices choices = { .region = set->aws.region, .profile = set->aws.profile };
	struct aws_config config;
	bool ok = aws_config_load(&config, &process_env_real, &choices, err);

	*known = ok && config.region.len > 0;
	aws_config_release(&config);
	return ok;
}

/* Any region will do there, and nobody is asked for one. */
static bool choose_region(struct settings *set, bool loopback, struct err *err)
{
	bool known;

	if (!loopback)
		return true;
	if (!region_is_known(set, &known, err))
		return false;
	if (!known)
		set->aws.region = STR(LOCAL_REGION);
	return true;
}

/* Environment and profile, so that what signs here is what the person's other tools sign with (DynamoDB Local may
 * keep a set of tables for each key); no metadata, and made-up keys where there are none. */
static struct credentials_provider *local_credentials(const struct model_site_parts *p, struct loop *loop)
{
	const struct credentials_site site = { .env = &process_env_real, .loop = loop, .config = &p->aws.config,
					       .transport = http_client_transport(p->aws.http) };
	struct credentials_provider *chain[4] = { credentials_environment_new(&site),
						  credentials_profile_new(&site, p->aws.config.profile_named ? p->aws.config.profile : STR("")) };
	struct credentials made_up;
	struct err err;

	credentials_init(&made_up);
	credentials_set(&made_up, STR("local"), STR("local"), STR(""), &err);
	chain[2] = credentials_static_new(&made_up);
	credentials_release(&made_up);
	return credentials_cached_new(credentials_chain_new(chain), &site);
}

static bool open_clients(struct model_site *s, bool loopback, struct err *err)
{
	struct model_site_parts *p = s->parts;

	p->http = clients_new(&p->settings, s->loop, p->aws.config.ca_bundle, err);
	if (!p->http)
		return false;
	if (loopback)
		p->local = local_credentials(p, s->loop);
	s->aws = (struct aws_settings){
		.loop = s->loop, .transport = http_client_transport(p->http), .config = &p->aws.config,
		.credentials = p->local ? p->local : p->aws.credentials, .endpoint_url = p->settings.aws.endpoint_url,
		.endpoint_from = "the endpoint",
	};
	s->dynamodb = aws_client_new(AWS_DYNAMODB, &s->aws, err);
	s->streams = s->dynamodb ? aws_client_new(AWS_DYNAMODB_STREAMS, &s->aws, err) : NULL;
	return s->streams != NULL;
}

static struct str text_of(const char *text)
{
	return text ? str_c(text) : STR("");
}

bool model_site_open(struct model_site *s, const struct model_site_options *o, struct loop *loop, struct event *stop,
		     struct err *err)
{
	bool loopback = o->endpoint && model_site_is_loopback(str_c(o->endpoint));
	struct model_site_parts *p = mem_alloc(sizeof(*p));

	*s = (struct model_site){ .loop = loop, .stop = stop, .parts = p };
	p->settings.aws = (struct settings_aws){ .region = text_of(o->region), .profile = text_of(o->profile),
						 .endpoint_url = text_of(o->endpoint) };
	p->settings.limits = (struct settings_limits){ .connections = CONNECTIONS, .connections_per_host = CONNECTIONS };
	return model_site_allows(o, err) && choose_region(&p->settings, loopback, err) &&
	       aws_site_open(&p->aws, loop, &p->settings, err) && open_clients(s, loopback, err);
}

void model_site_close(struct model_site *s)
{
	struct model_site_parts *p = s->parts;

	aws_client_free(s->streams);
	aws_client_free(s->dynamodb);
	if (p->http)
		http_client_free(p->http);
	credentials_provider_free(p->local);
	if (p->aws.loop)
		aws_site_close(&p->aws);
	mem_free(p);
}

/* ---- a run of its own ---- */

struct running {
	const struct model_site_options *options;
	void (*fn)(void *ctx, struct model_site *s);
	void *ctx;
	struct loop *loop;
	struct stop_signals signals;
	struct event stop;
	bool ok;
	struct err *err;
};

/* A second one ends the process at once. */
static void on_signal(void *ctx, int signal)
{
	struct running *r = ctx;

	if (r->stop.set)
		_exit(128 + signal);
	fprintf(stderr, "%sstopping in order; a second signal ends it at once and leaves what is there\n",
		isatty(STDERR_FILENO) ? "\n" : ""); /* a line of progress may be open */
	event_set(&r->stop);
}

static void site_task(void *arg)
{
	struct running *r = arg;
	struct model_site site;

	event_init(&r->stop, r->loop);
	r->signals = (struct stop_signals){ .seen = on_signal, .ctx = r };
	r->ok = stop_signals_open(&r->signals, r->loop, r->err);
	if (!r->ok)
		return;
	r->ok = model_site_open(&site, r->options, r->loop, &r->stop, r->err);
	if (r->ok)
		r->fn(r->ctx, &site);
	model_site_close(&site);
	stop_signals_close(&r->signals);
}

static bool run_loop(struct running *r, struct err *err)
{
	struct log log = { .fd = STDERR_FILENO, .level = LOG_WARN, .format = LOG_LOGFMT };
	struct env *env = env_real(&log, err);

	r->loop = env ? loop_new(env, err) : NULL;
	if (r->loop) {
		loop_run(r->loop, site_task, r);
		loop_free(r->loop);
	}
	if (env)
		env_free(env);
	return r->ok;
}

bool model_site_run(const struct model_site_options *o, void (*fn)(void *ctx, struct model_site *s), void *ctx,
		    struct err *err)
{
	struct running r = { .options = o, .fn = fn, .ctx = ctx, .err = err };
	sigset_t before;
	bool ok;

	if (!model_site_allows(o, err))
		return false;
	stop_signals_block(&before);
	ok = http_global_init(err);
	if (ok) {
		ok = run_loop(&r, err);
		http_global_cleanup();
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ok;
}
