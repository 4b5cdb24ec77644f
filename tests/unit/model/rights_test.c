#include "support/test.h"

#include "sluice/core/buf.h"
#include "sluice/handlers/handler.h"
#include "sluice/model/rights.h"
#include "sluice/sinks/sink.h"

static const struct sink_rights *rights_named(const char *sid)
{
	for (const struct sink_rights *r = sink_rights; r->kind; r++)
		if (strcmp(r->sid, sid) == 0)
			return r;
	return NULL;
}

/* The layer below knows no sinks; here both are seen. */
static void each_row_is_of_a_sink_and_names_its_address(void **state)
{
	(void)state;
	for (const struct sink_rights *r = sink_rights; r->kind; r++) {
		const struct sink_ops *ops = sink_kind(str_c(r->kind));

		assert_non_null(ops);
		if (r->auth)
			continue; /* its url is the address */
		assert_string_equal(ops->address ? ops->address : "", r->address ? r->address : "");
		assert_string_equal(ops->address_under ? ops->address_under : "", r->under ? r->under : "");
	}
}

static void sinks_without_a_row_call_no_service_of_aws(void **state)
{
	static const char *const others[] = { "kafka", "dynamodb", "webhook", "file" };

	(void)state;
	for (size_t i = 0; sink_kinds[i]; i++) {
		bool found = false;

		for (const struct sink_rights *r = sink_rights; r->kind; r++)
			found = found || strcmp(r->kind, sink_kinds[i]->kind) == 0;
		for (size_t k = 0; k < sizeof(others) / sizeof(*others); k++)
			found = found || strcmp(others[k], sink_kinds[i]->kind) == 0;
		if (!found)
			fail_msg("a sink of the kind %s has no row, and is none of those that need none", sink_kinds[i]->kind);
	}
}

static void rights_of_handlers_are_of_kinds_that_there_are(void **state)
{
	(void)state;
	assert_non_null(handler_kind(STR("counter")));
	assert_non_null(rights_of_handler(STR("counter")));
	assert_non_null(rights_of_handler(STR("view")));
	assert_non_null(rights_of_handler(STR("fanout")));
	assert_null(rights_of_handler(STR("forward")));
	assert_null(rights_of_handler(STR("")));
}

static const struct {
	const char *sid, *address, *under;
	const char *arn;   /* region|account|type name under behind; NULL: cannot be told */
} cases[] = {
	{ "SendToSqs", "https://sqs.eu-west-1.amazonaws.com/123456789012/q", "", "eu-west-1|123456789012|q" },
	{ "SendToSqs", "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q.fifo", "", "cn-north-1|123456789012|q.fifo" },
	{ "SendToSqs", "http://127.0.0.1:9324/123456789012/q", "", "|123456789012|q" },
	{ "SendToSqs", "https://sqs.eu-west-1.amazonaws.com/123456789012/*", "", NULL },
	{ "SendToSqs", "https://sqs.eu-west-1.amazonaws.com/123456789012/q/../x", "", NULL },
	{ "SendToSqs", "https://sqs.*.amazonaws.com/123456789012/q", "", NULL },
	{ "SendToSqs", "https://sqs.eu-west-1.amazonaws.com/12345/q", "", NULL },
	{ "SendToSqs", "$(QUEUE:-https://sqs.eu-west-1.amazonaws.com/123456789012/q)", "", NULL },
	{ "SendToSqs", "", "", NULL },
	{ "SendToSqs", "/", "", NULL },
	{ "SendToSns", "arn:aws:sns:us-east-1:123456789012:t.fifo", "", "us-east-1|123456789012|t.fifo" },
	{ "SendToSns", "arn:aws:sqs:us-east-1:123456789012:t", "", NULL },
	{ "SendToSns", "arn:aws:sns:us-east-1:123456789012:*", "", NULL },
	{ "SendToSns", "arn:aws:sns:us-east-1:123456789012:${aws:username}", "", NULL },
	{ "SendToSns", "arn:aws:sns:us-east-1::t", "", NULL },
	{ "SendToSns", "arn:aws:sns", "", NULL },
	{ "SendToSns", "t", "", NULL },
	{ "SendToKinesis", "orders", "", "||stream/orders" },
	{ "SendToKinesis", "arn:aws:kinesis:us-east-1:123456789012:stream/orders", "", "us-east-1|123456789012|stream/orders" },
	{ "SendToKinesis", "ord?rs", "", NULL },
	{ "SendToFirehose", "orders", "", "||deliverystream/orders" },
	{ "SendToEventBridge", "orders", "", "||event-bus/orders" },
	{ "SendToEventBridge", "arn:aws:events:us-east-1:123456789012:rule/x", "", NULL },
	{ "InvokeFunctions", "resize:live", "", "||function:resize:live" },
	{ "InvokeFunctions", "123456789012:function:resize", "", "|123456789012|function:resize" },
	{ "InvokeFunctions", "resize*", "", NULL },
	{ "WriteObjects", "lake", "", "||lake/*" },
	{ "WriteObjects", "lake", "/a/dt=1/", "||lake/a/dt=1/*" },
	{ "WriteObjects", "lake", "a*", NULL },
	{ "WriteObjects", "lake/*", "", NULL },
	{ "WriteObjects", "lake", "${aws:username}", NULL },
	{ "IndexDocuments", "https://search-my-deals-abcdefghijklmnopqrstuvwxyz.eu-west-1.es.amazonaws.com", "", "eu-west-1||domain/my-deals/*" },
	{ "IndexDocuments", "https://vpc-deals-abcdefghijklmnopqrstuvwxyz.eu-west-1.es.amazonaws.com:443/x", "", "eu-west-1||domain/deals/*" },
	{ "IndexDocuments", "https://search.example.com", "", NULL },
	{ "IndexDocuments", "https://search-abcdefghijklmnopqrstuvwxyz.eu-west-1.es.amazonaws.com", "", NULL },
	{ "IndexDocuments", "$(OPENSEARCH_URL)", "", NULL },
	{ "UseCollections", "https://abc123.eu-west-1.aoss.amazonaws.com", "", "eu-west-1||collection/abc123" },
	{ "UseCollections", "https://abc.def.example.com", "", NULL },
};

static void addresses_tell_their_arn_or_that_they_do_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct sink_rights *r = rights_named(cases[i].sid);
		struct rights_arn arn = { 0 };
		struct buf text;
		bool told;

		assert_non_null(r);
		buf_init(&text, 1000);
		told = r->read(str_c(cases[i].address), str_c(cases[i].under), &arn);
		if (told != (cases[i].arn != NULL))
			fail_msg("%s %s", cases[i].sid, cases[i].address);
		buf_putf(&text, "%.*s|%.*s|%s%.*s%s%.*s%s", STR_ARG(arn.region), STR_ARG(arn.account), arn.type ? arn.type : "",
			 STR_ARG(arn.name), arn.under.len ? "/" : "", STR_ARG(arn.under), arn.behind ? arn.behind : "");
		if (told)
			assert_string_equal(text.ptr, cases[i].arn);
		buf_release(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_is_of_a_sink_and_names_its_address),
		cmocka_unit_test(sinks_without_a_row_call_no_service_of_aws),
		cmocka_unit_test(rights_of_handlers_are_of_kinds_that_there_are),
		cmocka_unit_test(addresses_tell_their_arn_or_that_they_do_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
