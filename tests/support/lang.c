#include "support/lang.h"

#include "sluice/core/node.h"

#include <stdio.h>
#include <stdlib.h>

void lang_init(struct lang *l)
{
	arena_init(&l->arena, 1 << 24);
	problems_init(&l->problems, &l->arena);
	buf_init(&l->problem_text, 1 << 20);
}

void lang_release(struct lang *l)
{
	buf_release(&l->problem_text);
	arena_release(&l->arena);
}

static void give_up(const char *what, const char *text, const struct err *err)
{
	fprintf(stderr, "%s is wrong in the test: %s\n%s\n", what, err->text, text);
	abort();
}

const struct node *lang_node(struct lang *l, const char *json)
{
	struct err err = { 0 };
	const struct node *n = node_from_json(&l->arena, str_c(json), NULL, &err);

	if (!n)
		give_up("the settings", json, &err);
	return n;
}

const char *lang_problems(struct lang *l)
{
	buf_clear(&l->problem_text);
	problems_print(&l->problems, &l->problem_text);
	return l->problem_text.ptr ? l->problem_text.ptr : "";
}

struct page *lang_page(const char *record_json)
{
	struct err err = { 0 };
	struct page *page;
	struct buf body;

	buf_init(&body, 1 << 24);
	buf_putf(&body, "{\"Records\":[%s]}", record_json);
	page = page_decode(&body, 1, &err);
	if (!page)
		give_up("the record", record_json, &err);
	buf_release(&body);
	return page;
}

struct value lang_image(const char *json)
{
	struct err err = { 0 };
	struct value image;

	if (!value_parse_image(str_c(json), &image, &err))
		give_up("the item", json, &err);
	return image;
}

const char lang_deal[] =
	"{\"eventID\":\"e1f2\",\"eventName\":\"MODIFY\",\"eventVersion\":\"1.1\",\"eventSource\":\"aws:dynamodb\","
	"\"awsRegion\":\"us-east-1\",\"dynamodb\":{\"ApproximateCreationDateTime\":1700000000,"
	"\"Keys\":{\"deal_id\":{\"S\":\"d#42#x\"}},"
	"\"NewImage\":{\"deal_id\":{\"S\":\"d#42#x\"},\"title\":{\"S\":\"Sofa \\\"Oslo\\\"\\n\\u00e9t\\u00C9 \\ud83d\\ude00\"},"
	"\"price\":{\"N\":\"199.90\"},\"big\":{\"N\":\"12345678901234567890123456789012345678\"},\"tiny\":{\"N\":\"1E-7\"},"
	"\"brand_id\":{\"S\":\"B-7\"},\"status\":{\"S\":\"live\"},\"empty\":{\"S\":\"\"},\"live\":{\"BOOL\":true},"
	"\"sold\":{\"BOOL\":false},\"gone\":{\"NULL\":true},\"photo\":{\"B\":\"aGk/+w==\"},"
	"\"tags\":{\"SS\":[\"sale\",\"\\\"hot\\\"\"]},\"sizes\":{\"NS\":[\"1\",\"2.50\"]},\"blobs\":{\"BS\":[\"AA==\"]},"
	"\"specs\":{\"M\":{\"width\":{\"N\":\"210\"},\"a.b\":{\"S\":\"dotted\"},\"deep\":{\"M\":{\"er\":{\"S\":\"down\"}}}}},"
	"\"list\":{\"L\":[{\"S\":\"zero\"},{\"N\":\"1\"},{\"M\":{\"k\":{\"S\":\"v\"}}},{\"L\":[{\"BOOL\":true}]}]},"
	"\"none\":{\"L\":[]},\"created\":{\"S\":\"2026-11-20T23:02:00Z\"},\"nul\":{\"S\":\"a\\u0000b\\u001f\"},"
	"\"half\":{\"S\":\"x\\ud800y\"},\"ip\":{\"S\":\"10.0.0.33\"},\"ip6\":{\"S\":\"2001:db8::1\"},"
	"\"\\u006eame\":{\"S\":\"escaped\"}},"
	"\"OldImage\":{\"deal_id\":{\"S\":\"d#42#x\"},\"price\":{\"N\":\"249.9\"},\"status\":{\"S\":\"draft\"},"
	"\"sizes\":{\"NS\":[\"2.5\",\"1.0\"]}},"
	"\"SequenceNumber\":\"111100000000000000000001\",\"SizeBytes\":321,\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"}}";
