/* credentials_cached: what credentials_remote.c needs of a cached provider. */
#ifndef SLUICE_AWS_CREDENTIALS_CACHED_H
#define SLUICE_AWS_CREDENTIALS_CACHED_H

#include "sluice/aws/credentials.h"
#include "sluice/core/task.h"

/* The scope of the provider's own tasks, on its loop: they end before it is freed. */
struct scope *credentials_cached_scope(struct credentials_provider *cached);

#endif
