/* partitions: the parts of AWS that know nothing of each other, and the domains of
 * their hosts (AWS's partitions.json).
 */
#ifndef SLUICE_AWS_PARTITIONS_H
#define SLUICE_AWS_PARTITIONS_H

#include "sluice/core/str.h"

struct aws_partition {
	const char *name;
	const char *global;        /* the region that stands for the whole partition; NULL: there is none */
	const char *begins;        /* what its regions begin with, between spaces; then "-word-number" */
	const char *suffix, *dual_stack_suffix;
};

/* By the region's name; one of no known form is taken for one of "aws". Never NULL. */
const struct aws_partition *aws_partition_of(struct str region);

#endif
