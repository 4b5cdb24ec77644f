#include "sluice/stream/reader.h"

#include "sluice/core/loop.h"

enum {
	PAGE_RECORDS = 1000,            /* the most GetRecords gives */
	SMALLEST_RESERVATION = 64 << 10,
	FULL_PAGE_ITEM_BYTES = 900 << 10,  /* GetRecords cuts a page at 1 MB of item data */
	FUTURE_S = 3600,                /* a record further ahead makes the page a lie */
	FIRST_BACKOFF_MS = 100,
	LONGEST_BACKOFF_MS = 20000,
	GONE_AFTER = 6,                 /* refusals in a row before a shard counts as gone */
};

struct reader {
	const struct reader_settings *set;
	const struct reader_output *out;
	struct reader_stats *stats;
	struct env *env;
	struct sequence last_read;      /* the last record handed on, or the start */
	struct buf iterator;            /* empty: one must be had first */
	int64_t idle_ms;                /* pause after the next empty page */
	unsigned failures;              /* in a row */
	size_t expected_bytes;          /* of the next page */
	unsigned limit;                 /* records of the page that was asked for */
	int64_t sent_ms;                /* when that was, by the service's clock */
};

/* What one step ended with. */
enum step { STEP_AGAIN, STEP_END };

/* ---- trouble ---- */

static int64_t backoff_ms(struct reader *r, const struct err *err)
{
	int64_t ceiling = FIRST_BACKOFF_MS, delay;

	for (unsigned i = 1; i < r->failures && ceiling < LONGEST_BACKOFF_MS; i++)
		ceiling *= 2;
	if (ceiling > LONGEST_BACKOFF_MS)
		ceiling = LONGEST_BACKOFF_MS;
	delay = ceiling / 2 + (int64_t)rng_below(&r->env->rng, (uint64_t)ceiling / 2 + 1);
	return delay < err->retry_after_ms ? err->retry_after_ms : delay;
}

static void log_trouble(struct reader *r, const char *what, const struct err *err)
{
	enum log_level level = r->failures > 2 || err->class == ERR_AUTH ? LOG_WARN : LOG_DEBUG;

	if (err_is(err, "LimitExceededException"))
		log_warn(r->env->log, "shard.limit", LOG_STR("shard", r->set->shard_id), LOG_ERR(err),
			 LOG_TEXT("hint", "a shard has at most two readers: does something else read this stream too?"));
	else
		log_at(r->env->log, level, what, LOG_STR("shard", r->set->shard_id), LOG_INT("failures", r->failures),
		       LOG_ERR(err));
}

/* Throttles, 5xx, time-outs, garbage: never the end of a shard. */
static enum step wait_out(struct reader *r, const char *what, const struct err *err, enum reader_end *end)
{
	r->failures++;
	r->stats->failures++;
	log_trouble(r, what, err);
	if (err->class != ERR_CANCELLED && task_sleep_ms(r->set->loop, backoff_ms(r, err), NULL))
		return STEP_AGAIN;
	*end = READER_CANCELLED;
	return STEP_END;
}

/* ---- iterators ---- */

static enum step no_iterator(struct reader *r, const char *what, const struct err *err, enum reader_end *end)
{
	buf_clear(&r->iterator);
	if (err_is(err, "ResourceNotFoundException") && r->failures >= GONE_AFTER) {
		*end = READER_GONE;
		return STEP_END;
	}
	if (err_is(err, "TrimmedDataAccessException") && !sequence_is_none(&r->last_read)) {
		*end = READER_TRIMMED;
		return STEP_END;
	}
	/* Also a fresh TRIM_HORIZON iterator that trimming overtook: the next one is
	 * behind it, nothing of ours is lost. */
	return wait_out(r, what, err, end);
}

static enum step get_iterator(struct reader *r, enum reader_end *end)
{
	bool resume = !sequence_is_none(&r->last_read);
	struct err err;

	buf_clear(&r->iterator);
	r->stats->iterators++;
	if (streams_get_iterator(r->set->streams, r->set->stream_arn, r->set->shard_id,
				 resume ? ITERATOR_AFTER : ITERATOR_TRIM_HORIZON, &r->last_read, &r->iterator, &err))
		return STEP_AGAIN;
	return no_iterator(r, "shard.iterator_failed", &err, end);
}

/* ---- pages ---- */

/* What an honest page cannot hold; it is asked for again. */
static bool check_page(struct reader *r, const struct page *p, struct err *err)
{
	int64_t now_s = aws_service_time_ms(r->set->streams) / 1000;

	if (p->count && sequence_compare(&p->records[0].sequence, &r->last_read) <= 0)
		return err_set(err, ERR_RETRY, "page.repeated", "GetRecords gave record %.*s again",
			       STR_ARG(sequence_wire(&p->records[0].sequence)));
	for (size_t i = 0; i < p->count; i++)
		if (p->records[i].created_s > now_s + FUTURE_S)
			return err_set(err, ERR_RETRY, "page.future", "record %.*s was created %lld s in the future",
				       STR_ARG(sequence_wire(&p->records[i].sequence)), (long long)(p->records[i].created_s - now_s));
	return true;
}

static struct page *call(struct reader *r, struct err *err)
{
	const struct reader_settings *set = r->set;
	struct page *p = NULL;

	if (set->turn && !mutex_lock(set->turn, err))
		return NULL;
	r->limit = r->out->limit ? r->out->limit(r->out->ctx) : 0;
	if (r->limit == 0 || r->limit > PAGE_RECORDS)
		r->limit = PAGE_RECORDS;
	if (!set->may_read || set->may_read(set->may_read_ctx, err)) {
		r->stats->calls++;
		r->sent_ms = aws_service_time_ms(set->streams);
		p = streams_get_records(set->streams, buf_str(&r->iterator), r->limit, set->page_bytes, err);
	}
	if (set->turn)
		mutex_unlock(set->turn);
	if (p && !check_page(r, p, err)) {
		page_unref(p);
		p = NULL;
	}
	return p;
}

/* A page that is larger than what was reserved for it stays where there is room;
 * else it is asked for again with what it needs, so that the budget holds also when
 * many idle shards come to life at once. */
static bool make_room(struct reader *r, size_t reserved, size_t bytes, struct err *err)
{
	if (budget_try_adjust(r->set->budget, reserved, bytes))
		return true;
	r->expected_bytes = bytes;
	return err_set(err, ERR_RETRY, "page.no_room", "a page of %zu bytes came where %zu were expected, and there is no room for more",
		       bytes, reserved);
}

static struct page *fetch(struct reader *r, size_t *bytes, struct err *err)
{
	size_t reserved = r->expected_bytes;
	struct page *p;

	if (!budget_take(r->set->budget, reserved, err))
		return NULL;
	p = call(r, err);
	*bytes = p ? page_bytes(p) : 0;
	if (p && !make_room(r, reserved, *bytes, err)) {
		page_unref(p);
		p = NULL;
	}
	if (!p)
		budget_return(r->set->budget, reserved);
	return p;
}

/* The next page will probably be like this one. */
static void learn(struct reader *r, const struct page *p, size_t bytes)
{
	size_t expect = bytes + bytes / 4;

	if (expect < SMALLEST_RESERVATION)
		expect = SMALLEST_RESERVATION;
	if (expect > r->set->page_bytes)
		expect = r->set->page_bytes;
	r->expected_bytes = expect;
	r->stats->pages++;
	r->stats->records += p->count;
	r->stats->bytes += p->bytes.len;
	r->stats->empty += p->count == 0;
}

static bool is_full(const struct reader *r, const struct page *p)
{
	uint64_t item_bytes = 0;

	for (size_t i = 0; i < p->count; i++)
		item_bytes += p->records[i].size_bytes;
	return p->count >= r->limit || item_bytes >= FULL_PAGE_ITEM_BYTES;
}

/* At once behind a full page; else poll.min_ms, doubled up to poll.max_ms while
 * the shard is idle. */
static int64_t pause_ms(struct reader *r, bool full, size_t count)
{
	int64_t pause;

	if (full)
		r->idle_ms = r->set->poll_min_ms;
	if (full)
		return 0;
	if (count)
		r->idle_ms = r->set->poll_min_ms;
	pause = r->idle_ms;
	if (count == 0)
		r->idle_ms = r->idle_ms * 2 < r->set->poll_max_ms ? r->idle_ms * 2 : r->set->poll_max_ms;
	return pause;
}

/* Hands the page on; its records count even where it is the last one (T3). */
static enum step hand_on(struct reader *r, struct page *p, size_t bytes, enum reader_end *end)
{
	bool closed = p->closed, full = is_full(r, p), ok = true;
	size_t count = p->count;

	learn(r, p, bytes);
	r->stats->full += full;
	buf_clear(&r->iterator);
	if (!closed && !scan_unescape(p->next_iterator, &r->iterator, NULL))
		buf_clear(&r->iterator);
	if (count)
		r->last_read = p->records[count - 1].sequence;
	if (count) {
		ok = r->out->page(r->out->ctx, p, bytes, NULL);
	} else {
		budget_return(r->set->budget, bytes);
		page_unref(p);
		if (!closed && r->out->empty)
			r->out->empty(r->out->ctx, r->sent_ms);
	}
	*end = closed ? READER_CLOSED : READER_CANCELLED;
	if (!ok) {
		*end = READER_CANCELLED;
		return STEP_END;
	}
	if (closed || !task_sleep_ms(r->set->loop, pause_ms(r, full, count), NULL))
		return STEP_END;
	return STEP_AGAIN;
}

static enum step read_page(struct reader *r, enum reader_end *end)
{
	struct err err;
	size_t bytes = 0;
	struct page *p = fetch(r, &bytes, &err);

	if (p) {
		r->failures = 0;
		return hand_on(r, p, bytes, end);
	}
	if (err_is(&err, "ExpiredIteratorException") || err_is(&err, "TrimmedDataAccessException") ||
	    err_is(&err, "ResourceNotFoundException"))
		return no_iterator(r, "shard.iterator_lost", &err, end); /* a new one, behind the last record read (T12) */
	return wait_out(r, "shard.read_failed", &err, end);
}

enum reader_end reader_run(const struct reader_settings *settings, const struct reader_output *output,
			   struct reader_stats *stats)
{
	struct reader r = {
		.set = settings, .out = output, .stats = stats, .env = loop_env(settings->loop),
		.last_read = settings->after, .idle_ms = settings->poll_min_ms,
		.expected_bytes = SMALLEST_RESERVATION,
	};
	enum reader_end end = READER_CANCELLED;
	enum step step = STEP_AGAIN;

	buf_init(&r.iterator, 4096);
	while (step == STEP_AGAIN) {
		if (output->deserted && output->deserted(output->ctx)) {
			end = READER_DESERTED;
			break;
		}
		step = r.iterator.len ? read_page(&r, &end) : get_iterator(&r, &end);
		if (step == STEP_AGAIN && task_cancelled(settings->loop)) {
			end = READER_CANCELLED;
			break;
		}
	}
	buf_release(&r.iterator);
	return end;
}

void reader_stats_add(struct reader_stats *sum, const struct reader_stats *more)
{
	sum->calls += more->calls;
	sum->pages += more->pages;
	sum->records += more->records;
	sum->bytes += more->bytes;
	sum->empty += more->empty;
	sum->iterators += more->iterators;
	sum->failures += more->failures;
}
