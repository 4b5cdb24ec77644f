/* create: the requests that make a model's table: CreateTable and UpdateTimeToLive.
 */
#ifndef SLUICE_MODEL_CREATE_H
#define SLUICE_MODEL_CREATE_H

#include "sluice/model/document.h"

struct model_creation {
	struct str name;             /* instead of the table's own; empty: its own */
	bool plain_keys;             /* leave out global indexes of more than one HASH or RANGE attribute, which not
	                                every endpoint takes */
	bool trial;                  /* it is dropped again: without what would hold that up, cost much, or name
	                                other resources (DeletionProtectionEnabled, WarmThroughput, SSESpecification,
	                                ResourcePolicy, Tags) */
};

/* An index of several HASH or several RANGE attributes. */
bool model_index_has_many_keys(const struct model_index *i);

/* The body of CreateTable: what the document has, less what is no parameter of it
 * (TimeToLiveSpecification), attributes that no key uses, and empty lists, which the service refuses. BillingMode becomes
 * PAY_PER_REQUEST where neither it nor ProvisionedThroughput stands. False: the buf is full. */
bool model_create_table(const struct model_table *t, const struct model_creation *how, struct buf *out);

/* The body of UpdateTimeToLive; only for a table with a ttl_attribute. */
bool model_create_ttl(const struct model_table *t, const struct model_creation *how, struct buf *out);

#endif
