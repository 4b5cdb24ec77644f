#include "model_load_parts.h"

#include "sluice/aws/dynamodb.h"
#include "sluice/core/node.h"
#include "sluice/model/cost.h"

#include <stdlib.h>

/* The calls of a large document need most of it; requests are cut to fewer variations. */
#define ARENA_BYTES ((size_t)768 << 20)

enum { DEFAULT_MS = 60000, NUMBER_MAX = 40 };

void model_load_init(struct model_load *l, const struct model *model)
{
	*l = (struct model_load){ .model = model, .factor = 1, .duration_ms = DEFAULT_MS };
	arena_init(&l->arena, ARENA_BYTES);
}

void model_load_release(struct model_load *l)
{
	arena_release(&l->arena);
}

/* --- arguments --------------------------------------------------------------- */

static bool number_of(struct str text, double *out)
{
	char digits[NUMBER_MAX];
	char *end;

	if (text.len == 0 || text.len >= sizeof(digits) || text.ptr[0] < '0' || text.ptr[0] > '9')
		return false;
	for (size_t i = 0; i < text.len; i++)
		if ((text.ptr[i] < '0' || text.ptr[i] > '9') && text.ptr[i] != '.')
			return false;
	memcpy(digits, text.ptr, text.len);
	digits[text.len] = '\0';
	*out = strtod(digits, &end);
	return *end == '\0';
}

bool model_load_factor(const char *text, double *out, struct err *err)
{
	static const struct str signs[] = { STR_INIT("x"), STR_INIT("X"), STR_INIT("×"), STR_INIT("*") };
	struct str rest = str_c(text);

	*out = 1;
	if (!text)
		return true;
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++)
		if (str_starts(rest, signs[i])) {
			rest = str_from(rest, signs[i].len);
			break;
		}
	if (number_of(rest, out) && *out > 0 && *out <= LOAD_FACTOR_MAX)
		return true;
	return err_set(err, ERR_DATA, "load.rps", "expected --rps xN with N above 0 and up to %g, as x0.1 or x3, found '%.60s'",
		       LOAD_FACTOR_MAX, text);
}

bool model_load_duration(const char *text, int64_t *out_ms, struct err *err)
{
	static const struct { char unit; double ms; } units[] = { { 's', 1000 }, { 'm', 60000 }, { 'h', 3600000 } };
	struct str rest = str_c(text);
	double n, ms = 1000;

	*out_ms = DEFAULT_MS;
	if (!text)
		return true;
	for (size_t i = 0; rest.len && i < sizeof(units) / sizeof(*units); i++)
		if (rest.ptr[rest.len - 1] == units[i].unit) {
			ms = units[i].ms;
			rest = str_sub(rest, 0, rest.len - 1);
			break;
		}
	if (number_of(rest, &n) && n * ms >= 1 && n * ms <= (double)LOAD_DURATION_MAX_MS) {
		*out_ms = (int64_t)(n * ms);
		return true;
	}
	return err_set(err, ERR_DATA, "load.for", "expected --for with a time up to 24h, as 30s or 5m, found '%.60s'", text);
}

/* --- what runs --------------------------------------------------------------- */

static double rate_of(const struct model_pattern *p)
{
	return p->rate.peak > 0 ? p->rate.peak : p->rate.average;
}

/* Calls of a pattern stand behind each other. */
static void find_calls(struct load_pattern *p, const struct model_calls *calls, size_t *next)
{
	while (*next < calls->n_calls && calls->calls[*next].pattern == p->pattern) {
		if (!p->calls)
			p->calls = &calls->calls[*next];
		p->n_calls++;
		(*next)++;
	}
}

static struct str why_not(struct model_load *l, struct load_pattern *p)
{
	if (p->pattern->n_commands == 0)
		return STR("it has no command");
	if (rate_of(p->pattern) <= 0)
		return STR("it declares no rps");
	if (p->n_calls != p->pattern->n_commands)
		return STR("there are too many commands");
	for (size_t i = 0; i < p->n_calls; i++) {
		const struct model_call *c = &p->calls[i];

		if (!c->valid)
			return STR("a command cannot be read: `sluice model validate` says why");
		if (c->n_actions == 0)
			return arena_putf(&l->arena, "%.*s is no operation on items", STR_ARG(c->command.operation->name));
		for (size_t k = 0; k < c->n_actions; k++)
			if (!c->actions[k].table)
				return STR("a command names a table that the model does not have");
	}
	return l->running < LOAD_PATTERNS_MAX ? STR("") : STR("so many patterns run already that no more are");
}

static bool prepare_pattern(struct model_load *l, struct load_pattern *p, struct err *err)
{
	p->skipped = why_not(l, p);
	if (p->skipped.len)
		return true;
	p->per_s = rate_of(p->pattern) * l->factor;
	p->requests = arena_array(&l->arena, p->n_calls, sizeof(*p->requests));
	p->figures = ARENA_NEW(&l->arena, struct load_figures);
	if (!p->requests || !p->figures)
		return err_set(err, ERR_FATAL, "model.memory", "the patterns need more than %zu bytes", l->arena.max);
	for (size_t i = 0; i < p->n_calls; i++) {
		if (!model_variations_make(&p->requests[i], l->model, &p->calls[i], &l->arena, err))
			return false;
		for (size_t k = 0; k < p->calls[i].n_actions; k++)
			p->writes |= action_writes(p->calls[i].actions[k].kind);
	}
	l->writes |= p->writes;
	l->running++;
	return true;
}

/* --- estimates --------------------------------------------------------------- */

static double units_of(const struct cost_pattern_result *r)
{
	double units = r->own.units_per_operation;

	for (size_t i = 0; i < r->pattern->n_writes; i++)
		units += r->indexes[i].units_per_operation;
	return units;
}

/* What `model cost` reckons with; without it a load is still a load. */
static void estimate(struct model_load *l)
{
	struct findings_list findings;
	struct cost_input in;
	struct cost cost;
	struct err err;

	findings_list_init(&findings, &l->arena, NULL);
	if (!cost_from_model(&in, l->model, &l->arena, &findings, &err))
		return;
	cost_check(&in, &findings);
	if (!cost_compute(&cost, &in, &prices_default, 1, &l->arena, &err))
		return;
	for (size_t i = 0; i < in.n_patterns && i < l->n_patterns; i++)
		if (!in.patterns[i].not_counted.len && in.patterns[i].at == l->patterns[i].pattern->at)
			l->patterns[i].estimate = units_of(&cost.patterns[i]);
}

static bool can_be_sent(const struct model_load *l, struct err *err)
{
	double per_s = 0;

	for (size_t i = 0; i < l->n_patterns; i++)
		per_s += l->patterns[i].per_s;
	if (l->running == 0)
		return err_set(err, ERR_DATA, "load.nothing", "none of the %zu access patterns can run: each needs a command and rps "
			       "(a number, or {\"average\": 10, \"peak\": 50})", l->n_patterns);
	if (per_s > LOAD_PER_S_MAX)
		return err_set(err, ERR_DATA, "load.rps", "the patterns' rates come to %.3g a second at --rps x%g; at most %g can be sent "
			       "from here: choose a smaller factor", per_s, l->factor, LOAD_PER_S_MAX);
	return true;
}

bool model_load_prepare(struct model_load *l, struct err *err)
{
	struct model_calls calls;
	size_t next = 0;

	if (!model_calls_read(&calls, l->model, &l->arena, err))
		return false;
	l->patterns = arena_array(&l->arena, l->model->n_patterns + 1, sizeof(*l->patterns));
	if (!l->patterns)
		return err_set(err, ERR_FATAL, "model.memory", "%zu patterns need too much memory", l->model->n_patterns);
	l->n_patterns = l->model->n_patterns;
	for (size_t i = 0; i < l->n_patterns; i++) {
		l->patterns[i] = (struct load_pattern){ .pattern = &l->model->patterns[i], .estimate = -1 };
		find_calls(&l->patterns[i], &calls, &next);
		if (!prepare_pattern(l, &l->patterns[i], err))
			return false;
	}
	estimate(l);
	return can_be_sent(l, err);
}

/* --- what is there ----------------------------------------------------------- */

struct checking {
	struct model_load *load;
	struct model_site *site;
	struct arena arena;
};

static bool table_is_there(struct checking *x, struct str name, struct err *err)
{
	struct table_description d;

	if (dynamodb_describe_table(x->site->dynamodb, name, &x->arena, &d, err))
		return true;
	if (!err_is(err, "ResourceNotFoundException"))
		return false;
	return err_set(err, ERR_DATA, "load.table", "there is no table %.*s at %.*s: make it with `sluice model apply FILE --items`",
		       STR_ARG(str_sub(name, 0, 255)), STR_ARG(aws_client_endpoint(x->site->dynamodb)));
}

/* Which tables the patterns that run use, each once. */
static bool tables_are_there(struct checking *x, struct err *err)
{
	const struct model *m = x->load->model;
	bool *used = arena_array(&x->arena, m->n_tables + 1, sizeof(*used));

	for (size_t i = 0; used && i < x->load->n_patterns; i++) {
		const struct load_pattern *p = &x->load->patterns[i];

		for (size_t c = 0; p->figures && c < p->n_calls; c++)
			for (size_t k = 0; k < p->calls[c].n_actions; k++)
				used[p->calls[c].actions[k].table - m->tables] = true;
	}
	for (size_t i = 0; used && i < m->n_tables; i++)
		if (used[i] && !table_is_there(x, m->tables[i].name, err))
			return false;
	return true;
}

static bool index_is_there(struct checking *x, const struct model_action *a, bool *there, struct err *err)
{
	struct table_description d;
	bool global;

	*there = dynamodb_describe_index(x->site->dynamodb, a->table_name, a->index_name, &x->arena, &d, &global, err);
	return *there || err_is(err, "dynamodb.no_index");
}

static bool check_indexes(struct checking *x, struct load_pattern *p, struct err *err)
{
	bool there = true;

	for (size_t c = 0; there && c < p->n_calls; c++)
		for (size_t k = 0; there && k < p->calls[c].n_actions; k++) {
			const struct model_action *a = &p->calls[c].actions[k];

			if (a->index_name.len && !index_is_there(x, a, &there, err))
				return false;
			if (!there)
				p->skipped = arena_putf(&x->load->arena, "the endpoint's table %.*s has no index %.*s", STR_ARG(a->table_name),
							STR_ARG(a->index_name));
		}
	if (!there) {
		p->figures = NULL;
		x->load->running--;
	}
	return true;
}

bool model_load_check(struct model_load *l, struct model_site *site, struct err *err)
{
	struct checking x = { .load = l, .site = site };
	bool ok;

	arena_init(&x.arena, 64 << 20);
	ok = tables_are_there(&x, err);
	for (size_t i = 0; ok && i < l->n_patterns; i++)
		if (l->patterns[i].figures)
			ok = check_indexes(&x, &l->patterns[i], err);
	arena_release(&x.arena);
	return ok;
}
