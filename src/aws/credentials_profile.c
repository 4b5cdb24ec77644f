#include "sluice/aws/config.h"
#include "sluice/aws/profile_chain.h"

#include "sluice/core/mem.h"

enum { MAX_MEANT_BYTES = 16 * 1024 };

struct profile_provider {
	struct credentials_provider base;
	struct credentials_site site;
	struct buf profile;   /* empty: AWS_PROFILE or "default" */
	struct credentials_provider *kept;   /* a source that remembers something; NULL: none */
	struct buf kept_means;               /* what the profile said of it */
};

/* One get(): the files as they are now, and what they lead to. */
struct reading {
	struct profile_provider *p;
	struct str name;
	struct profile_set set;
	struct profile_chain chain;
};

/* ---- the base ---- */

static bool get_keys(const struct profile_section *s, struct credentials *out, struct err *err)
{
	if (!credentials_set(out, profile_get(s, "aws_access_key_id"), profile_get(s, "aws_secret_access_key"),
			     profile_get(s, "aws_session_token"), err) ||
	    !credentials_set_account(out, profile_get(s, "aws_account_id"), err))
		return err_prefix(err, "the keys of '%.*s'", STR_ARG(buf_str(&s->name)));
	buf_putf(&out->source, "profile %.*s", STR_ARG(buf_str(&s->name)));
	return true;
}

/* What nobody but the chosen profile names. */
static struct str region_of(const struct reading *r)
{
	const struct profile_provider *p = r->p;

	if ((p->site.config && p->site.config->region.len) || process_env_value(p->site.env, "AWS_REGION").len ||
	    process_env_value(p->site.env, "AWS_DEFAULT_REGION").len)
		return STR("");
	return profile_get(profile_set_find(&r->set, SECTION_PROFILE, r->name), "region");
}

static struct credentials_provider *base_provider(const struct reading *r)
{
	const struct credentials_site *site = &r->p->site;
	struct assume_role role = r->chain.web_identity;

	switch (r->chain.base) {
	case PROFILE_ENVIRONMENT:
		return credentials_environment_new(site);
	case PROFILE_CONTAINER:
		return credentials_container_new(site);
	case PROFILE_IMDS:
		return credentials_imds_new(site);
	case PROFILE_SSO:
		return credentials_sso_new(site, &r->chain.sso);
	case PROFILE_PROCESS:
		return credentials_process_new(site, r->chain.process);
	case PROFILE_WEB_IDENTITY:
		role.region = region_of(r);
		return credentials_assume_role_new(site, &role, NULL);
	case PROFILE_KEYS:
		break;
	}
	return NULL;
}

/* A profile that names its source means that one: when it has nothing, nobody else is asked. */
static bool ask_source(const struct reading *r, struct credentials_provider *source, struct credentials *out,
		       struct err *err)
{
	struct err why = { 0 };

	if (source->get(source, out, &why))
		return true;
	if (err_is(&why, "credentials.absent"))
		err_set(err, ERR_AUTH, "credentials.source", "its credentials come from the %s provider, which has none: %s",
			source->name, why.text);
	else if (err)
		*err = why;
	if (!str_eq(buf_str(&r->chain.section->name), r->name) && why.class != ERR_CANCELLED)
		err_prefix(err, "source profile '%.*s'", STR_ARG(buf_str(&r->chain.section->name)));
	return false;
}

static bool remembers(const struct profile_chain *c)
{
	return c->base == PROFILE_SSO || c->base == PROFILE_IMDS;
}

static void say_meant(const struct profile_chain *c, struct buf *out)
{
	const struct sso_role *sso = &c->sso;

	buf_putf(out, "%d\n%.*s\n%.*s\n%.*s\n%.*s\n%.*s", (int)c->base, STR_ARG(sso->session), STR_ARG(sso->start_url),
		 STR_ARG(sso->region), STR_ARG(sso->account_id), STR_ARG(sso->role_name));
}

/* A token that could not be written, or what the metadata said last, would be lost with
 * its provider: it is kept as long as the profile means the same one. */
static struct credentials_provider *kept_source(const struct reading *r)
{
	struct profile_provider *p = r->p;
	struct buf meant;

	buf_init(&meant, MAX_MEANT_BYTES);
	say_meant(&r->chain, &meant);
	if (!p->kept || !str_eq(buf_str(&meant), buf_str(&p->kept_means))) {
		credentials_provider_free(p->kept);
		p->kept = base_provider(r);
		buf_clear(&p->kept_means);
		buf_put(&p->kept_means, buf_str(&meant));
	}
	buf_release(&meant);
	return p->kept;
}

static bool get_base(const struct reading *r, struct credentials *out, struct err *err)
{
	struct credentials_provider *source;
	bool ok;

	if (remembers(&r->chain))
		return ask_source(r, kept_source(r), out, err);
	source = base_provider(r);
	if (!source)
		return get_keys(r->chain.section, out, err);
	ok = ask_source(r, source, out, err);
	credentials_provider_free(source);
	return ok;
}

/* ---- the roles ---- */

/* Takes `by`. */
static bool assume(const struct reading *r, const struct assume_role *role, struct credentials_provider *by,
		   struct credentials *out, struct err *err)
{
	struct assume_role regional = *role;
	struct credentials_provider *provider;
	bool ok;

	regional.region = region_of(r);
	provider = credentials_assume_role_new(&r->p->site, &regional, by);
	ok = provider->get(provider, out, err);
	credentials_provider_free(provider);
	return ok;
}

/* One after the other, not each asking the one before from within: a task's stack is small. */
static bool get_roles(const struct reading *r, struct credentials *out, struct err *err)
{
	for (size_t i = 0; i < r->chain.n_roles; i++)
		if (!assume(r, &r->chain.roles[i], credentials_static_new(out), out, err))
			return false;
	return true;
}

/* "profile dev: role … by …", or only "profile dev". */
static void say_profile(const struct reading *r, struct credentials *out)
{
	struct buf source;

	if (r->chain.base == PROFILE_KEYS && r->chain.n_roles == 0)
		return;
	source = buf_take(&out->source);
	buf_putf(&out->source, "profile %.*s: %.*s", STR_ARG(str_sub(r->name, 0, 100)), STR_ARG(buf_str(&source)));
	buf_release(&source);
}

static bool load_files(struct reading *r, bool named, struct err *err)
{
	const struct process_env *env = r->p->site.env;

	if (profile_set_load(&r->set, env, err))
		return true;
	if (!named && !profile_files_named(env) && err_is(err, "file.open")) {
		const struct err why = *err;

		err_set(err, ERR_AUTH, "credentials.absent", "%s", why.text); /* the next of the chain may have some */
	}
	return false;
}

static bool read_and_get(struct reading *r, bool named, struct credentials *out, struct err *err)
{
	bool there;

	if (!load_files(r, named, err))
		return false;
	there = profile_set_find(&r->set, SECTION_PROFILE, r->name) != NULL;
	if (named && !there)
		return err_set(err, ERR_AUTH, "credentials.profile", "there is no profile '%.*s' in the shared config and "
			       "credentials files; it was asked for by AWS_PROFILE or the settings", STR_ARG(r->name));
	if (!profile_chain_resolve(&r->set, r->name, &r->chain, err))
		return false;
	if (!get_base(r, out, err) || !get_roles(r, out, err)) {
		if (err->class != ERR_CANCELLED)
			err_prefix(err, "profile '%.*s'", STR_ARG(r->name));
		return false;
	}
	say_profile(r, out);
	return true;
}

static bool profile_provider_get(struct credentials_provider *base, struct credentials *out, struct err *err)
{
	struct profile_provider *p = (struct profile_provider *)base;
	struct reading *r = mem_alloc(sizeof(*r));   /* too large for a task's stack */
	struct err why = { 0 };
	bool ok;

	r->p = p;
	r->name = profile_name(p->site.env, buf_str(&p->profile));
	profile_set_init(&r->set);
	ok = read_and_get(r, p->profile.len || process_env_value(p->site.env, "AWS_PROFILE").len, out, &why);
	if (!ok) {
		credentials_release(out);
		if (err)
			*err = why;
	}
	profile_set_release(&r->set);
	mem_free(r);
	return ok;
}

static void profile_provider_forget(struct credentials_provider *base)
{
	struct profile_provider *p = (struct profile_provider *)base;

	if (p->kept)
		credentials_provider_forget(p->kept);
}

static void profile_provider_free(struct credentials_provider *base)
{
	struct profile_provider *p = (struct profile_provider *)base;

	credentials_provider_free(p->kept);
	buf_release(&p->kept_means);
	buf_release(&p->profile);
	mem_free(p);
}

struct credentials_provider *credentials_profile_new(const struct credentials_site *site, struct str profile)
{
	struct profile_provider *p = mem_alloc(sizeof(*p));

	p->base = (struct credentials_provider){
		.get = profile_provider_get, .free = profile_provider_free, .forget = profile_provider_forget,
		.name = "profile",
	};
	p->site = *site;
	buf_init(&p->kept_means, MAX_MEANT_BYTES);
	buf_init(&p->profile, profile.len);
	buf_put(&p->profile, profile);
	return &p->base;
}
