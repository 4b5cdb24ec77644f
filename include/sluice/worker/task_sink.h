/* task_sink: makes fan-out tasks as rows of the worker's state (EFFECT_TASK), where
 * the fan-out runner looks for them. A sink like any other, but in no settings.
 *
 * A task is put if absent. One that is there already is a success: it is the same
 * event's (a replay), or an earlier event's with the same `once`.
 */
#ifndef SLUICE_WORKER_TASK_SINK_H
#define SLUICE_WORKER_TASK_SINK_H

#include "sluice/sinks/sink.h"
#include "sluice/stream/state.h"

enum { TASK_SINK_PARALLEL = 16 };  /* rows that one send writes at once */

/* state, loop and app are borrowed. */
struct sink *task_sink_new(struct state *state, struct loop *loop, struct str app);

#endif
