/* explain: what a handler's filter and template make of one stream record: would it
 * match, condition by condition, and what would be sent. For people who write them.
 */
#ifndef SLUICE_APP_EXPLAIN_H
#define SLUICE_APP_EXPLAIN_H

#include "sluice/core/buf.h"
#include "sluice/core/err.h"
#include "sluice/core/node.h"

struct explain_input {
	const struct node *record;     /* as GetRecords or Lambda shows it. Where event id, sequence number or time are missing,
	                                  some are made up, and that is said */
	const struct node *filter;     /* a handler's `filter`; NULL: every record matches */
	struct str message;            /* a template, or a JSON object of templates; empty: none */
};

/* Appends a JSON object: matches, conditions [{path, matches}], sends (a JSON value), not_sent (why there is none),
 * notes [text]. False with err DATA: what in the input cannot be read, all of it. */
bool explain_record(const struct explain_input *in, struct buf *out, struct err *err);

#endif
