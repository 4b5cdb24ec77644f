/* sts: who signs (AWS STS API 2011-06-15). */
#ifndef SLUICE_AWS_STS_H
#define SLUICE_AWS_STS_H

#include "sluice/aws/client.h"
#include "sluice/core/arena.h"

struct sts_identity {
	struct str account, arn, user_id;   /* in the arena */
};

/* Yields. GetCallerIdentity, which every identity may call. An answer that is not as
 * the API says is RETRY "aws.answer". */
bool sts_caller_identity(struct aws_client *c, struct arena *arena, struct sts_identity *out, struct err *err);

#endif
