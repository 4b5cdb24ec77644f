/* librdkafka's producer, against the cluster that librdkafka itself can simulate
 * (test.mock.num.brokers), and against nobody. */
#include "sluice/sinks/producer.h"
#include "support/tasks.h"
#include "support/child.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

static void test_properties_are_known_or_refused(void **state)
{
	static const struct {
		const char *property, *says; /* NULL: accepted */
	} cases[] = {
		{ "compression.type=lz4", NULL },
		{ " linger.ms = 20 ", NULL },
		{ "acks=all", NULL },
		{ "acks=-1", NULL },
		{ "enable.idempotence=false", NULL },
		{ "acks=1", "must stay \"all\"" },
		{ "request.required.acks=0", "must stay \"all\"" },
		{ "compression.typ=lz4", "no property compression.typ" },
		{ "linger.ms=soon", "does not take the value given for property linger.ms" },
		{ "message.timeout.ms=300000", "leases.failover_s" },
		{ "bootstrap.servers=x", "brokers" },
		{ "transactional.id=x", "transactions" },
		{ "delivery.report.only.error=true", "delivery reports" },
		{ "queuing.strategy=lifo", "order" },
		{ "no value", "name=value" },
		{ "=x", "name=value" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = { 0 };
		bool ok = kafka_property_check(str_c(cases[i].property), &err);

		assert_int_equal(ok, cases[i].says == NULL);
		if (!ok)
			assert_non_null(strstr(err.text, cases[i].says));
	}
}

static void test_a_refused_value_is_not_repeated(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_false(kafka_property_check(STR("security.protocol=hunter2"), &err));
	assert_null(strstr(err.text, "hunter2"));
}

struct inbox {
	size_t delivered, failed, broken;
	enum err_class class;
	char code[64];
	struct event moved;
};

static void reported(void *ctx, const struct producer_report *r)
{
	struct inbox *b = ctx;

	b->delivered += r->class == ERR_NONE;
	b->failed += r->class != ERR_NONE;
	b->class = r->class;
	snprintf(b->code, sizeof(b->code), "%s", r->code);
}

static void progressed(void *ctx)
{
	event_set(&((struct inbox *)ctx)->moved);
}

static void broke(void *ctx, const struct err *why)
{
	(void)why;
	((struct inbox *)ctx)->broken++;
}

static struct producer *open_producer(struct loop *loop, struct inbox *b, struct option_names *properties,
				      int64_t queue)
{
	const struct producer_settings s = {
		.brokers = STR("127.0.0.1:1"),
		.client_id = STR("test"),
		.properties = properties,
		.message_timeout_ms = 30000,
		.queue_messages = queue,
		.queue_bytes = 1 << 20,
		.listener = { .reported = reported, .progressed = progressed, .broke = broke, .ctx = b },
	};

	event_init(&b->moved, loop);
	return kafka_producers()->open(kafka_producers(), loop, &s, NULL);
}

static bool await(struct inbox *b, size_t n)
{
	while (b->delivered + b->failed < n) {
		bool fired;

		event_clear(&b->moved);
		if (!event_wait(&b->moved, 60000, &fired, NULL) || !fired)
			return false;
	}
	return true;
}

static void delivered_body(struct loop *loop, void *arg)
{
	struct str list[] = { STR("test.mock.num.brokers=1") };
	struct option_names properties = { list, 1 };
	const struct effect_header header = { STR("sluice-v"), STR("7") };
	struct effect_message m = { .address = STR("t"), .key = STR("k"), .headers = &header, .n_headers = 1 };
	struct inbox b = { 0 };
	struct err err = { 0 };
	struct producer *p = open_producer(loop, &b, &properties, 1000);

	(void)arg;
	CHECK(p);
	CHECK_OK(p->ops->probe(p, 30000, &err), &err);
	for (int i = 0; i < 500; i++) {
		char body[16];

		snprintf(body, sizeof(body), "%d", i); /* copied: it is gone when the report comes */
		m.body = str_c(body);
		CHECK_OK(p->ops->produce(p, &m, &b, &err), &err);
	}
	CHECK(await(&b, 500));
	CHECK_EQ(b.delivered, 500);
	p->ops->close(p);
}

/* librdkafka's threads and locks are C11's, which ThreadSanitizer does not see: it
 * judges them wrongly and falls over its own report. */
static void needs_library_threads(void)
{
	if (has_tsan())
		skip();
}

static void test_reports_come_for_every_message(void **state)
{
	(void)state;
	needs_library_threads();
	run_real(delivered_body, NULL);
}

static void refused_body(struct loop *loop, void *arg)
{
	struct option_names none = { 0 };
	struct effect_message m = { .address = STR("t"), .body = STR("x") };
	struct inbox b = { 0 };
	struct err err = { 0 };
	char *large = calloc(1, 2000000);
	struct producer *p = open_producer(loop, &b, &none, 2);

	(void)arg;
	CHECK(p);
	m.body = str_of(large, 2000000);
	CHECK_CLASS(p->ops->produce(p, &m, &b, &err), &err, ERR_DATA);
	m.body = STR("x");
	CHECK_OK(p->ops->produce(p, &m, &b, &err), &err);
	CHECK_OK(p->ops->produce(p, &m, &b, &err), &err);
	CHECK_CLASS(p->ops->produce(p, &m, &b, &err), &err, ERR_THROTTLE);
	CHECK(err_is(&err, "kafka.queue_full"));
	m.address = STR("");
	CHECK_CLASS(p->ops->produce(p, &m, &b, &err), &err, ERR_FATAL);
	p->ops->purge(p);
	CHECK(await(&b, 2));
	CHECK_EQ(b.failed, 2);
	CHECK_EQ(b.class, ERR_RETRY);
	CHECK_STR(str_c(b.code), "kafka.purged");
	p->ops->close(p);
	free(large);
}

static void test_a_full_queue_and_a_purge_are_told(void **state)
{
	(void)state;
	needs_library_threads();
	run_real(refused_body, NULL);
}

static void settings_body(struct loop *loop, void *arg)
{
	struct str list[] = { STR("compression.type=lz4"), STR("acks=1") };
	struct option_names properties = { list, 2 };
	struct inbox b = { 0 };

	(void)arg;
	CHECK(!open_producer(loop, &b, &properties, 2));
}

static void test_a_producer_with_refused_properties_is_not_made(void **state)
{
	(void)state;
	needs_library_threads();
	run_real(settings_body, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_properties_are_known_or_refused),
		cmocka_unit_test(test_a_refused_value_is_not_repeated),
		cmocka_unit_test(test_reports_come_for_every_message),
		cmocka_unit_test(test_a_full_queue_and_a_purge_are_told),
		cmocka_unit_test(test_a_producer_with_refused_properties_is_not_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
