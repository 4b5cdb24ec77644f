/* A worker asks the process's one cache, which lives on another thread's loop. The
 * two loops share nothing but requests that are handed over by loop_post(). */
#include "credentials_cached.h"

#include "sluice/core/loop.h"
#include "sluice/core/mem.h"

struct remote_provider {
	struct credentials_provider base;
	struct credentials_provider *cached;  /* touched on the owner's loop only */
	struct loop *owner, *loop;
};

/* Belongs to the loop that works on it; back home to whoever still waits, or to nobody. */
struct request {
	struct credentials_provider *cached;
	struct loop *home;
	struct credentials got;
	struct err err;
	bool ok;
	struct event answered;
	bool abandoned;
};

static void free_request(struct request *r)
{
	credentials_release(&r->got);
	mem_free(r);
}

/* On the asking loop. */
static void take_answer(void *arg)
{
	struct request *r = arg;

	if (r->abandoned)
		free_request(r);
	else
		event_set(&r->answered);
}

/* On the owner's loop. */
static void ask_task(void *arg)
{
	struct request *r = arg;

	r->ok = r->cached->get(r->cached, &r->got, &r->err);
	loop_post(r->home, take_answer, r);
}

static void take_request(void *arg)
{
	struct request *r = arg;

	scope_spawn(credentials_cached_scope(r->cached), "credentials", ask_task, r);
}

static bool remote_get(struct credentials_provider *base, struct credentials *out, struct err *err)
{
	struct remote_provider *p = (struct remote_provider *)base;
	struct request *r = mem_alloc(sizeof(*r));
	bool ok;

	r->cached = p->cached;
	r->home = p->loop;
	credentials_init(&r->got);
	event_init(&r->answered, p->loop);
	loop_post(p->owner, take_request, r);
	if (!event_wait(&r->answered, -1, NULL, err)) {
		r->abandoned = true;
		return false;
	}
	ok = r->ok;
	if (ok)
		credentials_copy(out, &r->got);
	else if (err)
		*err = r->err;
	free_request(r);
	return ok;
}

static void forget_there(void *arg)
{
	credentials_provider_forget(arg);
}

static void remote_forget(struct credentials_provider *base)
{
	struct remote_provider *p = (struct remote_provider *)base;

	loop_post(p->owner, forget_there, p->cached); /* in order with the next get() */
}

static void remote_free(struct credentials_provider *base)
{
	mem_free(base);
}

struct credentials_provider *credentials_remote_new(struct credentials_provider *cached, struct loop *owner,
						    struct loop *loop)
{
	struct remote_provider *p = mem_alloc(sizeof(*p));

	p->base = (struct credentials_provider){
		.get = remote_get, .free = remote_free, .forget = remote_forget, .name = cached->name,
	};
	p->cached = cached;
	p->owner = owner;
	p->loop = loop;
	return &p->base;
}
