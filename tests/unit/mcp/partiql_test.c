#include "support/test.h"

#include "../../../src/mcp/partiql.h"

static void test_statements_are_told_apart(void **state)
{
	static const struct {
		const char *text;
		enum partiql_kind kind;
		const char *table;
	} cases[] = {
		{ "SELECT * FROM Orders", PARTIQL_SELECT, "Orders" },
		{ "select id, \"from\" from \"My-Orders\".\"ByDay\" where id = 'it''s; DELETE FROM x'", PARTIQL_SELECT, "My-Orders" },
		{ "SELECT size(a) FROM \"T\" WHERE contains(a, ?) AND b IN [1, 2] ORDER BY a DESC", PARTIQL_SELECT, "T" },
		{ "EXISTS(SELECT * FROM T WHERE id = 1)", PARTIQL_SELECT, "T" },
		{ "\n\tINSERT INTO \"Orders\" VALUE {'id': 'a', 'from': 'b'}", PARTIQL_INSERT, "Orders" },
		{ "UPDATE Orders SET a = 1 REMOVE b WHERE id = 'x' RETURNING ALL NEW *", PARTIQL_UPDATE, "Orders" },
		{ "UPDATE \"Orders\" SET s = set_delete(s, <<'a'>>) WHERE id = 'x'", PARTIQL_UPDATE, "Orders" },
		{ "SELECT \"n\xc3\xa4he\", a[0].b FROM T t WHERE c = '\xe2\x80\xa6 `' AND d IN (1, 2)", PARTIQL_SELECT, "T" },
		{ "DELETE FROM Orders WHERE id = 'x'", PARTIQL_DELETE, "Orders" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct partiql p;
		struct err err;

		if (!partiql_read(str_c(cases[i].text), &p, &err))
			fail_msg("%s: %s", cases[i].text, err.text);
		assert_int_equal(p.kind, cases[i].kind);
		assert_string_equal(p.table, cases[i].table);
	}
}

static void test_what_is_not_sure_is_refused(void **state)
{
	static const char *const cases[] = {
		"", "   ", "DROP TABLE Orders", "SELECT", "SELECT * FROM", "SELECT * FROM Orders; DELETE FROM Orders",
		"SELECT * FROM Orders, Users", "SELECT * FROM Orders WHERE EXISTS(SELECT * FROM Users)", "SELECT * FROM (SELECT 1)",
		"SELECT * FROM 'Orders'", "SELECT * FROM \"Orders", "SELECT * FROM a.b.c", "SELECT /* x */ * FROM Orders",
		"SELECT * FROM Orders -- x", "SELECT 'a FROM Orders", "(SELECT * FROM Orders)", "SELECT (FROM Orders)",
		"EXISTS(SELECT * FROM T", "EXISTS(SELECT * FROM T)) x", "EXISTS(DELETE FROM T)", "INSERT Orders VALUE {}",
		"DELETE Orders", "UPDATE", "SELECT * FROM T UNION SELECT * FROM U", "SELECT * FROM \"a\"\"b\"", "DELETE FROM T WHERE EXISTS(SELECT * FROM U)", "UPDATE T SET a = 1; SELECT",
		"WITH x SELECT * FROM T",
		"SELECT * FROM Orders o, Users u", "SELECT * FROM Orders AS o, Users", "SELECT (SELECT * FROM Users) FROM Orders",
		"SELECT `'` FROM Users WHERE id = '` FROM Orders'", "SELECT `'` FROM Users WHERE id='` FROM Orders", "SELECT * FROM `Orders`",
		"SELECT\xc2\xa0* FROM Orders", "SELECT a FROM\xc2\xa0\"Users\" WHERE x = 1 FROM Orders", "\xef\xbb\xbfSELECT * FROM Orders",
		"SELECT a FROM Ord\xc3\xa9rs", "SELECT a\x01 FROM Orders", "SELECT a FROM Orders WHERE b = \x7f",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct partiql p;
		struct err err = { 0 };

		if (partiql_read(str_c(cases[i]), &p, &err))
			fail_msg("%s is read as %d of %s", cases[i], p.kind, p.table);
		assert_int_equal(err.class, ERR_DATA);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_statements_are_told_apart),
		cmocka_unit_test(test_what_is_not_sure_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
