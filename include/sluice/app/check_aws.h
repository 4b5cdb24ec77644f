/* check_aws: `sluice check --aws`: tries what the settings need of AWS, and what their
 * sinks need, without changing anything: reads read one thing, writes are sent with a
 * condition that no item can meet.
 */
#ifndef SLUICE_APP_CHECK_AWS_H
#define SLUICE_APP_CHECK_AWS_H

#include "sluice/app/findings.h"
#include "sluice/app/session.h"

/* Yields. Appends to *f. */
void check_aws(struct session *s, struct findings *f);

/* Its part about tables and streams (src/app/check_tables.c). Yield. */
void check_state_table(struct session *s, struct findings *f);
void check_pipeline(struct session *s, const struct settings_pipeline *p, struct findings *f);

#endif
