#include "sluice/aws/credentials.h"

#include "sluice/core/mem.h"

struct environment_provider {
	struct credentials_provider base;
	const struct process_env *env;
};

static bool environment_get(struct credentials_provider *base, struct credentials *out, struct err *err)
{
	const struct environment_provider *p = (struct environment_provider *)base;
	struct str id = process_env_value(p->env, "AWS_ACCESS_KEY_ID");
	struct str secret = process_env_value(p->env, "AWS_SECRET_ACCESS_KEY");
	struct str token = process_env_value(p->env, "AWS_SESSION_TOKEN");

	if (!id.len && !secret.len)
		return err_set(err, ERR_AUTH, "credentials.absent", "AWS_ACCESS_KEY_ID is not set");
	if (!id.len || !secret.len)
		return err_set(err, ERR_AUTH, "credentials.partial",
			       "%s is set but %s is not: set both, or neither to use a profile",
			       id.len ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
			       id.len ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
	if (!credentials_set(out, id, secret, token, err))
		return err_prefix(err, "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN");
	if (!credentials_set_account(out, process_env_value(p->env, "AWS_ACCOUNT_ID"), err))
		return err_prefix(err, "AWS_ACCOUNT_ID");
	buf_puts(&out->source, "environment");
	return true;
}

static void environment_free(struct credentials_provider *base)
{
	mem_free(base);
}

struct credentials_provider *credentials_environment_new(const struct credentials_site *site)
{
	struct environment_provider *p = mem_alloc(sizeof(*p));

	p->base = (struct credentials_provider){
		.get = environment_get, .free = environment_free, .name = "environment",
	};
	p->env = site->env;
	return &p->base;
}
