#include "sluice/aws/config.h"

#include "sluice/core/mem.h"

struct chain_provider {
	struct credentials_provider base;
	struct credentials_provider **links;
	size_t count;
};

static bool chain_get(struct credentials_provider *base, struct credentials *out, struct err *err)
{
	const struct chain_provider *p = (struct chain_provider *)base;
	struct buf tried;
	bool ok = false;

	buf_init(&tried, sizeof(err->text) - 128);
	for (size_t i = 0; i < p->count; i++) {
		struct err why = { 0 };

		ok = p->links[i]->get(p->links[i], out, &why);
		if (!ok && !err_is(&why, "credentials.absent") && err)
			*err = why;
		if (ok || !err_is(&why, "credentials.absent"))
			goto out;
		buf_putf(&tried, "%s%s: %s", i ? "; " : "", p->links[i]->name, why.text);
	}
	err_set(err, ERR_AUTH, "credentials.absent",
		"no AWS credentials found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or aws.profile (%.*s)",
		STR_ARG(buf_str(&tried)));
out:
	buf_release(&tried);
	return ok;
}

static void chain_forget(struct credentials_provider *base)
{
	struct chain_provider *p = (struct chain_provider *)base;

	for (size_t i = 0; i < p->count; i++)
		credentials_provider_forget(p->links[i]);
}

static void chain_free(struct credentials_provider *base)
{
	struct chain_provider *p = (struct chain_provider *)base;

	for (size_t i = 0; i < p->count; i++)
		credentials_provider_free(p->links[i]);
	mem_free(p->links);
	mem_free(p);
}

struct credentials_provider *credentials_chain_new(struct credentials_provider *const *providers)
{
	struct chain_provider *p = mem_alloc(sizeof(*p));

	p->base = (struct credentials_provider){
		.get = chain_get, .free = chain_free, .forget = chain_forget, .name = "chain",
	};
	while (providers[p->count])
		p->count++;
	p->links = mem_array(p->count, sizeof(struct credentials_provider *));
	for (size_t i = 0; i < p->count; i++)
		p->links[i] = providers[i];
	return &p->base;
}

struct credentials_provider *credentials_default_chain_new(const struct credentials_site *site)
{
	struct credentials_provider *const providers[] = {
		credentials_environment_new(site),
		credentials_profile_new(site, site->config ? site->config->profile : STR("")),
		NULL,
	};

	return credentials_chain_new(providers);
}
