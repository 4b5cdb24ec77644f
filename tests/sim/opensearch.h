/* sim/opensearch: an OpenSearch in memory, behind `struct transport`: indexes with
 * gc_deletes and aliases, _bulk with external versions, and faults. Documents are
 * kept with the tombstones of their deletes, which gc_deletes outlives in virtual
 * time. Behaviour as watched at 2.19.0. Requests to other hosts go on to `next`.
 * Without latency and without a fault a call does not yield.
 */
#ifndef SLUICE_SIM_OPENSEARCH_H
#define SLUICE_SIM_OPENSEARCH_H

#include "sim/map.h"
#include "sim/streams.h"

struct sim_document {
	char *id, *body;           /* body NULL: deleted */
	uint64_t version;
	int64_t deleted_ms;
	struct sim_document *next;
};

struct sim_index {
	char *name, *creation;     /* the body it was made with */
	int64_t gc_deletes_s;
	struct sim_document *documents; /* the newest id first */
	struct sim_map by_id;
	size_t n_documents;        /* deleted ones, too */
	struct sim_index *next;
};

struct sim_alias {
	char *name, *index;
	struct sim_alias *next;
};

struct sim_opensearch {
	struct transport transport;
	struct transport *next;
	struct loop *loop;
	const char *url;           /* "http://search.test" */
	struct sim_index *indexes;
	struct sim_alias *aliases;
	int64_t latency_ms;
	size_t largest_body;       /* more is 413; 0: no limit */
	double busy;               /* chance of each document to get 429 */

	enum sim_fault (*fault)(void *ctx, const char *path);
	void *fault_ctx;
	uint64_t requests, bulks, faults, compressed;
};

struct sim_opensearch *sim_opensearch_new(struct loop *loop, const char *url, struct transport *next);
void sim_opensearch_free(struct sim_opensearch *o);

struct sim_index *sim_index_named(struct sim_opensearch *o, struct str name);

/* NULL when it never was or its delete is forgotten; body NULL: deleted. */
const struct sim_document *sim_index_get(struct sim_index *x, const char *id);

#endif
