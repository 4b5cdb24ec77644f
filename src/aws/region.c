#include "sluice/aws/region.h"

#include "sluice/aws/profile_file.h"

bool aws_region_valid(struct str region)
{
	for (size_t i = 0; i < region.len; i++) {
		char c = region.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      (c == '-' && i > 0 && i + 1 < region.len)))
			return false;
	}
	return region.len >= 1 && region.len <= 63;
}

static bool accept(struct str region, const char *from, struct buf *out, struct err *err)
{
	if (!aws_region_valid(region))
		return err_set(err, ERR_FATAL, "aws.region", "%s names '%.*s', which is no region (eu-central-1 is one)",
			       from, STR_ARG(region));
	return buf_put(out, region) || err_set(err, ERR_FATAL, "aws.region", "%s: the region is too long", from);
}

bool aws_region_resolve(const struct process_env *env, struct str configured, struct str profile, struct buf *out,
			struct err *err)
{
	static const char *const variables[] = { "AWS_REGION", "AWS_DEFAULT_REGION" };
	struct profile_set set;
	struct str region;
	bool ok = false;

	if (str_trim(configured).len)
		return accept(str_trim(configured), "the setting aws.region", out, err);
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++) {
		region = process_env_value(env, variables[i]);
		if (region.len)
			return accept(region, variables[i], out, err);
	}
	profile = profile_name(env, profile);
	profile_set_init(&set);
	if (!profile_set_load(&set, env, err)) {
		/* Without the file nobody can tell the region: as final as having none. */
		if (err)
			err->class = ERR_FATAL;
		goto out;
	}
	region = profile_get(profile_set_find(&set, SECTION_PROFILE, profile), "region");
	if (region.len)
		ok = accept(region, "the profile", out, err);
	else
		err_set(err, ERR_FATAL, "aws.region",
			"no AWS region is set: give aws.region in the settings, AWS_REGION in the environment, or "
			"region in profile '%.*s'", STR_ARG(profile));
out:
	profile_set_release(&set);
	return ok;
}
