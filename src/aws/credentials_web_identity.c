#include "sluice/aws/credentials.h"

#include "sluice/core/mem.h"

struct web_identity_provider {
	struct credentials_provider base;
	struct credentials_site site;
};

static bool web_identity_get(struct credentials_provider *base, struct credentials *out, struct err *err)
{
	const struct web_identity_provider *p = (struct web_identity_provider *)base;
	const struct process_env *env = p->site.env;
	const struct assume_role role = {
		.role_arn = process_env_value(env, "AWS_ROLE_ARN"),
		.session_name = process_env_value(env, "AWS_ROLE_SESSION_NAME"),
		.web_identity_token_file = process_env_value(env, "AWS_WEB_IDENTITY_TOKEN_FILE"),
	};
	struct credentials_provider *asked;
	bool ok;

	if (!role.web_identity_token_file.len)
		return err_set(err, ERR_AUTH, "credentials.absent", "AWS_WEB_IDENTITY_TOKEN_FILE is not set");
	if (!role.role_arn.len)
		return err_set(err, ERR_AUTH, "credentials.partial",
			       "AWS_WEB_IDENTITY_TOKEN_FILE is set but AWS_ROLE_ARN is not: the token is exchanged for that role");
	asked = credentials_assume_role_new(&p->site, &role, NULL);
	ok = asked->get(asked, out, err);
	credentials_provider_free(asked);
	return ok;
}

static void web_identity_free(struct credentials_provider *base)
{
	mem_free(base);
}

struct credentials_provider *credentials_web_identity_new(const struct credentials_site *site)
{
	struct web_identity_provider *p = mem_alloc(sizeof(*p));

	p->base = (struct credentials_provider){
		.get = web_identity_get, .free = web_identity_free, .name = "web identity",
	};
	p->site = *site;
	return &p->base;
}
