/* client_address: where a client calls, and for which region it signs: an address
 * that was configured, or the service's own, at the account's host where the mode
 * and the credentials allow it.
 */
#ifndef SLUICE_AWS_CLIENT_ADDRESS_H
#define SLUICE_AWS_CLIENT_ADDRESS_H

#include "sluice/aws/client.h"
#include "sluice/aws/endpoint.h"

enum { CLIENT_ADDRESS_ACCOUNTS = 4 };

struct client_address {
	enum aws_service service;
	struct buf region;               /* the settings' or config's */
	struct aws_endpoint_params params;  /* the region is the one above */
	struct aws_endpoint endpoint;    /* the region's, or a custom one */
	const char *given_by;            /* for people: who set a custom one; NULL: nobody */
	/* Hosts of accounts that were asked for; the oldest is replaced. */
	struct account_address {
		bool known;
		struct buf account;
		struct aws_endpoint endpoint;
	} accounts[CLIENT_ADDRESS_ACCOUNTS];
	size_t oldest;
};

/* FATAL "aws.region", "aws.endpoint"; release it all the same. */
bool client_address_init(struct client_address *a, enum aws_service service, const struct aws_settings *settings,
			 struct err *err);
void client_address_release(struct client_address *a);

/* Where a call is sent that is signed by `who` (NULL: by nobody) and is about
 * resource_arn (may be empty). Lives until the next call of this. NULL: FATAL
 * "aws.endpoint": accounts' hosts are required, and there is no account id. */
const struct aws_endpoint *client_address_of(struct client_address *a, const struct credentials *who,
					     struct str resource_arn, struct err *err);

/* What is signed for. */
struct str client_address_region(const struct client_address *a);

#endif
