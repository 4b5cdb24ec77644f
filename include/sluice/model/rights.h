/* rights: which IAM actions handlers and sinks need, and on what: one table for `sluice check
 * --aws`, which tries them, and for the policies of model/resources.h, which grant them.
 *
 * Source of the facts: the calls in src/worker, src/sinks and src/stream; the service
 * authorization reference says which resource each is checked against.
 */
#ifndef SLUICE_MODEL_RIGHTS_H
#define SLUICE_MODEL_RIGHTS_H

#include "sluice/core/node.h"

enum { RIGHTS_ACTIONS_MAX = 6 };

/* Operations of DynamoDB without the service's name; lists end with NULL. */
struct table_rights {
	const char *sid;                             /* the statement's id in a policy */
	const char *operations[RIGHTS_ACTIONS_MAX];  /* can be tried without changing anything */
	const char *also[2];                         /* needed, too; cannot be tried so */
};

/* What a handler of the kind does with the table in its setting `table`; NULL: nothing. */
const struct table_rights *rights_of_handler(struct str kind);

extern const struct table_rights rights_of_state;      /* the state table, once it is there */
extern const struct table_rights rights_of_stream;     /* the source's stream */
extern const struct table_rights rights_of_query;      /* an audience's table or index */
extern const struct table_rights rights_of_scan;       /* an audience that is a whole table */
extern const struct table_rights rights_of_tables;     /* every table that is read or written */

/* An ARN, as far as an address tells it. */
struct rights_arn {
	struct str region, account;   /* empty: where sluice runs */
	bool global;                  /* it has neither (S3) */
	const char *type;             /* in front of the name: "function:"; or NULL */
	struct str name;
	struct str under;             /* behind the name, after a '/'; or empty */
	const char *behind;           /* behind all: what lies below it, as a pattern; or NULL */
};

/* What a sink of a kind needs where it sends to. */
struct sink_rights {
	const char *kind;             /* of the sink */
	const char *sid;
	const char *service;          /* of its ARNs */
	const char *actions[RIGHTS_ACTIONS_MAX]; /* with the service's name; ended by NULL */
	const char *address;          /* the handler's setting that names the place; NULL: the sink's own url */
	const char *under;            /* one that goes on from there; or NULL */
	bool own_account;             /* ARNs hold no account: only what belongs to the account that sluice runs in */
	const char *auth;             /* only with auth: { kind = "sigv4"; service = this; }; or NULL */

	/* Reads the address. False: it does not say (a variable, a wildcard, anything strange), and
	 * somebody has to be asked. */
	bool (*read)(struct str address, struct str under, struct rights_arn *out);
};

/* NULL: such a sink needs nothing of IAM. `sink`: its group in the settings. */
const struct sink_rights *rights_of_sink(const struct node *sink);

/* All of them, ended by one without a kind: for tests. */
extern const struct sink_rights sink_rights[];

#endif
