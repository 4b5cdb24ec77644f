/* The project's data models with one value taken out, or replaced by another kind of value: nothing
 * may crash, all that is found must be printable. Each run takes a part of the mutants; MUTANTS=1
 * in the environment makes it all of them (a minute and more). Runs in the project's top folder.
 */
#include "support/test.h"

#include "sluice/app/model_settings.h"
#include "sluice/core/buf.h"
#include "sluice/core/file.h"
#include "sluice/core/json_write.h"
#include "sluice/core/mem.h"
#include "sluice/core/scan.h"

#include <stdlib.h>

enum { EACH = 101, DOCUMENT_MAX = 1 << 20, NODES_MAX = 4000 };

static const char *const files[] = {
	"conf/examples/deals.json", "conf/examples/photos.json", "conf/examples/photos-multi-table.json",
	"tests/models/chat.json", "tests/models/ecommerce.json", "tests/models/iot.json", "tests/models/leaderboard.json",
	"tests/models/saas.json",
};

/* NULL: the value is taken out. */
static const char *const others[] = {
	NULL, "null", "true", "7", "-1e300", "\"text\"", "[]", "{}", "\"${new.a.b[0] | default(\\\"x\\\")}\"", "\"\\u0000\\u001b[31m\"",
	"[[[{\"a\":[1]}]]]", "{\"S\":\"1\",\"N\":\"1\"}", "\"aws dynamodb put-item --item '{\\\"id\\\":{\\\"S\\\":\\\"\\\"}}'\"",
	"{\"tables\":{\"kind\":\"$(A:-$(B\"}}", "123456789012345678901234567890",
};

static void lint(struct str text)
{
	struct findings_list findings;
	struct json_writer w;
	struct arena arena;
	struct model model;
	struct buf out;
	bool parsed;

	arena_init(&arena, 8 << 20);
	buf_init(&out, 4 << 20);
	findings_list_init(&findings, &arena, NULL);
	parsed = model_parse(&model, text, "model.json", &findings);
	if (parsed)
		model_lint(&model, &model_daemon_kinds, &findings);
	assert_true(parsed || findings.errors > 0);
	findings_list_sort(&findings);
	json_write_init(&w, &out);
	findings_list_write(&findings, &w);
	assert_true(scan_check(buf_str(&out), NULL));
	for (const struct model_finding *f = findings.first; f; f = f->next)
		assert_true(f->text.len > 0 && f->code);
	model_release(&model);
	buf_release(&out);
	arena_release(&arena);
}

static size_t gather(struct node *n, struct node **list, size_t count)
{
	for (struct node *it = n->first; it; it = it->next) {
		assert_true(count < NODES_MAX);
		list[count++] = it;
		count = gather(it, list, count);
	}
	return count;
}

/* The place that leads to the node: its parent's `first` or a sibling's `next`. */
static struct node **link_to(struct node *n)
{
	struct node **at = &n->parent->first;

	while (*at != n)
		at = &(*at)->next;
	return at;
}

static void lint_mutant(struct node *root, struct node *n, const char *other)
{
	struct node **link = link_to(n), *in_place = NULL;
	struct arena arena;
	struct err err;
	struct buf text;

	arena_init(&arena, 1 << 20);
	buf_init(&text, DOCUMENT_MAX);
	if (other) {
		in_place = node_from_json(&arena, str_c(other), NULL, &err);
		assert_non_null(in_place);
		in_place->name = n->name;
		in_place->next = n->next;
	}
	*link = in_place ? in_place : n->next;
	assert_true(node_print_json(root, &text));
	*link = n;
	lint(buf_str(&text));
	buf_release(&text);
	arena_release(&arena);
}

static size_t lint_mutants(const char *path, size_t each)
{
	struct node **nodes = mem_array(NODES_MAX, sizeof(*nodes));
	struct findings_list findings;
	struct arena arena;
	struct model model;
	struct buf text;
	struct err err;
	size_t count, made = 0;

	arena_init(&arena, 8 << 20);
	buf_init(&text, DOCUMENT_MAX);
	findings_list_init(&findings, &arena, NULL);
	assert_true(file_read(path, &text, &err) && model_parse(&model, buf_str(&text), path, &findings));
	count = gather((struct node *)model.root, nodes, 0);
	for (size_t i = 0; i < count * COUNT_OF(others); i += each, made++)
		lint_mutant((struct node *)model.root, nodes[i / COUNT_OF(others)], others[i % COUNT_OF(others)]);
	model_release(&model);
	buf_release(&text);
	arena_release(&arena);
	mem_free(nodes);
	return made;
}

static void test_documents_with_one_value_changed_are_judged(void **state)
{
	bool all = getenv("MUTANTS") != NULL;
	size_t made = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(files); i++)
		made += lint_mutants(files[i], all ? 1 : EACH);
	assert_true(made > 500);
	if (all)
		print_message("%zu mutants\n", made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents_with_one_value_changed_are_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
