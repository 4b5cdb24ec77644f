/* calls: requests to a simulated service of AWS by hand, for tests of the service.
 */
#ifndef SLUICE_SUPPORT_CALLS_H
#define SLUICE_SUPPORT_CALLS_H

#include "sluice/http/transport.h"

struct caller {
	struct transport *to;
	const char *node;        /* x-sim-node; NULL: none */
	const char *date;        /* X-Amz-Date; NULL: none */
	struct http_response response;
	struct err err;          /* of the last call, when it had no answer */
};

void caller_init(struct caller *c, struct transport *to);
void caller_release(struct caller *c);

/* Sends body (a format) to "DynamoDB_20120810.GetItem", say; returns the answer's
 * status, 0 when there is none. May yield. */
int caller_call(struct caller *c, const char *target, const char *body, ...) __attribute__((format(printf, 3, 4)));

struct str caller_body(const struct caller *c);

/* A string in the last answer's object, "" when absent; borrowed until the next
 * call. */
struct str caller_text(const struct caller *c, const char *member);

/* The last answer is that exception. */
bool caller_refused(const struct caller *c, const char *exception);

/* How often a text stands in the last answer. */
size_t caller_count(const struct caller *c, const char *text);

#endif
