#include "sluice/aws/credentials.h"

#include "sluice/aws/profile_file.h"
#include "sluice/core/mem.h"

struct profile_provider {
	struct credentials_provider base;
	const struct process_env *env;
	struct buf profile;   /* empty: AWS_PROFILE or "default" */
};

/* Ways of a profile to come by keys that are no keys. */
static const char *const indirect[] = {
	"role_arn", "web_identity_token_file", "credential_process", "sso_session", "sso_start_url", "credential_source",
};

static bool refuse_indirect(const struct profile_section *section, const char *only, struct str name, struct err *err)
{
	for (size_t i = 0; i < sizeof(indirect) / sizeof(*indirect); i++) {
		if (only && strcmp(only, indirect[i]) != 0)
			continue;
		if (!profile_get(section, indirect[i]).ptr)
			continue;
		return err_set(err, ERR_AUTH, "credentials.unsupported",
			       "profile '%.*s' takes its credentials through %s, which this version does not support: "
			       "give aws_access_key_id and aws_secret_access_key (and aws_session_token) in a profile, "
			       "or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, for example by "
			       "'aws configure export-credentials --format env'",
			       STR_ARG(name), indirect[i]);
	}
	return true;
}

static bool from_section(const struct profile_section *section, struct str name, struct credentials *out,
			 struct err *err)
{
	struct str id = profile_get(section, "aws_access_key_id");
	struct str secret = profile_get(section, "aws_secret_access_key");

	/* A profile with a role is that role; keys beside it only stand for its source. */
	if (!refuse_indirect(section, "role_arn", name, err))
		return false;
	if (!id.len && !secret.len)
		return refuse_indirect(section, NULL, name, err) &&
		       err_set(err, ERR_AUTH, "credentials.absent", "profile '%.*s' has no aws_access_key_id",
			       STR_ARG(name));
	if (!id.len || !secret.len)
		return err_set(err, ERR_AUTH, "credentials.partial", "profile '%.*s' has %s but no %s", STR_ARG(name),
			       id.len ? "aws_access_key_id" : "aws_secret_access_key",
			       id.len ? "aws_secret_access_key" : "aws_access_key_id");
	if (!credentials_set(out, id, secret, profile_get(section, "aws_session_token"), err))
		return err_prefix(err, "profile '%.*s'", STR_ARG(name));
	buf_puts(&out->source, "profile");
	return true;
}

static bool profile_provider_get(struct credentials_provider *base, struct credentials *out, struct err *err)
{
	struct profile_provider *p = (struct profile_provider *)base;
	struct str name = profile_name(p->env, buf_str(&p->profile));
	const struct profile_section *section;
	struct profile_set set;
	bool ok = false;

	profile_set_init(&set);
	if (!profile_set_load(&set, p->env, err))
		goto out;
	section = profile_set_find(&set, SECTION_PROFILE, name);
	if (section)
		ok = from_section(section, name, out, err);
	else
		err_set(err, ERR_AUTH, "credentials.absent",
			"there is no profile '%.*s' in the shared config and credentials files", STR_ARG(name));
out:
	profile_set_release(&set);
	return ok;
}

static void profile_provider_free(struct credentials_provider *base)
{
	struct profile_provider *p = (struct profile_provider *)base;

	buf_release(&p->profile);
	mem_free(p);
}

struct credentials_provider *credentials_profile_new(const struct credentials_site *site, struct str profile)
{
	struct profile_provider *p = mem_alloc(sizeof(*p));

	p->base = (struct credentials_provider){
		.get = profile_provider_get, .free = profile_provider_free, .name = "profile",
	};
	p->env = site->env;
	buf_init(&p->profile, profile.len);
	buf_put(&p->profile, profile);
	return &p->base;
}
