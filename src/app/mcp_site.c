#include "sluice/app/mcp_site.h"

#include "sluice/aws/dynamodb.h"
#include "sluice/aws/endpoint.h"
#include "sluice/core/loop.h"
#include "sluice/core/mem.h"
#include "sluice/http/client.h"
#include "sluice/mcp/operation_tools.h"

enum { SHOWN_BYTES = 60 };

/* The clients of one region. */
struct mcp_site_region {
	char *name;                  /* as it was asked for; "": the default */
	struct model_site site;
	struct event ready;
	bool opened, begun;
	struct err err;              /* not opened: why */
};

struct mcp_aws *mcp_site_aws(void *site)
{
	return &((struct mcp_site *)site)->aws;
}

bool mcp_site_prepare(struct mcp_site *s, struct err *err)
{
	if (!s->initialized)
		s->initialized = http_global_init(err);
	return s->initialized;
}

/* ---- the keeper ----
 *
 * Credentials and clients live in the scope of the task that opens them, so it is one that stays. */

static void open_region(struct mcp_site *s, struct mcp_site_region *r)
{
	const struct mcp_options *o = s->options;
	const struct model_site_options options = {
		.endpoint = o->endpoint_url, .region = *r->name ? r->name : o->region, .profile = o->profile, .read_only = true,
	};

	if (mcp_site_prepare(s, &r->err)) {
		r->begun = true;
		r->opened = model_site_open(&r->site, &options, s->loop, &s->stop, &r->err);
	}
	event_set(&r->ready);
}

static void keep(void *arg)
{
	struct mcp_site *s = arg;
	void *wanted;

	while (channel_recv(&s->wanted, &wanted, NULL))
		open_region(s, wanted);
	task_shield_begin(s->loop);
	for (size_t i = 0; i < s->n_regions; i++)
		if (s->regions[i]->begun)
			model_site_close(&s->regions[i]->site);
	task_shield_end(s->loop);
}

/* ---- calls ---- */

static struct mcp_site_region *region_named(struct mcp_site *s, struct str name)
{
	for (size_t i = 0; i < s->n_regions; i++)
		if (str_eq(str_c(s->regions[i]->name), name))
			return s->regions[i];
	return NULL;
}

static struct mcp_site_region *add_region(struct mcp_site *s, struct str name, struct err *err)
{
	struct mcp_site_region *r;

	if (s->n_regions == MCP_SITE_REGIONS) {
		err_set(err, ERR_DATA, "mcp.regions", "one server calls at most %d regions: start another one", MCP_SITE_REGIONS);
		return NULL;
	}
	r = mem_alloc(sizeof(*r));
	r->name = mem_dup(name.ptr ? name.ptr : "", name.len);
	event_init(&r->ready, s->loop);
	s->regions[s->n_regions++] = r;
	return channel_send(&s->wanted, r, err) ? r : NULL;
}

/* Yields while another call opens it. One that could not be opened stays so: the message says what to do, and a
 * new server reads the configuration again. */
static struct mcp_site_region *open_clients(struct mcp_site *s, struct str name, struct err *err)
{
	struct mcp_site_region *r = region_named(s, name);

	if (!r && name.len && !aws_region_valid(name)) {
		err_set(err, ERR_DATA, "mcp.region", "region_name: '%.*s' is no region; expected one like eu-central-1",
			STR_ARG(str_sub(name, 0, SHOWN_BYTES)));
		return NULL;
	}
	if (!r)
		r = add_region(s, name, err);
	if (!r || !event_wait(&r->ready, -1, NULL, err))
		return NULL;
	if (r->opened)
		return r;
	*err = r->err;
	return NULL;
}

static bool wait_for_turn(struct mcp_site *s, struct err *err)
{
	while (s->under_way >= MCP_SITE_CALLS) {
		event_clear(&s->free);
		if (!event_wait(&s->free, -1, NULL, err))
			return false;
	}
	s->under_way++;
	return true;
}

static bool call_aws(struct mcp_aws *aws, enum mcp_service service, const char *operation, struct str region,
		     struct str body, struct buf *answer, struct err *err)
{
	struct mcp_site *s = (struct mcp_site *)aws;
	struct mcp_site_region *r = open_clients(s, region, err);
	bool ok;

	if (!r || !wait_for_turn(s, err))
		return false;
	ok = dynamodb_call(service == MCP_DYNAMODB ? r->site.dynamodb : r->site.streams, operation, body, answer, err);
	s->under_way--;
	event_set(&s->free);
	return ok;
}

/* ---- its life ---- */

void mcp_site_open(struct mcp_site *s, struct loop *loop, const struct mcp_options *options)
{
	*s = (struct mcp_site){ .aws = { call_aws }, .loop = loop, .options = options };
	event_init(&s->free, loop);
	event_init(&s->stop, loop);
	channel_init(&s->wanted, loop, MCP_SITE_REGIONS);
	scope_init(&s->keeper, loop);
	scope_spawn(&s->keeper, "mcp.keeper", keep, s);
}

void mcp_site_close(struct mcp_site *s)
{
	scope_cancel(&s->keeper);
	scope_wait(&s->keeper);
	channel_release(&s->wanted);
	for (size_t i = 0; i < s->n_regions; i++) {
		mem_free(s->regions[i]->name);
		mem_free(s->regions[i]);
	}
	if (s->initialized)
		http_global_cleanup();
}
