/* region: which region to call. */
#ifndef SLUICE_AWS_REGION_H
#define SLUICE_AWS_REGION_H

#include "sluice/aws/credentials.h"

/* The first of: `configured` (the settings), AWS_REGION, AWS_DEFAULT_REGION, the
 * profile's `region` (profile empty: AWS_PROFILE or "default"). Appends it to
 * *out. FATAL "aws.region" when nobody names one, or what is named is no region. */
bool aws_region_resolve(const struct process_env *env, struct str configured, struct str profile, struct buf *out,
			struct err *err);

/* A host label: letters, digits and '-', 1 to 63 of them. */
bool aws_region_valid(struct str region);

#endif
