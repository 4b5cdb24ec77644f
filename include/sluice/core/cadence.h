/* cadence: several regular series of moments, and which of all of them is next: what has to
 * be sent when at given rates, whatever became of what was sent before.
 *
 * Series begin evenly spread over their first interval, so that equal rates do not go off
 * at once. Times are nanoseconds from the beginning.
 */
#ifndef SLUICE_CORE_CADENCE_H
#define SLUICE_CORE_CADENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cadence_series {
	double per_s;      /* > 0 */
	uint64_t given;    /* how many of its moments were taken */
	size_t id;
	double offset;     /* of its first moment, in intervals */
};

struct cadence {
	struct cadence_series *heap;   /* owned; the earliest first */
	size_t count;
};

/* rates[i] <= 0 has no moments. */
void cadence_init(struct cadence *c, const double *rates, size_t n);
void cadence_release(struct cadence *c);

/* When the next one is; INT64_MAX: there is none. */
int64_t cadence_due_ns(const struct cadence *c);

/* Takes it: which series it is of. Only where there is one. */
size_t cadence_take(struct cadence *c);

/* How many moments a rate has in [0, ns): what was planned. */
uint64_t cadence_planned(const struct cadence *c, size_t id, int64_t ns);

#endif
