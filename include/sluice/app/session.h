/* session: what a command needs that talks to the services for a moment: a loop of
 * its own, clients by the settings, and the state store. `sluice run` has workers
 * instead.
 */
#ifndef SLUICE_APP_SESSION_H
#define SLUICE_APP_SESSION_H

#include "sluice/app/settings.h"
#include "sluice/stream/state.h"

struct session {
	const struct settings *settings;
	struct loop *loop;
	struct aws_settings aws;      /* of DynamoDB and its streams; other services: without endpoint_url */
	struct aws_client *dynamodb;
	struct state *state;          /* not open yet */
	struct str instance;          /* "<host>:<pid>" */
};

/* Opens all, runs fn(ctx) as a task of a loop of its own, closes all. Warnings go to
 * stderr in the settings' log format. False with err when something could not be
 * opened (fn has not run then). main's thread. */
bool session_run(const struct settings *settings, void (*fn)(void *ctx, struct session *s), void *ctx, struct err *err);

/* Yields. Opens the state store where there is one; *exists false: there is none, and
 * none is made. */
bool session_open_state(struct session *s, bool *exists, struct err *err);

#endif
