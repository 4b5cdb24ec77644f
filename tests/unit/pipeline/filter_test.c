#include "support/test.h"

#include "support/lang.h"

#include "sluice/pipeline/filter.h"

#include <stdlib.h>
#include <string.h>

#define ARN "arn:aws:dynamodb:us-east-1:123456789012:table/Deals/stream/2026-11-20T00:00:00.000"

struct bench {
	struct lang lang;
	struct page *page;
};

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	lang_init(&b->lang);
	b->page = lang_page(lang_deal);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	page_unref(b->page);
	lang_release(&b->lang);
	free(b);
	return 0;
}

static struct filter *compile(struct bench *b, const char *pattern, enum filter_subject subject)
{
	struct filter *f = filter_compile(lang_node(&b->lang, pattern), subject, &b->lang.arena, &b->lang.problems);

	if (!f)
		print_error("%s\n%s", pattern, lang_problems(&b->lang));
	assert_non_null(f);
	return f;
}

/* --- plain items ------------------------------------------------------------ */

struct item_case {
	const char *pattern, *item;
	bool matches;
};

static const struct item_case item_cases[] = {
	/* exact values */
	{ "{\"a\":[\"x\"]}", "{\"a\":{\"S\":\"x\"}}", true },
	{ "{\"a\":[\"x\"]}", "{\"a\":{\"S\":\"X\"}}", false },
	{ "{\"a\":[\"x\"]}", "{\"a\":{\"S\":\"xx\"}}", false },
	{ "{\"a\":[\"x\",\"y\"]}", "{\"a\":{\"S\":\"y\"}}", true },
	{ "{\"a\":[\"x\"]}", "{\"b\":{\"S\":\"x\"}}", false },
	{ "{\"a\":[\"\"]}", "{\"a\":{\"S\":\"\"}}", true },
	{ "{\"a\":[\"\"]}", "{}", false },
	{ "{\"a\":[\"q\\\"\\n\\u00e9\"]}", "{\"a\":{\"S\":\"q\\u0022\\u000a\u00e9\"}}", true },
	{ "{\"a\":[\"x\"],\"b\":[\"y\"]}", "{\"b\":{\"S\":\"y\"},\"a\":{\"S\":\"x\"}}", true },
	{ "{\"a\":[\"x\"],\"b\":[\"y\"]}", "{\"a\":{\"S\":\"x\"}}", false },
	{ "{\"a\":[\"x\"],\"b\":[\"y\"]}", "{\"a\":{\"S\":\"x\"},\"b\":{\"S\":\"n\"}}", false },
	{ "{\"caf\u00e9\":[1]}", "{\"caf\\u00e9\":{\"N\":\"1\"}}", true },
	{ "{\"a\":[\"aGk=\"]}", "{\"a\":{\"B\":\"aGk=\"}}", true },
	/* numbers by value, and of one type only */
	{ "{\"a\":[5]}", "{\"a\":{\"N\":\"5\"}}", true },
	{ "{\"a\":[5]}", "{\"a\":{\"N\":\"5.0\"}}", true },
	{ "{\"a\":[5]}", "{\"a\":{\"N\":\"5e0\"}}", true },
	{ "{\"a\":[5.0]}", "{\"a\":{\"N\":\"0.5E1\"}}", true },
	{ "{\"a\":[5e0]}", "{\"a\":{\"N\":\"5\"}}", true },
	{ "{\"a\":[0]}", "{\"a\":{\"N\":\"-0\"}}", true },
	{ "{\"a\":[5]}", "{\"a\":{\"N\":\"-5\"}}", false },
	{ "{\"a\":[5]}", "{\"a\":{\"S\":\"5\"}}", false },
	{ "{\"a\":[\"5\"]}", "{\"a\":{\"N\":\"5\"}}", false },
	{ "{\"a\":[12345678901234567890123456789012345678]}", "{\"a\":{\"N\":\"12345678901234567890123456789012345678\"}}", true },
	{ "{\"a\":[12345678901234567890123456789012345678]}", "{\"a\":{\"N\":\"12345678901234567890123456789012345679\"}}", false },
	/* true, false, null */
	{ "{\"a\":[true]}", "{\"a\":{\"BOOL\":true}}", true },
	{ "{\"a\":[true]}", "{\"a\":{\"BOOL\":false}}", false },
	{ "{\"a\":[false]}", "{\"a\":{\"BOOL\":false}}", true },
	{ "{\"a\":[true]}", "{\"a\":{\"S\":\"true\"}}", false },
	{ "{\"a\":[\"true\"]}", "{\"a\":{\"BOOL\":true}}", false },
	{ "{\"a\":[null]}", "{\"a\":{\"NULL\":true}}", true },
	{ "{\"a\":[null]}", "{}", false },
	{ "{\"a\":[null]}", "{\"a\":{\"S\":\"\"}}", false },
	{ "{\"a\":[null,{\"exists\":false}]}", "{}", true },
	/* prefix, suffix */
	{ "{\"a\":[{\"prefix\":\"eu-\"}]}", "{\"a\":{\"S\":\"eu-west-1\"}}", true },
	{ "{\"a\":[{\"prefix\":\"eu-\"}]}", "{\"a\":{\"S\":\"EU-west-1\"}}", false },
	{ "{\"a\":[{\"prefix\":\"eu-\"}]}", "{\"a\":{\"S\":\"eu\"}}", false },
	{ "{\"a\":[{\"prefix\":\"\"}]}", "{\"a\":{\"S\":\"any\"}}", true },
	{ "{\"a\":[{\"prefix\":\"1\"}]}", "{\"a\":{\"N\":\"12\"}}", false },
	{ "{\"a\":[{\"suffix\":\".png\"}]}", "{\"a\":{\"S\":\"b.png\"}}", true },
	{ "{\"a\":[{\"suffix\":\".png\"}]}", "{\"a\":{\"S\":\"b.PNG\"}}", false },
	{ "{\"a\":[{\"suffix\":\".png\"}]}", "{\"a\":{\"S\":\"png\"}}", false },
	{ "{\"a\":[{\"prefix\":{\"equals-ignore-case\":\"EVENTb\"}}]}", "{\"a\":{\"S\":\"EventBridge\"}}", true },
	{ "{\"a\":[{\"prefix\":{\"equals-ignore-case\":\"EVENTb\"}}]}", "{\"a\":{\"S\":\"event-b\"}}", false },
	{ "{\"a\":[{\"suffix\":{\"equals-ignore-case\":\".PNG\"}}]}", "{\"a\":{\"S\":\"b.pNg\"}}", true },
	{ "{\"a\":[{\"suffix\":{\"equals-ignore-case\":\"\u00c9T\"}}]}", "{\"a\":{\"S\":\"pr\u00eat-\u00e9t\"}}", true },
	{ "{\"a\":[{\"suffix\":{\"equals-ignore-case\":\".PNG\"}}]}", "{\"a\":{\"S\":\"ng\"}}", false },
	/* equals-ignore-case */
	{ "{\"a\":[{\"equals-ignore-case\":\"alice\"}]}", "{\"a\":{\"S\":\"ALICE\"}}", true },
	{ "{\"a\":[{\"equals-ignore-case\":\"alice\"}]}", "{\"a\":{\"S\":\"alice2\"}}", false },
	{ "{\"a\":[{\"equals-ignore-case\":\"alice\"}]}", "{\"a\":{\"S\":\"alic\"}}", false },
	{ "{\"a\":[{\"equals-ignore-case\":\"\u00c9T\u00c9\"}]}", "{\"a\":{\"S\":\"\\u00e9t\u00e9\"}}", true },
	{ "{\"a\":[{\"equals-ignore-case\":\"\u03a3\u0399\u03a3\"}]}", "{\"a\":{\"S\":\"\u03c3\u03b9\u03c2\"}}", true },
	{ "{\"a\":[{\"equals-ignore-case\":\"\u041c\u0418\u0420\"}]}", "{\"a\":{\"S\":\"\u043c\u0438\u0440\"}}", true },
	{ "{\"a\":[{\"equals-ignore-case\":\"strasse\"}]}", "{\"a\":{\"S\":\"stra\u00dfe\"}}", false },
	{ "{\"a\":[{\"equals-ignore-case\":\"k\"}]}", "{\"a\":{\"S\":\"\u212a\"}}", true },
	/* wildcard */
	{ "{\"a\":[{\"wildcard\":\"*\"}]}", "{\"a\":{\"S\":\"\"}}", true },
	{ "{\"a\":[{\"wildcard\":\"*/lib/*\"}]}", "{\"a\":{\"S\":\"/usr/lib/x\"}}", true },
	{ "{\"a\":[{\"wildcard\":\"*/lib/*\"}]}", "{\"a\":{\"S\":\"/usr/bin/x\"}}", false },
	{ "{\"a\":[{\"wildcard\":\"a*b*c\"}]}", "{\"a\":{\"S\":\"a-b-b-c\"}}", true },
	{ "{\"a\":[{\"wildcard\":\"a*b*c\"}]}", "{\"a\":{\"S\":\"a-c-b\"}}", false },
	{ "{\"a\":[{\"wildcard\":\"a*a\"}]}", "{\"a\":{\"S\":\"a\"}}", false },
	{ "{\"a\":[{\"wildcard\":\"ab*ba\"}]}", "{\"a\":{\"S\":\"aba\"}}", false },
	{ "{\"a\":[{\"wildcard\":\"5\\\\*\\\\\\\\*\"}]}", "{\"a\":{\"S\":\"5*\\\\rest\"}}", true },
	{ "{\"a\":[{\"wildcard\":\"5\\\\*\"}]}", "{\"a\":{\"S\":\"5x\"}}", false },
	{ "{\"a\":[{\"wildcard\":\"exact\"}]}", "{\"a\":{\"S\":\"exact\"}}", true },
	{ "{\"a\":[{\"wildcard\":\"*\"}]}", "{\"a\":{\"N\":\"1\"}}", false },
	/* anything-but */
	{ "{\"a\":[{\"anything-but\":\"x\"}]}", "{\"a\":{\"S\":\"y\"}}", true },
	{ "{\"a\":[{\"anything-but\":\"x\"}]}", "{\"a\":{\"S\":\"x\"}}", false },
	{ "{\"a\":[{\"anything-but\":\"x\"}]}", "{\"a\":{\"N\":\"1\"}}", true },
	{ "{\"a\":[{\"anything-but\":\"x\"}]}", "{\"a\":{\"NULL\":true}}", true },
	{ "{\"a\":[{\"anything-but\":\"x\"}]}", "{}", false },
	{ "{\"a\":[{\"anything-but\":123}]}", "{\"a\":{\"N\":\"123.0\"}}", false },
	{ "{\"a\":[{\"anything-but\":123}]}", "{\"a\":{\"N\":\"124\"}}", true },
	{ "{\"a\":[{\"anything-but\":[\"x\",\"y\"]}]}", "{\"a\":{\"S\":\"y\"}}", false },
	{ "{\"a\":[{\"anything-but\":[\"x\",\"y\"]}]}", "{\"a\":{\"S\":\"z\"}}", true },
	{ "{\"a\":[{\"anything-but\":[100,200]}]}", "{\"a\":{\"N\":\"2E2\"}}", false },
	{ "{\"a\":[{\"anything-but\":{\"prefix\":\"init\"}}]}", "{\"a\":{\"S\":\"initial\"}}", false },
	{ "{\"a\":[{\"anything-but\":{\"prefix\":\"init\"}}]}", "{\"a\":{\"S\":\"ready\"}}", true },
	{ "{\"a\":[{\"anything-but\":{\"prefix\":[\"in\",\"re\"]}}]}", "{\"a\":{\"S\":\"ready\"}}", false },
	{ "{\"a\":[{\"anything-but\":{\"suffix\":\".png\"}}]}", "{\"a\":{\"S\":\"x.png\"}}", false },
	{ "{\"a\":[{\"anything-but\":{\"suffix\":[\".png\",\".jpg\"]}}]}", "{\"a\":{\"S\":\"x.gif\"}}", true },
	{ "{\"a\":[{\"anything-but\":{\"equals-ignore-case\":\"init\"}}]}", "{\"a\":{\"S\":\"INIT\"}}", false },
	{ "{\"a\":[{\"anything-but\":{\"equals-ignore-case\":[\"init\",\"b\"]}}]}", "{\"a\":{\"S\":\"c\"}}", true },
	{ "{\"a\":[{\"anything-but\":{\"wildcard\":\"*/lib/*\"}}]}", "{\"a\":{\"S\":\"/lib/x\"}}", false },
	{ "{\"a\":[{\"anything-but\":{\"wildcard\":[\"*.a\",\"*.b\"]}}]}", "{\"a\":{\"S\":\"x.c\"}}", true },
	{ "{\"a\":[{\"anything-but\":{\"prefix\":\"1\"}}]}", "{\"a\":{\"N\":\"12\"}}", true },
	/* numeric */
	{ "{\"a\":[{\"numeric\":[\"<\",50]}]}", "{\"a\":{\"N\":\"49.999999999999999999999\"}}", true },
	{ "{\"a\":[{\"numeric\":[\"<\",50]}]}", "{\"a\":{\"N\":\"50\"}}", false },
	{ "{\"a\":[{\"numeric\":[\"<=\",50]}]}", "{\"a\":{\"N\":\"5E1\"}}", true },
	{ "{\"a\":[{\"numeric\":[\">\",0,\"<=\",5]}]}", "{\"a\":{\"N\":\"5\"}}", true },
	{ "{\"a\":[{\"numeric\":[\">\",0,\"<=\",5]}]}", "{\"a\":{\"N\":\"0\"}}", false },
	{ "{\"a\":[{\"numeric\":[\"<\",5,\">=\",0]}]}", "{\"a\":{\"N\":\"0\"}}", true },
	{ "{\"a\":[{\"numeric\":[\"=\",3.018e2]}]}", "{\"a\":{\"N\":\"301.8\"}}", true },
	{ "{\"a\":[{\"numeric\":[\">\",-1]}]}", "{\"a\":{\"N\":\"-2\"}}", false },
	{ "{\"a\":[{\"numeric\":[\">\",5000000000]}]}", "{\"a\":{\"N\":\"5000000000.0001\"}}", true },
	{ "{\"a\":[{\"numeric\":[\"<\",50]}]}", "{\"a\":{\"S\":\"49\"}}", false },
	{ "{\"a\":[{\"numeric\":[\"<\",50]}]}", "{}", false },
	/* exists looks at leaves */
	{ "{\"a\":[{\"exists\":true}]}", "{\"a\":{\"S\":\"\"}}", true },
	{ "{\"a\":[{\"exists\":true}]}", "{\"a\":{\"NULL\":true}}", true },
	{ "{\"a\":[{\"exists\":true}]}", "{}", false },
	{ "{\"a\":[{\"exists\":true}]}", "{\"a\":{\"M\":{\"b\":{\"S\":\"x\"}}}}", false },
	{ "{\"a\":[{\"exists\":true}]}", "{\"a\":{\"L\":[]}}", false },
	{ "{\"a\":[{\"exists\":false}]}", "{}", true },
	{ "{\"a\":[{\"exists\":false}]}", "{\"a\":{\"NULL\":true}}", false },
	{ "{\"a\":[{\"exists\":false}]}", "{\"a\":{\"M\":{\"b\":{\"S\":\"x\"}}}}", true },
	{ "{\"a\":{\"b\":[{\"exists\":false}]}}", "{}", true },
	{ "{\"a\":{\"b\":[{\"exists\":false}]}}", "{\"a\":{\"S\":\"x\"}}", true },
	{ "{\"a\":{\"b\":[{\"exists\":false}]}}", "{\"a\":{\"M\":{\"b\":{\"S\":\"x\"}}}}", false },
	{ "{\"a\":[{\"exists\":false},\"x\"]}", "{\"a\":{\"S\":\"x\"}}", true },
	{ "{\"a\":[{\"exists\":false},\"x\"]}", "{\"a\":{\"S\":\"y\"}}", false },
	/* cidr */
	{ "{\"a\":[{\"cidr\":\"10.0.0.0/24\"}]}", "{\"a\":{\"S\":\"10.0.0.255\"}}", true },
	{ "{\"a\":[{\"cidr\":\"10.0.0.0/24\"}]}", "{\"a\":{\"S\":\"10.0.1.0\"}}", false },
	{ "{\"a\":[{\"cidr\":\"10.0.0.77/24\"}]}", "{\"a\":{\"S\":\"10.0.0.1\"}}", true },
	{ "{\"a\":[{\"cidr\":\"10.128.0.0/9\"}]}", "{\"a\":{\"S\":\"10.200.1.1\"}}", true },
	{ "{\"a\":[{\"cidr\":\"10.128.0.0/9\"}]}", "{\"a\":{\"S\":\"10.127.1.1\"}}", false },
	{ "{\"a\":[{\"cidr\":\"0.0.0.0/0\"}]}", "{\"a\":{\"S\":\"1.2.3.4\"}}", true },
	{ "{\"a\":[{\"cidr\":\"0.0.0.0/0\"}]}", "{\"a\":{\"S\":\"2001:db8::1\"}}", false },
	{ "{\"a\":[{\"cidr\":\"2001:db8::/32\"}]}", "{\"a\":{\"S\":\"2001:DB8:ffff::1\"}}", true },
	{ "{\"a\":[{\"cidr\":\"2001:db8::/33\"}]}", "{\"a\":{\"S\":\"2001:db8:8000::1\"}}", false },
	{ "{\"a\":[{\"cidr\":\"10.0.0.0/24\"}]}", "{\"a\":{\"S\":\"no address\"}}", false },
	{ "{\"a\":[{\"cidr\":\"10.0.0.0/24\"}]}", "{\"a\":{\"S\":\"10.0.0.1\\u0000\"}}", false },
	/* lists and sets: any element; groups: within one element */
	{ "{\"a\":[\"x\"]}", "{\"a\":{\"SS\":[\"w\",\"x\"]}}", true },
	{ "{\"a\":[\"x\"]}", "{\"a\":{\"SS\":[\"w\",\"y\"]}}", false },
	{ "{\"a\":[2]}", "{\"a\":{\"NS\":[\"1\",\"2.0\"]}}", true },
	{ "{\"a\":[{\"numeric\":[\">\",2]}]}", "{\"a\":{\"L\":[{\"N\":\"1\"},{\"S\":\"x\"},{\"N\":\"3\"}]}}", true },
	{ "{\"a\":[{\"anything-but\":\"x\"}]}", "{\"a\":{\"SS\":[\"x\",\"y\"]}}", true },
	{ "{\"a\":[{\"anything-but\":\"x\"}]}", "{\"a\":{\"SS\":[\"x\"]}}", false },
	{ "{\"a\":[true]}", "{\"a\":{\"L\":[{\"L\":[{\"BOOL\":true}]}]}}", true },
	{ "{\"a\":[{\"exists\":false}]}", "{\"a\":{\"L\":[{\"S\":\"x\"}]}}", false },
	{ "{\"a\":[{\"exists\":false}]}", "{\"a\":{\"L\":[{\"M\":{\"b\":{\"S\":\"x\"}}}]}}", true },
	{ "{\"a\":{\"k\":[\"1\"],\"l\":[\"2\"]}}",
	  "{\"a\":{\"L\":[{\"M\":{\"k\":{\"S\":\"1\"},\"l\":{\"S\":\"2\"}}}]}}", true },
	{ "{\"a\":{\"k\":[\"1\"],\"l\":[\"2\"]}}",
	  "{\"a\":{\"L\":[{\"M\":{\"k\":{\"S\":\"1\"}}},{\"M\":{\"l\":{\"S\":\"2\"}}}]}}", false },
	{ "{\"a\":{\"k\":[\"1\"],\"l\":[{\"exists\":false}]}}",
	  "{\"a\":{\"L\":[{\"M\":{\"k\":{\"S\":\"1\"}}},{\"M\":{\"l\":{\"S\":\"2\"}}}]}}", true },
	{ "{\"a\":{\"l\":[{\"exists\":false}]}}",
	  "{\"a\":{\"L\":[{\"M\":{\"k\":{\"S\":\"1\"}}},{\"M\":{\"l\":{\"S\":\"2\"}}}]}}", false },
	{ "{\"a\":{\"l\":[{\"exists\":false}]}}", "{\"a\":{\"L\":[{\"M\":{\"k\":{\"S\":\"1\"}}},{\"S\":\"x\"}]}}", true },
	/* maps by name */
	{ "{\"a\":{\"b\":{\"c\":[1]}}}", "{\"a\":{\"M\":{\"x\":{\"N\":\"2\"},\"b\":{\"M\":{\"c\":{\"N\":\"1\"}}}}}}", true },
	{ "{\"a\":{\"b\":[1]}}", "{\"a\":{\"N\":\"1\"}}", false },
	{ "{\"a\":[1]}", "{\"a\":{\"M\":{\"a\":{\"N\":\"1\"}}}}", false },
	/* $or */
	{ "{\"$or\":[{\"a\":[1]},{\"b\":[2]}]}", "{\"b\":{\"N\":\"2\"}}", true },
	{ "{\"$or\":[{\"a\":[1]},{\"b\":[2]}]}", "{\"a\":{\"N\":\"2\"},\"b\":{\"N\":\"1\"}}", false },
	{ "{\"c\":[3],\"$or\":[{\"a\":[1]},{\"b\":[2]}]}", "{\"a\":{\"N\":\"1\"}}", false },
	{ "{\"c\":[3],\"$or\":[{\"a\":[1]},{\"b\":[2]}]}", "{\"a\":{\"N\":\"1\"},\"c\":{\"N\":\"3\"}}", true },
	{ "{\"$or\":[{\"a\":[1],\"$or\":[{\"b\":[2]},{\"c\":[3]}]},{\"d\":[4]}]}",
	  "{\"a\":{\"N\":\"1\"},\"c\":{\"N\":\"3\"}}", true },
	{ "{\"$or\":[{\"a\":[1],\"$or\":[{\"b\":[2]},{\"c\":[3]}]},{\"d\":[4]}]}", "{\"a\":{\"N\":\"1\"}}", false },
	{ "{\"$or\":[{\"a\":[1]},{\"a\":[{\"exists\":false}]}]}", "{}", true },
	{ "{\"m\":{\"$or\":[{\"a\":[1]},{\"b\":[2]}]}}", "{\"m\":{\"M\":{\"b\":{\"N\":\"2\"}}}}", true },
	{ "{\"m\":{\"$or\":[{\"a\":[1]},{\"b\":[2]}]}}", "{}", false },
	{ "{\"$or\":{\"a\":[1]}}", "{\"$or\":{\"M\":{\"a\":{\"N\":\"1\"}}}}", true },
	/* a pattern as a string, operands, duplicate names in the data: the first */
	{ "\"{\\\"a\\\":[1]}\"", "{\"a\":{\"N\":\"1\"}}", true },
	{ "{\"a\":[\"${item.b}\"]}", "{\"a\":{\"S\":\"x\\u0041\"},\"b\":{\"S\":\"\\u0078A\"}}", true },
	{ "{\"a\":[\"${item.b}\"]}", "{\"a\":{\"N\":\"1.0\"},\"b\":{\"N\":\"1\"}}", true },
	{ "{\"a\":[\"${item.b}\"]}", "{\"a\":{\"N\":\"1\"},\"b\":{\"S\":\"1\"}}", false },
	{ "{\"a\":[\"${item.b}\"]}", "{\"a\":{\"BOOL\":true},\"b\":{\"BOOL\":true}}", true },
	{ "{\"a\":[\"${item.b}\"]}", "{\"a\":{\"NULL\":true},\"b\":{\"NULL\":true}}", true },
	{ "{\"a\":[\"${item.b}\"]}", "{\"a\":{\"S\":\"x\"}}", false },
	{ "{\"a\":[\"<${item.b}>\"]}", "{\"a\":{\"S\":\"<5>\"},\"b\":{\"N\":\"5\"}}", true },
	{ "{\"a\":[\"$${item.b}\"]}", "{\"a\":{\"S\":\"${item.b}\"}}", true },
	{ "{\"a\":[{\"anything-but\":\"${item.b}\"}]}", "{\"a\":{\"S\":\"x\"},\"b\":{\"S\":\"y\"}}", true },
	{ "{\"a\":[{\"anything-but\":\"${item.b}\"}]}", "{\"a\":{\"S\":\"x\"},\"b\":{\"S\":\"x\"}}", false },
	{ "{\"a\":[{\"anything-but\":\"${item.b}\"}]}", "{\"a\":{\"S\":\"x\"}}", false },
	{ "{\"a\":[{\"anything-but\":\"${item.b | default('')}\"}]}", "{\"a\":{\"S\":\"x\"}}", true },
	{ "{\"a\":[{\"numeric\":[\"<\",\"${item.b}\"]}]}", "{\"a\":{\"N\":\"1\"},\"b\":{\"N\":\"1.01\"}}", true },
	{ "{\"a\":[{\"numeric\":[\"<\",\"${item.b}\"]}]}", "{\"a\":{\"N\":\"1\"}}", false },
	{ "{\"a\":[{\"numeric\":[\"<\",\"${item.b | split('-', 1)}\"]}]}", "{\"a\":{\"N\":\"1\"},\"b\":{\"S\":\"x-2\"}}", true },
	{ "{\"a\":[{\"numeric\":[\">\",0,\"<\",\"${item.b}\"]}]}", "{\"a\":{\"N\":\"1\"},\"b\":{\"N\":\"2\"}}", true },
	{ "{\"a\":[1]}", "{\"a\":{\"N\":\"1\"},\"a\":{\"N\":\"2\"}}", true },
	{ "{\"a\":[2]}", "{\"a\":{\"N\":\"1\"},\"a\":{\"N\":\"2\"}}", false },
};

static void test_items_match_as_the_table_says(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT_OF(item_cases); i++) {
		const struct item_case *c = &item_cases[i];
		struct template_context context = { .item = lang_image(c->item) };
		const struct filter *f = compile(b, c->pattern, FILTER_ITEM);
		struct err err = { 0 };
		bool matches;

		if (!filter_match_item(f, context.item, &context, &matches, &err))
			print_error("%s\n", err.text);
		assert_int_equal(err.class, ERR_NONE);
		if (matches != c->matches)
			print_error("%s over %s\n", c->pattern, c->item);
		assert_int_equal(matches, c->matches);
	}
}

/* --- records ------------------------------------------------------------------ */

#define NEW(fields) "{\"dynamodb\":{\"NewImage\":{" fields "}}}"

/* All over lang_deal. */
static const struct { const char *pattern; bool matches; } record_cases[] = {
	{ "{\"eventName\":[\"MODIFY\"]}", true },
	{ "{\"eventName\":[\"INSERT\",\"REMOVE\"]}", false },
	{ "{\"eventName\":[{\"anything-but\":\"REMOVE\"}]}", true },
	{ "{\"eventID\":[\"e1f2\"]}", true },
	{ "{\"eventVersion\":[\"1.1\"],\"eventSource\":[\"aws:dynamodb\"],\"awsRegion\":[\"us-east-1\"]}", true },
	{ "{\"eventSourceARN\":[\"" ARN "\"]}", true },
	{ "{\"eventSourceARN\":[{\"wildcard\":\"*:table/Deals/*\"}]}", true },
	{ "{\"userIdentity\":{\"type\":[{\"exists\":false}]}}", true },
	{ "{\"userIdentity\":{\"type\":[\"Service\"],\"principalId\":[\"dynamodb.amazonaws.com\"]}}", false },
	{ "{\"userIdentity\":[{\"exists\":false}]}", true },
	{ "{\"dynamodb\":{\"StreamViewType\":[\"NEW_AND_OLD_IMAGES\"]}}", true },
	{ "{\"dynamodb\":{\"SizeBytes\":[{\"numeric\":[\">\",300,\"<\",400]}]}}", true },
	{ "{\"dynamodb\":{\"SequenceNumber\":[\"111100000000000000000001\"]}}", true },
	{ "{\"dynamodb\":{\"ApproximateCreationDateTime\":[1700000000]}}", true },
	{ "{\"dynamodb\":{\"ApproximateCreationDateTime\":[\"1700000000\"]}}", false },
	{ "{\"dynamodb\":{\"Keys\":{\"deal_id\":{\"S\":[{\"prefix\":\"d#42\"}]}}}}", true },
	{ "{\"eventName\":[\"MODIFY\"],\"dynamodb\":{\"NewImage\":{\"status\":{\"S\":[\"live\"]}},"
	  "\"OldImage\":{\"status\":{\"S\":[\"draft\"]}}}}", true },
	{ NEW("\"status\":{\"S\":[\"draft\"]}"), false },
	{ NEW("\"status\":{\"N\":[\"live\"]}"), false },
	{ NEW("\"status\":{\"N\":[{\"exists\":false}]}"), true },
	{ NEW("\"status\":{\"S\":[{\"exists\":true}]}"), true },
	{ NEW("\"absent\":{\"S\":[{\"exists\":false}]}"), true },
	{ NEW("\"absent\":{\"S\":[{\"exists\":true}]}"), false },
	{ NEW("\"status\":[{\"exists\":false}]"), true },
	{ "{\"dynamodb\":{\"OldImage\":[{\"exists\":false}]}}", true },
	/* N is a string that holds a number */
	{ NEW("\"price\":{\"N\":[\"199.90\"]}"), true },
	{ NEW("\"price\":{\"N\":[\"199.9\"]}"), false },
	{ NEW("\"price\":{\"N\":[199.9]}"), true },
	{ NEW("\"price\":{\"N\":[{\"numeric\":[\"<\",200]}]}"), true },
	{ NEW("\"price\":{\"N\":[{\"numeric\":[\"<\",199.9]}]}"), false },
	{ NEW("\"price\":{\"N\":[{\"prefix\":\"199\"}]}"), true },
	{ NEW("\"price\":{\"N\":[{\"anything-but\":199.90}]}"), false },
	{ NEW("\"price\":{\"N\":[{\"anything-but\":[\"1\",\"2\"]}]}"), true },
	{ NEW("\"ip\":{\"S\":[{\"numeric\":[\">\",0]}]}"), false },
	/* other types */
	{ NEW("\"live\":{\"BOOL\":[true]}"), true },
	{ NEW("\"live\":{\"BOOL\":[false]}"), false },
	{ NEW("\"gone\":{\"NULL\":[true]}"), true },
	{ NEW("\"gone\":{\"NULL\":[null]}"), false },
	{ NEW("\"photo\":{\"B\":[\"aGk/+w==\"]}"), true },
	{ NEW("\"tags\":{\"SS\":[\"sale\"]}"), true },
	{ NEW("\"tags\":{\"SS\":[\"\\\"hot\\\"\"]}"), true },
	{ NEW("\"tags\":{\"SS\":[\"none\"]}"), false },
	{ NEW("\"sizes\":{\"NS\":[{\"numeric\":[\">\",2]}]}"), true },
	{ NEW("\"sizes\":{\"NS\":[{\"numeric\":[\">\",3]}]}"), false },
	{ NEW("\"specs\":{\"M\":{\"width\":{\"N\":[210]}}}"), true },
	{ NEW("\"specs\":{\"M\":{\"deep\":{\"M\":{\"er\":{\"S\":[\"down\"]}}}}}"), true },
	{ NEW("\"specs\":{\"M\":{\"a.b\":{\"S\":[\"dotted\"]}}}"), true },
	{ NEW("\"specs\":{\"M\":{\"deep\":{\"M\":{\"er\":{\"S\":[{\"exists\":false}]}}}}}"), false },
	{ NEW("\"list\":{\"L\":{\"S\":[\"zero\"]}}"), true },
	{ NEW("\"list\":{\"L\":{\"N\":[1]}}"), true },
	{ NEW("\"list\":{\"L\":{\"S\":[\"zero\"],\"N\":[1]}}"), false },
	{ NEW("\"list\":{\"L\":{\"M\":{\"k\":{\"S\":[\"v\"]}}}}"), true },
	{ NEW("\"list\":{\"L\":{\"L\":{\"BOOL\":[true]}}}"), true },
	{ NEW("\"list\":{\"L\":{\"S\":[{\"exists\":true}]}}"), true },
	{ NEW("\"list\":{\"L\":{\"S\":[{\"exists\":false}]}}"), false },
	{ NEW("\"none\":{\"L\":{\"S\":[{\"exists\":false}]}}"), true },
	{ NEW("\"none\":{\"L\":{\"S\":[{\"exists\":true}]}}"), false },
	{ NEW("\"list\":{\"L\":[{\"exists\":false}]}"), true },
	{ NEW("\"name\":{\"S\":[\"escaped\"]}"), true },
	{ NEW("\"title\":{\"S\":[{\"prefix\":\"Sofa \\\"Oslo\\\"\"}]}"), true },
	{ NEW("\"title\":{\"S\":[{\"wildcard\":\"*\u00e9t\u00c9*\"}]}"), true },
	{ NEW("\"ip\":{\"S\":[{\"cidr\":\"10.0.0.0/8\"}]},\"ip6\":{\"S\":[{\"cidr\":\"2001:db8::/32\"}]}"), true },
	/* $or at each level */
	{ "{\"$or\":[{\"eventName\":[\"INSERT\"]},{\"dynamodb\":{\"OldImage\":{\"status\":{\"S\":[\"draft\"]}}}}]}", true },
	{ "{\"eventName\":[\"INSERT\"],\"$or\":[{\"awsRegion\":[\"us-east-1\"]},{\"eventID\":[\"x\"]}]}", false },
	{ NEW("\"$or\":[{\"status\":{\"S\":[\"x\"]}},{\"live\":{\"BOOL\":[true]}}]"), true },
	{ NEW("\"status\":{\"$or\":[{\"S\":[\"live\"]},{\"N\":[1]}]}"), true },
	{ NEW("\"status\":{\"$or\":[{\"N\":[\"live\"]},{\"N\":[1]}]}"), false },
	/* operands: price drops */
	{ NEW("\"price\":{\"N\":[{\"numeric\":[\"<\",\"${old.price}\"]}]}"), true },
	{ "{\"dynamodb\":{\"OldImage\":{\"price\":{\"N\":[{\"numeric\":[\"<\",\"${new.price}\"]}]}}}}", false },
	{ NEW("\"status\":{\"S\":[{\"anything-but\":\"${old.status}\"}]}"), true },
	{ NEW("\"deal_id\":{\"S\":[\"${keys.deal_id}\"]}"), true },
	{ NEW("\"price\":{\"N\":[\"${new.price}\"]}"), true },
	{ NEW("\"price\":{\"N\":[{\"numeric\":[\"<\",\"${old.absent}\"]}]}"), false },
	/* a FilterCriteria as it stands in an event source mapping: any of its patterns */
	{ "{\"Filters\":[{\"Pattern\":\"{\\\"eventName\\\":[\\\"INSERT\\\"]}\"},"
	  "{\"Pattern\":\"{\\\"eventName\\\":[\\\"MODIFY\\\"]}\"}]}", true },
	{ "{\"FilterCriteria\":{\"Filters\":[{\"Pattern\":{\"eventName\":[\"INSERT\"]}}]}}", false },
	{ "\"{\\\"Filters\\\":[{\\\"Pattern\\\":\\\"{\\\\\\\"eventID\\\\\\\":[\\\\\\\"e1f2\\\\\\\"]}\\\"}]}\"", true },
};

static void check_record(struct bench *b, const char *pattern, const struct record *r, bool expected)
{
	const struct filter *f = compile(b, pattern, FILTER_RECORD);
	struct template_context context;
	struct err err = { 0 };
	bool matches;

	template_context_of(r, STR("Deals"), &context);
	if (!filter_match_record(f, r, STR(ARN), &context, &matches, &err))
		print_error("%s\n", err.text);
	assert_int_equal(err.class, ERR_NONE);
	if (matches != expected)
		print_error("%s\n", pattern);
	assert_int_equal(matches, expected);
}

static void test_records_match_as_the_table_says(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT_OF(record_cases); i++)
		check_record(b, record_cases[i].pattern, &b->page->records[0], record_cases[i].matches);
}

static void test_missing_images_and_ttl_deletes_match_by_what_they_have(void **state)
{
	static const char ttl[] =
		"{\"eventID\":\"x\",\"eventName\":\"REMOVE\",\"userIdentity\":{\"Type\":\"Service\","
		"\"PrincipalId\":\"dynamodb.amazonaws.com\"},\"dynamodb\":{\"ApproximateCreationDateTime\":1,"
		"\"Keys\":{\"id\":{\"N\":\"1\"}},\"SequenceNumber\":\"111100000000000000000001\",\"SizeBytes\":3,"
		"\"StreamViewType\":\"KEYS_ONLY\"}}";
	struct bench *b = *state;
	struct page *page = lang_page(ttl);
	const struct record *r = &page->records[0];

	check_record(b, "{\"userIdentity\":{\"type\":[\"Service\"],\"principalId\":[\"dynamodb.amazonaws.com\"]}}", r, true);
	check_record(b, "{\"userIdentity\":{\"type\":[{\"exists\":false}]}}", r, false);
	check_record(b, NEW("\"a\":{\"S\":[\"x\"]}"), r, false);
	check_record(b, NEW("\"a\":{\"S\":[{\"exists\":false}]}"), r, true);
	check_record(b, "{\"dynamodb\":{\"Keys\":{\"id\":{\"N\":[1]}}}}", r, true);
	check_record(b, "{\"dynamodb\":{\"Keys\":{\"id\":{\"N\":[{\"anything-but\":\"${new.id}\"}]}}}}", r, false);
	check_record(b, "{\"awsRegion\":[{\"exists\":false}]}", r, true);
	page_unref(page);
}

/* --- errors -------------------------------------------------------------------- */

static const struct { const char *pattern; enum filter_subject subject; const char *problem; } mistakes[] = {
	{ "{}", FILTER_ITEM, "empty group" },
	{ "[]", FILTER_ITEM, "expected a group" },
	{ "\"{\"", FILTER_ITEM, "not valid JSON" },
	{ "\"[1]\"", FILTER_ITEM, "expected an object" },
	{ "{\"a\":\"x\"}", FILTER_ITEM, "must be a group or a list" },
	{ "{\"a\":5}", FILTER_ITEM, "must be a group or a list" },
	{ "{\"a\":[]}", FILTER_ITEM, "empty list" },
	{ "{\"a\":[[1]]}", FILTER_ITEM, "stands where a value is expected" },
	{ "{\"a\":[{\"prefx\":\"x\"}]}", FILTER_ITEM, "unknown operator 'prefx'" },
	{ "{\"a\":[{\"prefx\":\"x\"}]}", FILTER_ITEM, "did you mean 'prefix'" },
	{ "{\"a\":[{}]}", FILTER_ITEM, "exactly one key" },
	{ "{\"a\":[{\"prefix\":\"x\",\"suffix\":\"y\"}]}", FILTER_ITEM, "exactly one key, this has 2" },
	{ "{\"a\":[{\"prefix\":1}]}", FILTER_ITEM, "'prefix' takes a string" },
	{ "{\"a\":[{\"prefix\":[\"x\"]}]}", FILTER_ITEM, "'prefix' takes a string" },
	{ "{\"a\":[{\"prefix\":{\"wildcard\":\"x\"}}]}", FILTER_ITEM, "equals-ignore-case: a string" },
	{ "{\"a\":[{\"prefix\":\"${item.x}\"}]}", FILTER_ITEM, "takes no template" },
	{ "{\"a\":[{\"suffix\":null}]}", FILTER_ITEM, "'suffix' takes a string" },
	{ "{\"a\":[{\"equals-ignore-case\":5}]}", FILTER_ITEM, "takes a string" },
	{ "{\"a\":[{\"wildcard\":\"a**\"}]}", FILTER_ITEM, "two * in a row" },
	{ "{\"a\":[{\"wildcard\":\"a\\\\b\"}]}", FILTER_ITEM, "backslash may stand before" },
	{ "{\"a\":[{\"wildcard\":\"a\\\\\"}]}", FILTER_ITEM, "backslash may stand before" },
	{ "{\"a\":[{\"exists\":\"true\"}]}", FILTER_ITEM, "exists takes true or false" },
	{ "{\"a\":[{\"numeric\":\"<\"}]}", FILTER_ITEM, "numeric takes a list" },
	{ "{\"a\":[{\"numeric\":[\"<\"]}]}", FILTER_ITEM, "numeric takes a list" },
	{ "{\"a\":[{\"numeric\":[\"<\",1,\">\",0,\"=\",2]}]}", FILTER_ITEM, "numeric takes a list" },
	{ "{\"a\":[{\"numeric\":[\"!=\",1]}]}", FILTER_ITEM, "use anything-but" },
	{ "{\"a\":[{\"numeric\":[\"<\",\"5\"]}]}", FILTER_ITEM, "this is a string" },
	{ "{\"a\":[{\"numeric\":[\">\",5,\"<\",5]}]}", FILTER_ITEM, "range is empty" },
	{ "{\"a\":[{\"numeric\":[\">\",5,\">\",6]}]}", FILTER_ITEM, "must be a range" },
	{ "{\"a\":[{\"numeric\":[\"=\",5,\"<\",6]}]}", FILTER_ITEM, "must be a range" },
	{ "{\"a\":[{\"cidr\":\"10.0.0.1\"}]}", FILTER_ITEM, "address block" },
	{ "{\"a\":[{\"cidr\":\"10.0.0.0/33\"}]}", FILTER_ITEM, "address block" },
	{ "{\"a\":[{\"cidr\":\"2001:db8::/129\"}]}", FILTER_ITEM, "address block" },
	{ "{\"a\":[{\"cidr\":\"10.0.0/8\"}]}", FILTER_ITEM, "address block" },
	{ "{\"a\":[{\"anything-but\":[]}]}", FILTER_ITEM, "empty list" },
	{ "{\"a\":[{\"anything-but\":[{\"prefix\":\"x\"}]}]}", FILTER_ITEM, "stands where a value is expected" },
	{ "{\"a\":[{\"anything-but\":{\"exists\":true}}]}", FILTER_ITEM, "anything-but takes values, or prefix" },
	{ "{\"a\":[{\"anything-but\":{\"prefix\":[1]}}]}", FILTER_ITEM, "takes a string" },
	{ "{\"a\":[\"${new.x}\"]}", FILTER_ITEM, "refers to 'new', which is not known here (known: item)" },
	{ "{\"a\":[\"${item.x\"]}", FILTER_ITEM, "closing }" },
	{ "{\"$or\":[]}", FILTER_ITEM, "$or is an empty list" },
	{ "{\"$or\":[\"a\"]}", FILTER_ITEM, "$or holds a string" },
	{ "{\"$or\":[{}]}", FILTER_ITEM, "empty group" },
	{ "{\"a\":[1],\"a\":[2]}", FILTER_ITEM, "twice" },
	{ "{\"eventname\":[\"INSERT\"]}", FILTER_RECORD, "did you mean 'eventName'" },
	{ "{\"dynamodb\":{\"newImage\":{}}}", FILTER_RECORD, "did you mean 'NewImage'" },
	{ "{\"eventName\":{\"x\":[1]}}", FILTER_RECORD, "this is a leaf" },
	{ "{\"dynamodb\":[\"x\"]}", FILTER_RECORD, "look at leaves only" },
	{ "{\"dynamodb\":{\"NewImage\":[{\"exists\":true}]}}", FILTER_RECORD, "look at leaves only" },
	{ NEW("\"status\":[\"live\"]"), FILTER_RECORD, "name its type, as in { status: { S:" },
	{ NEW("\"status\":[{\"exists\":true}]"), FILTER_RECORD, "name its type" },
	{ NEW("\"status\":{\"s\":[\"live\"]}"), FILTER_RECORD, "an attribute's type is expected" },
	{ NEW("\"m\":{\"M\":{\"a\":[1]}}"), FILTER_RECORD, "name its type" },
	{ NEW("\"l\":{\"L\":[\"x\"]}"), FILTER_RECORD, "as in { L: { S:" },
	{ NEW("\"s\":{\"S\":{\"x\":[1]}}"), FILTER_RECORD, "this is a leaf" },
	{ "{\"Filters\":[]}", FILTER_RECORD, "empty list of Filters" },
	{ "{\"Filters\":[{\"pattern\":\"{}\"}]}", FILTER_RECORD, "expected { Pattern:" },
	{ "{\"Filters\":[{\"Pattern\":5}]}", FILTER_RECORD, "expected a group or a string" },
	{ "{\"eventName\":[\"INSERT\"]}", FILTER_RECORD_KEYS, "dynamodb.Keys only" },
	{ "{\"dynamodb\":{\"NewImage\":{\"a\":{\"S\":[\"x\"]}}}}", FILTER_RECORD_KEYS, "into 'where'" },
	{ "{\"dynamodb\":{\"Keys\":{\"a\":{\"S\":[\"${new.x}\"]}}}}", FILTER_RECORD_KEYS, "known: keys" },
	{ "{\"a\":[1e99999999]}", FILTER_ITEM, "number" },
};

static void test_mistakes_are_named(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
		struct err err = { 0 };
		const struct node *n = node_from_json(&b->lang.arena, str_c(mistakes[i].pattern), NULL, &err);

		/* What the reader of JSON refuses is refused, too. */
		if (!n) {
			assert_non_null(strstr(err.text, mistakes[i].problem));
			continue;
		}
		problems_init(&b->lang.problems, &b->lang.arena);
		assert_null(filter_compile(n, mistakes[i].subject, &b->lang.arena, &b->lang.problems));
		assert_true(b->lang.problems.count > 0);
		if (!strstr(lang_problems(&b->lang), mistakes[i].problem))
			print_error("%s: %s", mistakes[i].pattern, lang_problems(&b->lang));
		assert_non_null(strstr(lang_problems(&b->lang), mistakes[i].problem));
	}
}

static void test_all_mistakes_are_shown_at_once(void **state)
{
	struct bench *b = *state;
	const struct node *n = lang_node(&b->lang, "{\"a\":[{\"prefx\":\"x\"},{\"cidr\":\"y\"}],\"b\":5,\"$or\":[{\"c\":[]},7]}");

	assert_null(filter_compile(n, FILTER_ITEM, &b->lang.arena, &b->lang.problems));
	assert_int_equal(b->lang.problems.count, 5);
}

static void test_operands_of_a_wrong_type_are_data_errors(void **state)
{
	static const struct { const char *pattern, *item, *code; } cases[] = {
		{ "{\"a\":[\"${item.b}\"]}", "{\"a\":{\"S\":\"x\"},\"b\":{\"SS\":[\"x\"]}}", "template.type" },
		{ "{\"a\":[{\"numeric\":[\"<\",\"${item.b}\"]}]}", "{\"a\":{\"N\":\"1\"},\"b\":{\"S\":\"x\"}}", "filter.operand" },
		{ "{\"a\":[{\"numeric\":[\"<\",\"${item.b}\"]}]}", "{\"a\":{\"N\":\"1\"},\"b\":{\"BOOL\":true}}", "filter.operand" },
		{ "{\"a\":[{\"anything-but\":\"${item.b}\"}]}", "{\"a\":{\"N\":\"1\"},\"b\":{\"L\":[]}}", "template.type" },
		{ "{\"a\":[{\"prefix\":\"x\"}]}", "{\"a\":{\"S\":\"\\ud800\"}}", "json.surrogate" },
		{ "{\"$or\":[{\"a\":[{\"prefix\":\"x\"}]},{\"b\":[1]}]}", "{\"b\":{\"N\":\"1\"},\"a\":{\"S\":\"\\ud800\"}}",
		  "json.surrogate" },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct template_context c = { .item = lang_image(cases[i].item) };
		struct err err = { 0 };
		bool matches = true;

		assert_false(filter_match_item(compile(b, cases[i].pattern, FILTER_ITEM), c.item, &c, &matches, &err));
		assert_string_equal(err.code, cases[i].code);
		assert_int_equal(err.class, ERR_DATA);
		assert_false(matches);
	}
}

/* A page proves no more of an image than that it is an object. */
static void test_malformed_values_are_data_errors_where_they_are_looked_at(void **state)
{
	static const struct { const char *pattern, *image; bool ok; } cases[] = {
		{ NEW("\"a\":{\"S\":[\"x\"]}"), "{\"a\":5}", false },
		{ NEW("\"a\":{\"S\":[\"x\"]}"), "{\"a\":{\"S\":5}}", false },
		{ NEW("\"a\":{\"S\":[\"x\"]}"), "{\"a\":{\"S\":\"x\"},\"b\":5}", true },
		{ NEW("\"a\":{\"L\":{\"S\":[\"x\"]}}"), "{\"a\":{\"L\":[{\"S\":\"n\"},7]}}", false },
		{ NEW("\"a\":{\"SS\":[\"x\"]}"), "{\"a\":{\"SS\":[7]}}", false },
		{ NEW("\"a\":{\"N\":[1]}"), "{\"a\":{\"N\":\"no number\"}}", true },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct record r = b->page->records[0];
		struct err err = { 0 };
		bool matches = true, ok;

		r.new_image = value_image(str_c(cases[i].image));
		ok = filter_match_record(compile(b, cases[i].pattern, FILTER_RECORD), &r, STR(ARN), NULL, &matches, &err);
		assert_int_equal(ok, cases[i].ok);
		assert_int_equal(err.class, ok ? ERR_NONE : ERR_DATA);
		assert_true(ok || !matches);
	}
}

static void test_limits_are_named(void **state)
{
	struct bench *b = *state;
	struct buf text;

	buf_init(&text, 1 << 20);
	buf_puts(&text, "{\"a\":[0");
	for (int i = 0; i < 5000; i++)
		buf_puts(&text, ",1");
	buf_puts(&text, "]}");
	assert_null(filter_compile(lang_node(&b->lang, text.ptr), FILTER_ITEM, &b->lang.arena, &b->lang.problems));
	assert_non_null(strstr(lang_problems(&b->lang), "too large"));
	assert_int_equal(b->lang.problems.count, 1);
	buf_clear(&text);
	buf_puts(&text, "{\"a\":[0]");
	for (int i = 0; i < 64; i++)
		buf_putf(&text, ",\"a%d\":[1]", i);
	buf_puts(&text, "}");
	assert_null(filter_compile(lang_node(&b->lang, text.ptr), FILTER_ITEM, &b->lang.arena, &b->lang.problems));
	assert_non_null(strstr(lang_problems(&b->lang), "more than 64 names"));
	buf_clear(&text);
	for (int i = 0; i < 80; i++)
		buf_puts(&text, "{\"a\":");
	buf_puts(&text, "[1]");
	for (int i = 0; i < 80; i++)
		buf_puts(&text, "}");
	assert_null(filter_compile(lang_node(&b->lang, text.ptr), FILTER_ITEM, &b->lang.arena, &b->lang.problems));
	assert_non_null(strstr(lang_problems(&b->lang), "more than 72 deep"));
	buf_release(&text);
}

static void test_a_full_arena_is_a_problem(void **state)
{
	struct bench *b = *state;
	const struct node *n = lang_node(&b->lang, "{\"a\":[\"x\",5,{\"prefix\":{\"equals-ignore-case\":\"A\"}},{\"wildcard\":\"a*b\"},"
					 "{\"anything-but\":[1,\"${item.b}\"]}],\"$or\":[{\"b\":{\"c\":[true]}}]}");
	bool fits = false;

	for (size_t max = 0; max < 1 << 14; max += 64) {
		struct arena small;

		arena_init(&small, max);
		b->lang.problems.count = 0;
		fits = filter_compile(n, FILTER_ITEM, &small, &b->lang.problems) != NULL;
		assert_int_equal(fits, b->lang.problems.count == 0);
		arena_release(&small);
	}
	assert_true(fits);
}

static void test_an_item_at_dynamodbs_depth_matches(void **state)
{
	enum { DEPTH = 32 };
	struct bench *b = *state;
	struct buf pattern, image;
	struct record r = b->page->records[0];

	buf_init(&pattern, 1 << 16);
	buf_init(&image, 1 << 16);
	buf_puts(&pattern, "{\"dynamodb\":{\"NewImage\":{");
	buf_puts(&image, "{");
	for (int i = 0; i < DEPTH - 1; i++) {
		buf_puts(&pattern, "\"a\":{\"M\":{");
		buf_puts(&image, "\"x\":{\"S\":\"skipped\"},\"a\":{\"M\":{");
	}
	buf_puts(&pattern, "\"a\":{\"S\":[\"deep\"]}");
	buf_puts(&image, "\"a\":{\"S\":\"deep\"}");
	for (int i = 0; i < DEPTH - 1; i++) {
		buf_puts(&pattern, "}}");
		buf_puts(&image, "}}");
	}
	buf_puts(&pattern, "}}}");
	buf_puts(&image, "}");
	r.new_image = value_image(buf_str(&image));
	check_record(b, pattern.ptr, &r, true);
	buf_release(&pattern);
	buf_release(&image);
}

/* --- asking ---------------------------------------------------------------------- */

static void note_name(void *ctx, struct str name)
{
	buf_putf(ctx, "%.*s ", STR_ARG(name));
}

static void note_path(void *ctx, const struct path *path)
{
	buf_putf(ctx, "%.*s ", STR_ARG(path->steps[0].name));
}

static void test_what_a_filter_reads_can_be_asked_for(void **state)
{
	struct bench *b = *state;
	const struct filter *f = compile(b, NEW("\"price\":{\"N\":[{\"numeric\":[\"<\",\"${old.price}\"]},\"${keys.k}\"]}"),
					 FILTER_RECORD);
	struct buf seen;

	buf_init(&seen, 1000);
	assert_int_equal(filter_roots(f), TEMPLATE_NEW | TEMPLATE_OLD | TEMPLATE_KEYS);
	filter_each_path(f, TEMPLATE_OLD, note_path, &seen);
	filter_each_path(f, TEMPLATE_EVENT, note_path, &seen);
	assert_str_equal(buf_str(&seen), "price ");
	buf_clear(&seen);
	filter_each_name(f, note_name, &seen);
	assert_int_equal(seen.len, 0);
	f = compile(b, "{\"a\":[1],\"$or\":[{\"b\":[\"${member.x}\"]},{\"c\":{\"d\":[\"${new.brand}\"]}}]}", FILTER_MEMBER);
	assert_int_equal(filter_roots(f), TEMPLATE_MEMBER | TEMPLATE_NEW);
	filter_each_name(f, note_name, &seen);
	assert_str_equal(buf_str(&seen), "a b c ");
	buf_release(&seen);
}

static void test_no_pattern_matches_everything(void **state)
{
	struct bench *b = *state;
	const struct filter *f = filter_compile(NULL, FILTER_RECORD, &b->lang.arena, &b->lang.problems);
	struct err err = { 0 };
	bool matches = false;

	assert_true(filter_match_record(f, &b->page->records[0], STR(ARN), NULL, &matches, &err));
	assert_true(matches);
	f = filter_compile(NULL, FILTER_ITEM, &b->lang.arena, &b->lang.problems);
	matches = false;
	assert_true(filter_match_item(f, lang_image("{}"), NULL, &matches, &err));
	assert_true(matches);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_items_match_as_the_table_says, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_records_match_as_the_table_says, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_missing_images_and_ttl_deletes_match_by_what_they_have, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_mistakes_are_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_all_mistakes_are_shown_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_operands_of_a_wrong_type_are_data_errors, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_malformed_values_are_data_errors_where_they_are_looked_at, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_limits_are_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_full_arena_is_a_problem, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_an_item_at_dynamodbs_depth_matches, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_a_filter_reads_can_be_asked_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_pattern_matches_everything, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
