#include "support/test.h"

#include "sluice/core/buf.h"
#include "sluice/core/xml.h"

static const struct xml *parse(const char *text, struct arena *a, struct err *err)
{
	arena_init(a, 1 << 16);
	return xml_parse(str_c(text), a, err);
}

static void test_an_answer_is_a_tree(void **state)
{
	struct arena a;
	const struct xml *x = parse("<?xml version=\"1.0\"?>\n<R xmlns=\"u\"><!-- c --><A> 1 &amp; 2 </A><B><m>x</m><m>y</m></B></R>", &a, NULL);
	const struct xml *m;

	(void)state;
	assert_non_null(x);
	assert_str_equal(x->name, "R");
	assert_str_equal(xml_text(x, "A"), "1 & 2");
	m = xml_child(xml_child(x, "B"), "m");
	assert_str_equal(m->text, "x");
	assert_str_equal(m->next->text, "y");
	assert_null(m->next->next);
	assert_null(xml_child(xml_child(x, "nothing"), "m"));
	assert_int_equal(xml_text(x, "nothing").len, 0);
	arena_release(&a);
}

static void test_what_no_service_sends_is_refused(void **state)
{
	static const struct {
		const char *text, *code;
	} cases[] = {
		{ "", "xml.syntax" },
		{ "<a>", "xml.syntax" },
		{ "<a></b>", "xml.syntax" },
		{ "<a/><b/>", "xml.syntax" },
		{ "{}", "xml.syntax" },
		{ "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "xml.doctype" },
		{ "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>", "xml.doctype" },
		{ "<a>&b;</a>", "xml.syntax" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = { 0 };
		struct arena a;

		assert_null(parse(cases[i].text, &a, &err));
		assert_string_equal(err.code, cases[i].code);
		assert_int_equal(err.class, ERR_DATA);
		arena_release(&a);
	}
}

static void test_depth_and_memory_are_bounded(void **state)
{
	struct err err = { 0 };
	struct arena a;
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	for (int i = 0; i < 33; i++)
		buf_puts(&b, "<a>");
	assert_null(parse(b.ptr, &a, &err));
	assert_string_equal(err.code, "xml.depth");
	arena_release(&a);
	buf_clear(&b);
	buf_puts(&b, "<a>");
	for (int i = 0; i < 10000; i++)
		buf_puts(&b, "<b>12345678</b>");
	buf_puts(&b, "</a>");
	assert_null(parse(b.ptr, &a, &err));
	assert_string_equal(err.code, "xml.memory");
	arena_release(&a);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_answer_is_a_tree),
		cmocka_unit_test(test_what_no_service_sends_is_refused),
		cmocka_unit_test(test_depth_and_memory_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
