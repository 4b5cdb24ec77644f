#include "cost_fixture.h"

/* A table with a sparse index of two attributes that includes `total`, one of keys alone, one that has all and is
 * local, and the command of its one pattern. */
#define A(name) "{`AttributeName`:`" name "`,`AttributeType`:`S`}"
#define K(name, kind) "{`AttributeName`:`" name "`,`KeyType`:`" kind "`}"
#define TABLES "`tables`:[{`TableName`:`Orders`,`AttributeDefinitions`:[" A("id") "," A("at") "," A("state") "," A("city") \
	"," A("day") "],`KeySchema`:[" K("id", "HASH") "," K("at", "RANGE") "],`BillingMode`:`PAY_PER_REQUEST`," \
	"`GlobalSecondaryIndexes`:[{`IndexName`:`ByState`,`KeySchema`:[" K("state", "HASH") "," K("day", "RANGE") "]," \
	"`Projection`:{`ProjectionType`:`INCLUDE`,`NonKeyAttributes`:[`total`]}}," \
	"{`IndexName`:`ByCity`,`KeySchema`:[" K("city", "HASH") "," K("id", "RANGE") "]," \
	"`Projection`:{`ProjectionType`:`KEYS_ONLY`}}]," \
	"`LocalSecondaryIndexes`:[{`IndexName`:`ByDay`,`KeySchema`:[" K("id", "HASH") "," K("day", "RANGE") "]," \
	"`Projection`:{`ProjectionType`:`ALL`}}]},{`TableName`:`Emails`,`AttributeDefinitions`:[" A("mail") "," A("user") "]," \
	"`KeySchema`:[" K("mail", "HASH") "],`BillingMode`:`PAY_PER_REQUEST`,`GlobalSecondaryIndexes`:[{`IndexName`:`ByUser`," \
	"`KeySchema`:[" K("user", "HASH") "],`Projection`:{`ProjectionType`:`ALL`}}]}]"
#define DOCUMENT(operation, command, more) "{" TABLES ",`access_patterns`:[{`pattern`:`1`,`table`:`Orders`," \
	"`dynamodb_operation`:`" operation "`,`rps`:1,`item_size_bytes`:500,`implementation`:" command more "}]}"
#define PUT(item) DOCUMENT("PutItem", "`aws dynamodb put-item --table-name Orders --item " item "`", "")
#define KEY "--key id={S=1},at={S=2} "
#define UPDATE(what) DOCUMENT("UpdateItem", "`aws dynamodb update-item --table-name Orders " KEY "--update-expression " what "`", "")
#define WRITE(parameters) DOCUMENT("BatchWriteItem", "`aws dynamodb batch-write-item --request-items '" parameters "'`", "")

/* "ByState ByCity!2": the indexes that are written, ! where the key changes, ? where it is assumed, and how many of
 * a batch's items write it. */
static void describe(const struct cost_pattern *p, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < p->n_writes; i++) {
		const struct cost_index_write *w = &p->writes[i];

		n += (size_t)snprintf(out + n, size - n, "%s%.*s%s%s", n ? " " : "", STR_ARG(w->index->name),
				      w->key_changes ? "!" : "", w->assumed ? "?" : "");
		if (w->items != 1)
			n += (size_t)snprintf(out + n, size - n, "%g", w->items);
	}
}

static const struct { const char *document, *expected; } cases[] = {
	/* An item stands in the indexes whose whole key it has. */
	{ PUT("id={S=1},at={S=2}"), "" },
	{ PUT("id={S=1},at={S=2},day={S=x}"), "ByDay" },
	{ PUT("id={S=1},at={S=2},day={S=x},state={S=open}"), "ByState ByDay" },
	{ PUT("id={S=1},at={S=2},city={S=x},state={S=open},total={S=1}"), "ByCity" },
	/* An update writes the indexes whose key or projection it changes. */
	{ UPDATE("'SET note = :n' --expression-attribute-values ':n={S=x}'"), "ByDay" },
	{ UPDATE("'ADD #t :n' --expression-attribute-names '#t=total' --expression-attribute-values ':n={N=1}'"), "ByState ByDay" },
	{ UPDATE("'SET #t.a[0] = :n' --expression-attribute-names '#t=total' --expression-attribute-values ':n={S=x}'"),
	  "ByState ByDay" },
	{ UPDATE("'SET city = :n' --expression-attribute-values ':n={S=x}'"), "ByCity! ByDay" },
	{ UPDATE("'SET #s = :n REMOVE note' --expression-attribute-names '#s=state' --expression-attribute-values ':n={S=x}'"),
	  "ByState! ByDay" },
	/* A key that goes takes the item out: no insertion. */
	{ UPDATE("'REMOVE city'"), "ByCity ByDay" },
	{ UPDATE("'SET #d = :n REMOVE #s' --expression-attribute-names '#s=state,#d=day' --expression-attribute-values "
		 "':n={S=x}'"), "ByState ByDay!" },
	/* What is only read changes nothing. */
	{ UPDATE("'SET note = city' --condition-expression 'attribute_exists(total)'"), "ByDay" },
	{ DOCUMENT("UpdateItem", "`aws dynamodb update-item --table-name Orders --key id={S=1},at={S=2}`", ""), "" },
	/* A deletion: all that the item may be in. */
	{ DOCUMENT("DeleteItem", "`aws dynamodb delete-item --table-name Orders " KEY "`", ""), "ByState ByCity ByDay" },
	/* Nothing is known: everything counts. */
	{ DOCUMENT("UpdateItem", "`aws dynamodb update-item --table-name Orders " KEY
		   "--attribute-updates '{\\`n\\`:{\\`Action\\`:\\`DELETE\\`}}'`", ""), "ByState? ByCity? ByDay?" },
	{ UPDATE("'SET SET'"), "ByState? ByCity? ByDay?" },
	{ DOCUMENT("PutItem", "`aws dynamodb put-item --table-name Orders`", ""), "ByState? ByCity? ByDay?" },
	{ DOCUMENT("PutItem", "[]", ""), "ByState? ByCity? ByDay?" },
	{ DOCUMENT("PutItem", "`aws dynamodb get-item --table-name Orders " KEY "`", ""), "ByState? ByCity? ByDay?" },
	/* gsi_list speaks for the global ones of its table. */
	{ DOCUMENT("PutItem", "[]", ",`gsi_list`:[]"), "ByDay?" },
	{ DOCUMENT("DeleteItem", "`aws dynamodb delete-item --table-name Orders " KEY "`",
		   ",`gsi_list`:[{`name`:`ByCity`,`gsi_key_changes`:true}]"), "ByCity! ByDay" },
	{ DOCUMENT("UpdateItem", "[]", ",`gsi_list`:[`ByState`],`gsi_key_changes`:true"), "ByState! ByDay?" },
	/* What must fail changes nothing; reads neither. */
	{ DOCUMENT("DeleteItem", "`aws dynamodb delete-item --table-name Orders " KEY "`",
		   ",`expect`:{`error`:`ConditionalCheckFailedException`}"), "" },
	{ DOCUMENT("GetItem", "`aws dynamodb get-item --table-name Orders " KEY "`", ""), "" },
	/* Batches: each item for itself, spread as the command's. */
	{ WRITE("{\\`Orders\\`:[{\\`PutRequest\\`:{\\`Item\\`:{\\`id\\`:{\\`S\\`:\\`1\\`},\\`at\\`:{\\`S\\`:\\`2\\`},"
		"\\`city\\`:{\\`S\\`:\\`x\\`}}}},{\\`DeleteRequest\\`:{\\`Key\\`:{\\`id\\`:{\\`S\\`:\\`1\\`},\\`at\\`:{\\`S\\`:\\`2\\`}}}}],"
		"\\`Emails\\`:[{\\`PutRequest\\`:{\\`Item\\`:{\\`mail\\`:{\\`S\\`:\\`1\\`},\\`user\\`:{\\`S\\`:\\`2\\`}}}}]}"),
	  "ByCity2 ByState ByDay ByUser" },
	{ DOCUMENT("BatchWriteItem", "[]", ",`item_count`:25"), "ByState?25 ByCity?25 ByDay?25" },
	{ DOCUMENT("BatchWriteItem", "[]", ",`item_count`:25,`gsi_list`:[`ByCity`]"), "ByCity25 ByDay?25" },
};

static void test_each_write_touches_the_indexes_that_it_changes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct cost_fixture f;
		char got[256];

		cost_of_document(&f, cases[i].document, 1);
		describe(&f.input.patterns[0], got, sizeof(got));
		if (strcmp(got, cases[i].expected) != 0)
			fail_msg("case %zu: \"%s\", expected \"%s\"", i, got, cases[i].expected);
		assert_int_equal(cost_found(&f, "cost-indexes-assumed"), strchr(got, '?') != NULL);
		cost_fixture_release(&f);
	}
}

static void test_a_transaction_is_spread_over_its_tables(void **state)
{
	static const char *const text = DOCUMENT("TransactWriteItems", "`aws dynamodb transact-write-items --transact-items '["
		"{\\`Put\\`:{\\`TableName\\`:\\`Emails\\`,\\`Item\\`:{\\`mail\\`:{\\`S\\`:\\`1\\`}}}},"
		"{\\`ConditionCheck\\`:{\\`TableName\\`:\\`Orders\\`,\\`Key\\`:{\\`id\\`:{\\`S\\`:\\`1\\`},\\`at\\`:{\\`S\\`:\\`2\\`}},"
		"\\`ConditionExpression\\`:\\`attribute_exists(id)\\`}},"
		"{\\`Delete\\`:{\\`TableName\\`:\\`Orders\\`,\\`Key\\`:{\\`id\\`:{\\`S\\`:\\`1\\`},\\`at\\`:{\\`S\\`:\\`2\\`}}}}]'`", "");
	const struct cost_pattern *p;
	struct cost_fixture f;
	char got[256];

	(void)state;
	cost_of_document(&f, text, 1);
	p = &f.input.patterns[0];
	assert_near(p->item_count, 3);
	assert_int_equal(cost_found(&f, "cost-count-assumed"), 1);
	assert_int_equal(p->n_parts, 2);
	assert_str_equal(p->parts[0].table->name, "Emails");
	assert_near(p->parts[0].items, 1);
	assert_near(p->parts[1].items, 2);
	assert_near(p->parts[1].written, 1);    /* the check shows in no stream */
	describe(p, got, sizeof(got));
	assert_string_equal(got, "ByState ByCity ByDay");
	assert_near(f.cost.patterns[0].own.units_per_operation, 6);
	assert_near(f.cost.tables[0].capacity.write_units_per_s, 4 + 3);
	assert_near(f.cost.tables[1].capacity.write_units_per_s, 2);
	cost_fixture_release(&f);
}

/* --- handlers -------------------------------------------------------------- */

#define HANDLER(settings) "{" TABLES ",`stream_handlers`:[{`name`:`h`,`source`:`Emails`,`table`:`Orders`,`events_per_s`:1," \
	settings "}]}"
#define ROW "`key`:{`id`:`${item.user}`,`at`:`x`}"

static const struct { const char *document, *expected; } handler_cases[] = {
	/* A counter's rows have the attributes that it gives them, and stand in no index that asks for others. */
	{ HANDLER("`kind`:`counter`," ROW ",`add`:[{`attribute`:`n`}]"), "" },
	{ HANDLER("`kind`:`counter`," ROW ",`add`:[{`attribute`:`total`}]"), "" },
	{ HANDLER("`kind`:`counter`," ROW ",`add`:[{`attribute`:`total`}],`set`:{`state`:`s`,`day`:`d`}"), "ByState ByDay" },
	{ HANDLER("`kind`:`counter`," ROW ",`add`:[{`attribute`:`city`}]"), "ByCity!" },
	{ HANDLER("`kind`:`counter`," ROW ",`add`:[{`attribute`:`day`}],`set`:{`state`:`s`}"), "ByState! ByDay!" },
	{ HANDLER("`kind`:`counter`," ROW ",`add`:[{`attribute`:`n`}],`set`:{`city`:`s`}"), "ByCity" },
	{ HANDLER("`kind`:`counter`," ROW ",`add`:[{`attribute`:`n_${item.kind}`}]"), "" },
	{ HANDLER("`kind`:`counter`," ROW ",`add`:[{`attribute`:`${item.kind}`}]"), "ByState? ByCity? ByDay?" },
	{ HANDLER("`kind`:`counter`," ROW ",`add`:[{`attribute`:`d${item.kind}`}]"), "ByDay?" },
	{ HANDLER("`kind`:`counter`," ROW ",`add`:[{`attribute`:`n_${item.kind}`}],`set`:{`city`:`s`}"), "ByCity" },
	{ HANDLER("`kind`:`view`," ROW ",`attributes`:[`note`,`day`],`set`:{`city`:`s`}"), "ByCity ByDay" },
	{ HANDLER("`kind`:`copy`,`index`:`ByCity`,`key`:{`city`:`x`},`set`:{`total`:`s`},`audience_size`:3"), "ByState ByDay" },
	{ HANDLER("`kind`:`forward`"), "" },
};

static void test_handlers_touch_the_indexes_of_their_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(handler_cases); i++) {
		struct cost_pattern as_pattern = { 0 };
		struct cost_fixture f;
		char got[256];

		cost_of_document(&f, handler_cases[i].document, 1);
		as_pattern.writes = f.input.handlers[0].writes;
		as_pattern.n_writes = f.input.handlers[0].n_writes;
		describe(&as_pattern, got, sizeof(got));
		if (strcmp(got, handler_cases[i].expected) != 0)
			fail_msg("case %zu: \"%s\", expected \"%s\"", i, got, handler_cases[i].expected);
		cost_fixture_release(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_write_touches_the_indexes_that_it_changes),
		cmocka_unit_test(test_a_transaction_is_spread_over_its_tables),
		cmocka_unit_test(test_handlers_touch_the_indexes_of_their_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
