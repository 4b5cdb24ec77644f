/* aws_sink: a sink of one of AWS's services over a transport of the test's, with a
 * batch of messages for it.
 */
#ifndef SLUICE_SUPPORT_AWS_SINK_H
#define SLUICE_SUPPORT_AWS_SINK_H

#include "sluice/sinks/sink.h"
#include "support/effects.h"

struct aws_sink {
	struct sink *sink;
	struct arena arena;
	struct aws_settings aws;
	union {
		max_align_t align;
		char bytes[512];
	} settings;                      /* the kind's defaults and what `json` said */
	struct made_batch batch;
	struct loop *loop;
};

/* Records have the event ids event-0, event-1, … False when the settings are refused. */
bool aws_sink_init(struct aws_sink *f, struct loop *loop, struct transport *transport, const char *kind,
		   const char *json, size_t records);
void aws_sink_release(struct aws_sink *f);

/* A message of the next record. */
struct effect *aws_sink_add(struct aws_sink *f, const char *address, const char *key, const char *body);

/* Sends what is pending. Yields. */
void aws_sink_send(struct aws_sink *f);

/* The nth effect, and why it failed (ERR_NONE: it did not). */
struct effect *aws_sink_effect(const struct aws_sink *f, size_t nth);
enum err_class aws_sink_class(const struct aws_sink *f, size_t nth);

#endif
