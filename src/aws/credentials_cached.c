#include "sluice/aws/credentials.h"

#include "sluice/core/loop.h"
#include "sluice/core/mem.h"

/* The age at which AWS's SDKs insist on new ones. */
enum { MANDATORY_REFRESH_MS = 10 * 60 * 1000 };

struct cached_provider {
	struct credentials_provider base;
	struct credentials_provider *inner;
	struct loop *loop;
	struct credentials kept;
	bool have;
};

static bool cached_get(struct credentials_provider *base, struct credentials *out, struct err *err)
{
	struct cached_provider *p = (struct cached_provider *)base;
	int64_t now = env_wall_ms(loop_env(p->loop));
	bool fresh = p->have && (p->kept.expires_ms == 0 || now < p->kept.expires_ms - MANDATORY_REFRESH_MS);

	if (!fresh) {
		struct credentials got;
		bool ok;

		/* Not into `kept`: inner may yield, and other tasks read that. */
		credentials_init(&got);
		ok = p->inner->get(p->inner, &got, err);
		if (ok)
			credentials_copy(&p->kept, &got);
		credentials_release(&got);
		if (ok)
			p->have = true;
		else if (!p->have || (p->kept.expires_ms && now >= p->kept.expires_ms))
			return false;
	}
	credentials_copy(out, &p->kept);
	return true;
}

static void cached_forget(struct credentials_provider *base)
{
	struct cached_provider *p = (struct cached_provider *)base;

	p->have = false;
	credentials_release(&p->kept);
	credentials_provider_forget(p->inner);
}

static void cached_free(struct credentials_provider *base)
{
	struct cached_provider *p = (struct cached_provider *)base;

	credentials_release(&p->kept);
	credentials_provider_free(p->inner);
	mem_free(p);
}

struct credentials_provider *credentials_cached_new(struct credentials_provider *inner,
						    const struct credentials_site *site)
{
	struct cached_provider *p = mem_alloc(sizeof(*p));

	p->base = (struct credentials_provider){
		.get = cached_get, .free = cached_free, .forget = cached_forget, .name = inner->name,
	};
	p->inner = inner;
	p->loop = site->loop;
	credentials_init(&p->kept);
	return &p->base;
}
