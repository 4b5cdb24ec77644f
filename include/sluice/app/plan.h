/* plan: what a worker shall run, as the settings say it.
 */
#ifndef SLUICE_APP_PLAN_H
#define SLUICE_APP_PLAN_H

#include "sluice/app/settings.h"
#include "sluice/worker/worker.h"

/* Fills *out from the settings; lists live in `a`, text is borrowed from the
 * settings. plan->aws has region and endpoint; transport and credentials are the
 * caller's. Handlers with enabled = false are left out. */
void plan_make(const struct settings *s, struct arena *a, struct worker_plan *out);

/* "<host>:<pid>", in `a`: what a worker's session begins with. */
struct str plan_instance(struct arena *a);

#endif
