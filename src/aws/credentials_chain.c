#include "sluice/aws/config.h"

#include "sluice/core/mem.h"

#include <assert.h>
#include <stdio.h>

/* SAID_BYTES of the error's text are for the reasons: the rest for what stands before them, and for whoever
 * puts something in front. */
enum { MOST_LINKS = 8, SAID_BYTES = 340 };

struct chain_provider {
	struct credentials_provider base;
	struct credentials_provider *links[MOST_LINKS];
	size_t count;
};

/* Why each of them said no; longer ones are cut so that all have their place. */
struct reasons {
	char text[MOST_LINKS][sizeof(((struct err *)0)->text)];
	size_t n;
};

static size_t length_cut_at(const struct reasons *r, size_t share)
{
	size_t total = 0;

	for (size_t i = 0; i < r->n; i++) {
		size_t len = strlen(r->text[i]);

		total += (len < share ? len : share) + strlen("; ");
	}
	return total;
}

/* The most bytes that each reason may have for all to fit. */
static size_t fair_share(const struct reasons *r)
{
	size_t share = SAID_BYTES;

	while (length_cut_at(r, share) > SAID_BYTES)
		share--;
	return share;
}

static void list(const struct reasons *r, struct err *err)
{
	struct buf tried;
	size_t share = fair_share(r);

	buf_init(&tried, SAID_BYTES);
	for (size_t i = 0; i < r->n; i++)
		buf_putf(&tried, "%s%.*s", i ? "; " : "", (int)share, r->text[i]);
	err_set(err, ERR_AUTH, "credentials.absent",
		"no AWS credentials found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or aws.profile (%.*s)",
		STR_ARG(buf_str(&tried)));
	buf_release(&tried);
}

static bool chain_get(struct credentials_provider *base, struct credentials *out, struct err *err)
{
	const struct chain_provider *p = (struct chain_provider *)base;
	struct reasons *reasons = mem_alloc(sizeof(*reasons));
	struct err why = { 0 };
	bool ok = false, next = true;

	for (size_t i = 0; i < p->count && next; i++) {
		err_clear(&why);
		ok = p->links[i]->get(p->links[i], out, &why);
		next = !ok && err_is(&why, "credentials.absent");
		if (next)
			snprintf(reasons->text[reasons->n++], sizeof(reasons->text[0]), "%s: %.*s", p->links[i]->name,
				 (int)SAID_BYTES, why.text);
	}
	if (!ok && next)
		list(reasons, err);
	else if (!ok && err)
		*err = why;
	mem_free(reasons);
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
	mem_free(p);
}

struct credentials_provider *credentials_chain_new(struct credentials_provider *const *providers)
{
	struct chain_provider *p = mem_alloc(sizeof(*p));

	p->base = (struct credentials_provider){
		.get = chain_get, .free = chain_free, .forget = chain_forget, .name = "chain",
	};
	for (; providers[p->count]; p->count++) {
		assert(p->count < MOST_LINKS);
		p->links[p->count] = providers[p->count];
	}
	return &p->base;
}

struct credentials_provider *credentials_default_chain_new(const struct credentials_site *site)
{
	/* The name "default" that nobody chose is no reason to fail where there is no such profile. */
	bool named = site->config && site->config->profile_named;
	/* Who chooses a profile in the settings means its keys, whatever the environment has. */
	bool chosen = site->config && site->config->profile_chosen;
	struct credentials_provider *const providers[] = {
		credentials_environment_new(site),
		credentials_profile_new(site, named ? site->config->profile : STR("")),
		credentials_web_identity_new(site),
		credentials_container_new(site),
		credentials_imds_new(site),
		NULL,
	};

	if (!chosen)
		return credentials_chain_new(providers);
	credentials_provider_free(providers[0]);
	return credentials_chain_new(providers + 1);
}
