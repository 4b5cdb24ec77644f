/* model_live_capture: sinks that keep what they get in memory, so that handlers can be tried without the far side.
 *
 * Each kind has its own options and checks, so that a handler's settings are read as ever; only sending is
 * another. DynamoDB's stays itself.
 */
#ifndef SLUICE_APP_MODEL_LIVE_CAPTURE_H
#define SLUICE_APP_MODEL_LIVE_CAPTURE_H

#include "sluice/core/arena.h"
#include "sluice/sinks/sink.h"

enum { CAPTURE_BYTES = 64 << 20, CAPTURE_MESSAGES = 100000 };

/* What one sink was given, in order: a message's body; a document's, or {"_id":"…","_deleted":true}. */
struct capture {
	struct arena arena;
	struct str *bodies;
	size_t n, cap;
};

void capture_init(struct capture *c);
void capture_release(struct capture *c);

/* All kinds, ended by NULL; in the arena, NULL at its cap. */
const struct sink_ops **capture_kinds(struct arena *a);

/* A sink of any of them, of no kind of its own: for dead letters. */
extern const struct sink_ops capture_sink_ops;

/* Where an open sink of these kinds puts what it gets: borrowed, right after it was opened. False: it is
 * DynamoDB's own. */
bool capture_attach(struct sink *s, struct capture *to);

#endif
