/* credentials_document: the JSON in which metadata services and programs hand out
 * keys: AccessKeyId, SecretAccessKey, Token or SessionToken, Expiration, AccountId.
 *
 * Facts: EC2 User Guide ("Retrieve security credentials from instance metadata"),
 * ECS Developer Guide (task roles), AWS SDKs and Tools Reference Guide ("Process
 * credential provider").
 */
#ifndef SLUICE_AWS_CREDENTIALS_DOCUMENT_H
#define SLUICE_AWS_CREDENTIALS_DOCUMENT_H

#include "sluice/aws/credentials.h"

enum credentials_document {
	CREDENTIALS_DOCUMENT_INSTANCE,   /* IMDS: `Code` says whether it worked; Token and Expiration must be there */
	CREDENTIALS_DOCUMENT_CONTAINER,  /* Token, Expiration and AccountId may be absent */
	CREDENTIALS_DOCUMENT_PROCESS,    /* Version must be 1; SessionToken, Expiration and AccountId may be absent */
};

/* Reads text of any bytes. False: AUTH "credentials.document" when it is not as
 * described, "credentials.refused" when it says itself why there are no keys,
 * "credentials.malformed" or "credentials.size" for what can be no key. The text
 * is the caller's, who wipes it; out->source is left empty. */
bool credentials_document_read(struct str text, enum credentials_document kind, struct credentials *out,
			       struct err *err);

/* For errors: what an answer with an error status says, "code: message", printable;
 * empty when it says nothing. */
void credentials_document_refusal(struct str text, char *out, size_t size);

#endif
