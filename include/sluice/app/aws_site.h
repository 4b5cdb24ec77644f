/* aws_site: what a process has of AWS once, whatever the number of its workers: the
 * configuration, and the one cache of credentials with connections of its own to
 * where they come from.
 */
#ifndef SLUICE_APP_AWS_SITE_H
#define SLUICE_APP_AWS_SITE_H

#include "sluice/app/settings.h"
#include "sluice/aws/config.h"
#include "sluice/http/client.h"

struct aws_site {
	struct loop *loop;
	const struct settings *settings;
	struct aws_config config;                  /* constant once it is open: any thread may read it */
	struct http_client *http;
	struct credentials_provider *credentials;  /* on `loop`; workers ask it by credentials_remote_new() */
};

/* Yields. In a task of `loop`, which closes it, too. Asks nobody for credentials yet;
 * where no region is named it asks the instance's metadata. False with err when the
 * configuration cannot be used. Close it all the same. */
bool aws_site_open(struct aws_site *s, struct loop *loop, const struct settings *settings, struct err *err);

/* Yields. Nobody may use it or its credentials any more, but answers to workers that
 * have ended may still be on their way to their loops: free these behind it. */
void aws_site_close(struct aws_site *s);

#endif
