/* The merge of random audiences, read in pages of random sizes through the real
 * client; with it the sources' streams. */
#include "sluice/worker/fanout_merge.h"

#include "sim/dynamodb.h"
#include "sim/env.h"
#include "sluice/core/mem.h"
#include "support/tasks.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

enum { SEEDS = 12, SOURCES_MAX = 9, USERS = 300 };

static bool credentials_get(struct credentials_provider *p, struct credentials *out, struct err *err)
{
	(void)p;
	(void)err;
	buf_puts(&out->access_key_id, "AKIDEXAMPLE");
	buf_puts(&out->secret_access_key, "secret");
	buf_puts(&out->source, "test");
	return true;
}

/* One audience: tables in memory, and what the merge needs to read them. */
struct audience {
	struct loop *loop;
	struct sim_dynamodb *dynamodb;
	struct sim_table *table;
	struct aws_client *client;
	struct credentials_provider credentials;
	struct budget budget;
	struct fanout_settings settings;
	struct fanout fanout;
	struct fanout_reading reading;
	struct scope fetchers;
	struct arena arena;
	struct fanout_source sources[SOURCES_MAX];
	size_t n;
	struct fanout_stream streams[SOURCES_MAX];
	struct fanout_merge merge;
};

static void open_audience(struct audience *a, struct loop *loop, const char *key)
{
	struct aws_settings aws = { .loop = loop, .region = STR("us-east-1"), .credentials = &a->credentials };

	*a = (struct audience){ .loop = loop };
	a->credentials.get = credentials_get;
	a->dynamodb = sim_dynamodb_new(loop, NULL);
	a->table = sim_table_add(a->dynamodb, "Followers", key);
	aws.transport = &a->dynamodb->transport;
	a->client = aws_client_new(AWS_DYNAMODB, &aws, NULL);
	budget_init(&a->budget, loop, 64 << 20);
	buf_init(&a->fanout.text, 1 << 20);
	arena_init(&a->arena, 16 << 20);
	a->settings.member = STR("u");
	a->fanout.settings = &a->settings;
	a->fanout.base.site.name = STR("alerts");
	a->reading = (struct fanout_reading){
		.loop = loop, .dynamodb = a->client, .budget = &a->budget, .fanout = &a->fanout, .task = STR("t"),
		.page_bytes = 64 + rng_below(&loop_env(loop)->rng, 4000), .fetchers = &a->fetchers,
	};
}

static void close_audience(struct audience *a)
{
	arena_release(&a->arena);
	buf_release(&a->fanout.text);
	aws_client_free(a->client);
	sim_dynamodb_free(a->dynamodb);
}

static void begin(struct audience *a, struct value resume)
{
	a->reading.resume = resume;
	scope_init(&a->fetchers, a->loop);
	for (size_t i = 0; i < a->n; i++)
		fanout_stream_init(&a->streams[i], &a->reading, &a->sources[i], STR("s"));
	fanout_merge_init(&a->merge, a->streams, a->n);
}

static void end(struct audience *a)
{
	scope_cancel(&a->fetchers);
	scope_wait(&a->fetchers);
	for (size_t i = 0; i < a->n; i++)
		fanout_stream_release(&a->streams[i]);
	fanout_merge_release(&a->merge);
}

static struct fanout_source *add_source(struct audience *a, const char *subject)
{
	struct fanout_source *s = &a->sources[a->n++];

	*s = (struct fanout_source){ .kind = FANOUT_QUERY, .table = STR("Followers") };
	s->key = (struct value){ VALUE_S, arena_dup(&a->arena, str_c(subject)) };
	return s;
}

static void put(struct audience *a, const char *subject, const char *user)
{
	char item[512];

	snprintf(item, sizeof(item), "{\"s\":{\"S\":\"%s\"},\"u\":%s,\"pad\":{\"S\":\"%.*s\"}}", subject, user,
		 (int)rng_below(&loop_env(a->loop)->rng, 80),
		 "................................................................................");
	sim_table_put(a->dynamodb, a->table, item);
}

/* Reads on from `resume`; members as numbers into out. False: an error. */
static bool read_all(struct audience *a, struct value resume, size_t limit, unsigned *out, size_t *n)
{
	const struct fanout_stream *s;
	struct err err = { 0 };
	bool ok;

	*n = 0;
	begin(a, resume);
	while ((ok = fanout_merge_next(&a->merge, &s, &err)) && s && *n < limit)
		out[(*n)++] = (unsigned)strtoul(s->member.raw.ptr, NULL, 10);
	end(a);
	return ok;
}

/* ---- random audiences ---- */

struct form {
	const char *key;        /* of the table */
	const char *prefix;
	enum value_type type;
};

static const struct form forms[] = {
	{ "s:S,u:S", "", VALUE_S },
	{ "s:S,u:N", "", VALUE_N },
	{ "s:S,u:S", "USER#", VALUE_S },
};

/* Each user in some sources, in a list of members now and then, too. */
static void fill(struct audience *a, const struct form *f, bool *follows)
{
	struct rng *rng = &loop_env(a->loop)->rng;
	size_t queries = 1 + rng_below(rng, SOURCES_MAX - 1);
	struct buf list;
	char subject[32], user[64];

	for (size_t i = 0; i < queries; i++) {
		snprintf(subject, sizeof(subject), "p%zu", i);
		add_source(a, subject)->sort_prefix = str_c(f->prefix);
	}
	if (f->prefix[0]) {
		put(a, "p0", "{\"S\":\"A#000001\"}");     /* other kinds of rows */
		put(a, "p0", "{\"S\":\"USER$\"}");
		put(a, "p0", "{\"S\":\"Z\"}");
	}
	buf_init(&list, 1 << 20);
	buf_putc(&list, '[');
	for (unsigned u = 1; u < USERS; u++) {
		size_t copies = rng_below(rng, 4);

		if (f->type == VALUE_S)
			snprintf(user, sizeof(user), "{\"S\":\"%s%06u\"}", f->prefix, u);
		else
			snprintf(user, sizeof(user), "{\"N\":\"%u\"}", u);
		for (size_t i = 0; i < copies; i++) {
			snprintf(subject, sizeof(subject), "p%zu", (size_t)rng_below(rng, queries));
			put(a, subject, user);
		}
		follows[u] = copies > 0;
		if (rng_below(rng, 20))
			continue;
		follows[u] = true;
		buf_putf(&list, list.len > 1 ? ",{\"%s\":\"%0*u\"}" : "{\"%s\":\"%0*u\"}", value_type_name(f->type),
			 f->type == VALUE_S ? 6 : 1, u);
	}
	buf_putc(&list, ']');
	a->sources[a->n++] = (struct fanout_source){
		.kind = FANOUT_MEMBERS, .members = { VALUE_L, arena_dup(&a->arena, buf_str(&list)) },
	};
	buf_release(&list);
}

static void check_form(struct loop *loop, const struct form *f)
{
	static struct audience a;
	bool follows[USERS] = { false };
	unsigned got[USERS + 1];
	struct value resume = { 0 };
	char text[16];
	size_t n, at = 0;

	open_audience(&a, loop, f->key);
	fill(&a, f, follows);
	CHECK(read_all(&a, resume, USERS, got, &n));
	for (unsigned u = 1; u < USERS; u++)
		if (follows[u])
			CHECK(at < n && got[at++] == u);
	CHECK_EQ(at, n); /* sorted, each once, nobody else */
	/* Going on behind any of them gives exactly the rest. */
	for (int round = 0; round < 5 && n > 0; round++) {
		size_t from = rng_below(&loop_env(loop)->rng, n), left;
		unsigned rest[USERS + 1];

		snprintf(text, sizeof(text), f->type == VALUE_S ? "%06u" : "%u", got[from]);
		resume = (struct value){ f->type, str_c(text) };
		CHECK(read_all(&a, resume, USERS, rest, &left));
		CHECK_EQ(left, n - from - 1);
		for (size_t i = 0; i < left; i++)
			CHECK_EQ(rest[i], got[from + 1 + i]);
	}
	CHECK_EQ(a.budget.used_bytes, 0);
	close_audience(&a);
}

static void random_audiences(struct loop *loop, void *arg)
{
	(void)arg;
	for (size_t i = 0; i < COUNT_OF(forms); i++)
		check_form(loop, &forms[i]);
}

static void test_the_merge_is_the_sorted_union_from_any_resume_point(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		run_simulated(seed, random_audiences, NULL);
}

/* ---- single traits ---- */

static void a_scan(struct loop *loop, void *arg)
{
	static struct audience a;
	unsigned got[USERS], rest[USERS];
	size_t n, left;
	char item[64], text[16];

	(void)arg;
	open_audience(&a, loop, "u:S");
	for (unsigned u = 1; u <= 200; u++) {
		snprintf(item, sizeof(item), "{\"u\":{\"S\":\"%06u\"}}", u);
		sim_table_put(a.dynamodb, a.table, item);
	}
	a.sources[a.n++] = (struct fanout_source){ .kind = FANOUT_SCAN, .table = STR("Followers") };
	CHECK(read_all(&a, (struct value){ 0 }, USERS, got, &n));
	CHECK_EQ(n, 200);
	snprintf(text, sizeof(text), "%06u", got[77]);
	CHECK(read_all(&a, (struct value){ VALUE_S, str_c(text) }, USERS, rest, &left));
	CHECK_EQ(left, 200 - 78);
	for (size_t i = 0; i < left; i++)
		CHECK_EQ(rest[i], got[78 + i]);
	close_audience(&a);
}

static void test_a_scan_goes_on_behind_its_last_member(void **state)
{
	(void)state;
	run_simulated(1, a_scan, NULL);
}

static void mixed_types(struct loop *loop, void *arg)
{
	static struct audience a;
	unsigned got[USERS];
	size_t n;

	(void)arg;
	open_audience(&a, loop, "s:S,u:S");
	add_source(&a, "p0");
	put(&a, "p0", "{\"S\":\"000001\"}");
	a.sources[a.n++] = (struct fanout_source){ .kind = FANOUT_MEMBERS, .members = { VALUE_L, STR("[{\"N\":\"7\"}]") } };
	CHECK(!read_all(&a, (struct value){ 0 }, USERS, got, &n));
	close_audience(&a);
}

static void test_members_without_a_common_order_are_refused(void **state)
{
	(void)state;
	run_simulated(1, mixed_types, NULL);
}

static void a_cut_reading(struct loop *loop, void *arg)
{
	static struct audience a;
	unsigned got[USERS];
	char user[32];
	size_t n;

	(void)arg;
	open_audience(&a, loop, "s:S,u:S");
	a.dynamodb->latency_ms = 100;
	add_source(&a, "p0");
	for (unsigned u = 1; u < USERS; u++) {
		snprintf(user, sizeof(user), "{\"S\":\"%06u\"}", u);
		put(&a, "p0", user);
	}
	CHECK(read_all(&a, (struct value){ 0 }, 3, got, &n)); /* ends while the next page is on its way */
	CHECK_EQ(n, 3);
	CHECK_EQ(a.budget.used_bytes, 0);
	close_audience(&a);
}

static void test_a_reading_can_be_left_at_any_time(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		run_simulated(seed, a_cut_reading, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_merge_is_the_sorted_union_from_any_resume_point),
		cmocka_unit_test(test_a_scan_goes_on_behind_its_last_member),
		cmocka_unit_test(test_members_without_a_common_order_are_refused),
		cmocka_unit_test(test_a_reading_can_be_left_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
