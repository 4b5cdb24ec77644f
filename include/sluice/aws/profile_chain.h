/* profile_chain: what a profile of the shared files says about where its
 * credentials come from: a base, and the roles that are assumed from there on,
 * one with the credentials of the one before.
 *
 * A profile with role_arn and no web_identity_token_file is a role; its
 * `source_profile` is followed, itself once (for its own keys), to a profile that
 * has keys or is no role. What a profile that is no role has counts in this order:
 * credential_source, web_identity_token_file, sso_*, credential_process, keys.
 *
 * Facts: AWS SDKs and Tools Reference Guide, "Assume role credential provider" and
 * the pages of the other providers; their order as in the SDKs for Rust and Java.
 */
#ifndef SLUICE_AWS_PROFILE_CHAIN_H
#define SLUICE_AWS_PROFILE_CHAIN_H

#include "sluice/aws/profile_file.h"

enum profile_base {
	PROFILE_KEYS,
	PROFILE_ENVIRONMENT, PROFILE_CONTAINER, PROFILE_IMDS,   /* credential_source */
	PROFILE_WEB_IDENTITY,
	PROFILE_SSO,
	PROFILE_PROCESS,
};

enum { PROFILE_MOST_ROLES = 64 };

/* Text is borrowed from the set. */
struct profile_chain {
	enum profile_base base;
	const struct profile_section *section;   /* the base's */
	struct assume_role web_identity;
	struct sso_role sso;
	struct str process;
	struct assume_role roles[PROFILE_MOST_ROLES];  /* in the order in which they are assumed */
	size_t n_roles;
};

/* The chain of the profile `name`. False (AUTH): "credentials.absent" when it has
 * nothing of the kind; "credentials.profile" for what contradicts itself or leads
 * nowhere, or in a circle; "credentials.partial" for half a pair of keys;
 * "credentials.mfa", "credentials.unsupported" for what a daemon cannot do. */
bool profile_chain_resolve(const struct profile_set *set, struct str name, struct profile_chain *out, struct err *err);

#endif
