/* The lambda sink: what an event source mapping does for a stream. Batches go one
 * after the other, each answered before the next one leaves; with concurrency above
 * one there are lanes, and all messages of a key have the same. */
#include "lambda.h"
#include "sluice/core/mem.h"
#include "sluice/sinks/kinds.h"

enum { MOST_LANES = 10, PATH_BYTES = 1024, ANSWER_BYTES = 8 << 20 };

struct lambda_sink {
	struct sink base;
	const struct lambda_settings *set;
	struct aws_client *client;
};

/* What goes one behind the other. */
struct lane {
	struct lambda_sink *l;
	struct effect **effects;
	size_t count;
	struct buf body, answer, path;
	struct err err;               /* why it ended before its end */
	size_t blamed;                /* so many from there on have that reason; the rest is behind them */
};

#define AT(field) offsetof(struct lambda_settings, field)
static const struct option options[] = {
	AWS_BATCH_OPTIONS,
	{ .name = "concurrency", .type = OPTION_INT, .offset = AWS_BATCH_AT(concurrency), .default_text = "1", .min = 1,
	  .max = MOST_LANES,
	  .help = "Batches of one shard that may be under way at once; order is then kept per key (an event source "
		  "mapping's ParallelizationFactor)." },
	{ .name = "timeout_ms", .type = OPTION_INT, .offset = AWS_BATCH_AT(timeout_ms), .default_text = "900000",
	  .min = 100, .max = 905000, .unit = "ms",
	  .help = "How long one invocation may take; not below the function's own timeout." },
	{ .name = "records", .type = OPTION_INT, .offset = AT(records), .default_text = "100", .min = 1, .max = 10000,
	  .help = "Most records of one invocation (BatchSize)." },
	{ .name = "report_batch_item_failures", .type = OPTION_BOOL, .offset = AT(report), .default_text = "true",
	  .help = "Whether batchItemFailures in what the function returns counts; false: whatever it returns is "
		  "success." },
	{ .name = "bisect", .type = OPTION_BOOL, .offset = AT(bisect), .default_text = "true",
	  .help = "Whether a batch that made the function fail is tried in halves (BisectBatchOnFunctionError); false: "
		  "all of it fails." },
	{ 0 },
};

static struct sink *lambda_open(const void *settings, const struct sink_site *site, struct err *err)
{
	const struct lambda_settings *set = settings;
	struct aws_client *client = aws_batch_client(AWS_LAMBDA, &set->common, site, err);
	struct lambda_sink *l;

	if (!client)
		return NULL;
	l = mem_alloc(sizeof(*l));
	l->base = (struct sink){ .ops = &lambda_sink, .site = *site };
	l->set = set;
	l->client = client;
	return &l->base;
}

/* ---- one invocation ---- */

static void put_path(struct buf *out, struct str function)
{
	buf_clear(out);
	buf_puts(out, "/2015-03-31/functions/");
	aws_batch_put_encoded(out, function, "%20");
	buf_puts(out, "/invocations");
}

/* Sends the body of n effects. *done: how many from the front were accepted; below n
 * err says why the next one was not. False: none was. A timeout or a 5xx may have
 * run the function: it is not invoked again at once, but with the next round. */
static bool invoke(struct lane *k, struct effect *const *effects, size_t n, size_t *done, struct err *err)
{
	struct aws_answer_head head = { .header = "X-Amz-Function-Error" };
	struct aws_request r = { .operation = "Invoke", .body = buf_str(&k->body), .head = &head, .once = true,
				 .max_answer_bytes = ANSWER_BYTES };

	put_path(&k->path, effects[0]->message.address);
	r.path = buf_str(&k->path);
	if (!buf_ok(&k->path))
		return err_set(err, ERR_FATAL, "lambda.function", "a function's name is longer than %d bytes",
			       PATH_BYTES);
	buf_clear(&k->answer);
	effect_batch_silent(effects[0]->batch, k->l->set->common.timeout_ms);
	if (!aws_call(k->l->client, &r, &k->answer, err)) {
		err->class = aws_batch_class(str_c(err->code), err->class);
		return false;
	}
	*done = n;
	if (head.value[0])
		return lambda_function_error(str_c(head.value), buf_str(&k->answer), err);
	if (k->l->set->report && !lambda_read(buf_str(&k->answer), effects, n, done, err))
		return false;
	if (*done < n)
		err_set(err, ERR_DATA, "lambda.item_failed",
			"the function names the record %.*s among its batchItemFailures",
			STR_ARG(str_sub(lambda_identifier(effects[*done]), 0, 100)));
	return true;
}

static bool may_halve(const struct lane *k, size_t n, const struct err *err)
{
	bool by_function = err_is(err, "lambda.function_error") || err_is(err, "lambda.item_failures");

	return n > 1 && err->class == ERR_DATA && (k->l->set->bisect || !by_function);
}

static size_t run_batch(struct lane *k, size_t from, size_t n);

static size_t run_halves(struct lane *k, size_t from, size_t n)
{
	size_t half = n / 2, done;

	lambda_write(k->effects + from, half, LAMBDA_PAYLOAD_BYTES, &k->body);
	done = run_batch(k, from, half);
	if (done < half)
		return done;
	lambda_write(k->effects + from + half, n - half, LAMBDA_PAYLOAD_BYTES, &k->body);
	return half + run_batch(k, from + half, n - half);
}

/* Sends effects[from..from+n), of which the body is written, as one batch, and in halves where all of it failed (at
 * most 14 deep). Returns how many from the front are done; below n k->err says why. */
static size_t run_batch(struct lane *k, size_t from, size_t n)
{
	struct effect *const *effects = k->effects + from;
	struct err err = { 0 };
	size_t done = 0;

	if (invoke(k, effects, n, &done, &err)) {
		for (size_t i = 0; i < done; i++)
			effect_done(effects[i]);
		k->blamed = 1;
		k->err = err;
		return done;
	}
	if (may_halve(k, n, &err))
		return run_halves(k, from, n);
	k->blamed = err.class == ERR_DATA ? n : k->count - from;
	k->err = err;
	return 0;
}

/* ---- a send ---- */

static void fail_rest(struct lane *k, size_t from)
{
	for (size_t i = from; i < k->count && k->err.class != ERR_CANCELLED; i++) {
		if (i < from + k->blamed)
			effect_fail(k->effects[i], &k->err);
		else
			sink_fail_behind(&k->l->base, k->effects[i]);
	}
}

static void too_large(struct lane *k, size_t at)
{
	k->blamed = 1;
	err_set(&k->err, ERR_DATA, "lambda.size", "record %.*s alone makes an event larger than Lambda takes, %d bytes",
		STR_ARG(str_sub(lambda_identifier(k->effects[at]), 0, 100)), LAMBDA_PAYLOAD_BYTES);
}

static void run_lane(void *arg)
{
	struct lane *k = arg;
	size_t most = (size_t)k->l->set->records, at = 0;

	buf_init(&k->body, LAMBDA_PAYLOAD_BYTES);
	buf_init(&k->answer, ANSWER_BYTES);
	buf_init(&k->path, PATH_BYTES);
	while (at < k->count && !task_cancelled(k->l->base.site.loop)) {
		size_t left = k->count - at, done = 0;
		size_t n = lambda_write(k->effects + at, left < most ? left : most, LAMBDA_PAYLOAD_BYTES, &k->body);

		if (n)
			done = run_batch(k, at, n);
		else
			too_large(k, at);
		at += done;
		if (!n || done < n) {
			fail_rest(k, at);
			break;
		}
	}
	buf_release(&k->path);
	buf_release(&k->answer);
	buf_release(&k->body);
}

/* Messages of one key share a lane; one without a key stands for itself. */
static size_t lane_of(const struct lambda_sink *l, const struct effect *e)
{
	struct str key = e->message.key.len ? e->message.key : lambda_identifier(e);

	return (size_t)(str_hash(key) % (uint64_t)l->set->common.concurrency);
}

static void lambda_send(struct sink *s, struct effect *const *effects, size_t n)
{
	struct lambda_sink *l = (struct lambda_sink *)s;
	size_t n_lanes = (size_t)l->set->common.concurrency;
	struct lane lanes[MOST_LANES] = { 0 };
	struct scope scope;

	for (size_t i = 0; i < n_lanes; i++) {
		lanes[i].l = l;
		lanes[i].effects = mem_array(n, sizeof(*lanes[i].effects));
	}
	for (size_t i = 0; i < n; i++) {
		if (sink_takes(s, effects[i])) {
			struct lane *k = &lanes[lane_of(l, effects[i])];

			k->effects[k->count++] = effects[i];
		}
	}
	if (n_lanes == 1) {
		run_lane(&lanes[0]);
	} else {
		scope_init(&scope, s->site.loop);
		for (size_t i = 0; i < n_lanes; i++)
			if (lanes[i].count)
				scope_spawn(&scope, "sink.lambda", run_lane, &lanes[i]);
		scope_wait(&scope);
	}
	if (n)
		effect_batch_silent(effects[0]->batch, 0);
	for (size_t i = 0; i < n_lanes; i++)
		mem_free(lanes[i].effects);
}

/* A dry run asks just what sending does. */
static bool lambda_examine(struct sink *s, struct str address, struct sink_examination *out, struct err *err)
{
	const struct http_header dry = { STR("X-Amz-Invocation-Type"), STR("DryRun") };
	struct lambda_sink *l = (struct lambda_sink *)s;
	struct aws_request r = { .operation = "Invoke", .headers = &dry, .n_headers = 1, .max_answer_bytes = ANSWER_BYTES };
	struct buf answer, path;
	bool ok;

	*out = (struct sink_examination){ "lambda:InvokeFunction", "lambda:InvokeFunction", true };
	buf_init(&answer, ANSWER_BYTES);
	buf_init(&path, PATH_BYTES);
	put_path(&path, address);
	r.path = buf_str(&path);
	ok = buf_ok(&path) ? aws_call(l->client, &r, &answer, err) :
			     err_set(err, ERR_FATAL, "lambda.function", "its name is longer than %d bytes", PATH_BYTES);
	buf_release(&answer);
	buf_release(&path);
	return ok;
}

static bool lambda_probe(struct sink *s, struct err *err)
{
	struct lambda_sink *l = (struct lambda_sink *)s;
	const struct aws_request r = { .operation = "GetAccountSettings", .method = "GET",
				       .path = STR("/2016-08-19/account-settings") };
	struct err why = { 0 };
	struct buf answer;
	bool ok;

	buf_init(&answer, ANSWER_BYTES);
	ok = aws_batch_probed(s, aws_call(l->client, &r, &answer, &why), &why);
	buf_release(&answer);
	if (!ok && err)
		*err = why;
	return ok;
}

static void lambda_close(struct sink *s)
{
	struct lambda_sink *l = (struct lambda_sink *)s;

	aws_client_free(l->client);
	mem_free(l);
}

const struct sink_ops lambda_sink = {
	.kind = "lambda",
	.summary = "Invokes Lambda functions with batches shaped as an event source mapping sends them, in order.",
	.options = options,
	.settings_size = sizeof(struct lambda_settings),
	.accepts = 1u << EFFECT_MESSAGE,
	.address = "function",
	.check = aws_batch_check,
	.open = lambda_open,
	.send = lambda_send,
	.probe = lambda_probe,
	.examine = lambda_examine,
	.close = lambda_close,
};
