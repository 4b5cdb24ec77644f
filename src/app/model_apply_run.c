#include "model_apply_parts.h"

#include "sluice/aws/dynamodb.h"
#include "sluice/core/buf.h"
#include "sluice/model/create.h"
#include "sluice/model/described.h"

enum { ATTEMPTS = 60, BODY_MAX = 4 << 20 };

struct running {
	struct model_apply *apply;
	struct model_site *site;
	struct buf answer;
};

bool apply_barred(const struct model_apply *a, struct str table)
{
	for (size_t i = 0; i < a->n_steps; i++)
		if (a->steps[i].state == APPLY_FAILED && str_eq(a->steps[i].step->table, table))
			return true;
	return false;
}

static void say(struct running *r, struct apply_step *s, enum apply_state state, const char *text)
{
	s->state = state;
	s->note = arena_dup(&r->apply->arena, str_c(text));
}

/* --- waiting --------------------------------------------------------------- */

/* Until the table and its indexes are at rest: hours, where an index of a large table is filled. */
static bool wait_active(struct running *r, struct str table, struct err *err)
{
	for (int64_t ms = APPLY_POLL_MIN_MS;; ms = apply_next_poll(ms)) {
		enum described_status status = DESCRIBED_BUSY;

		/* A table that was created a moment ago may not be shown yet. */
		if (!apply_describe(r->site, "DescribeTable", table, &r->answer, err)) {
			if (!err_is(err, "ResourceNotFoundException") || ms == APPLY_POLL_MAX_MS)
				return false;
		} else if (!model_described_status(buf_str(&r->answer), &status, err)) {
			return false;
		}
		if (status == DESCRIBED_ACTIVE)
			return true;
		if (!apply_pause(r->site, ms, err))
			return false;
	}
}

/* Somebody else changes the table, or too many changes are under way in the account. */
static bool is_busy(const struct err *err)
{
	return err->class == ERR_THROTTLE || err_is(err, "LimitExceededException") || err_is(err, "ResourceInUseException");
}

static bool call(struct running *r, const char *operation, struct str body, struct err *err)
{
	for (int i = 1, ms = 500;; i++, ms = (int)apply_next_poll(ms)) {
		buf_clear(&r->answer);
		if (dynamodb_call(r->site->dynamodb, operation, body, &r->answer, err))
			return true;
		if (!is_busy(err) || i == ATTEMPTS || !apply_pause(r->site, ms, err))
			return false;
	}
}

/* --- one step -------------------------------------------------------------- */

static bool has_many_keys(const struct diff_step *s)
{
	if (s->index)
		return model_index_has_many_keys(s->index);
	for (size_t i = 0; i < s->of->n_indexes; i++)
		if (s->of->indexes[i].global && model_index_has_many_keys(&s->of->indexes[i]))
			return true;
	return false;
}

static bool create_plain(struct running *r, const struct diff_step *s, struct err *err)
{
	const struct model_creation how = { .plain_keys = true };
	struct buf body;
	bool ok;

	buf_init(&body, BODY_MAX);
	ok = model_create_table(s->of, &how, &body) && call(r, s->operation, buf_str(&body), err) &&
	     wait_active(r, s->table, err);
	buf_release(&body);
	return ok;
}

static bool is_create_table(const struct diff_step *s)
{
	return strcmp(s->operation, "CreateTable") == 0;
}

/* An endpoint that does not take index keys of several attributes gets the table without those indexes. That it
 * was this, and nothing else of the request, shows when the table can be made so. */
static void refused(struct running *r, struct apply_step *s, const struct err *why)
{
	const struct diff_step *step = s->step;
	struct err err;

	if (!err_is(why, "ValidationException") || !has_many_keys(step)) {
		say(r, s, APPLY_FAILED, why->text);
	} else if (!is_create_table(step)) {
		bool schema = str_find(str_c(why->text), STR("chema")) != SIZE_MAX;

		say(r, s, schema ? APPLY_LACKING : APPLY_FAILED, why->text);
	} else if (create_plain(r, step, &err)) {
		say(r, s, APPLY_LACKING, why->text);
	} else {
		say(r, s, err.class == ERR_CANCELLED ? APPLY_OPEN : APPLY_FAILED, why->text);
	}
}

/* The table exists by now: somebody else made it, or an earlier attempt did whose answer got lost. */
static bool is_there_already(const struct diff_step *s, const struct err *err)
{
	return is_create_table(s) && err_is(err, "ResourceInUseException");
}

static void do_step(struct running *r, struct apply_step *s)
{
	const struct diff_step *step = s->step;
	struct err err;

	if (apply_barred(r->apply, step->table)) {
		s->state = APPLY_BARRED;
		return;
	}
	if (!is_create_table(step) && !wait_active(r, step->table, &err)) {
		say(r, s, err.class == ERR_CANCELLED ? APPLY_OPEN : APPLY_FAILED, err.text);
		return;
	}
	if (!call(r, step->operation, step->request, &err)) {
		if (err.class == ERR_CANCELLED)
			return;
		if (is_there_already(step, &err))
			say(r, s, APPLY_FAILED, "it was created by somebody else meanwhile: run this again");
		else
			refused(r, s, &err);
		return;
	}
	if (wait_active(r, step->table, &err))
		s->state = APPLY_DONE;
	else
		say(r, s, err.class == ERR_CANCELLED ? APPLY_OPEN : APPLY_FAILED,
		    err.class == ERR_CANCELLED ? "under way; the service goes on with it" : err.text);
}

void model_apply_run(struct model_apply *a, struct model_site *site)
{
	struct running r = { .apply = a, .site = site };
	struct err err;

	buf_init(&r.answer, APPLY_ANSWER_MAX);
	for (size_t i = 0; i < a->n_steps && !apply_stopped(site, &err); i++) {
		if (a->steps[i].state != APPLY_OPEN)
			continue;
		if (a->begun)
			a->begun(a->ctx, a, i);
		do_step(&r, &a->steps[i]);
		if (a->ended)
			a->ended(a->ctx, a, i);
	}
	buf_release(&r.answer);
	if (a->items && !apply_stopped(site, &err))
		apply_put_items(a, site);
	a->stopped = apply_stopped(site, &err);
}

bool model_apply_complete(const struct model_apply *a)
{
	for (size_t i = 0; i < a->n_steps; i++)
		if (a->steps[i].state != APPLY_DONE && a->steps[i].state != APPLY_LACKING)
			return false;
	return !a->stopped && a->put.failed == 0 && a->put.barred == 0;
}
