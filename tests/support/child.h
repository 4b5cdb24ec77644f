/* support/child: something that is meant to end the process, in a child. */
#ifndef SLUICE_SUPPORT_CHILD_H
#define SLUICE_SUPPORT_CHILD_H

#include <stdbool.h>
#include <stddef.h>

struct child_end {
	bool clean;        /* fn returned */
	int signal;        /* that ended it, or 0 */
	int exit_code;
	char text[65536];  /* its stderr, NUL-terminated, the first bytes of it */
};

/* Runs fn(arg) in a forked child, on its main stack, with default signal
 * handlers, and waits for its end. The caller must have no other thread. */
void run_child(void (*fn)(void *arg), void *arg, struct child_end *end);

/* True when built with AddressSanitizer / ThreadSanitizer. */
bool has_asan(void);
bool has_tsan(void);

#endif
