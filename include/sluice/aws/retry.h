/* retry: when a failed call is tried again, and how long is waited before: the
 * rules of AWS's SDKs in standard mode. Pure: no clock, no chance, no I/O.
 *
 * Facts: AWS SDKs and Tools Reference Guide, "Retry behavior", in the form that
 * became the default in November 2026 (AWS_NEW_RETRIES_2026): a failure that passes
 * costs 14 of the client's 500 tokens, a throttle 5; the cap of 20 s counts before
 * chance does; x-amz-retry-after is in milliseconds.
 */
#ifndef SLUICE_AWS_RETRY_H
#define SLUICE_AWS_RETRY_H

#include <stdbool.h>
#include <stdint.h>

enum { RETRY_QUOTA = 500 };

/* What a client may still spend on repeating: a service that fails widely is not
 * asked several times for each call. Zero-initialise: all of it is there. */
struct retry_quota {
	unsigned spent;   /* of RETRY_QUOTA */
};

/* One call. Zero-initialise. */
struct retry_call {
	unsigned last_cost;   /* of its last repetition; 0: none yet */
};

/* Pays for one more attempt. False: there is not enough left, the call has failed. */
bool retry_take(struct retry_quota *quota, struct retry_call *call, bool throttled);

/* The call succeeded: gives its last cost back, or one token where it had none. */
void retry_succeeded(struct retry_quota *quota, const struct retry_call *call);

/* The first of them that is not 0: how many attempts a call may have. */
unsigned retry_most_attempts(unsigned request, unsigned settings, unsigned config, unsigned service);

/* How long to wait before the next attempt, in ms. attempts: so many were made (at
 * least 1). base_ms: the service's, for what is no throttle. chance: in [0, 1).
 * asked_ms: what the service asked for, 0: nothing; it counts within 5 s above what
 * would be waited without it. */
int64_t retry_delay_ms(int64_t base_ms, bool throttled, unsigned attempts, double chance, uint32_t asked_ms);

#endif
