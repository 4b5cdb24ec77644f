#include "sluice/sinks/kinds.h"

#include <stddef.h>

const struct sink_ops *const sink_kinds[] = {
	&kafka_sink, &opensearch_sink, &dynamodb_sink, &webhook_sink, &s3_sink, &file_sink,
	&sqs_sink, &sns_sink, &kinesis_sink, &firehose_sink, &eventbridge_sink, &lambda_sink, NULL,
};

const struct sink_ops *sink_kind(struct str kind)
{
	for (size_t i = 0; sink_kinds[i]; i++)
		if (str_eq(kind, str_c(sink_kinds[i]->kind)))
			return sink_kinds[i];
	return NULL;
}
