#include "sluice/app/model_apply.h"

#include "sluice/aws/dynamodb.h"
#include "sluice/core/json_write.h"
#include "sluice/model/described.h"
#include "sluice/model/finding.h"

#include "model_apply_parts.h"

enum { APPLY_BYTES = 256 << 20, DESCRIPTIONS_MAX = 32 << 20, BODY_MAX = 4096 };

void model_apply_init(struct model_apply *a, const struct model *model)
{
	*a = (struct model_apply){ .model = model };
	arena_init(&a->arena, APPLY_BYTES);
}

void model_apply_release(struct model_apply *a)
{
	model_release(&a->exists);
	arena_release(&a->arena);
}

bool apply_stopped(const struct model_site *site, struct err *err)
{
	if (!site->stop || !site->stop->set)
		return false;
	err_set(err, ERR_CANCELLED, "apply.stopped", "stopped");
	return true;
}

bool apply_pause(struct model_site *site, int64_t ms, struct err *err)
{
	if (site->stop && !event_wait(site->stop, ms, NULL, err))
		return false;
	if (!site->stop && !task_sleep_ms(site->loop, ms, err))
		return false;
	return !apply_stopped(site, err);
}

bool apply_describe(struct model_site *site, const char *operation, struct str table, struct buf *answer, struct err *err)
{
	struct json_writer w;
	struct buf body;
	bool ok;

	buf_init(&body, BODY_MAX);
	json_write_init(&w, &body);
	json_begin_object(&w);
	json_member_str(&w, STR("TableName"), table);
	json_end_object(&w);
	buf_clear(answer);
	ok = dynamodb_call(site->dynamodb, operation, buf_str(&body), answer, err);
	buf_release(&body);
	return ok;
}

/* --- what exists ----------------------------------------------------------- */

struct describing {
	struct model_apply *apply;
	struct model_site *site;
	struct described_table *tables;
	size_t n;
};

static bool keep(struct describing *x, const struct buf *answer, struct str *out, struct err *err)
{
	*out = arena_dup(&x->apply->arena, buf_str(answer));
	return out->ptr || err_set(err, ERR_FATAL, "apply.memory", "what exists takes more than %zu bytes to describe",
				   x->apply->arena.max);
}

/* One that is being deleted is waited for: its name is free afterwards. */
static bool describe_table(struct describing *x, struct str name, struct buf *answer, bool *there, struct err *err)
{
	for (int64_t ms = APPLY_POLL_MIN_MS;; ms = apply_next_poll(ms)) {
		enum described_status status;

		*there = apply_describe(x->site, "DescribeTable", name, answer, err);
		if (!*there)
			return err_is(err, "ResourceNotFoundException");
		if (!model_described_status(buf_str(answer), &status, err))
			return false;
		if (status != DESCRIBED_DELETING)
			return true;
		if (!apply_pause(x->site, ms, err))
			return false;
	}
}

static bool describe(struct describing *x, struct str name, struct buf *answer, struct err *err)
{
	struct described_table *t = &x->tables[x->n];
	bool there;

	if (apply_stopped(x->site, err) || !describe_table(x, name, answer, &there, err))
		return false;
	if (!there)
		return true;
	if (!keep(x, answer, &t->table, err) || !apply_describe(x->site, "DescribeTimeToLive", name, answer, err) ||
	    !keep(x, answer, &t->ttl, err))
		return false;
	x->n++;
	return true;
}

static bool describe_all(struct describing *x, struct err *err)
{
	const struct model *m = x->apply->model;
	struct buf answer;
	bool ok = true;

	x->tables = arena_array(&x->apply->arena, m->n_tables + 1, sizeof(*x->tables));
	if (!x->tables)
		return err_set(err, ERR_FATAL, "apply.memory", "%zu tables take too much memory", m->n_tables);
	buf_init(&answer, APPLY_ANSWER_MAX);
	for (size_t i = 0; ok && i < m->n_tables; i++)
		ok = describe(x, m->tables[i].name, &answer, err) ||
		     err_prefix(err, "table %.*s", STR_ARG(str_sub(m->tables[i].name, 0, 255)));
	buf_release(&answer);
	return ok;
}

/* An endpoint with none of the tables is a model without tables. */
static bool read_existing(struct describing *x, struct err *err)
{
	struct findings_list findings;
	struct buf text;
	bool ok;

	buf_init(&text, DESCRIPTIONS_MAX);
	findings_list_init(&findings, &x->apply->arena, "the endpoint");
	ok = model_described(x->tables, x->n, &text, err) &&
	     (model_parse(&x->apply->exists, buf_str(&text), "the endpoint", &findings) ||
	      err_set(err, ERR_RETRY, "aws.answer", "the endpoint's descriptions of its tables cannot be read"));
	buf_release(&text);
	return ok;
}

/* --- the plan -------------------------------------------------------------- */

static bool list_steps(struct model_apply *a, struct err *err)
{
	a->steps = arena_array(&a->arena, a->diff.n_steps + 1, sizeof(*a->steps));
	if (!a->steps)
		return err_set(err, ERR_FATAL, "apply.memory", "%zu steps take too much memory", a->diff.n_steps);
	for (const struct diff_step *s = a->diff.steps; s; s = s->next)
		a->steps[a->n_steps++] = (struct apply_step){ .step = s, .state = s->makes ? APPLY_OPEN : APPLY_LEFT };
	return true;
}

bool model_apply_plan(struct model_apply *a, struct model_site *site, struct err *err)
{
	const struct diff_options options = { .described = true };
	struct describing x = { .apply = a, .site = site };

	if (!describe_all(&x, err) || !read_existing(&x, err) ||
	    !model_diff(&a->diff, &a->exists, a->model, &options, &a->arena, err) || !list_steps(a, err))
		return false;
	for (size_t i = 0; a->items && i < a->model->n_items; i++)
		a->put.asked += a->model->items[i].put && a->model->items[i].table;
	return true;
}
