#include "../../../src/sinks/opensearch_sink.h"
#include "sim/env.h"
#include "sim/opensearch.h"
#include "sim/transport_script.h"
#include "sluice/core/mem.h"
#include "sluice/sinks/kinds.h"
#include "sluice/sinks/opensearch.h"
#include "support/effects.h"
#include "support/tasks.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

#define INDEX "deals-000001"

struct fixture {
	struct opensearch_settings settings;
	struct sim_opensearch *sim;
	struct sink *sink;
	double p_fault;
};

static const enum sim_fault all_faults[] = { SIM_DROP_BEFORE, SIM_DROP_AFTER, SIM_500,
					     SIM_THROTTLE,    SIM_TRUNCATE,   SIM_GARBAGE };

static enum sim_fault draw(void *ctx, const char *path)
{
	struct fixture *f = ctx;
	struct rng *rng = &loop_env(f->sim->loop)->rng;

	(void)path;
	return rng_unit(rng) < f->p_fault ? all_faults[rng_below(rng, COUNT_OF(all_faults))] : SIM_NO_FAULT;
}

static bool init(struct fixture *f, struct loop *loop, int64_t bulk_documents)
{
	struct sink_site site = { .name = STR("search"), .loop = loop, .failover_ms = 10000 };

	*f = (struct fixture){ .sim = sim_opensearch_new(loop, "http://search.test", NULL) };
	f->settings = (struct opensearch_settings){ .url = STR("http://search.test/"),
						    .timeout_ms = 1000,
						    .bulk_bytes = 1 << 20,
						    .bulk_documents = bulk_documents,
						    .gzip = true };
	f->sim->fault = draw;
	f->sim->fault_ctx = f;
	f->sim->latency_ms = 20;
	site.transport = &f->sim->transport;
	f->sink = opensearch_sink.open(&f->settings, &site, NULL);
	return f->sink != NULL;
}

static void release(struct fixture *f)
{
	f->sink->ops->close(f->sink);
	sim_opensearch_free(f->sim);
}

static void send_pending(struct fixture *f, struct made_batch *b)
{
	struct effect **pending = mem_array(b->batch.count, sizeof(struct effect *));
	size_t n = 0;

	for (size_t i = 0; i < b->batch.count; i++)
		if (b->batch.effects[i]->state == EFFECT_PENDING)
			pending[n++] = b->batch.effects[i];
	f->sink->ops->send(f->sink, pending, n);
	mem_free(pending);
}

static bool deliver(struct fixture *f, struct made_batch *b)
{
	for (int round = 0; round < 1000; round++) {
		send_pending(f, b);
		if (b->batch.pending > 0)
			return false;
		for (size_t i = 0; i < b->batch.count; i++)
			if (b->batch.effects[i]->state == EFFECT_FAILED && err_can_wait(b->batch.effects[i]->err))
				effect_retry(b->batch.effects[i]);
		if (b->batch.pending == 0)
			return true;
		if (!task_sleep_ms(f->sim->loop, 100, NULL))
			return false;
	}
	return false;
}

static const char *body_of(struct fixture *f, const char *id)
{
	const struct sim_document *d = sim_index_get(sim_index_named(f->sim, STR(INDEX)), id);

	return d && d->body ? d->body : "";
}

/* ---- the index equals the table ---- */

enum { RECORDS = 100, ITEMS = 7 };

struct story {
	uint64_t seed, faults;
};

struct attempt {
	struct fixture *f;
	struct made_batch *b;
	bool done;
};

static void run_attempt(void *arg)
{
	struct attempt *a = arg;

	a->done = deliver(a->f, a->b);
}

static void replay(struct fixture *f, struct loop *loop, const int item[], const bool put[], struct rng *rng)
{
	int position = 0;

	while (position < RECORDS) {
		int n = 1 + (int)rng_below(rng, 30);
		struct scope scope;
		struct made_batch b;
		struct attempt a = { f, &b, false };

		if (position + n > RECORDS)
			n = RECORDS - position;
		made_batch_init(&b, (uint64_t)(100 + position), (size_t)n);
		for (int i = 0; i < n; i++) {
			char id[16], body[32];

			snprintf(id, sizeof(id), "i%d", item[position + i]);
			snprintf(body, sizeof(body), "{\"r\":%d}", position + i);
			made_document(&b, (uint32_t)i, put[position + i] ? EFFECT_PUT_DOCUMENT : EFFECT_DELETE_DOCUMENT,
				      INDEX, id, body)
				->document.alias = STR("deals");
		}
		scope_init(&scope, loop);
		scope_spawn(&scope, "attempt", run_attempt, &a);
		if (rng_below(rng, 4) == 0) {
			task_sleep_ms(loop, (int64_t)rng_below(rng, 60), NULL);
			scope_cancel(&scope);
		}
		scope_wait(&scope);
		made_batch_release(&b);
		if (a.done)
			position += n;
		if (!a.done || rng_below(rng, 5) == 0)
			position -= (int)rng_below(rng, (uint64_t)position + 1);
	}
}

static void equal_body(struct loop *loop, void *arg)
{
	struct story *story = arg;
	struct fixture f;
	struct rng rng;
	int item[RECORDS], last[ITEMS];
	bool put[RECORDS];

	rng_seed(&rng, story->seed);
	for (int i = 0; i < ITEMS; i++)
		last[i] = -1;
	for (int r = 0; r < RECORDS; r++) {
		item[r] = (int)rng_below(&rng, ITEMS);
		put[r] = rng_below(&rng, 4) > 0;
		last[item[r]] = r;
	}
	CHECK(init(&f, loop, 5));
	f.p_fault = 0.15;
	f.sim->busy = 0.1;
	replay(&f, loop, item, put, &rng);
	for (int i = 0; i < ITEMS; i++) {
		char id[16], want[32] = "";

		snprintf(id, sizeof(id), "i%d", i);
		if (last[i] >= 0 && put[last[i]])
			snprintf(want, sizeof(want), "{\"r\":%d}", last[i]);
		CHECK_STR(str_c(body_of(&f, id)), want);
	}
	story->faults += f.sim->faults;
	release(&f);
}

static void test_the_index_ends_equal_over_crashes_replays_and_lost_answers(void **state)
{
	struct story story = { 0 };

	(void)state;
	for (story.seed = 1; story.seed <= 60; story.seed++)
		run_simulated(story.seed, equal_body, &story);
	assert_true(story.faults > 300);
}

/* ---- single matters ---- */

static void made_body(struct loop *loop, void *arg)
{
	struct fixture f;
	struct made_batch b;
	struct sim_index *x;
	struct effect *e;

	(void)arg;
	CHECK(init(&f, loop, 1000));
	made_batch_init(&b, 1, 3);
	e = made_document(&b, 0, EFFECT_PUT_DOCUMENT, INDEX, "1", "{\"a\":1}");
	e->document.alias = STR("deals");
	e->document.definition = STR(
		"{\"mappings\":{\"properties\":{\"a\":{\"type\":\"long\"}}},\"settings\":{\"number_of_shards\":2}}");
	send_pending(&f, &b);
	CHECK_EQ(made_count(&b, EFFECT_DONE), 1);
	x = sim_index_named(f.sim, STR(INDEX));
	CHECK(x);
	CHECK_EQ(x->gc_deletes_s, 3600);
	CHECK_STR(str_c(x->creation),
		  "{\"settings\":{\"number_of_shards\":2,\"index.gc_deletes\":\"3600s\"},"
		  "\"mappings\":{\"properties\":{\"a\":{\"type\":\"long\"}}},\"aliases\":{\"deals\":{}}}");
	CHECK_STR(str_c(f.sim->aliases->name), "deals");
	/* The next generation does not take the alias over. */
	made_document(&b, 1, EFFECT_PUT_DOCUMENT, "deals-000002", "1", "{\"a\":1}")->document.alias = STR("deals");
	send_pending(&f, &b);
	CHECK_EQ(made_count(&b, EFFECT_DONE), 2);
	CHECK(sim_index_named(f.sim, STR("deals-000002")));
	CHECK_STR(str_c(f.sim->aliases->index), INDEX);
	CHECK(!f.sim->aliases->next);
	made_batch_release(&b);
	release(&f);
}

static void test_a_missing_index_is_made_with_alias_and_long_memory(void **state)
{
	(void)state;
	run_simulated(1, made_body, NULL);
}

static void raised_body(struct loop *loop, void *arg)
{
	struct fixture f;
	struct opensearch_client client = { .loop = loop, .url = STR("http://search.test") };
	struct opensearch_index x = { .name = STR(INDEX), .gc_deletes_s = 90 };
	struct err err = { 0 };

	(void)arg;
	CHECK(init(&f, loop, 1000));
	client.transport = &f.sim->transport;
	CHECK_OK(opensearch_ensure_index(&client, &x, &err), &err);
	x.gc_deletes_s = 7200;
	CHECK_OK(opensearch_ensure_index(&client, &x, &err), &err);
	CHECK_EQ(sim_index_named(f.sim, STR(INDEX))->gc_deletes_s, 7200);
	x.gc_deletes_s = 60;
	CHECK_OK(opensearch_ensure_index(&client, &x, &err), &err);
	CHECK_EQ(sim_index_named(f.sim, STR(INDEX))->gc_deletes_s, 7200);
	x = (struct opensearch_index){ .name = STR("other"), .alias = STR(INDEX), .gc_deletes_s = 60 };
	CHECK_CLASS(opensearch_ensure_index(&client, &x, &err), &err, ERR_FATAL);
	CHECK(strstr(err.text, "OpenSearch has an index called " INDEX));
	x = (struct opensearch_index){ .name = STR("other"), .definition = STR("[]") };
	CHECK_CLASS(opensearch_ensure_index(&client, &x, &err), &err, ERR_FATAL);
	release(&f);
}

static void test_a_memory_that_is_too_short_is_raised(void **state)
{
	(void)state;
	run_simulated(1, raised_body, NULL);
}

static void blamed_body(struct loop *loop, void *arg)
{
	struct fixture f;
	struct made_batch b;
	char id[600];

	(void)arg;
	memset(id, 'x', 599);
	id[599] = '\0';
	CHECK(init(&f, loop, 1000));
	made_batch_init(&b, 1, 5);
	made_document(&b, 0, EFFECT_PUT_DOCUMENT, INDEX, "1", "{\"a\":\n1}");
	made_document(&b, 1, EFFECT_PUT_DOCUMENT, INDEX, "2", "{\"malformed\":1}");
	made_document(&b, 2, EFFECT_DELETE_DOCUMENT, INDEX, "never was", "");
	made_document(&b, 3, EFFECT_PUT_DOCUMENT, INDEX, id, "{}");
	made_document(&b, 4, EFFECT_PUT_DOCUMENT, INDEX, "3", "{\"a\":3}");
	send_pending(&f, &b);
	CHECK_EQ(b.batch.effects[0]->state, EFFECT_DONE);
	CHECK(b.batch.effects[1]->state == EFFECT_FAILED && b.batch.effects[1]->err->class == ERR_DATA);
	CHECK(strstr(b.batch.effects[1]->err->text, "document 2 of index " INDEX));
	CHECK_EQ(b.batch.effects[2]->state, EFFECT_DONE);
	CHECK(b.batch.effects[3]->state == EFFECT_FAILED && b.batch.effects[3]->err->class == ERR_DATA);
	CHECK_EQ(b.batch.effects[4]->state, EFFECT_DONE);
	CHECK_EQ(f.sim->bulks, 1);
	CHECK_STR(str_c(body_of(&f, "1")), "{\"a\": 1}");
	made_batch_release(&b);
	release(&f);
}

static void test_each_document_has_its_own_outcome(void **state)
{
	(void)state;
	run_simulated(1, blamed_body, NULL);
}

static void bisected_body(struct loop *loop, void *arg)
{
	struct fixture f;
	struct made_batch b;

	(void)arg;
	CHECK(init(&f, loop, 1000));
	made_batch_init(&b, 1, 1);
	for (int i = 0; i < 40; i++) {
		char id[16];

		snprintf(id, sizeof(id), "%d", i);
		made_document(&b, 0, EFFECT_PUT_DOCUMENT, INDEX, id, "{}");
	}
	b.batch.effects[17]->v = UINT64_C(1) << 60;       /* above 2^53: the simulated one cannot read it */
	b.batch.effects[18]->v = (UINT64_C(1) << 63) + 1; /* no version at all */
	send_pending(&f, &b);
	for (int i = 0; i < 40; i++)
		CHECK_EQ(b.batch.effects[i]->state, i == 17 || i == 18 ? EFFECT_FAILED : EFFECT_DONE);
	CHECK_EQ(b.batch.effects[17]->err->class, ERR_DATA);
	CHECK_EQ(b.batch.effects[18]->err->class, ERR_DATA);
	made_batch_release(&b);
	release(&f);
}

static void test_what_spoils_a_whole_bulk_is_found_by_halving(void **state)
{
	(void)state;
	run_simulated(1, bisected_body, NULL);
}

static void large_body(struct loop *loop, void *arg)
{
	struct fixture f;
	struct made_batch b;
	char *text = mem_alloc(40001);

	(void)arg;
	memset(text, ' ', 40000);
	text[0] = '{';
	text[39999] = '}';
	CHECK(init(&f, loop, 1000));
	f.sim->largest_body = 100000;
	made_batch_init(&b, 1, 1);
	for (int i = 0; i < 16; i++) {
		char id[16];

		snprintf(id, sizeof(id), "%d", i);
		made_document(&b, 0, EFFECT_PUT_DOCUMENT, INDEX, id, text);
	}
	send_pending(&f, &b);
	CHECK_EQ(made_count(&b, EFFECT_DONE), 16);
	CHECK(f.sim->compressed > 0);
	f.sim->largest_body = 1000;
	made_document(&b, 0, EFFECT_PUT_DOCUMENT, INDEX, "x", text);
	send_pending(&f, &b);
	CHECK_EQ(b.batch.effects[16]->err->class, ERR_DATA);
	made_batch_release(&b);
	release(&f);
	mem_free(text);
}

static void test_a_bulk_that_is_too_large_is_halved(void **state)
{
	(void)state;
	run_simulated(1, large_body, NULL);
}

static void newest_body(struct loop *loop, void *arg)
{
	struct fixture f;
	struct made_batch b;

	(void)arg;
	CHECK(init(&f, loop, 1));
	made_batch_init(&b, 1, 4);
	made_document(&b, 0, EFFECT_PUT_DOCUMENT, INDEX, "1", "{\"n\":1}");
	made_document(&b, 1, EFFECT_DELETE_DOCUMENT, INDEX, "1", "");
	made_document(&b, 2, EFFECT_PUT_DOCUMENT, INDEX, "1", "{\"n\":3}");
	made_document(&b, 3, EFFECT_PUT_DOCUMENT, INDEX, "2", "{\"n\":4}");
	send_pending(&f, &b);
	CHECK_EQ(made_count(&b, EFFECT_DONE), 4);
	CHECK_EQ(f.sim->bulks, 2);
	CHECK_STR(str_c(body_of(&f, "1")), "{\"n\":3}");
	made_batch_release(&b);
	release(&f);
}

static void test_only_the_newest_of_one_document_is_sent(void **state)
{
	(void)state;
	run_simulated(1, newest_body, NULL);
}

static void removed_body(struct loop *loop, void *arg)
{
	struct fixture f;
	struct made_batch b;

	(void)arg;
	CHECK(init(&f, loop, 1000));
	made_batch_init(&b, 1, 2);
	made_document(&b, 0, EFFECT_PUT_DOCUMENT, INDEX, "1", "{}");
	send_pending(&f, &b);
	sim_index_named(f.sim, STR(INDEX))->name[0] = 'x'; /* somebody removed it */
	made_document(&b, 1, EFFECT_PUT_DOCUMENT, INDEX, "1", "{}");
	send_pending(&f, &b);
	CHECK(b.batch.effects[1]->state == EFFECT_FAILED && b.batch.effects[1]->err->class == ERR_RETRY);
	CHECK_EQ(made_retry(&b), 1);
	send_pending(&f, &b);
	CHECK_EQ(b.batch.effects[1]->state, EFFECT_DONE);
	made_batch_release(&b);
	release(&f);
}

static void test_an_index_that_went_away_is_made_again(void **state)
{
	(void)state;
	run_simulated(1, removed_body, NULL);
}

static void outage_body(struct loop *loop, void *arg)
{
	struct fixture f;
	struct made_batch b;
	struct err err = { 0 };

	(void)arg;
	CHECK(init(&f, loop, 1000));
	f.sim->url = "http://elsewhere.test";
	CHECK_CLASS(f.sink->ops->probe(f.sink, &err), &err, ERR_RETRY);
	CHECK(strstr(err.text, "check sinks.search.url"));
	made_batch_init(&b, 1, 1);
	made_document(&b, 0, EFFECT_PUT_DOCUMENT, "Deals", "1", "{}");
	made_document(&b, 0, EFFECT_PUT_DOCUMENT, INDEX, "1", "{}");
	send_pending(&f, &b);
	CHECK_EQ(b.batch.effects[0]->err->class, ERR_FATAL);
	CHECK(strstr(b.batch.effects[0]->err->text, "\"Deals\" cannot name an index"));
	CHECK_EQ(b.batch.effects[1]->err->class, ERR_RETRY);
	CHECK(strstr(b.batch.effects[1]->err->text, "http://search.test/" INDEX));
	made_batch_release(&b);
	release(&f);
}

static void bulk_outage_body(struct loop *loop, void *arg)
{
	struct fixture f;
	struct made_batch b;

	(void)arg;
	CHECK(init(&f, loop, 1000));
	made_batch_init(&b, 1, 2);
	made_document(&b, 0, EFFECT_PUT_DOCUMENT, INDEX, "1", "{}");
	send_pending(&f, &b);
	CHECK_EQ(made_count(&b, EFFECT_DONE), 1);
	f.sim->url = "http://elsewhere.test";
	made_document(&b, 1, EFFECT_PUT_DOCUMENT, INDEX, "2", "{}");
	send_pending(&f, &b);
	CHECK_EQ(b.batch.effects[1]->err->class, ERR_RETRY);
	CHECK(strstr(b.batch.effects[1]->err->text, "OpenSearch POST http://search.test/_bulk: "));
	made_batch_release(&b);
	release(&f);
}

static void test_an_outage_is_told_with_its_address(void **state)
{
	(void)state;
	run_simulated(1, outage_body, NULL);
}

static void test_an_unreachable_bulk_is_named_without_its_query(void **state)
{
	(void)state;
	run_simulated(1, bulk_outage_body, NULL);
}

static void test_index_names_follow_the_rules_of_opensearch(void **state)
{
	static const struct {
		const char *name;
		bool ok;
	} cases[] = {
		{ "deals-000001", true }, { "a", true },     { "\xc3\xa9t\xc3\xa9", true },
		{ "a.b", true },          { "", false },     { "Deals", false },
		{ "_deals", false },      { "-d", false },   { "+d", false },
		{ ".", false },           { "..", false },   { "a b", false },
		{ "a/b", false },         { "a*", false },   { "a#b", false },
		{ "a:b", false },         { "a\nb", false }, { "a,b", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(opensearch_index_name_ok(str_c(cases[i].name)), cases[i].ok);
}

static void test_path_segments_are_encoded(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	opensearch_put_segment(&b, STR("a-b_c.d~%\xc3\xa9/?"));
	assert_str_equal(buf_str(&b), "a-b_c.d~%25%C3%A9%2F%3F");
	buf_release(&b);
}

/* ---- Serverless ---- */

static bool keys_get(struct credentials_provider *p, struct credentials *out, struct err *err)
{
	(void)p;
	return credentials_set(out, STR("AKID"), STR("a-secret-that-must-not-be-seen"), STR(""), err);
}

static void serverless_body(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .status = 404, .body = "{}" }, /* the index is not there */
		{ .status = 200, .body = "{}" }, /* it is made */
		{ .status = 200,
		  .body = "{\"items\":[{\"index\":{\"status\":400,\"error\":{\"type\":\"illegal_argument_exception\",\"reason\":"
			  "\"Document ID is not supported in create/index operation request\"}}}]}" },
		{ .status = 200, .body = "[]" }, /* the probe */
	};
	const struct opensearch_settings settings = {
		.url = STR("https://c.eu-west-1.aoss.amazonaws.com"), .timeout_ms = 1000, .bulk_bytes = 1 << 20,
		.bulk_documents = 10, .auth = { .kind = AUTH_SIGV4, .service = SERVICE_AOSS },
	};
	struct credentials_provider keys = { .get = keys_get };
	const struct aws_settings aws = { .loop = loop, .credentials = &keys, .region = STR("eu-west-1") };
	struct transport_script script;
	struct sink_site site = { .name = STR("search"), .loop = loop, .failover_ms = 10000, .aws = &aws };
	struct made_batch b;
	struct sink *sink;
	struct err err = { 0 };

	(void)arg;
	transport_script_init(&script, loop, steps, COUNT_OF(steps));
	site.transport = &script.transport;
	sink = opensearch_sink.open(&settings, &site, NULL);
	CHECK(sink != NULL);
	made_batch_init(&b, 1, 2);
	made_document(&b, 0, EFFECT_PUT_DOCUMENT, INDEX, "1", "{}");
	made_document(&b, 1, EFFECT_PUT_DOCUMENT, INDEX, "2", "{}")->document.ingest_pipeline = STR("enrich");
	sink->ops->send(sink, b.batch.effects, 2);
	CHECK_EQ(b.batch.pending, 0);
	CHECK_EQ(b.batch.effects[0]->err->class, ERR_FATAL);
	CHECK(strstr(b.batch.effects[0]->err->text, "make one of the type search"));
	CHECK_EQ(b.batch.effects[1]->err->class, ERR_FATAL);
	CHECK(strstr(b.batch.effects[1]->err->text, "no ingest pipelines"));
	CHECK_STR(str_c(script.seen[1].request.method), "PUT");
	CHECK(str_find(script.seen[1].request.body, STR("gc_deletes")) == SIZE_MAX);
	CHECK_OK(sink->ops->probe(sink, &err), &err);
	CHECK(str_find(script.seen[3].request.url, STR("/_cat/indices")) != SIZE_MAX);
	for (size_t i = 0; i < script.n_seen; i++)
		CHECK(str_find(transport_script_header(&script, i, "authorization"), STR("/eu-west-1/aoss/aws4_request")) !=
		      SIZE_MAX);
	sink->ops->close(sink);
	made_batch_release(&b);
	transport_script_release(&script);
}

static void test_serverless_is_asked_for_what_it_has_and_its_limits_are_said(void **state)
{
	(void)state;
	run_simulated(1, serverless_body, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_index_ends_equal_over_crashes_replays_and_lost_answers),
		cmocka_unit_test(test_a_missing_index_is_made_with_alias_and_long_memory),
		cmocka_unit_test(test_a_memory_that_is_too_short_is_raised),
		cmocka_unit_test(test_each_document_has_its_own_outcome),
		cmocka_unit_test(test_what_spoils_a_whole_bulk_is_found_by_halving),
		cmocka_unit_test(test_a_bulk_that_is_too_large_is_halved),
		cmocka_unit_test(test_only_the_newest_of_one_document_is_sent),
		cmocka_unit_test(test_an_index_that_went_away_is_made_again),
		cmocka_unit_test(test_an_outage_is_told_with_its_address),
		cmocka_unit_test(test_serverless_is_asked_for_what_it_has_and_its_limits_are_said),
		cmocka_unit_test(test_an_unreachable_bulk_is_named_without_its_query),
		cmocka_unit_test(test_index_names_follow_the_rules_of_opensearch),
		cmocka_unit_test(test_path_segments_are_encoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
