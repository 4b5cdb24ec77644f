/* mcp_site: what the tools of `sluice mcp` have of the outside: AWS clients, a set for
 * each region that is asked for, opened when the first call needs them.
 */
#ifndef SLUICE_APP_MCP_SITE_H
#define SLUICE_APP_MCP_SITE_H

#include "sluice/app/model_site.h"
#include "sluice/core/task.h"
#include "sluice/mcp/aws.h"
#include "sluice/mcp/options.h"

enum {
	MCP_SITE_REGIONS = 16,   /* that one server may be asked for */
	MCP_SITE_CALLS = 16,     /* at a time; more wait */
};

struct mcp_site_region;

struct mcp_site {
	struct mcp_aws aws;                     /* first: tools get at it */
	struct loop *loop;
	const struct mcp_options *options;
	struct scope keeper;                    /* the task that opens and closes the clients */
	struct channel wanted;                  /* regions to open */
	struct mcp_site_region *regions[MCP_SITE_REGIONS];
	size_t n_regions;
	size_t under_way;
	struct event free;                      /* set: a call has ended */
	struct event stop;                      /* of the clients' sites; never set */
	bool initialized;                       /* http_global_init() */
};

/* Starts the keeper; asks nobody anything. In a task. */
void mcp_site_open(struct mcp_site *s, struct loop *loop, const struct mcp_options *options);

/* Before a tool opens connections of its own: makes HTTP ready, once. */
bool mcp_site_prepare(struct mcp_site *s, struct err *err);

/* Yields. When no call is under way any more. */
void mcp_site_close(struct mcp_site *s);

#endif
