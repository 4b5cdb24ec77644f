#include "model_load_parts.h"

#include "sluice/core/cadence.h"
#include "sluice/core/loop.h"
#include "sluice/core/mem.h"
#include "sluice/core/rng.h"

enum {
	ANSWER_MAX = 16 << 20,
	TIMEOUT_MS = 30000,
	SEED = 1,
	GRAIN_NS = 2000000,          /* of the loop's timers: so much after it was due is no lateness */
	PROGRESS_MS = 1000,
};

/* One execution that is due. */
struct due {
	struct load_pattern *pattern;
	int64_t at_ns;
};

struct running {
	struct model_load *load;
	struct model_site *site;
	struct cadence cadence;
	struct rng rng;
	struct scope scope;
	struct due *queue;               /* ring */
	size_t first, queued, in_flight;
	int64_t begin_ns, end_ns;
	bool over;                       /* nothing more is begun */
};

/* A task that runs one execution after the other, while there is one. */
struct place {
	struct running *run;
	struct due due;
	struct buf answer;
	struct err err;                  /* of the last call */
};

static int64_t now_ns(const struct running *r)
{
	return env_mono_ns(loop_env(r->site->loop));
}

/* --- one execution ----------------------------------------------------------- */

/* *name is of p->err. */
static enum load_outcome send(struct place *p, const struct load_pattern *pattern, size_t call, const char **name)
{
	const struct model_variations *v = &pattern->requests[call];
	const struct aws_request request = {
		.operation = pattern->calls[call].command.operation->name.ptr,
		.body = v->bodies[rng_below(&p->run->rng, v->count)],
		.max_answer_bytes = ANSWER_MAX, .max_attempts = 1, .timeout_ms = TIMEOUT_MS, .once = true,
	};
	bool ok;

	buf_clear(&p->answer);
	ok = aws_call(p->run->site->dynamodb, &request, &p->answer, &p->err);
	return load_judge(pattern->pattern, ok ? NULL : &p->err, buf_str(&p->answer), name);
}

static void count_outcome(struct load_figures *f, enum load_outcome outcome, const char *name, int64_t ns)
{
	if (outcome == LOAD_DONE)
		f->done++;
	else if (outcome == LOAD_REFUSED)
		f->refused++;
	else if (outcome == LOAD_THROTTLED)
		f->throttled++;
	else
		f->failed++;
	if (outcome == LOAD_FAILED)
		load_count_error(f, name);
	if (outcome == LOAD_DONE || outcome == LOAD_REFUSED)
		histogram_add(&f->latency_us, (uint64_t)(ns > 0 ? ns / 1000 : 0));
}

/* All commands of the pattern, until one is not done. */
static void execute(struct place *p)
{
	const struct load_pattern *pattern = p->due.pattern;
	struct load_figures *f = pattern->figures;
	enum load_outcome outcome = LOAD_DONE;
	const char *name = "";
	double units = 0;
	bool told = true;

	f->sent++;
	f->late += now_ns(p->run) - p->due.at_ns > (int64_t)LOAD_LATE_MS * 1000000;
	for (size_t i = 0; i < pattern->n_calls && outcome == LOAD_DONE; i++) {
		double n = 0;

		outcome = send(p, pattern, i, &name);
		told &= load_consumed(buf_str(&p->answer), &n);
		units += n;
	}
	if (outcome == LOAD_DONE && told) {
		f->measured++;
		f->units += units;
	}
	count_outcome(f, outcome, name, now_ns(p->run) - p->due.at_ns);
}

/* --- places ------------------------------------------------------------------ */

static bool take_queued(struct running *r, struct due *out)
{
	if (r->over || r->queued == 0)
		return false;
	*out = r->queue[r->first];
	r->first = (r->first + 1) % LOAD_QUEUED;
	r->queued--;
	return true;
}

static void place_task(void *arg)
{
	struct place *p = arg;

	do
		execute(p);
	while (take_queued(p->run, &p->due));
	p->run->in_flight--;
	buf_release(&p->answer);
	mem_free(p);
}

static void begin(struct running *r, struct due due)
{
	struct place *p = mem_alloc(sizeof(*p));

	*p = (struct place){ .run = r, .due = due };
	buf_init(&p->answer, ANSWER_MAX);
	r->in_flight++;
	scope_spawn(&r->scope, "load", place_task, p);
}

static void offer(struct running *r, struct due due)
{
	due.pattern->figures->planned++;
	if (r->in_flight < LOAD_IN_FLIGHT)
		begin(r, due);
	else if (r->queued == LOAD_QUEUED)
		due.pattern->figures->dropped++;
	else
		r->queue[(r->first + r->queued++) % LOAD_QUEUED] = due;
}

/* --- the schedule ------------------------------------------------------------ */

static void report(struct running *r)
{
	r->load->elapsed_ms = (now_ns(r) - r->begin_ns) / 1000000;
	if (r->load->progress)
		r->load->progress(r->load->ctx, r->load);
}

/* All that is due by now. */
static void offer_due(struct running *r)
{
	int64_t now = now_ns(r);

	for (;;) {
		int64_t at = cadence_due_ns(&r->cadence);

		if (at >= r->end_ns - r->begin_ns || r->begin_ns + at > now)
			return;
		at += r->begin_ns;
		offer(r, (struct due){ &r->load->patterns[cadence_take(&r->cadence)], now - at < GRAIN_NS ? now : at });
	}
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Until ns, rounded up to what the loop's timers can do; false when stopped. */
static bool wait_until(struct running *r, int64_t ns)
{
	int64_t now = now_ns(r);
	struct err err;
	bool fired = false;

	if (r->site->stop)
		return event_wait(r->site->stop, ns > now ? (ns - now + 999999) / 1000000 : 0, &fired, &err) && !fired &&
		       !r->site->stop->set;
	return task_sleep_ms(r->site->loop, ns > now ? (ns - now + 999999) / 1000000 : 0, &err);
}

static void keep_schedule(struct running *r)
{
	int64_t next_report = r->begin_ns + (int64_t)PROGRESS_MS * 1000000;

	while (now_ns(r) < r->end_ns) {
		int64_t due, at;

		offer_due(r);
		due = cadence_due_ns(&r->cadence);
		at = due < r->end_ns - r->begin_ns ? r->begin_ns + due : r->end_ns;
		if (!wait_until(r, earlier(at, next_report))) {
			r->load->stopped = true;
			return;
		}
		if (now_ns(r) < next_report)
			continue;
		report(r);
		next_report += (int64_t)PROGRESS_MS * 1000000;
	}
	offer_due(r);
}

/* What waits may still begin for a while. */
static void drain(struct running *r)
{
	int64_t end = now_ns(r) + (int64_t)LOAD_DRAIN_MS * 1000000;

	while (!r->load->stopped && r->queued && now_ns(r) < end)
		r->load->stopped = !wait_until(r, earlier(end, now_ns(r) + 20000000));
	for (struct due due; take_queued(r, &due);)
		due.pattern->figures->dropped++;
	r->over = true;
}

static void open_cadence(struct running *r)
{
	const struct model_load *l = r->load;
	double *rates = mem_array(l->n_patterns + 1, sizeof(*rates));

	for (size_t i = 0; i < l->n_patterns; i++)
		rates[i] = l->patterns[i].figures ? l->patterns[i].per_s : 0;
	cadence_init(&r->cadence, rates, l->n_patterns);
	mem_free(rates);
}

void model_load_run(struct model_load *l, struct model_site *site)
{
	struct running *r = mem_alloc(sizeof(*r));

	*r = (struct running){ .load = l, .site = site, .queue = mem_array(LOAD_QUEUED, sizeof(struct due)) };
	rng_seed(&r->rng, SEED);
	open_cadence(r);
	scope_init(&r->scope, site->loop);
	r->begin_ns = now_ns(r);
	r->end_ns = r->begin_ns + l->duration_ms * 1000000;
	keep_schedule(r);
	l->elapsed_ms = (now_ns(r) - r->begin_ns) / 1000000;
	drain(r);
	scope_wait(&r->scope);
	l->answered_ms = (now_ns(r) - r->begin_ns) / 1000000;
	cadence_release(&r->cadence);
	mem_free(r->queue);
	mem_free(r);
}
