#include "support/test.h"

#include "sim/env.h"
#include "sim/source.h"
#include "sluice/item/page.h"
#include "support/calls.h"
#include "support/tasks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOUR_MS = 3600 * 1000 };

struct fixture {
	struct loop *loop;
	struct sim_dynamodb *dynamodb;
	struct sim_streams *streams;
	struct sim_source *source;
};

static void begin(struct fixture *f, struct loop *loop, uint64_t seed, size_t shards)
{
	f->loop = loop;
	f->dynamodb = sim_dynamodb_new(loop, NULL);
	f->streams = sim_streams_new(loop, "Deals", &f->dynamodb->transport);
	f->source = sim_source_new(f->streams, seed, shards);
	f->source->dynamodb = f->dynamodb;
	f->source->rows = sim_table_add(f->dynamodb, "Deals", "id:S");
}

static void end(struct fixture *f)
{
	sim_source_free(f->source);
	sim_streams_free(f->streams);
	sim_dynamodb_free(f->dynamodb);
}

/* All pages of a shard from its beginning, as one; NULL: not even an iterator. */
static struct page *read_shard(struct fixture *f, const char *id)
{
	char iterator[200] = "";
	struct page *page = NULL;
	struct caller c;
	struct buf body;

	caller_init(&c, &f->streams->transport);
	if (caller_call(&c, "DynamoDBStreams_20120810.GetShardIterator",
			"{\"StreamArn\":\"%s\",\"ShardId\":\"%s\",\"ShardIteratorType\":\"TRIM_HORIZON\"}", f->streams->arn, id) == 200) {
		snprintf(iterator, sizeof(iterator), "%.*s", STR_ARG(caller_text(&c, "ShardIterator")));
		caller_call(&c, "DynamoDBStreams_20120810.GetRecords", "{\"ShardIterator\":\"%s\"}", iterator);
		buf_init(&body, 64 << 20);
		buf_put(&body, caller_body(&c));
		page = page_decode(&body, 1000, NULL);
		buf_release(&body);
	}
	caller_release(&c);
	return page;
}

static void write_some(struct fixture *f, size_t n, size_t keys)
{
	struct rng rng;

	rng_seed(&rng, n);
	for (size_t i = 0; i < n; i++) {
		size_t key = (size_t)rng_below(&rng, keys);

		switch (rng_below(&rng, 5)) {
		case 0:
			sim_source_delete(f->source, key, rng_below(&rng, 2));
			break;
		case 1:
			sim_source_put(f->source, key);
			break;
		default:
			sim_source_update(f->source, key);
		}
		if (rng_below(&rng, 50) == 0)
			sim_source_split(f->source, sim_source_pick_open(f->source));
		if (rng_below(&rng, 50) == 0)
			sim_source_roll(f->source, sim_source_pick_open(f->source));
	}
}

/* ---- what the stream gives is what happened ---- */

static void check_record(const struct fixture *f, const struct sim_source_shard *shard, size_t at, const struct record *r)
{
	const struct sim_change *c = shard->changes[at];
	struct value id, n;
	size_t key;

	CHECK(c->shard == shard && c->at == at);
	CHECK(sequence_compare(&r->sequence, &c->sequence) == 0);
	CHECK(sim_source_change(f->source, str_c(shard->shard->id), &r->sequence) == c);
	CHECK_EQ(r->event, c->event);
	CHECK_EQ(r->created_s, c->created_s);
	CHECK_EQ(record_is_ttl_delete(r), c->ttl);
	CHECK(value_get(r->keys, STR("id"), &id));
	CHECK(sim_source_key_of(id.raw, &key) && key == c->key);
	CHECK(str_eq(r->new_image.raw, str_c(c->after)));
	CHECK(str_eq(r->old_image.raw, str_c(c->before)));
	if (!c->after)
		return;
	CHECK(value_get(r->new_image, STR("n"), &n));
	CHECK_EQ(atoll(n.raw.ptr), c->n);
}

static void check_shard(struct fixture *f, const struct sim_source_shard *shard)
{
	struct page *page = read_shard(f, shard->shard->id);

	CHECK(page != NULL);
	CHECK_EQ(page->closed, shard->closed_ms != 0);
	CHECK_EQ(page->count, shard->n_changes);
	for (size_t i = 0; i < page->count; i++) {
		check_record(f, shard, i, &page->records[i]);
		CHECK(sequence_wire(&page->records[i].sequence).len >= 21);
		if (shard->parent)
			CHECK(sequence_compare(&shard->parent->shard->end, &page->records[i].sequence) < 0);
	}
	page_unref(page);
}

static void check_item(struct fixture *f, const struct sim_source_item *item)
{
	const struct sim_item *row = sim_table_get(f->source->rows, item->keys);
	const char *image = NULL;

	for (size_t i = 0; i < item->n_changes; i++) {
		const struct sim_change *c = item->changes[i];

		CHECK_EQ(c->n, i + 1);
		CHECK(c->before == image);
		CHECK(item->hash >= c->shard->from && item->hash < c->shard->to);
		image = c->after;
	}
	CHECK(item->image == image);
	CHECK((row != NULL) == (image != NULL));
}

static void history(struct loop *loop, void *arg)
{
	struct fixture f;
	size_t records = 0, empty = 0;

	begin(&f, loop, *(uint64_t *)arg, 4);
	f.source->knobs.unchanged = 0.2;
	f.source->knobs.image = (struct sim_image_knobs){ .hostile = 0.1, .wrong = 0.1, .huge_bytes = 2000 };
	write_some(&f, 1000, 40);
	for (size_t i = 0; i < f.source->n_shards; i++) {
		check_shard(&f, f.source->shards[i]);
		records += f.source->shards[i]->n_changes;
		empty += f.source->shards[i]->n_changes == 0 && f.source->shards[i]->closed_ms;
	}
	for (size_t i = 0; i < f.source->n_items; i++)
		if (f.source->items[i])
			check_item(&f, f.source->items[i]);
	CHECK_EQ(records, f.source->n_changes);
	CHECK(f.source->n_shards > 20);
	CHECK(empty > 0);
	end(&f);
}

static void test_the_stream_gives_what_happened_to_the_table(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++)
		run_simulated(seed, history, &seed);
}

/* ---- one seed, one history ---- */

static void fingerprint(struct loop *loop, void *arg)
{
	uint64_t *out = arg;
	struct fixture f;
	struct buf all;

	begin(&f, loop, 7, 3);
	f.source->knobs.image.hostile = 0.3;
	write_some(&f, 300, 20);
	buf_init(&all, 64 << 20);
	for (size_t i = 0; i < f.source->n_changes; i++)
		buf_putf(&all, "%s %s %s\n", f.source->changes[i]->shard->shard->id, f.source->changes[i]->sequence.digits,
			 f.source->changes[i]->after ? f.source->changes[i]->after : "");
	*out = str_hash(buf_str(&all));
	buf_release(&all);
	end(&f);
}

static void test_one_seed_is_one_history(void **state)
{
	uint64_t first = 0, second = 1;

	(void)state;
	run_simulated(3, fingerprint, &first);
	run_simulated(3, fingerprint, &second);
	assert_int_equal(first, second);
}

/* ---- values ---- */

static void values(struct loop *loop, void *arg)
{
	struct fixture f;
	size_t odd = 0;

	begin(&f, loop, *(uint64_t *)arg, 1);
	f.source->knobs.image = (struct sim_image_knobs){ .hostile = 1, .wrong = 0.5 };
	for (size_t i = 0; i < 100; i++) {
		const struct sim_change *c = sim_source_put(f.source, i % 10);
		struct value image, v;
		struct err err;

		CHECK_OK(value_parse_image(str_c(c->after), &image, &err), &err);
		odd += value_get(image, STR("odd"), &v);
	}
	CHECK_EQ(odd, 100);
	end(&f);
}

static void test_hostile_images_are_valid_items(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++)
		run_simulated(seed, values, &seed);
}

/* ---- shards ---- */

static void lineage(struct loop *loop, void *arg)
{
	struct fixture f;
	struct sim_source_shard *root, *half;

	(void)arg;
	begin(&f, loop, 1, 1);
	root = f.source->shards[0];
	CHECK_EQ(strlen(root->shard->id), strlen("shardId-00000001414576573621-f55eea83"));
	CHECK(str_starts(str_c(root->shard->id), STR("shardId-0000000" "1767225600000-")));
	CHECK(sim_source_split(f.source, root));
	CHECK(!sim_source_split(f.source, root));
	CHECK(!sim_source_roll(f.source, root));
	CHECK_EQ(root->n_children, 2);
	CHECK_EQ(root->children[0]->to, root->children[1]->from);
	CHECK_EQ(root->children[1]->to, SIM_HASHES);
	CHECK(str_eq(str_c(root->children[0]->shard->parent), str_c(root->shard->id)));
	CHECK(sim_source_roll(f.source, root->children[0]));
	CHECK_EQ(root->children[0]->n_children, 1);
	half = root->children[1];
	while (sim_source_split(f.source, half))
		half = half->children[1];
	CHECK_EQ(half->to - half->from, 1);
	for (size_t i = 0; i < 50; i++) {
		const struct sim_change *c = sim_source_put(f.source, i);

		CHECK(c->shard == sim_source_shard_of(f.source, i) && !c->shard->closed_ms);
	}
	end(&f);
}

static void test_shards_split_down_to_one_hash(void **state)
{
	(void)state;
	run_simulated(1, lineage, NULL);
}

static void digits(struct loop *loop, void *arg)
{
	bool *grew = arg;
	struct fixture f;

	begin(&f, loop, rng_next(&loop_env(loop)->rng), 8);
	for (size_t i = 0; i < 400; i++)
		sim_source_put(f.source, i);
	for (size_t i = 0; i < f.source->n_shards; i++) {
		struct sim_source_shard *s = f.source->shards[i];

		if (sequence_wire(&s->changes[0]->sequence).len < sequence_wire(&s->changes[s->n_changes - 1]->sequence).len)
			*grew = true;
	}
	end(&f);
}

static void test_sequence_numbers_may_grow_by_a_digit(void **state)
{
	bool grew = false;

	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++)
		run_simulated(seed, digits, &grew);
	assert_true(grew);
}

static bool is_listed(struct fixture *f, const char *id)
{
	struct caller c;
	char needle[100];
	bool is;

	snprintf(needle, sizeof(needle), "\"ShardId\":\"%s\"", id);
	caller_init(&c, &f->streams->transport);
	caller_call(&c, "DynamoDBStreams_20120810.DescribeStream", "{\"StreamArn\":\"%s\"}", f->streams->arn);
	is = caller_count(&c, needle) > 0;
	caller_release(&c);
	return is;
}

static void retention(struct loop *loop, void *arg)
{
	struct fixture f;
	struct sim_source_shard *root;
	struct page *page;

	(void)arg;
	begin(&f, loop, 1, 1);
	root = f.source->shards[0];
	sim_source_put(f.source, 1);
	CHECK(task_sleep_ms(loop, 2 * HOUR_MS, NULL));
	sim_source_put(f.source, 1);
	sim_source_roll(f.source, root);
	sim_source_put(f.source, 1);
	CHECK(task_sleep_ms(loop, 22 * HOUR_MS, NULL));
	sim_source_trim(f.source, env_wall_ms(loop_env(loop)));
	CHECK_EQ(root->n_trimmed, 0);
	CHECK(task_sleep_ms(loop, 1000, NULL));
	sim_source_trim(f.source, env_wall_ms(loop_env(loop)));
	CHECK_EQ(root->n_trimmed, 1);
	page = read_shard(&f, root->shard->id);
	CHECK(page && page->count == 1 && sequence_compare(&page->records[0].sequence, &root->changes[1]->sequence) == 0);
	page_unref(page);
	CHECK(task_sleep_ms(loop, 2 * HOUR_MS, NULL));
	sim_source_trim(f.source, env_wall_ms(loop_env(loop)));
	CHECK(root->gone && !is_listed(&f, root->shard->id));
	CHECK(read_shard(&f, root->shard->id) == NULL);
	CHECK_EQ(root->children[0]->n_trimmed, 1);
	CHECK(!root->children[0]->gone && is_listed(&f, root->children[0]->shard->id));
	end(&f);
}

static void test_what_is_older_than_a_day_is_gone(void **state)
{
	(void)state;
	run_simulated(1, retention, NULL);
}

static void disabled(struct loop *loop, void *arg)
{
	struct fixture f;
	const struct sim_change *c;
	struct page *page;

	(void)arg;
	begin(&f, loop, 1, 2);
	sim_source_put(f.source, 1);
	sim_source_disable(f.source);
	c = sim_source_put(f.source, 1);
	CHECK(c && c->n == 2 && c->shard == NULL && c->before != NULL);
	CHECK(sim_source_pick_open(f.source) == NULL);
	for (size_t i = 0; i < 2; i++) {
		page = read_shard(&f, f.source->shards[i]->shard->id);
		CHECK(page && page->closed);
		CHECK_EQ(page->count, f.source->shards[i]->n_changes);
		page_unref(page);
	}
	sim_source_enable(f.source, 1);
	c = sim_source_put(f.source, 1);
	CHECK(c->n == 3 && c->shard == f.source->shards[2] && c->shard->parent == NULL && c->at == 0);
	CHECK(c->before == f.source->items[1]->changes[1]->after);
	end(&f);
}

static void test_a_disabled_stream_ends_and_the_table_goes_on(void **state)
{
	(void)state;
	run_simulated(1, disabled, NULL);
}

static void views(struct loop *loop, void *arg)
{
	static const struct {
		const char *type;
		bool new, old;
	} cases[] = { { "KEYS_ONLY", false, false }, { "NEW_IMAGE", true, false }, { "OLD_IMAGE", false, true },
		      { "NEW_AND_OLD_IMAGES", true, true } };

	(void)arg;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct fixture f;
		struct page *page;

		begin(&f, loop, 1, 1);
		f.streams->view_type = cases[i].type;
		sim_source_put(f.source, 1);
		sim_source_put(f.source, 1);
		page = read_shard(&f, f.source->shards[0]->shard->id);
		CHECK(page && page->count == 2);
		CHECK_EQ(page->records[1].new_image.type != VALUE_NONE, cases[i].new);
		CHECK_EQ(page->records[1].old_image.type != VALUE_NONE, cases[i].old);
		page_unref(page);
		end(&f);
	}
}

static void test_records_have_the_images_of_the_view_type(void **state)
{
	(void)state;
	run_simulated(1, views, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_stream_gives_what_happened_to_the_table),
		cmocka_unit_test(test_one_seed_is_one_history),
		cmocka_unit_test(test_hostile_images_are_valid_items),
		cmocka_unit_test(test_shards_split_down_to_one_hash),
		cmocka_unit_test(test_sequence_numbers_may_grow_by_a_digit),
		cmocka_unit_test(test_what_is_older_than_a_day_is_gone),
		cmocka_unit_test(test_a_disabled_stream_ends_and_the_table_goes_on),
		cmocka_unit_test(test_records_have_the_images_of_the_view_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
