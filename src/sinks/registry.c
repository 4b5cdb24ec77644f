#include "sluice/sinks/kinds.h"

#include <stddef.h>

const struct sink_ops *const sink_kinds[] = {
	&kafka_sink, &opensearch_sink, &dynamodb_sink, &s3_sink, &file_sink, NULL,
};

const struct sink_ops *sink_kind(struct str kind)
{
	for (size_t i = 0; sink_kinds[i]; i++)
		if (str_eq(kind, str_c(sink_kinds[i]->kind)))
			return sink_kinds[i];
	return NULL;
}
