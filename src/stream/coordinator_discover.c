#include "coordinator_impl.h"

enum {
	DESCRIBE_TABLE_MS = 60 * 1000,  /* between two looks for a new stream, while ours has ended */
	FIRST_PAUSE_MS = 1000,          /* after trouble */
	LONGEST_PAUSE_MS = 20000,
	FEW_CHILDREN = 4,               /* so many shards' children are always asked for one by one */
};

/* What is due: a page of a listing, the children of one shard, the table. */
enum work { WORK_NONE, WORK_PAGE, WORK_CHILDREN, WORK_TABLE };

struct due {
	enum work work;
	struct member *parent;       /* WORK_CHILDREN */
	int64_t wait_ms;             /* WORK_NONE: so long there is nothing */
};

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* ---- children ---- */

struct asks {
	struct member *first;        /* who is due first, or overdue longest */
	size_t n_due;
};

/* Behind some tries in vain the full listings do. */
static bool is_asked_for(const struct coordinator *c, struct member *m)
{
	return m->ask_pause_ms < c->set.list_ms && coordinator_awaits_child(c, m);
}

static void look_for_asks(const struct coordinator *c, int64_t now_ms, struct asks *out)
{
	*out = (struct asks){ 0 };
	if (c->no_filter || !c->listed)
		return;
	for (struct member *m = c->members; m; m = m->hh.next) {
		if (!is_asked_for(c, m))
			continue;
		out->n_due += m->ask_ms <= now_ms;
		if (!out->first || m->ask_ms < out->first->ask_ms)
			out->first = m;
	}
}

/* Where many parents wait, a listing of all is less. */
static bool too_many(const struct coordinator *c, const struct asks *asks)
{
	return asks->n_due > FEW_CHILDREN && asks->n_due > c->pages_needed;
}

/* ---- listings ---- */

static bool has_leaf(const struct coordinator *c)
{
	for (struct member *m = c->members; m; m = m->hh.next)
		if (coordinator_awaits_child(c, m))
			return true;
	return false;
}

/* Soon where news are expected that no question for children brings, then more and
 * more slowly. */
static int64_t list_wait_ms(const struct coordinator *c, int64_t now_ms)
{
	bool soon = !c->ended && !c->gone && (coordinator_misses_parent(c) || (c->no_filter && has_leaf(c)));
	int64_t soon_ms = c->soon_ms ? c->soon_ms : DISCOVER_SOON_MS;
	int64_t pause_ms = soon ? sooner(soon_ms, c->list_wait_ms) : c->list_wait_ms;

	return c->list_now || !(c->listed || c->gone) ? 0 : pause_ms - (now_ms - c->listed_ms);
}

/* ---- the task ---- */

static struct due look(const struct coordinator *c)
{
	int64_t now_ms = env_mono_ms(c->env), page_ms, ask_ms = INT64_MAX, table_ms = INT64_MAX;
	struct asks asks;

	look_for_asks(c, now_ms, &asks);
	page_ms = c->listing_open || too_many(c, &asks) ? 0 : list_wait_ms(c, now_ms);
	if (asks.first && !too_many(c, &asks))
		ask_ms = asks.first->ask_ms - now_ms;
	if (c->ended || c->not_found)
		table_ms = DESCRIBE_TABLE_MS - (now_ms - c->described_ms);
	if (table_ms <= 0)
		return (struct due){ .work = WORK_TABLE };
	if (ask_ms <= 0 && !(page_ms <= 0 && c->asked_last)) /* in turn: neither holds up the other */
		return (struct due){ .work = WORK_CHILDREN, .parent = asks.first };
	if (page_ms <= 0)
		return (struct due){ .work = WORK_PAGE };
	return (struct due){ .wait_ms = sooner(page_ms, sooner(ask_ms, table_ms)) };
}

/* The table may be gone, too, or not answer: that must not hold up the rest. */
static void look_at_table(struct coordinator *c)
{
	struct err err;

	if (!pace_wait(c->set.describe, NULL) || coordinator_describe_table(c, &err))
		return;
	c->described_ms = env_mono_ms(c->env);
	log_warn(c->env->log, "table.unknown", LOG_STR("pipeline", c->set.pipeline), LOG_STR("table", c->set.table),
		 LOG_ERR(&err));
}

static bool do_work(struct coordinator *c, const struct due *due, struct err *err)
{
	bool ok = true;

	c->asked_last = due->work == WORK_CHILDREN;
	if (due->work == WORK_PAGE)
		ok = coordinator_list_page(c, err);
	else if (due->work == WORK_CHILDREN)
		ok = coordinator_ask_children(c, due->parent, err);
	else
		look_at_table(c);
	coordinator_wake(c);
	return ok;
}

static bool pause_after(struct coordinator *c, const struct err *err, unsigned failures)
{
	int64_t pause_ms = FIRST_PAUSE_MS;

	for (unsigned i = 1; i < failures && pause_ms < LONGEST_PAUSE_MS; i++)
		pause_ms *= 2;
	if (err->class == ERR_CANCELLED)
		return false;
	log_at(c->env->log, err->class == ERR_FATAL ? LOG_ERROR : LOG_WARN, "discovery.waiting",
	       LOG_STR("pipeline", c->set.pipeline), LOG_STR("stream", c->stream_arn), LOG_INT("retry_ms", pause_ms),
	       LOG_ERR(err));
	return task_sleep_ms(c->set.loop, pause_ms, NULL);
}

static void discovery_task(void *arg)
{
	struct coordinator *c = arg;
	unsigned failures = 0;
	bool alive = true;
	struct err err;

	while (alive && !c->stopping) {
		struct due due = look(c);

		if (due.work == WORK_NONE) {
			event_clear(&c->discover);
			alive = event_wait(&c->discover, due.wait_ms, NULL, NULL);
		} else if (do_work(c, &due, &err)) {
			failures = c->listing_open ? failures : 0; /* a page is no success yet: listings may loop */
			alive = !task_cancelled(c->set.loop);
		} else {
			alive = pause_after(c, &err, ++failures);
		}
	}
}

void coordinator_discover_begin(struct coordinator *c)
{
	if (c->discovering)
		return;
	c->discovering = true;
	c->listing_open = false;
	scope_init(&c->discovery, c->set.loop);
	scope_spawn(&c->discovery, "discovery", discovery_task, c);
}

void coordinator_discover_end(struct coordinator *c)
{
	if (!c->discovering)
		return;
	scope_cancel(&c->discovery);
	scope_wait(&c->discovery);
	c->discovering = false;
}
