#include "sluice/aws/credentials.h"

#include "sluice/core/mem.h"

struct static_provider {
	struct credentials_provider base;
	struct credentials keys;
};

static bool static_get(struct credentials_provider *base, struct credentials *out, struct err *err)
{
	const struct static_provider *p = (struct static_provider *)base;

	(void)err;
	credentials_copy(out, &p->keys);
	return true;
}

static void static_free(struct credentials_provider *base)
{
	struct static_provider *p = (struct static_provider *)base;

	credentials_release(&p->keys);
	mem_free(p);
}

struct credentials_provider *credentials_static_new(const struct credentials *c)
{
	struct static_provider *p = mem_alloc(sizeof(*p));

	p->base = (struct credentials_provider){ .get = static_get, .free = static_free, .name = "static" };
	credentials_init(&p->keys);
	credentials_copy(&p->keys, c);
	return &p->base;
}
