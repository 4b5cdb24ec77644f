/* stop_signals: SIGTERM, SIGINT and SIGHUP as events of a loop, for commands that end in order.
 */
#ifndef SLUICE_APP_STOP_SIGNALS_H
#define SLUICE_APP_STOP_SIGNALS_H

#include "sluice/core/loop.h"

#include <signal.h>

struct stop_signals {
	void (*seen)(void *ctx, int signal);   /* on the loop's own stack, for each that comes */
	void *ctx;
	struct watch watch;                    /* its own */
	bool open;
};

/* From here on they wait for whoever opens a struct stop_signals; SIGPIPE is ignored. Before any thread is made. before: the
 * mask there was, for pthread_sigmask(); may be NULL. */
void stop_signals_block(sigset_t *before);

/* `seen` and `ctx` are set, the rest is zero. False: FATAL "signals", or what loop_watch() says. Close it all the
 * same, before the loop ends. */
bool stop_signals_open(struct stop_signals *s, struct loop *loop, struct err *err);
void stop_signals_close(struct stop_signals *s);

#endif
