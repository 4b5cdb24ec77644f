/* config: what the environment and the shared files say of how AWS is called: read
 * once, then constant; it holds no secrets (providers read keys themselves).
 *
 * Everything that the SDKs let their users set, and that matters here (AWS SDKs and
 * Tools Reference Guide): region, FIPS and dual stack, endpoint URLs, account-id
 * endpoints, attempts, CA bundle, user agent, metadata service. Environment before
 * profile; the settings file before both. A variable or property that is empty is as
 * if it were not set.
 */
#ifndef SLUICE_AWS_CONFIG_H
#define SLUICE_AWS_CONFIG_H

#include "sluice/aws/endpoint.h"
#include "sluice/aws/profile_file.h"
#include "sluice/aws/service.h"
#include "sluice/core/arena.h"

/* Text lives in the arena. */
struct aws_config {
	struct arena arena;
	const struct process_env *env;     /* borrowed */
	struct str profile;                /* the chosen profile's name */
	bool profile_named;                /* by the settings or AWS_PROFILE */
	bool profile_chosen;               /* by the settings */
	struct str region;                 /* empty: nobody names one (the metadata service may) */
	const char *region_from;           /* for people: "AWS_REGION", "region in profile 'dev'"; NULL */
	bool use_fips, use_dual_stack;
	bool ignore_endpoint_urls;         /* AWS_IGNORE_CONFIGURED_ENDPOINT_URLS */
	enum account_id_mode account_id_mode;
	bool sts_global;                   /* AWS_STS_REGIONAL_ENDPOINTS, sts_regional_endpoints: legacy */
	unsigned max_attempts;             /* 0: the service's own */
	struct str ca_bundle;              /* AWS_CA_BUNDLE, ca_bundle: a file's name, or empty */
	struct str app_id;                 /* AWS_SDK_UA_APP_ID, sdk_ua_app_id, as written; or empty */
	/* Configured ones: AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the profile's `services` section, its
	 * endpoint_url. Empty: none, or ignored. As written: whoever uses one checks it, and names endpoint_urls_from. */
	struct str endpoint_urls[AWS_SERVICES];
	const char *endpoint_urls_from[AWS_SERVICES];  /* for people: "AWS_ENDPOINT_URL"; NULL */
	struct {
		struct str endpoint;       /* empty: the link-local address by `ipv6` */
		bool ipv6, disabled, v1_disabled;
		int64_t timeout_ms;        /* of one attempt; default 1,000 */
		unsigned attempts;         /* default 1, as AWS_METADATA_SERVICE_NUM_ATTEMPTS counts */
	} imds;
};

/* What the settings file says; it comes first. All may be empty. */
struct aws_choices {
	struct str region, profile, ca_bundle;
};

/* Blocks while it reads the files. False (FATAL): "profile.syntax" (file and line),
 * "file.…" (one that cannot be read), "aws.profile" (named and not there), "aws.region"
 * (what no region is called), "aws.endpoint" (the metadata's), "aws.config" (another
 * value that is none; names who says so). A file that nobody named and that may not be
 * read is as if absent. Release it all the same. */
bool aws_config_load(struct aws_config *c, const struct process_env *env, const struct aws_choices *choices,
		     struct err *err);
void aws_config_release(struct aws_config *c);

#endif
