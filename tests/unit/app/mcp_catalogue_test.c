/* All that `sluice mcp` offers: complete rows, names that clients take and that stand once. */
#include "support/test.h"

#include "sluice/app/mcp_catalogue.h"
#include "sluice/core/scan.h"

static struct mcp_setup setup;

static int set_up(void **state)
{
	(void)state;
	mcp_catalogue(&setup);
	return 0;
}

static bool is_name(struct str name, const char *more)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && !strchr(more, c))
			return false;
	}
	return name.len > 0 && name.len <= 64;
}

static void check_params(const char *tool, const struct mcp_param *params)
{
	for (const struct mcp_param *p = params; p && p->name; p++) {
		if (p->type == MCP_ANY || !p->description || !p->description[0])
			fail_msg("%s: %s has no type or no description", tool, p->name);
		if (p->names && p->type != MCP_STRING && (p->type != MCP_ARRAY || p->items != MCP_STRING))
			fail_msg("%s: %s has words but is no string", tool, p->name);
		if (p->min > p->max)
			fail_msg("%s: %s has no number between its limits", tool, p->name);
		for (const struct mcp_param *other = params; other < p; other++)
			if (strcmp(other->name, p->name) == 0)
				fail_msg("%s: %s stands twice", tool, p->name);
		check_params(tool, p->members);
	}
}

static size_t count_tools(const char *name)
{
	size_t n = 0;

	for (const struct mcp_tool *const *table = setup.tools; *table; table++)
		for (const struct mcp_tool *t = *table; t->name; t++)
			n += strcmp(t->name, name) == 0;
	return n;
}

static void check_tool(const struct mcp_tool *t)
{
	struct str type;

	if (!is_name(str_c(t->name), "_") || count_tools(t->name) != 1)
		fail_msg("%s: no name, or one that stands twice", t->name);
	if (!t->run || !t->description || (!t->title && !(t->traits & MCP_FIXTURE)) || !t->toolset)
		fail_msg("%s: its row is not complete", t->name);
	if (t->traits & MCP_READ_ONLY && t->traits & (MCP_MUTATES | MCP_DESTRUCTIVE))
		fail_msg("%s: reads only, and does not", t->name);
	if (t->output_schema && (!scan_check(str_c(t->output_schema), NULL) ||
				 !scan_member(str_c(t->output_schema), STR("type"), &type) || !str_eq(type, STR("\"object\""))))
		fail_msg("%s: its output schema is none of an object", t->name);
	check_params(t->name, t->params);
}

static void test_tools(void **state)
{
	(void)state;
	for (const struct mcp_tool *const *table = setup.tools; *table; table++)
		for (const struct mcp_tool *t = *table; t->name; t++)
			check_tool(t);
}

static void test_prompts(void **state)
{
	(void)state;
	for (const struct mcp_prompt *const *table = setup.prompts; *table; table++)
		for (const struct mcp_prompt *p = *table; p->name; p++) {
			if (!is_name(str_c(p->name), "_-") || !p->description || !p->get)
				fail_msg("%s: its row is not complete", p->name);
			for (const struct mcp_prompt_argument *a = p->arguments; a && a->name; a++)
				if (!a->description)
					fail_msg("%s: %s has no description", p->name, a->name);
		}
}

static void test_resources(void **state)
{
	(void)state;
	for (const struct mcp_resource *const *table = setup.resources; *table; table++)
		for (const struct mcp_resource *r = *table; r->uri; r++)
			if (str_find(str_c(r->uri), STR("://")) == SIZE_MAX || !r->name || !r->mime_type || !r->read || !r->description)
				fail_msg("%s: its row is not complete", r->uri);
	for (const struct mcp_resource_template *const *table = setup.templates; *table; table++)
		for (const struct mcp_resource_template *t = *table; t->uri_template; t++)
			if (str_find_char(str_c(t->uri_template), '{') == SIZE_MAX || !t->name || !t->description || !t->read)
				fail_msg("%s: its row is not complete", t->uri_template);
}

static void test_toolsets_have_names(void **state)
{
	(void)state;
	assert_int_equal(mcp_toolset_named(STR("design")), MCP_DESIGN);
	assert_int_equal(mcp_toolset_named(STR("data")), MCP_DATA);
	assert_int_equal(mcp_toolset_named(STR("tables")), MCP_TABLES);
	assert_int_equal(mcp_toolset_named(STR("backup")), MCP_BACKUP);
	assert_int_equal(mcp_toolset_named(STR("admin")), MCP_ADMIN);
	assert_int_equal(mcp_toolset_named(STR("streams")), MCP_STREAMS);
	assert_int_equal(mcp_toolset_named(STR("else")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tools),
		cmocka_unit_test(test_prompts),
		cmocka_unit_test(test_resources),
		cmocka_unit_test(test_toolsets_have_names),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
