/* model_load_parts: what the files of `model load` share. Known to src/app only.
 */
#ifndef SLUICE_APP_MODEL_LOAD_PARTS_H
#define SLUICE_APP_MODEL_LOAD_PARTS_H

#include "sluice/app/model_load.h"
#include "sluice/model/variation.h"

enum load_outcome { LOAD_DONE, LOAD_REFUSED, LOAD_THROTTLED, LOAD_FAILED };

/* What an answer means. err NULL: a success. *name: what to count a failure as; static or of err. */
enum load_outcome load_judge(const struct model_pattern *p, const struct err *err, struct str answer, const char **name);

/* The CapacityUnits that an answer tells, summed over its tables; false: it tells none. */
bool load_consumed(struct str answer, double *units);

void load_count_error(struct load_figures *f, const char *name);

#endif
