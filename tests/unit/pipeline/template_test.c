#include "support/test.h"

#include "support/lang.h"

#include "sluice/core/rng.h"
#include "sluice/core/scan.h"
#include "sluice/pipeline/template.h"

#include <stdlib.h>
#include <string.h>

enum { ALL_ROOTS = 0x1ff };

struct bench {
	struct lang lang;
	struct page *page;
	struct template_context context;
	struct buf out;
};

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	lang_init(&b->lang);
	b->page = lang_page(lang_deal);
	b->page->records[0].v = 1782579200000001;
	template_context_of(&b->page->records[0], STR("Deals"), &b->context);
	b->context.item = b->context.new_image;
	b->context.member = lang_image("{\"user_id\":{\"S\":\"u1\"}}");
	b->context.element = (struct value){ VALUE_N, STR("7") };
	b->context.notification_id = STR("ab\"cd");
	b->context.shard = 3;
	buf_init(&b->out, 1 << 24);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	buf_release(&b->out);
	page_unref(b->page);
	lang_release(&b->lang);
	free(b);
	return 0;
}

/* What a template gives in its three forms; a form that fails gives its code
 * with a ! in front. */
struct fill {
	const char *template, *text, *json, *value;
};

static const struct fill fills[] = {
	/* literal text */
	{ "", "", "\"\"", "{\"S\":\"\"}" },
	{ "plain", "plain", "\"plain\"", "{\"S\":\"plain\"}" },
	{ "a \"b\" \\ \t", "a \"b\" \\ \t", "\"a \\\"b\\\" \\\\ \\t\"", "{\"S\":\"a \\\"b\\\" \\\\ \\t\"}" },
	{ "$ $$ $x {y}", "$ $$ $x {y}", "\"$ $$ $x {y}\"", "{\"S\":\"$ $$ $x {y}\"}" },
	{ "$${new.title}", "${new.title}", "\"${new.title}\"", "{\"S\":\"${new.title}\"}" },
	{ "$$${shard}", "$${shard}", "\"$${shard}\"", "{\"S\":\"$${shard}\"}" },
	{ "$${${shard}}", "${3}", "\"${3}\"", "{\"S\":\"${3}\"}" },
	{ "h\u00e9", "h\u00e9", "\"h\u00e9\"", "{\"S\":\"h\u00e9\"}" },
	/* types are kept */
	{ "${new.brand_id}", "B-7", "\"B-7\"", "{\"S\":\"B-7\"}" },
	{ "${new.price}", "199.90", "199.90", "{\"N\":\"199.90\"}" },
	{ "${new.big}", "12345678901234567890123456789012345678", "12345678901234567890123456789012345678",
	  "{\"N\":\"12345678901234567890123456789012345678\"}" },
	{ "${new.tiny}", "1E-7", "1E-7", "{\"N\":\"1E-7\"}" },
	{ "${new.live}", "true", "true", "{\"BOOL\":true}" },
	{ "${new.sold}", "false", "false", "{\"BOOL\":false}" },
	{ "${new.gone}", "!template.type", "null", "{\"NULL\":true}" },
	{ "${new.photo}", "aGk/+w==", "\"aGk/+w==\"", "{\"B\":\"aGk/+w==\"}" },
	{ "${new.tags}", "!template.type", "[\"sale\",\"\\\"hot\\\"\"]", "{\"SS\":[\"sale\",\"\\\"hot\\\"\"]}" },
	{ "${new.sizes}", "!template.type", "[1,2.50]", "{\"NS\":[\"1\",\"2.50\"]}" },
	{ "${new.blobs}", "!template.type", "[\"AA==\"]", "{\"BS\":[\"AA==\"]}" },
	{ "${new.specs.deep}", "!template.type", "{\"er\":\"down\"}", "{\"M\":{\"er\":{\"S\":\"down\"}}}" },
	{ "${new.none}", "!template.type", "[]", "{\"L\":[]}" },
	{ "${new.empty}", "", "\"\"", "{\"S\":\"\"}" },
	{ "${keys}", "!template.type", "{\"deal_id\":\"d#42#x\"}", "{\"M\":{\"deal_id\":{\"S\":\"d#42#x\"}}}" },
	/* paths */
	{ "${new.specs.width}", "210", "210", "{\"N\":\"210\"}" },
	{ "${new.specs.deep.er}", "down", "\"down\"", "{\"S\":\"down\"}" },
	{ "${new.specs.\"a.b\"}", "dotted", "\"dotted\"", "{\"S\":\"dotted\"}" },
	{ "${new.list[0]}", "zero", "\"zero\"", "{\"S\":\"zero\"}" },
	{ "${new.list[2].k}", "v", "\"v\"", "{\"S\":\"v\"}" },
	{ "${new.list[3][0]}", "true", "true", "{\"BOOL\":true}" },
	{ "${new.tags[0]}", "sale", "\"sale\"", "{\"S\":\"sale\"}" },
	{ "${new.name}", "escaped", "\"escaped\"", "{\"S\":\"escaped\"}" },
	{ "${ new.price }", "199.90", "199.90", "{\"N\":\"199.90\"}" },
	{ "${old.price}", "249.9", "249.9", "{\"N\":\"249.9\"}" },
	{ "${item.status}", "live", "\"live\"", "{\"S\":\"live\"}" },
	{ "${member.user_id}", "u1", "\"u1\"", "{\"S\":\"u1\"}" },
	{ "${element}", "7", "7", "{\"N\":\"7\"}" },
	/* what is no attribute */
	{ "${event.name}", "MODIFY", "\"MODIFY\"", "{\"S\":\"MODIFY\"}" },
	{ "${event.id}", "e1f2", "\"e1f2\"", "{\"S\":\"e1f2\"}" },
	{ "${event.time}", "1700000000", "1700000000", "{\"N\":\"1700000000\"}" },
	{ "${event.sequence_number}", "111100000000000000000001", "\"111100000000000000000001\"",
	  "{\"S\":\"111100000000000000000001\"}" },
	{ "${event.table}", "Deals", "\"Deals\"", "{\"S\":\"Deals\"}" },
	{ "${event.v}", "1782579200000001", "1782579200000001", "{\"N\":\"1782579200000001\"}" },
	{ "${notification.id}", "ab\"cd", "\"ab\\\"cd\"", "{\"S\":\"ab\\\"cd\"}" },
	{ "<${notification.id}>", "<ab\"cd>", "\"<ab\\\"cd>\"", "{\"S\":\"<ab\\\"cd>\"}" },
	{ "${shard}", "3", "3", "{\"N\":\"3\"}" },
	/* inside text */
	{ "BRAND#${new.brand_id}#${shard}", "BRAND#B-7#3", "\"BRAND#B-7#3\"", "{\"S\":\"BRAND#B-7#3\"}" },
	{ "${new.price}${new.price}", "199.90199.90", "\"199.90199.90\"", "{\"S\":\"199.90199.90\"}" },
	{ " ${new.price}", " 199.90", "\" 199.90\"", "{\"S\":\" 199.90\"}" },
	{ "${new.live}?", "true?", "\"true?\"", "{\"S\":\"true?\"}" },
	{ "[${new.tags}]", "!template.type", "!template.type", "!template.type" },
	{ "[${new.gone}]", "!template.type", "!template.type", "!template.type" },
	{ "[${new.tags | json}]", "[[\"sale\",\"\\\"hot\\\"\"]]", "\"[[\\\"sale\\\",\\\"\\\\\\\"hot\\\\\\\"\\\"]]\"",
	  "{\"S\":\"[[\\\"sale\\\",\\\"\\\\\\\"hot\\\\\\\"\\\"]]\"}" },
	/* missing */
	{ "${new.absent}", "!template.missing", "!template.missing", "!template.missing" },
	{ "${new.list[9]}", "!template.missing", "!template.missing", "!template.missing" },
	{ "${new.title.x}", "!template.missing", "!template.missing", "!template.missing" },
	{ "a${new.absent}", "!template.missing", "!template.missing", "!template.missing" },
	{ "${new.absent | default(\"?\")}", "?", "\"?\"", "{\"S\":\"?\"}" },
	{ "${new.absent | default('it\\'s \"x\"\\n')}", "it's \"x\"\n", "\"it's \\\"x\\\"\\n\"",
	  "{\"S\":\"it's \\\"x\\\"\\n\"}" },
	{ "${new.absent | default(0)}", "0", "0", "{\"N\":\"0\"}" },
	{ "${new.absent | default(-1.50e3)}", "-1.50e3", "-1.50e3", "{\"N\":\"-1.50e3\"}" },
	{ "${new.absent | default(true)}", "true", "true", "{\"BOOL\":true}" },
	{ "${new.absent | default(null)}", "!template.type", "null", "{\"NULL\":true}" },
	{ "${new.price | default(0)}", "199.90", "199.90", "{\"N\":\"199.90\"}" },
	{ "${new.gone | default(0)}", "!template.type", "null", "{\"NULL\":true}" },
	{ "${new.absent|default('a')|default('b')}", "a", "\"a\"", "{\"S\":\"a\"}" },
	{ "by ${new.absent | default(\"nobody\")}.", "by nobody.", "\"by nobody.\"", "{\"S\":\"by nobody.\"}" },
	/* filters */
	{ "${new.deal_id | split(\"#\", 1)}", "42", "\"42\"", "{\"S\":\"42\"}" },
	{ "${new.deal_id | split('#', 0)}", "d", "\"d\"", "{\"S\":\"d\"}" },
	{ "${new.deal_id | split('#42#', 1)}", "x", "\"x\"", "{\"S\":\"x\"}" },
	{ "${new.deal_id | split('#', 3)}", "!template.missing", "!template.missing", "!template.missing" },
	{ "${new.deal_id | split('#', 3) | default('none')}", "none", "\"none\"", "{\"S\":\"none\"}" },
	{ "${new.deal_id | split('#', 3) | default(5)}", "5", "5", "{\"N\":\"5\"}" },
	{ "${new.absent | split('#', 3) | upper | default(5)}", "5", "5", "{\"N\":\"5\"}" },
	{ "${new.empty | split('#', 0)}", "", "\"\"", "{\"S\":\"\"}" },
	{ "${new.created | slice(0, 10)}", "2026-11-20", "\"2026-11-20\"", "{\"S\":\"2026-11-20\"}" },
	{ "${new.created | slice(11)}", "23:02:00Z", "\"23:02:00Z\"", "{\"S\":\"23:02:00Z\"}" },
	{ "${new.created | slice(5, 7)}", "11", "\"11\"", "{\"S\":\"11\"}" },
	{ "${new.created | slice(50, 60)}", "", "\"\"", "{\"S\":\"\"}" },
	{ "${new.title | slice(12, 15)}", "\u00e9t\u00c9", "\"\u00e9t\u00c9\"", "{\"S\":\"\u00e9t\u00c9\"}" },
	{ "${new.title | upper}", "SOFA \"OSLO\"\n\u00c9T\u00c9 \U0001F600",
	  "\"SOFA \\\"OSLO\\\"\\n\u00c9T\u00c9 \U0001F600\"", "{\"S\":\"SOFA \\\"OSLO\\\"\\n\u00c9T\u00c9 \U0001F600\"}" },
	{ "${new.title | lower | slice(12)}", "\u00e9t\u00e9 \U0001F600", "\"\u00e9t\u00e9 \U0001F600\"",
	  "{\"S\":\"\u00e9t\u00e9 \U0001F600\"}" },
	{ "${new.brand_id | lower}", "b-7", "\"b-7\"", "{\"S\":\"b-7\"}" },
	{ "${new.price | slice(0, 3)}", "199", "\"199\"", "{\"S\":\"199\"}" },
	{ "${new.live | upper}", "TRUE", "\"TRUE\"", "{\"S\":\"TRUE\"}" },
	{ "${new.tags | upper}", "!template.type", "!template.type", "!template.type" },
	{ "${new.brand_id | json}", "\"B-7\"", "\"\\\"B-7\\\"\"", "{\"S\":\"\\\"B-7\\\"\"}" },
	{ "${new.price | json}", "199.90", "\"199.90\"", "{\"S\":\"199.90\"}" },
	{ "${new.gone | json}", "null", "\"null\"", "{\"S\":\"null\"}" },
	{ "${new.brand_id | lower | json}", "\"b-7\"", "\"\\\"b-7\\\"\"", "{\"S\":\"\\\"b-7\\\"\"}" },
	{ "${new.tags | json | upper}", "[\"SALE\",\"\\\"HOT\\\"\"]", "\"[\\\"SALE\\\",\\\"\\\\\\\"HOT\\\\\\\"\\\"]\"",
	  "{\"S\":\"[\\\"SALE\\\",\\\"\\\\\\\"HOT\\\\\\\"\\\"]\"}" },
	{ "${event.table | lower}/${event.name|lower}", "deals/modify", "\"deals/modify\"", "{\"S\":\"deals/modify\"}" },
	{ "${event.time | slice(0,4)}", "1700", "\"1700\"", "{\"S\":\"1700\"}" },
	{ "${notification.id | json}", "\"ab\\\"cd\"", "\"\\\"ab\\\\\\\"cd\\\"\"", "{\"S\":\"\\\"ab\\\\\\\"cd\\\"\"}" },
	{ "${notification.id | upper}", "AB\"CD", "\"AB\\\"CD\"", "{\"S\":\"AB\\\"CD\"}" },
	/* hostile values */
	{ "<${new.nul | slice(2, 4)}>", "<b\x1f>", "\"<b\\u001f>\"", "{\"S\":\"<b\\u001f>\"}" },
	{ "${new.half | upper}", "!json.surrogate", "!json.surrogate", "!json.surrogate" },
	{ "a${new.half}", "!json.surrogate", "!json.surrogate", "!json.surrogate" },
	{ "a${new.half}${new.absent}", "!json.surrogate", "!json.surrogate", "!json.surrogate" },
};

typedef bool fill_fn(const struct template *t, const struct template_context *c, struct buf *out, struct err *err);

/* Appends behind what is there already, and leaves that alone. */
static void check_fill(struct bench *b, const struct template *t, fill_fn *fill, const char *expected)
{
	struct err err = { 0 };
	bool ok;

	buf_clear(&b->out);
	buf_puts(&b->out, "before");
	ok = fill(t, &b->context, &b->out, &err);
	if (expected[0] == '!') {
		assert_false(ok);
		assert_string_equal(err.code, expected + 1);
		assert_int_equal(err.class, ERR_DATA);
		assert_str_equal(buf_str(&b->out), "before");
		return;
	}
	if (!ok)
		print_error("%s\n", err.text);
	assert_true(ok);
	assert_str_equal(str_from(buf_str(&b->out), 6), expected);
}

static void test_templates_fill_as_text_json_and_value(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT_OF(fills); i++) {
		const struct fill *f = &fills[i];
		struct template *t = template_compile(str_c(f->template), ALL_ROOTS, &b->lang.arena, NULL,
						      &b->lang.problems);

		if (!t)
			print_error("%s", lang_problems(&b->lang));
		assert_non_null(t);
		check_fill(b, t, template_text, f->text);
		check_fill(b, t, template_json, f->json);
		check_fill(b, t, template_value, f->value);
	}
}

static const struct {
	const char *template;
	unsigned allowed;
	const char *problem;   /* a part of it */
} mistakes[] = {
	{ "${", ALL_ROOTS, "expected what to fill in" },
	{ "${}", ALL_ROOTS, "expected what to fill in" },
	{ "a ${new.title", ALL_ROOTS, "closing }" },
	{ "${new.title | }", ALL_ROOTS, "no filter ''" },
	{ "${new.title | lowr}", ALL_ROOTS, "did you mean 'lower'" },
	{ "${nw.title}", ALL_ROOTS, "did you mean 'new'" },
	{ "${title}", ALL_ROOTS, "no value 'title'" },
	{ "${member.x}", TEMPLATE_NEW | TEMPLATE_KEYS, "refers to 'member', which is not known here (known: new, keys)" },
	{ "${event.nam}", ALL_ROOTS, "did you mean 'name'" },
	{ "${event}", ALL_ROOTS, "no event field" },
	{ "${event.name.x}", ALL_ROOTS, "no event field" },
	{ "${shard.x}", ALL_ROOTS, "write ${shard}" },
	{ "${notification}", ALL_ROOTS, "write ${notification.id}" },
	{ "${new..x}", ALL_ROOTS, "attribute's name is expected" },
	{ "${new.a[x]}", ALL_ROOTS, "index such as [0]" },
	{ "${new.\"a}", ALL_ROOTS, "closing quote" },
	{ "${new.a | default}", ALL_ROOTS, "expected ( and" },
	{ "${new.a | default(x)}", ALL_ROOTS, "a text in quotes, a number, true, false or null" },
	{ "${new.a | default(01)}", ALL_ROOTS, "a text in quotes, a number" },
	{ "${new.a | default(\"x)}", ALL_ROOTS, "closing quote is missing" },
	{ "${new.a | default(\"\\x\")}", ALL_ROOTS, "backslash may stand before" },
	{ "${new.a | default(1}", ALL_ROOTS, "expected )" },
	{ "${new.a | split(\"#\")}", ALL_ROOTS, "split takes a separator" },
	{ "${new.a | split(\"\", 1)}", ALL_ROOTS, "split takes a separator" },
	{ "${new.a | split(\"#\", -1)}", ALL_ROOTS, "whole number" },
	{ "${new.a | split(1, 1)}", ALL_ROOTS, "a text in quotes" },
	{ "${new.a | slice(2, 1)}", ALL_ROOTS, "slice takes where to begin" },
	{ "${new.a | slice()}", ALL_ROOTS, "whole number" },
	{ "${new.a | slice(99999999999999999999)}", ALL_ROOTS, "whole number" },
	{ "${new.a | lower(1)}", ALL_ROOTS, "takes no arguments" },
	{ "${new.a lower}", 0, "refers to 'new', which is not known here (known: nothing)" },
	{ "\xff", ALL_ROOTS, "not valid UTF-8" },
};

static void test_mistakes_are_named(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
		problems_init(&b->lang.problems, &b->lang.arena);
		assert_null(template_compile(str_c(mistakes[i].template), mistakes[i].allowed, &b->lang.arena, NULL,
					     &b->lang.problems));
		assert_int_equal(b->lang.problems.count, 1);
		if (!strstr(lang_problems(&b->lang), mistakes[i].problem))
			print_error("%s: %s", mistakes[i].template, lang_problems(&b->lang));
		assert_non_null(strstr(lang_problems(&b->lang), mistakes[i].problem));
	}
}

static struct template *compile(struct bench *b, struct str text)
{
	struct template *t = template_compile(text, ALL_ROOTS, &b->lang.arena, NULL, &b->lang.problems);

	if (!t)
		print_error("%s", lang_problems(&b->lang));
	assert_non_null(t);
	return t;
}

static void test_limits_are_named(void **state)
{
	struct bench *b = *state;
	struct buf text;

	buf_init(&text, 1 << 20);
	for (int i = 0; i < 257; i++)
		buf_puts(&text, "${shard}");
	assert_null(template_compile(buf_str(&text), ALL_ROOTS, &b->lang.arena, NULL, &b->lang.problems));
	assert_non_null(strstr(lang_problems(&b->lang), "more than 256 parts"));
	buf_truncate(&text, 256 * 8);
	compile(b, buf_str(&text));
	buf_clear(&text);
	buf_puts(&text, "${new.a");
	for (int i = 0; i < 17; i++)
		buf_puts(&text, "|lower");
	buf_puts(&text, "}");
	assert_null(template_compile(buf_str(&text), ALL_ROOTS, &b->lang.arena, NULL, &b->lang.problems));
	assert_non_null(strstr(lang_problems(&b->lang), "more than 16 filters"));
	buf_clear(&text);
	for (int i = 0; i < (1 << 16) + 1; i++)
		buf_putc(&text, 'x');
	assert_null(template_compile(buf_str(&text), ALL_ROOTS, &b->lang.arena, NULL, &b->lang.problems));
	assert_non_null(strstr(lang_problems(&b->lang), "65537 bytes"));
	buf_release(&text);
}

static void note_path(void *ctx, const struct path *path)
{
	struct buf *seen = ctx;

	buf_putc(seen, '<');
	for (size_t i = 0; i < path->count; i++)
		buf_putf(seen, "%.*s/", STR_ARG(path->steps[i].name));
	buf_putc(seen, '>');
}

static void test_roots_and_paths_can_be_asked_for(void **state)
{
	struct bench *b = *state;
	struct template *t = compile(b, STR("${new.a.b} ${old} ${new} ${event.name} ${new.c | lower}"));
	struct buf seen;

	buf_init(&seen, 1000);
	assert_int_equal(template_roots(t), TEMPLATE_NEW | TEMPLATE_OLD | TEMPLATE_EVENT);
	template_each_path(t, TEMPLATE_NEW, note_path, &seen);
	assert_str_equal(buf_str(&seen), "<a/b/><><c/>");
	buf_release(&seen);
}

static void test_missing_contexts_are_missing_values(void **state)
{
	static const char *const names[] = {
		"${new.a}", "${old}", "${keys.a}", "${item.a}", "${member}", "${element}", "${event.name}", "${event.id}",
		"${event.table}", "${event.sequence_number}", "${notification.id}",
	};
	const struct template_context nothing = { 0 };
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct err err = { 0 };

		assert_false(template_json(compile(b, str_c(names[i])), &nothing, &b->out, &err));
		assert_string_equal(err.code, "template.missing");
		assert_non_null(strstr(err.text, "default("));
	}
}

static void test_a_full_buffer_is_a_data_error(void **state)
{
	static const char *const texts[] = { "${new.title}", "x${new.title}", "${new.title | upper}", "${new.specs}",
					     "${new.specs | json}", "${new.title | json | json}" };
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct template *t = compile(b, str_c(texts[i]));

		for (size_t max = 0; max < 24; max++) {
			struct err err = { 0 };
			struct buf small;

			buf_init(&small, max);
			assert_false(template_json(t, &b->context, &small, &err));
			assert_int_equal(small.len, 0);
			assert_true(err.class == ERR_DATA || err.class == ERR_FATAL);
			buf_release(&small);
		}
	}
}

static void test_nul_and_control_characters_stay_text(void **state)
{
	struct bench *b = *state;
	struct err err = { 0 };

	assert_true(template_text(compile(b, STR("${new.nul}")), &b->context, &b->out, &err));
	assert_true(str_eq(buf_str(&b->out), str_of("a\0b\x1f", 4)));
	buf_clear(&b->out);
	assert_true(template_json(compile(b, STR("${new.nul | lower}")), &b->context, &b->out, &err));
	assert_str_equal(buf_str(&b->out), "\"a\\u0000b\\u001f\"");
}

static void test_letters_that_grow_and_shrink_are_mapped(void **state)
{
	/* U+023A (2 bytes) is U+2C65 (3) in lower case, U+212A (3) is k (1). */
	const struct template_context c = { .new_image = lang_image("{\"a\":{\"S\":\"\u212A\u023A\u023Ax\u212A\"}}") };
	struct bench *b = *state;
	struct err err = { 0 };

	assert_true(template_text(compile(b, STR("[${new.a | lower}]")), &c, &b->out, &err));
	assert_str_equal(buf_str(&b->out), "[k\u2C65\u2C65xk]");
	buf_clear(&b->out);
	assert_true(template_text(compile(b, STR("[${new.a | lower | upper}]")), &c, &b->out, &err));
	assert_str_equal(buf_str(&b->out), "[K\u023A\u023AXK]");
}

static void test_long_strings_pass(void **state)
{
	enum { LONG = 400 * 1024 };
	struct bench *b = *state;
	struct err err = { 0 };
	struct buf image;

	buf_init(&image, 1 << 22);
	buf_puts(&image, "{\"a\":{\"S\":\"");
	for (int i = 0; i < LONG; i++)
		buf_puts(&image, i % 3 ? "x" : "\\\"");
	buf_puts(&image, "\"}}");

	const struct template_context c = { .new_image = value_image(buf_str(&image)) };

	assert_true(template_json(compile(b, STR("${new.a}-${new.a | upper | json}")), &c, &b->out, &err));
	assert_true(b->out.len > 2 * LONG);
	assert_true(scan_check(buf_str(&b->out), &err));
	buf_release(&image);
}

/* --- random attribute values --- */

static uint32_t roll(struct rng *r, uint32_t n)
{
	return (uint32_t)rng_below(r, n);
}

static void put_random_text(struct rng *r, struct buf *out)
{
	static const char *const pieces[] = {
		"a", "Z", "#", " ", "\\\"", "\\\\", "\\/", "\\n", "\\u0000", "\\u001F", "\\u00e9", "\\ud83d\\ude00", "\\ud800",
		"\\udc00", "\u00e9", "\u20ac", "\U0001F600", "${new.a}", "'", "\x7f", "\u2028",
	};

	for (uint32_t n = roll(r, 8); n > 0; n--)
		buf_puts(out, pieces[roll(r, COUNT_OF(pieces))]);
}

static void put_random_value(struct rng *r, unsigned depth, struct buf *out)
{
	static const char *const scalars[] = {
		"{\"N\":\"0\"}", "{\"N\":\"-1.5E+10\"}", "{\"N\":\"+7\"}", "{\"N\":\".5\"}", "{\"N\":\"007\"}", "{\"B\":\"AAEC\"}",
		"{\"BOOL\":true}", "{\"NULL\":true}", "{\"SS\":[\"x\",\"\\u0041\"]}", "{\"NS\":[\"1\",\"2\"]}", "{\"BS\":[\"AA==\"]}",
		"{\"L\":[]}", "{\"M\":{}}",
	};
	uint32_t kind = roll(r, depth ? 4 : 2);

	if (kind == 0) {
		buf_puts(out, scalars[roll(r, COUNT_OF(scalars))]);
	} else if (kind == 1) {
		buf_puts(out, "{\"S\":\"");
		put_random_text(r, out);
		buf_puts(out, "\"}");
	} else {
		buf_puts(out, kind == 2 ? "{\"L\":[" : "{\"M\":{");
		for (uint32_t i = 0, n = 1 + roll(r, 3); i < n; i++) {
			if (i)
				buf_putc(out, ',');
			if (kind == 3) {
				buf_putf(out, "\"%u", i);
				put_random_text(r, out);
				buf_puts(out, "\":");
			}
			put_random_value(r, depth - 1, out);
		}
		buf_puts(out, kind == 2 ? "]}" : "}}");
	}
}

/* Whatever an item holds, what comes out is valid JSON in UTF-8, or a DATA error. */
static void test_random_values_give_valid_json_or_a_data_error(void **state)
{
	static const char *const texts[] = {
		"${new.a}", "x ${new.a} y", "${new.a | json}", "${new.a | upper}", "${new.a | split('#', 1) | default(0)}",
		"${new.a | slice(1, 3)}${new.a | json | lower}", "${new}", "${new.a[0]}", "${new.a[1] | json | json}",
		"${new.a.\"0\" | default('\"')}",
	};
	enum { ROUNDS = 10000 };
	struct bench *b = *state;
	struct template *templates[COUNT_OF(texts)];
	struct buf image;
	struct rng rng;
	size_t filled = 0;

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		templates[i] = compile(b, str_c(texts[i]));
	buf_init(&image, 1 << 20);
	rng_seed(&rng, 20261120);
	for (int round = 0; round < ROUNDS; round++) {
		const struct template *t = templates[round % COUNT_OF(texts)];
		struct template_context c = { 0 };
		struct value value;
		struct err err = { 0 };

		buf_clear(&image);
		buf_puts(&image, "{\"a\":");
		put_random_value(&rng, 4, &image);
		buf_putc(&image, '}');
		c.new_image = value_image(buf_str(&image));
		assert_true(scan_check(buf_str(&image), &err));
		buf_clear(&b->out);
		if (!template_json(t, &c, &b->out, &err)) {
			assert_int_equal(err.class, ERR_DATA);
			continue;
		}
		filled++;
		assert_true(scan_check(buf_str(&b->out), &err));
		buf_clear(&b->out);
		assert_true(template_value(t, &c, &b->out, &err));
		assert_true(value_read(buf_str(&b->out), &value, &err));
		buf_clear(&b->out);
		if (template_text(t, &c, &b->out, &err))
			assert_true(str_utf8_valid(buf_str(&b->out)));
	}
	assert_true(filled > ROUNDS / 4);
	buf_release(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_templates_fill_as_text_json_and_value, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_mistakes_are_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_limits_are_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_roots_and_paths_can_be_asked_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_missing_contexts_are_missing_values, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_full_buffer_is_a_data_error, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nul_and_control_characters_stay_text, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_letters_that_grow_and_shrink_are_mapped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long_strings_pass, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_random_values_give_valid_json_or_a_data_error, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
