/* breaker: what a sink has learnt of one server: whether it is worth asking.
 *
 * Closed, it lets everything through. After so many failures in a row it opens:
 * requests fail at once, for a pause. Then it is half open: one request goes as a
 * probe; its answer closes the breaker, its failure opens it for twice the pause
 * (1 s to 60 s, and up to a quarter more by chance). A server may also ask for a
 * pause itself (Retry-After). Time is env's monotonic clock.
 */
#ifndef SLUICE_SINKS_BREAKER_H
#define SLUICE_SINKS_BREAKER_H

#include "sluice/core/env.h"

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

struct breaker {
	struct breaker *next;          /* the owner's */
	char *host;                    /* for messages: "https://hooks.example" */
	struct env *env;
	unsigned most_failures;        /* in a row; opens at this many */
	enum breaker_state state;
	unsigned failures;
	int64_t pause_ms;              /* the latest; 0: none yet */
	int64_t open_until_ms, held_until_ms;
	char last[64];                 /* code of the latest failure */
};

struct breaker *breaker_new(struct env *env, struct str host, unsigned most_failures);
void breaker_free(struct breaker *b);

/* False, with RETRY "sink.open" or THROTTLE "sink.held" and retry_after_ms, when
 * nothing may go to this server now. After true, breaker_settle() must follow. */
bool breaker_admit(struct breaker *b, struct err *err);

enum breaker_news {
	BREAKER_ANSWERED,   /* the server works, whatever it thinks of the request */
	BREAKER_FAILED,     /* no answer, or one that says that it does not work */
	BREAKER_UNKNOWN,    /* cancelled: nothing was learnt */
};

/* why: of a failure; may be NULL for the others. */
void breaker_settle(struct breaker *b, enum breaker_news news, const struct err *why);

/* The server asked for a pause. */
void breaker_hold(struct breaker *b, int64_t ms);

#endif
