/* model_site: the endpoint on which a data model is tried: a loop and a client of
 * DynamoDB and its streams for a moment, and the rule where tables may be created.
 */
#ifndef SLUICE_APP_MODEL_SITE_H
#define SLUICE_APP_MODEL_SITE_H

#include "sluice/aws/client.h"

struct model_site_options {
	const char *endpoint;        /* "http://127.0.0.1:8000"; NULL: the service's own, by the AWS configuration */
	const char *region;          /* NULL: by the AWS configuration; on loopback us-east-1 without one */
	const char *profile;         /* NULL: by the AWS configuration */
	bool yes_create_tables;      /* also where the endpoint is not this machine */
	bool read_only;              /* nothing is created: any endpoint will do */
};

struct model_site {
	struct loop *loop;
	struct aws_settings aws;     /* endpoint, credentials, transport, configuration */
	struct aws_client *dynamodb, *streams;
	struct event *stop;          /* set by SIGINT, SIGTERM and SIGHUP: clean up, then return */
	struct model_site_parts *parts;  /* its own */
};

/* Is it this machine: 127.0.0.0/8, [::1], localhost? Anything that is no http(s) URL is not. */
bool model_site_is_loopback(struct str endpoint);

/* May tables be created there? DATA "model.endpoint" that says how to allow it. */
bool model_site_allows(const struct model_site_options *o, struct err *err);

/* Checks the above, opens all, runs fn(ctx, site) as a task of a loop of its own, closes all.
 * SIGINT, SIGTERM and SIGHUP set `stop` meanwhile (a second one ends the process). On loopback, where
 * no credentials are configured, any will do and made-up ones are used. False with err when
 * something could not be opened (fn has not run then). main's thread. */
bool model_site_run(const struct model_site_options *o, void (*fn)(void *ctx, struct model_site *s), void *ctx,
		    struct err *err);

/* The same inside a task of a loop that runs already, as a server's; nobody looks at signals
 * then: `stop` is the caller's, borrowed. Yields. */
bool model_site_open(struct model_site *s, const struct model_site_options *o, struct loop *loop, struct event *stop,
		     struct err *err);
/* Yields. Also one that could not be opened. */
void model_site_close(struct model_site *s);

#endif
