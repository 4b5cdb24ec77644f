/* supervisor: the process around the workers: signals, their threads, their end.
 * main's thread; it hears the signals (stop_signals.h) and starts each worker on a thread of its own.
 */
#ifndef SLUICE_APP_SUPERVISOR_H
#define SLUICE_APP_SUPERVISOR_H

#include "sluice/app/settings.h"

/* Behind stop_signals_block(). Runs the workers until SIGTERM or SIGINT has drained them; a second one ends the
 * process at once. False with err when a worker could not start or run. */
bool supervisor_run(const struct settings *s, struct log *log, struct err *err);

#endif
