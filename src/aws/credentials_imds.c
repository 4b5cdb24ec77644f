#include "sluice/aws/credentials.h"
#include "sluice/aws/credentials_document.h"
#include "sluice/aws/imds.h"
#include "sluice/core/loop.h"
#include "sluice/core/mem.h"

enum {
	MAX_DOCUMENT_BYTES = 64 * 1024,
	MAX_ROLE_BYTES = 64,             /* of an instance profile's role (IAM quotas) */
	MINUTE_MS = 60 * 1000,
	/* The cached provider's windows (aws/credentials.h): from here on it renews in
	 * the background, or before it answers. */
	ADVISORY_MS = 15 * MINUTE_MS,
	MANDATORY_MS = 10 * MINUTE_MS,
};

#define ROLES "meta-data/iam/security-credentials/"

struct imds_provider {
	struct credentials_provider base;
	struct loop *loop;
	struct imds *imds;
	struct credentials last;         /* what came last; for when the service fails */
	bool have_last;
};

/* IAM's own alphabet: the name becomes part of a path. */
static bool is_role_name(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      (c != '\0' && strchr("+=,.@-_", c))))
			return false;
	}
	return name.len != 0 && name.len <= MAX_ROLE_BYTES && name.ptr[0] != '.';
}

static bool get_role(struct imds_provider *p, struct buf *role, struct err *err)
{
	struct buf text;
	struct str name;
	bool ok;

	buf_init(&text, MAX_DOCUMENT_BYTES);
	ok = imds_get(p->imds, ROLES, &text, err);
	if (!ok && err_is(err, "imds.absent"))
		err_set(err, ERR_AUTH, "credentials.absent", "this EC2 instance has no IAM role");
	name = buf_str(&text);
	name = str_trim(str_sub(name, 0, str_find_char(name, '\n')));
	if (ok && !is_role_name(name))
		ok = err_set(err, ERR_AUTH, "credentials.imds",
			     "what the metadata service names as the instance's role is no role's name");
	if (ok)
		buf_put(role, name);
	buf_release(&text);
	return ok;
}

static bool fetch(struct imds_provider *p, struct credentials *out, struct err *err)
{
	struct buf role, path, text;
	bool ok;

	buf_init(&role, MAX_ROLE_BYTES);
	buf_init(&path, sizeof(ROLES) + MAX_ROLE_BYTES);
	buf_init(&text, MAX_DOCUMENT_BYTES);
	ok = get_role(p, &role, err);
	if (ok) {
		buf_putf(&path, ROLES "%.*s", STR_ARG(buf_str(&role)));
		ok = imds_get(p->imds, path.ptr, &text, err) &&
		     credentials_document_read(buf_str(&text), CREDENTIALS_DOCUMENT_INSTANCE, out, err);
		if (!ok && err->class != ERR_CANCELLED) {
			if (err_is(err, "imds.absent"))
				err_set(err, ERR_AUTH, "credentials.imds", "the metadata service has no credentials of it");
			err_prefix(err, "role %.*s of this instance", STR_ARG(buf_str(&role)));
		}
	}
	if (ok)
		buf_putf(&out->source, "IMDS: role %.*s", STR_ARG(buf_str(&role)));
	buf_wipe(&text);
	buf_release(&path);
	buf_release(&role);
	return ok;
}

/* Keys that the service should have renewed long ago are used on, as all SDKs
 * do: AWS lets them live when its own machinery for renewal is down, and else the
 * answer is the refusal that there would be anyhow. They get an expiry that
 * makes the cache ask again in a while: in 5 to 10 minutes, or, where they still
 * are valid, after half of what is left. */
static void extend(struct imds_provider *p, struct credentials *c)
{
	struct env *env = loop_env(p->loop);
	int64_t now = env_wall_ms(env), left = c->expires_ms - now;
	int64_t wait = 5 * MINUTE_MS + (int64_t)rng_below(&env->rng, 5 * MINUTE_MS);

	if (left > MANDATORY_MS)
		return;
	if (left > 0)
		wait = left / 2 > MINUTE_MS / 2 ? left / 2 : MINUTE_MS / 2;
	else
		log_warn(env->log, "imds.expired", LOG_STR("source", buf_str(&c->source)), LOG_INT("expired_ms_ago", -left),
			 LOG_INT("again_ms", wait),
			 LOG_TEXT("hint", "the metadata service hands out expired credentials; they are used on"));
	c->expires_ms = now + ADVISORY_MS + wait;
}

/* Also when it has nothing to hand out at all. */
static bool serve_last(struct imds_provider *p, struct credentials *out, const struct err *why)
{
	if (!p->have_last || why->class == ERR_CANCELLED)
		return false;
	log_warn(loop_env(p->loop)->log, "imds.stale", LOG_STR("source", buf_str(&p->last.source)), LOG_ERR(why));
	credentials_copy(out, &p->last);
	return true;
}

static bool imds_provider_get(struct credentials_provider *base, struct credentials *out, struct err *err)
{
	struct imds_provider *p = (struct imds_provider *)base;
	struct err why = { 0 };

	if (fetch(p, out, &why)) {
		credentials_copy(&p->last, out);
		p->have_last = true;
	} else if (!serve_last(p, out, &why)) {
		credentials_release(out);
		if (err)
			*err = why;
		return false;
	}
	extend(p, out);
	return true;
}

/* Refused keys are not served again for want of others. */
static void imds_provider_forget(struct credentials_provider *base)
{
	struct imds_provider *p = (struct imds_provider *)base;

	credentials_release(&p->last);
	p->have_last = false;
}

static void imds_provider_free(struct credentials_provider *base)
{
	struct imds_provider *p = (struct imds_provider *)base;

	imds_free(p->imds);
	credentials_release(&p->last);
	mem_free(p);
}

struct credentials_provider *credentials_imds_new(const struct credentials_site *site)
{
	struct imds_provider *p = mem_alloc(sizeof(*p));

	p->base = (struct credentials_provider){
		.get = imds_provider_get, .free = imds_provider_free, .forget = imds_provider_forget, .name = "IMDS",
	};
	p->loop = site->loop;
	p->imds = imds_new(site);
	credentials_init(&p->last);
	return &p->base;
}
