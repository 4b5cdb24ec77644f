#include "../../../src/sinks/s3_layout.h"
#include "support/test.h"

#include <string.h>

/* ---- where objects end ---- */

struct change {
	int64_t created_s;
	size_t bytes;
	const char *address;       /* NULL: "b/p" */
};

/* Cuts a list of changes; ends with created_s 0. cuts: the indexes that begin an object. */
static const struct {
	const char *name;
	struct change changes[10];
	const char *begins;        /* a digit each */
} cuts[] = {
	{ "one interval is one object", { { 600, 10, NULL }, { 659, 10, NULL }, { 630, 10, NULL } }, "0" },
	{ "the first second of the next one begins another", { { 659, 10, NULL }, { 660, 10, NULL }, { 661, 10, NULL } }, "01" },
	{ "who comes late stays in the one under way", { { 661, 10, NULL }, { 659, 10, NULL }, { 100, 10, NULL }, { 719, 10, NULL } }, "0" },
	{ "an interval may be left out", { { 600, 10, NULL }, { 6000, 10, NULL } }, "01" },
	{ "no byte above the limit", { { 600, 60, NULL }, { 600, 40, NULL }, { 600, 1, NULL }, { 600, 99, NULL }, { 600, 1, NULL } }, "024" },
	{ "who is larger than an object has one alone", { { 600, 5000, NULL }, { 600, 1, NULL }, { 600, 5000, NULL }, { 600, 1, NULL } }, "0123" },
	{ "behind a full one even who is late begins his own", { { 660, 100, NULL }, { 610, 10, NULL }, { 655, 10, NULL }, { 661, 10, NULL } }, "013" },
	{ "another place is another object", { { 600, 1, NULL }, { 600, 1, "b/q" }, { 600, 1, NULL } }, "012" },
	{ "the largest sizes do not run over", { { 600, 1, NULL }, { 600, SIZE_MAX, NULL }, { 600, SIZE_MAX, NULL } }, "012" },
	{ "before the epoch, too", { { -1, 1, NULL }, { -60, 1, NULL }, { 1, 1, NULL } }, "02" },
};

static void test_objects_are_cut_by_what_is_in_them(void **state)
{
	const struct s3_rule rule = { .interval_s = 60, .object_bytes = 100 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cuts); i++) {
		struct s3_extent x = { 0 };
		char begins[16] = "";

		for (size_t at = 0; cuts[i].changes[at].created_s; at++) {
			const struct change *c = &cuts[i].changes[at];
			struct str address = str_c(c->address ? c->address : "b/p");

			if (at == 0 || !s3_extent_takes(&x, &rule, address, c->created_s, c->bytes)) {
				s3_extent_begin(&x, &rule, address, c->created_s);
				begins[strlen(begins)] = (char)('0' + at);
			}
			s3_extent_add(&x, c->bytes);
		}
		if (strcmp(begins, cuts[i].begins) != 0)
			print_error("%s: cut at %s\n", cuts[i].name, begins);
		assert_string_equal(begins, cuts[i].begins);
	}
}

/* From any object's first record on the cuts are the same. */
static void test_a_replay_from_an_object_on_cuts_as_before(void **state)
{
	const struct s3_rule rule = { .interval_s = 60, .object_bytes = 100 };
	enum { CHANGES = 400 };
	static int64_t created_s[CHANGES];
	static size_t bytes[CHANGES];
	static bool begins[CHANGES];
	uint64_t chance = 1;

	(void)state;
	for (size_t i = 0; i < CHANGES; i++) {
		chance = chance * 6364136223846793005u + 1442695040888963407u;
		created_s[i] = 1000 + (int64_t)i * 7 - (int64_t)(chance >> 60);
		bytes[i] = (size_t)(chance >> 40 & 63);
	}
	for (size_t from = 0; from < CHANGES; from++) {
		struct s3_extent x = { 0 };

		if (from && !begins[from])
			continue;
		for (size_t i = from; i < CHANGES; i++) {
			bool begin = i == from || !s3_extent_takes(&x, &rule, STR("b"), created_s[i], bytes[i]);

			if (from)
				assert_int_equal(begin, begins[i]);
			begins[i] = begin;
			if (begin)
				s3_extent_begin(&x, &rule, STR("b"), created_s[i]);
			s3_extent_add(&x, bytes[i]);
			assert_true(x.records == 1 || x.bytes <= rule.object_bytes);
		}
	}
}

/* ---- names ---- */

static const struct {
	const char *address;
	int64_t created_s, interval_s;
	enum s3_partition partition;
	const char *key;
} keys[] = {
	{ "lake/deals", 1769846399, 300, S3_BY_HOUR,
	  "deals/dt=2026-01-31/hour=07/shardId-1-0000000000000000000000000000000000000042.json.gz" },
	{ "lake/deals", 1769846399, 3600, S3_BY_DAY, "deals/dt=2026-01-31/shardId-1-0000000000000000000000000000000000000042.json.gz" },
	{ "lake", 1769846399, 60, S3_BY_NOTHING, "shardId-1-0000000000000000000000000000000000000042.json.gz" },
	{ "lake//a/b//", 0, 60, S3_BY_HOUR, "a/b/dt=1970-01-01/hour=00/shardId-1-0000000000000000000000000000000000000042.json.gz" },
	{ "lake/", 1798761599, 60, S3_BY_HOUR, "dt=2026-12-31/hour=23/shardId-1-0000000000000000000000000000000000000042.json.gz" },
};

static void test_names_follow_from_the_first_record(void **state)
{
	struct sequence first;

	(void)state;
	assert_true(sequence_parse(STR("42"), &first, NULL));
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		const struct s3_rule rule = { .interval_s = keys[i].interval_s, .object_bytes = 100 };
		struct s3_extent x;
		struct buf key;

		buf_init(&key, 1000);
		s3_extent_begin(&x, &rule, str_c(keys[i].address), keys[i].created_s);
		s3_put_key(&key, &x, keys[i].partition, STR("shardId-1"), &first);
		assert_str_equal(buf_str(&key), keys[i].key);
		assert_str_equal(s3_bucket_of(str_c(keys[i].address)), "lake");
		buf_release(&key);
	}
}

static void test_a_letter_is_named_by_its_id(void **state)
{
	static char id[3000];
	struct buf key;

	(void)state;
	memset(id, 'x', sizeof(id) - 1);
	buf_init(&key, 2000);
	s3_put_letter_key(&key, STR("lake/dead"), STR("p/h/shardId-1/42/item.large"));
	assert_str_equal(buf_str(&key), "dead/p/h/shardId-1/42/item.large.json");
	buf_clear(&key);
	s3_put_letter_key(&key, STR("lake/dead"), str_c(id));
	assert_int_equal(key.len, strlen("dead/") + 64 + strlen(".json"));
	buf_release(&key);
}

static const struct {
	const char *name;
	bool ok, label;
} buckets[] = {
	{ "lake", true, true }, { "my-lake-1", true, true }, { "my.lake", true, false }, { "Old_Lake", true, false },
	{ "ab", false, true }, { "", false, false }, { "-lake", false, false }, { "lake-", true, false },
	{ "lake@host", false, false }, { "la ke", false, false }, { "lake?x", false, false }, { "lake#", false, false },
	{ "a123456789b123456789c123456789d123456789e123456789f123456789g1234", true, false },
};

static void test_a_bucket_is_what_may_be_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(buckets); i++) {
		assert_int_equal(s3_bucket_ok(str_c(buckets[i].name)), buckets[i].ok);
		assert_int_equal(s3_bucket_is_label(str_c(buckets[i].name)), buckets[i].label);
	}
	assert_false(s3_bucket_ok(str_of("la\0ke", 5)));
}

static void test_paths_are_encoded_but_for_slashes(void **state)
{
	struct buf path;

	(void)state;
	buf_init(&path, 200);
	s3_put_path(&path, STR("a b/dt=1/\xc3\xa9~%?#&+\"../x"));
	s3_put_path(&path, str_of("\0", 1));
	assert_str_equal(buf_str(&path), "a%20b/dt%3D1/%C3%A9~%25%3F%23%26%2B%22../x%00");
	buf_release(&path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_objects_are_cut_by_what_is_in_them),
		cmocka_unit_test(test_a_replay_from_an_object_on_cuts_as_before),
		cmocka_unit_test(test_names_follow_from_the_first_record),
		cmocka_unit_test(test_a_letter_is_named_by_its_id),
		cmocka_unit_test(test_a_bucket_is_what_may_be_one),
		cmocka_unit_test(test_paths_are_encoded_but_for_slashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
