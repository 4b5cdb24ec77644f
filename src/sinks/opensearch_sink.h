/* opensearch_sink: what a sink of the kind opensearch is told by its settings. */
#ifndef SLUICE_SINKS_OPENSEARCH_SINK_H
#define SLUICE_SINKS_OPENSEARCH_SINK_H

#include "opensearch_access.h"

struct opensearch_settings {
	struct str url;
	int64_t timeout_ms, bulk_bytes, bulk_documents;
	bool gzip;
	struct opensearch_auth auth;
	struct tls_option tls;
};

#endif
