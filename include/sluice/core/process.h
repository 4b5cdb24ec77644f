/* process: a program run to its end for what it prints. No shell sees anything:
 * the program is looked for on PATH and gets its arguments as they are.
 *
 * It runs in a process group of its own with no signal blocked or ignored, reads
 * nothing (/dev/null), has this process's environment and none of its
 * descriptors; what it writes to stderr is dropped, since secrets may stand
 * there. Where it is not waited for to its end (timeout, too much output, a
 * cancelled task) the whole group is killed. SIGCHLD must not be ignored.
 */
#ifndef SLUICE_CORE_PROCESS_H
#define SLUICE_CORE_PROCESS_H

#include "sluice/core/arena.h"
#include "sluice/core/buf.h"
#include "sluice/core/err.h"

struct loop;

struct process_end {
	int exit_code;     /* where signal is 0 */
	int signal;        /* that ended it, or 0 */
};

/* Yields until the program has ended and its stdout is closed; what it printed is
 * appended to *out, whose cap is the limit. The memory is had at once: nothing
 * of a secret stays behind in a smaller buffer. True for any exit, see *end.
 * False: FATAL "process.absent" (no such program), "process.start" (it cannot be
 * run), RETRY "process.resources", "process.timeout", DATA "process.size"; CANCELLED. */
bool process_run(struct loop *loop, char *const *argv, int64_t timeout_ms, struct buf *out, struct process_end *end,
		 struct err *err);

/* Splits a command as Python's shlex.split() does, and so the AWS CLI: words
 * between white space; '…' keeps all; in "…" a backslash stands before '"' and
 * '\', outside before any character. Nothing is expanded.
 * NULL-terminated, in the arena. NULL: DATA "process.command". */
char **process_split(struct str command, struct arena *arena, struct err *err);

#endif
