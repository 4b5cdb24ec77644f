#include "partitions.h"

static const struct aws_partition partitions[] = {
	{ "aws", "aws-global", "us eu ap sa ca me af il mx", "amazonaws.com", "api.aws" },
	{ "aws-cn", "aws-cn-global", "cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn" },
	{ "aws-eusc", NULL, "eusc-de", "amazonaws.eu", "api.amazonwebservices.eu" },
	{ "aws-iso", "aws-iso-global", "us-iso", "c2s.ic.gov", "api.aws.ic.gov" },
	{ "aws-iso-b", "aws-iso-b-global", "us-isob", "sc2s.sgov.gov", "api.aws.scloud" },
	{ "aws-iso-e", "aws-iso-e-global", "eu-isoe", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk" },
	{ "aws-iso-f", "aws-iso-f-global", "us-isof", "csp.hci.ic.gov", "api.aws.hci.ic.gov" },
	{ "aws-us-gov", "aws-us-gov-global", "us-gov", "amazonaws.com", "api.aws" },
};

/* "-word-number" */
static bool is_rest(struct str rest)
{
	size_t at = rest.len, digits;

	while (at > 0 && rest.ptr[at - 1] >= '0' && rest.ptr[at - 1] <= '9')
		at--;
	digits = rest.len - at;
	return digits > 0 && at >= 3 && rest.ptr[0] == '-' && rest.ptr[at - 1] == '-' &&
	       str_find_char(str_sub(rest, 1, at - 2), '-') == SIZE_MAX;
}

static bool holds(const struct aws_partition *p, struct str region)
{
	struct str begins = str_c(p->begins);

	if (p->global && str_eq(region, str_c(p->global)))
		return true;
	while (begins.ptr) {
		struct str begin = str_split(&begins, ' ');

		if (str_starts(region, begin) && is_rest(str_from(region, begin.len)))
			return true;
	}
	return false;
}

const struct aws_partition *aws_partition_of(struct str region)
{
	for (size_t i = 0; i < sizeof(partitions) / sizeof(*partitions); i++)
		if (holds(&partitions[i], region))
			return &partitions[i];
	return &partitions[0];
}
