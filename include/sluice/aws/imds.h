/* imds: the metadata service of the EC2 instance that this process runs on:
 * IMDSv2, a session token first, then the paths. Never through a proxy.
 *
 * config->imds says where and how patiently; without a config, the defaults. An
 * answer that says "later" (5xx, 429) shows that the service is there: it is asked
 * up to 4 times; one that does not come, config's `attempts` times.
 *
 * Without a token (IMDSv1) it asks only where the environment's
 * AWS_EC2_METADATA_V1_DISABLED is "false" in so many words, and no token can be
 * had. (To the SDKs that is the default; nobody falls back unasked here.)
 *
 * Facts: EC2 User Guide ("Use the Instance Metadata Service"), AWS SDKs and Tools
 * Reference Guide ("IMDS credential provider").
 */
#ifndef SLUICE_AWS_IMDS_H
#define SLUICE_AWS_IMDS_H

#include "sluice/aws/credentials.h"

/* Remembers the session token until it ends. Any number of tasks of one loop. */
struct imds;

struct imds *imds_new(const struct credentials_site *site);
void imds_free(struct imds *m);  /* no imds_get() may be under way */

/* Yields. GET of a path ("meta-data/placement/region", below /latest/); its text
 * replaces *out's. False: AUTH
 * "credentials.absent"      disabled by the environment, or nobody answers: this is no EC2 instance
 * "imds.absent"             the service answers: there is nothing at that path
 * "credentials.imds_hops"   the service answers, its tokens do not arrive: the hop limit
 * "credentials.imds_disabled", "credentials.imds_v1"  it is switched off, or has no tokens
 * "credentials.imds"        anything else; or CANCELLED. */
bool imds_get(struct imds *m, const char *path, struct buf *out, struct err *err);

/* Yields. Appends the region that the instance stands in; errors as above, and
 * "credentials.imds" when what it says is no region. */
bool aws_imds_region(const struct credentials_site *site, struct buf *out, struct err *err);

#endif
