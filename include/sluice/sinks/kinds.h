/* kinds: the sinks there are. A new one is a file that defines its table, a line
 * here and a line in src/sinks/registry.c.
 */
#ifndef SLUICE_SINKS_KINDS_H
#define SLUICE_SINKS_KINDS_H

#include "sluice/sinks/sink.h"

extern const struct sink_ops kafka_sink;
extern const struct sink_ops opensearch_sink;
extern const struct sink_ops dynamodb_sink;
extern const struct sink_ops s3_sink;
extern const struct sink_ops file_sink;
extern const struct sink_ops webhook_sink;
extern const struct sink_ops sqs_sink;
extern const struct sink_ops sns_sink;
extern const struct sink_ops kinesis_sink;
extern const struct sink_ops firehose_sink;
extern const struct sink_ops eventbridge_sink;
extern const struct sink_ops lambda_sink;

#endif
