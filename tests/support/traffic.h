/* traffic: recorded HTTP of ../shared/vectors/credentials as a script for
 * sim/transport_script, and the comparison of what was sent with what was recorded.
 */
#ifndef SLUICE_SUPPORT_TRAFFIC_H
#define SLUICE_SUPPORT_TRAFFIC_H

#include "sim/transport_script.h"

#include "sluice/core/json.h"

enum { TRAFFIC_MOST = 16 };

struct traffic {
	struct json *tree;
	const struct json *requests[TRAFFIC_MOST];
	struct script_step steps[TRAFFIC_MOST];
	size_t n;
};

/* Of the end-to-end case with that name; false when there is no such file. */
bool traffic_load(struct traffic *t, const char *name);
void traffic_release(struct traffic *t);

/* True when the script was sent all of it: method and URL of each, and those of
 * its headers that say something (tokens, TTL, Accept). Says what differs. */
bool traffic_matches(const struct traffic *t, const struct transport_script *script);

#endif
