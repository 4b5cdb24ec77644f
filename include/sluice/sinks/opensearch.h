/* opensearch: requests to an OpenSearch cluster, and the making of the indexes
 * that sluice writes. The sink in src/sinks/opensearch.c and whoever rebuilds or
 * verifies an index use it.
 *
 * Facts: OpenSearch 2.19 REST API; behaviour of external versions and gc_deletes
 * as watched (tests/e2e).
 */
#ifndef SLUICE_SINKS_OPENSEARCH_H
#define SLUICE_SINKS_OPENSEARCH_H

#include "sluice/core/arena.h"
#include "sluice/core/json.h"
#include "sluice/core/loop.h"
#include "sluice/http/transport.h"

/* Text is borrowed. One client serves any number of tasks of one loop. */
struct opensearch_client {
	struct loop *loop;
	struct transport *transport;
	struct str url;                /* without a slash at its end */
	int64_t timeout_ms;
	bool gzip;                     /* compress bodies over OPENSEARCH_GZIP_FROM bytes */
};

enum { OPENSEARCH_GZIP_FROM = 1024 };

struct opensearch_request {
	const char *method;
	struct str path;               /* "/_bulk?…", encoded */
	struct str body;               /* empty: none */
	bool ndjson;
};

/* Yields. True for any answer with a status. */
bool opensearch_send(struct opensearch_client *c, const struct opensearch_request *request,
		     struct http_response *response, struct err *err);

/* An answer that is not 2xx as an error: AUTH 401 and 403, THROTTLE 429, RETRY 408
 * and 5xx and 404, DATA 400 and 413, FATAL else. Returns false. */
bool opensearch_fail(const struct opensearch_client *c, const struct opensearch_request *request,
		     const struct http_response *response, struct err *err);

/* Yields. Both at once: false unless the answer is 2xx. */
bool opensearch_call(struct opensearch_client *c, const struct opensearch_request *request,
		     struct http_response *response, struct err *err);

/* Appends text percent-encoded as one segment of a path. */
void opensearch_put_segment(struct buf *path, struct str text);

/* Checks a name of an index or alias by OpenSearch's rules. */
bool opensearch_index_name_ok(struct str index);

struct opensearch_index {
	struct str name;               /* the physical one */
	struct str alias;              /* empty: none */
	struct str definition;         /* JSON object with "mappings" and "settings" (or the mappings
	                                  alone); or empty */
	int64_t gc_deletes_s;          /* at least that long deletes are remembered; 0: as the cluster likes */
};

/* Yields. Makes the index when it is missing, with gc_deletes, definition, and the
 * alias if that points nowhere yet; raises the gc_deletes of one that is there.
 * Safe when several do it at once. FATAL "opensearch.index_name" for illegal
 * names, "opensearch.alias" when an index has the alias's name,
 * "opensearch.definition" when the definition is no JSON object, "opensearch.400"
 * when OpenSearch refuses it. */
bool opensearch_ensure_index(struct opensearch_client *c, const struct opensearch_index *x, struct err *err);

#endif
