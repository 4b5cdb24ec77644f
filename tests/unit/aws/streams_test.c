#include "sim/transport_script.h"
#include "support/tasks.h"
#include "support/test.h"

#include "sluice/aws/streams.h"

static bool test_keys(struct credentials_provider *p, struct credentials *out, struct err *err)
{
	(void)p;
	return credentials_set(out, STR("AKID"), STR("secret"), STR(""), err);
}

struct fixture {
	struct transport_script script;
	struct credentials_provider keys;
	struct aws_client *client;
	struct arena arena;
	struct err err;
};

static void set_up(struct fixture *f, struct loop *loop, const struct script_step *steps, size_t n)
{
	*f = (struct fixture){ .keys = { .get = test_keys } };
	transport_script_init(&f->script, loop, steps, n);
	arena_init(&f->arena, 1 << 20);

	const struct aws_settings settings = {
		.loop = loop, .transport = &f->script.transport, .credentials = &f->keys, .region = STR("eu-west-1"),
		.max_attempts = 1,
	};

	f->client = aws_client_new(AWS_DYNAMODB_STREAMS, &settings, NULL);
}

static void tear_down(struct fixture *f)
{
	aws_client_free(f->client);
	transport_script_release(&f->script);
	arena_release(&f->arena);
}

#define ARN "arn:aws:dynamodb:eu-west-1:1:table/t/stream/2026"

static void describe_a_stream(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .status = 200, .body =
		  "{\"StreamDescription\":{\"StreamArn\":\"" ARN "\",\"StreamStatus\":\"ENABLED\",\"StreamViewType\":"
		  "\"NEW_AND_OLD_IMAGES\",\"TableName\":\"t\\u00e9\",\"StreamLabel\":\"2026\",\"CreationRequestDateTime\":"
		  "1.7636E9,\"KeySchema\":[{\"AttributeName\":\"sk\",\"KeyType\":\"RANGE\"},{\"AttributeName\":\"pk\","
		  "\"KeyType\":\"HASH\"}],\"Unknown\":[1],\"LastEvaluatedShardId\":\"s2\",\"Shards\":[{\"ShardId\":\"s1\","
		  "\"SequenceNumberRange\":{\"StartingSequenceNumber\":\"100\",\"EndingSequenceNumber\":\"200\"}},"
		  "{\"ShardId\":\"s2\",\"ParentShardId\":\"s1\",\"SequenceNumberRange\":{\"StartingSequenceNumber\":\"300\"}}]}}" },
		{ .status = 200, .body = "{\"StreamDescription\":{\"StreamStatus\":\"DISABLED\",\"LastEvaluatedShardId\":null,"
		  "\"Shards\":[]}}" },
	};
	struct stream_description d;
	struct fixture f;

	(void)arg;
	set_up(&f, loop, steps, COUNT_OF(steps));
	CHECK_OK(streams_describe(f.client, STR(ARN), STR("s0"), STR("p\"0"), &f.arena, &d, &f.err), &f.err);
	CHECK_STR(f.script.seen[0].request.body, "{\"StreamArn\":\"" ARN "\",\"ExclusiveStartShardId\":\"s0\","
		  "\"ShardFilter\":{\"Type\":\"CHILD_SHARDS\",\"ShardId\":\"p\\\"0\"}}");
	CHECK_STR(d.status, "ENABLED");
	CHECK_STR(d.view_type, "NEW_AND_OLD_IMAGES");
	CHECK_STR(d.table, "t\xc3\xa9");
	CHECK_STR(d.label, "2026");
	CHECK_EQ(d.created_s, 1763600000);
	CHECK_STR(d.key_names[0], "pk");
	CHECK_STR(d.key_names[1], "sk");
	CHECK_STR(d.last_evaluated_shard, "s2");
	CHECK_EQ(d.count, 2);
	CHECK_STR(d.shards[0].last_sequence, "200");
	CHECK_STR(d.shards[0].parent, "");
	CHECK_STR(d.shards[1].parent, "s1");
	CHECK_STR(d.shards[1].first_sequence, "300");
	CHECK_STR(d.shards[1].last_sequence, "");
	CHECK_OK(streams_describe(f.client, STR(ARN), STR(""), STR(""), &f.arena, &d, &f.err), &f.err);
	CHECK_STR(f.script.seen[1].request.body, "{\"StreamArn\":\"" ARN "\"}");
	CHECK_EQ(d.count, 0);
	CHECK_STR(d.last_evaluated_shard, "");
	tear_down(&f);
}

static void test_a_stream_is_described(void **state)
{
	(void)state;
	run_simulated(1, describe_a_stream, NULL);
}

static void describe_lies(struct loop *loop, void *arg)
{
	static const char *const lies[] = {
		"", "[]", "{", "{}", "{\"StreamDescription\":[]}", "{\"StreamDescription\":{}}",
		"{\"StreamDescription\":{\"StreamStatus\":7}}",
		"{\"StreamDescription\":{\"StreamStatus\":\"E\",\"Shards\":{}}}",
		"{\"StreamDescription\":{\"StreamStatus\":\"E\",\"Shards\":[1]}}",
		"{\"StreamDescription\":{\"StreamStatus\":\"E\",\"Shards\":[{}]}}",
		"{\"StreamDescription\":{\"StreamStatus\":\"E\",\"Shards\":[{\"ShardId\":\"\\ud800\"}]}}",
		"{\"StreamDescription\":{\"StreamStatus\":\"E\",\"Shards\":[{\"ShardId\":\"s\",\"SequenceNumberRange\":[]}]}}",
		"{\"StreamDescription\":{\"StreamStatus\":\"E\",\"CreationRequestDateTime\":\"now\"}}",
		"{\"StreamDescription\":{\"StreamStatus\":\"E\",\"CreationRequestDateTime\":1e300}}",
		"{\"StreamDescription\":{\"StreamStatus\":\"E\",\"CreationRequestDateTime\":-1}}",
		"{\"StreamDescription\":{\"StreamStatus\":\"E\",\"KeySchema\":[{\"KeyType\":\"HASH\"}]}}",
	};

	(void)arg;
	for (size_t i = 0; i < COUNT_OF(lies); i++) {
		const struct script_step step = { .status = 200, .body = lies[i] };
		struct stream_description d;
		struct fixture f;

		set_up(&f, loop, &step, 1);
		CHECK_CLASS(streams_describe(f.client, STR(ARN), STR(""), STR(""), &f.arena, &d, &f.err), &f.err, ERR_RETRY);
		CHECK_STR(str_c(f.err.code), "aws.answer");
		CHECK(strstr(f.err.text, "DescribeStream") != NULL);
		tear_down(&f);
	}
}

static void test_a_lying_description_is_refused(void **state)
{
	(void)state;
	run_simulated(2, describe_lies, NULL);
}

static void describe_more_than_fits(struct loop *loop, void *arg)
{
	struct stream_description d;
	struct script_step step = { .status = 200 };
	struct fixture f;
	struct buf body;

	(void)arg;
	buf_init(&body, 1 << 20);
	buf_puts(&body, "{\"StreamDescription\":{\"StreamStatus\":\"E\",\"Shards\":[{\"ShardId\":\"s\"}");
	for (int i = 0; i < 1000; i++)
		buf_puts(&body, ",{\"ShardId\":\"s\"}");
	buf_puts(&body, "]}}");
	step.body = body.ptr;
	set_up(&f, loop, &step, 1);
	CHECK_CLASS(streams_describe(f.client, STR(ARN), STR(""), STR(""), &f.arena, &d, &f.err), &f.err, ERR_RETRY);
	CHECK(strstr(f.err.text, "1,000 shards") != NULL);
	tear_down(&f);
	set_up(&f, loop, &step, 1);
	body.ptr[body.len - 20] = ' ';
	arena_release(&f.arena);
	arena_init(&f.arena, 64);
	CHECK_CLASS(streams_describe(f.client, STR(ARN), STR(""), STR(""), &f.arena, &d, &f.err), &f.err, ERR_RETRY);
	CHECK_STR(str_c(f.err.code), "aws.answer");
	tear_down(&f);
	buf_release(&body);
}

static void test_a_description_has_an_end(void **state)
{
	(void)state;
	run_simulated(3, describe_more_than_fits, NULL);
}

static void get_iterators(struct loop *loop, void *arg)
{
	static const struct { enum iterator_type type; const char *rest; } cases[] = {
		{ ITERATOR_TRIM_HORIZON, "\"TRIM_HORIZON\"}" }, { ITERATOR_LATEST, "\"LATEST\"}" },
		{ ITERATOR_AT, "\"AT_SEQUENCE_NUMBER\",\"SequenceNumber\":\"000000000000000000042\"}" },
		{ ITERATOR_AFTER, "\"AFTER_SEQUENCE_NUMBER\",\"SequenceNumber\":\"000000000000000000042\"}" },
	};
	static const struct script_step steps[] = {
		{ .status = 200, .body = "{\"ShardIterator\":\"a|b\\/c\"}" }, { .status = 200, .body = "{\"ShardIterator\":\"i\"}" },
		{ .status = 200, .body = "{\"ShardIterator\":\"i\"}" }, { .status = 200, .body = "{\"ShardIterator\":\"i\"}" },
		{ .status = 200, .body = "{\"ShardIterator\":null}" }, { .status = 200, .body = "{\"ShardIterator\":\"too long\"}" },
	};
	struct sequence sequence;
	struct buf iterator;
	struct fixture f;

	(void)arg;
	CHECK(sequence_parse(STR("42"), &sequence, NULL));
	set_up(&f, loop, steps, COUNT_OF(steps));
	buf_init(&iterator, 6);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		buf_clear(&iterator);
		CHECK_OK(streams_get_iterator(f.client, STR(ARN), STR("s"), cases[i].type, &sequence, &iterator, &f.err),
			 &f.err);
		CHECK_STR(buf_str(&iterator), i == 0 ? "a|b/c" : "i");
		CHECK(str_ends(f.script.seen[i].request.body, str_c(cases[i].rest)));
		CHECK_STR(transport_script_header(&f.script, i, "x-amz-target"),
			  "DynamoDBStreams_20120810.GetShardIterator");
	}
	for (int i = 0; i < 2; i++) {
		CHECK_CLASS(streams_get_iterator(f.client, STR(ARN), STR("s"), ITERATOR_LATEST, NULL, &iterator, &f.err),
			    &f.err, ERR_RETRY);
		CHECK_STR(str_c(f.err.code), "aws.answer");
	}
	buf_release(&iterator);
	tear_down(&f);
}

static void test_iterators_of_each_type(void **state)
{
	(void)state;
	run_simulated(4, get_iterators, NULL);
}

#define RECORD(n)                                                                                                    \
	"{\"eventID\":\"e" n "\",\"eventName\":\"INSERT\",\"eventVersion\":\"1.1\",\"eventSource\":\"aws:dynamodb\","     \
	"\"awsRegion\":\"r\",\"dynamodb\":{\"ApproximateCreationDateTime\":1,\"Keys\":{\"pk\":{\"S\":\"k\"}},"          \
	"\"SequenceNumber\":\"10000000000000000000" n "\",\"SizeBytes\":1,\"StreamViewType\":\"KEYS_ONLY\"}}"

static void get_pages(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .status = 200, .body = "{\"Records\":[" RECORD("1") "," RECORD("2") "],\"NextShardIterator\":\"next\"}",
		  .crc = true },
		{ .status = 200, .body = "{\"Records\":[" RECORD("1") "," RECORD("2") "]}" },
		{ .status = 200, .body = "{\"Records\":[" RECORD("1") },
		{ .status = 200, .body = "{\"Records\":[" RECORD("1") "," RECORD("2") "]}" },
		{ .status = 400, .body = "{\"__type\":\"x#ExpiredIteratorException\"}" },
	};
	struct page *page;
	struct fixture f;

	(void)arg;
	set_up(&f, loop, steps, COUNT_OF(steps));
	page = streams_get_records(f.client, STR("it\"er"), 2, 100000, &f.err);
	CHECK_OK(page != NULL, &f.err);
	CHECK_EQ(page->count, 2);
	CHECK(!page->closed);
	CHECK_STR(page->next_iterator, "next");
	page_unref(page);
	CHECK_STR(f.script.seen[0].request.body, "{\"ShardIterator\":\"it\\\"er\",\"Limit\":2}");
	CHECK_EQ(f.script.seen[0].request.max_response_bytes, 100000);
	/* More records than asked for; a cut answer; more bytes than asked for. */
	CHECK_CLASS(streams_get_records(f.client, STR("i"), 1, 100000, &f.err) != NULL, &f.err, ERR_RETRY);
	CHECK_STR(str_c(f.err.code), "page.malformed");
	CHECK_CLASS(streams_get_records(f.client, STR("i"), 2, 100000, &f.err) != NULL, &f.err, ERR_RETRY);
	CHECK_STR(str_c(f.err.code), "page.malformed");
	CHECK_CLASS(streams_get_records(f.client, STR("i"), 2, 100, &f.err) != NULL, &f.err, ERR_RETRY);
	CHECK_STR(str_c(f.err.code), "http.too_large");
	CHECK_CLASS(streams_get_records(f.client, STR("i"), 2, 100, &f.err) != NULL, &f.err, ERR_DATA);
	CHECK_STR(str_c(f.err.code), "ExpiredIteratorException");
	tear_down(&f);
}

static void test_pages_come_whole_or_not_at_all(void **state)
{
	(void)state;
	run_simulated(5, get_pages, NULL);
}

static void ask_with_too_much(struct loop *loop, void *arg)
{
	struct stream_description d;
	struct fixture f;
	struct buf arn;

	(void)arg;
	set_up(&f, loop, NULL, 0);
	buf_init(&arn, 1 << 20);
	while (arn.len < 20000)
		buf_puts(&arn, "long ");
	CHECK_CLASS(streams_describe(f.client, buf_str(&arn), STR(""), STR(""), &f.arena, &d, &f.err), &f.err, ERR_FATAL);
	CHECK_CLASS(streams_get_records(f.client, buf_str(&arn), 1, 1, &f.err) != NULL, &f.err, ERR_FATAL);
	CHECK_EQ(f.script.n_seen, 0);
	buf_release(&arn);
	tear_down(&f);
}

static void test_arguments_that_no_service_takes_are_not_sent(void **state)
{
	(void)state;
	run_simulated(6, ask_with_too_much, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_stream_is_described),
		cmocka_unit_test(test_a_lying_description_is_refused),
		cmocka_unit_test(test_a_description_has_an_end),
		cmocka_unit_test(test_iterators_of_each_type),
		cmocka_unit_test(test_pages_come_whole_or_not_at_all),
		cmocka_unit_test(test_arguments_that_no_service_takes_are_not_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
