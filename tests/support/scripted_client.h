/* scripted_client: an AWS client over a scripted transport, with keys that a test can
 * change while the client uses them. For task bodies.
 */
#ifndef SLUICE_SUPPORT_SCRIPTED_CLIENT_H
#define SLUICE_SUPPORT_SCRIPTED_CLIENT_H

#include "sim/transport_script.h"
#include "sluice/aws/client.h"

#define SCRIPTED_SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define SCRIPTED_TOKEN "AQoDYXdzEPTtoken=="

struct scripted_keys {
	struct credentials_provider base;
	const char *id, *after_forget;
	const char *secret;  /* NULL: SCRIPTED_SECRET */
	unsigned forgotten;
	bool absent;
};

struct scripted_client {
	struct transport_script script;
	struct scripted_keys keys;
	struct aws_client *client;
	struct loop *loop;
	struct buf answer;
	struct err err;
};

/* At http://127.0.0.1:8000, in eu-west-1. config may be NULL; it and the steps are borrowed. */
void scripted_client_init(struct scripted_client *f, struct loop *loop, enum aws_service service,
			  const struct aws_config *config, const struct script_step *steps, size_t n);
void scripted_client_release(struct scripted_client *f);

/* GetRecords with a small body, in the way `how` says; the answer and its error into f. */
bool scripted_client_call(struct scripted_client *f, struct aws_request how);

#endif
