/* names: the tables of a model under other names, so that a trial stands apart from what is there.
 */
#ifndef SLUICE_MODEL_NAMES_H
#define SLUICE_MODEL_NAMES_H

#include "sluice/model/call.h"

enum { MODEL_NAME_MAX = 255 };           /* of a table, bytes */

/* By the order of the model's tables. */
struct model_names {
	const struct model *model;
	struct str *names;
	uint64_t trial;                  /* what a ClientRequestToken is good for: set another for each trial */
};

/* `prefix` in front of each, 3 to 100 bytes; a name that gets too long is cut and numbered, so that all stay
 * different. In the arena; false at its cap. */
bool model_names_make(struct model_names *out, const struct model *m, struct str prefix, struct arena *a);

/* The table's name there; an ARN (arn:aws:dynamodb:…:table/Name) means the table that it names. Empty: the model has
 * none of that name. */
struct str model_names_of(const struct model_names *n, struct str table);

/* The call's request with every table's name replaced where the operation's shapes say that one stands: what items,
 * values and expressions hold is left as it is. A ClientRequestToken becomes one of this run and trial: the service
 * would take the call for one that it has done already (for ten minutes, whatever the tables). False: it names a table that the model does not have, or the buf is
 * full. */
bool model_names_request(const struct model_names *n, const struct model_call *call, struct buf *out);

#endif
