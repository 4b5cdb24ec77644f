#include "impl.h"

#include <stdio.h>

/* ---- pages ---- */

enum { CURSOR_BYTES = 40 };

/* Where to go on, and a mark of the list and its length: so that the cursor of another
 * list, or of another server's, is told from one of ours. */
static void make_cursor(char *out, const char *list, size_t at)
{
	uint64_t mark = str_hash(str_c(list)) ^ (uint64_t)at * 0x9e3779b97f4a7c15u;

	snprintf(out, CURSOR_BYTES, "%06zx-%012llx", at, (unsigned long long)(mark & 0xffffffffffffu));
}

static bool read_cursor(struct str cursor, const char *list, size_t *at)
{
	char again[CURSOR_BYTES], text[8] = { 0 };
	unsigned n;

	if (cursor.len < 7)
		return false;
	memcpy(text, cursor.ptr, 6);
	if (sscanf(text, "%6x", &n) != 1)
		return false;
	make_cursor(again, list, n);
	*at = n;
	return str_eq(cursor, str_c(again));
}

bool page_begin(struct mcp_call *c, const char *list)
{
	const struct node *cursor = node_get(c->params, STR("cursor"));

	c->page = (struct page){ 0 };
	if (cursor && cursor->kind != NODE_NULL &&
	    (cursor->kind != NODE_STRING || !read_cursor(cursor->text, list, &c->page.from))) {
		call_error(c, ERROR_PARAMS, "%s: params.cursor is none that this list gave; leave it out to begin", c->method->name);
		return false;
	}
	c->page.to = c->page.from + c->server->setup.page;
	json_key(&c->w, str_c(list));
	json_begin_array(&c->w);
	return true;
}

bool page_wants(struct mcp_call *c)
{
	size_t at = c->page.seen++;

	return at >= c->page.from && at < c->page.to;
}

void page_end(struct mcp_call *c, const char *list)
{
	char cursor[CURSOR_BYTES];

	json_end_array(&c->w);
	if (c->page.seen <= c->page.to)
		return;
	make_cursor(cursor, list, c->page.to);
	json_member_str(&c->w, STR("nextCursor"), str_c(cursor));
}

/* ---- tools ---- */

static bool exists(const struct mcp_server *s, bool fixture)
{
	return !fixture || s->setup.options->fixtures;
}

static bool is_named(const struct mcp_options *o, const struct mcp_tool *tool)
{
	for (size_t i = 0; i < o->n_tools; i++)
		if (str_eq(o->tools[i], str_c(tool->name)))
			return true;
	return false;
}

bool tool_chosen(const struct mcp_options *o, const struct mcp_tool *tool)
{
	return !o->chosen || o->toolsets & tool->toolset || is_named(o, tool) || tool->traits & MCP_FIXTURE;
}

static bool listed(const struct mcp_server *s, const struct mcp_tool *tool)
{
	const struct mcp_options *o = s->setup.options;

	if (!exists(s, tool->traits & MCP_FIXTURE))
		return false;
	if (o->list_all || tool->traits & MCP_FIXTURE)
		return true;
	if (tool->traits & MCP_MUTATES && !o->allow_writes)
		return false;
	if (o->chosen)
		return tool_chosen(o, tool);
	return tool->traits & MCP_LISTED || tool->toolset & (MCP_DESIGN | MCP_DATA);
}

const struct mcp_tool *tool_find(const struct mcp_server *s, struct str name)
{
	for (const struct mcp_tool *const *table = s->setup.tools; table && *table; table++)
		for (const struct mcp_tool *t = *table; t->name; t++)
			if (str_eq(name, str_c(t->name)) && exists(s, t->traits & MCP_FIXTURE))
				return t;
	return NULL;
}

static void write_annotations(struct json_writer *w, const struct mcp_tool *t)
{
	json_key(w, STR("annotations"));
	json_begin_object(w);
	json_member_bool(w, STR("readOnlyHint"), t->traits & MCP_READ_ONLY);
	json_member_bool(w, STR("destructiveHint"), t->traits & MCP_DESTRUCTIVE);
	json_member_bool(w, STR("idempotentHint"), t->traits & MCP_IDEMPOTENT);
	json_member_bool(w, STR("openWorldHint"), t->traits & MCP_OPEN_WORLD);
	json_end_object(w);
}

static void write_titled(struct json_writer *w, enum version v, const char *name, const char *title, const char *description)
{
	json_member_str(w, STR("name"), str_c(name));
	if (title && v >= V_2025_06_18)
		json_member_str(w, STR("title"), str_c(title));
	if (description)
		json_member_str(w, STR("description"), str_c(description));
}

static void write_tool(struct mcp_call *c, const struct mcp_tool *t)
{
	struct json_writer *w = &c->w;

	json_begin_object(w);
	write_titled(w, c->version, t->name, t->title, t->description);
	json_key(w, STR("inputSchema"));
	schema_write(w, t);
	if (t->output_schema && c->version >= V_2025_06_18)
		json_member_raw(w, STR("outputSchema"), str_c(t->output_schema));
	if (c->version >= V_2025_03_26)
		write_annotations(w, t);
	json_end_object(w);
}

void run_tools_list(struct mcp_call *c)
{
	if (!page_begin(c, "tools"))
		return;
	for (const struct mcp_tool *const *table = c->server->setup.tools; table && *table; table++)
		for (const struct mcp_tool *t = *table; t->name; t++)
			if (listed(c->server, t) && page_wants(c))
				write_tool(c, t);
	page_end(c, "tools");
}

/* ---- prompts ---- */

const struct mcp_prompt *prompt_find(const struct mcp_server *s, struct str name)
{
	for (const struct mcp_prompt *const *table = s->setup.prompts; table && *table; table++)
		for (const struct mcp_prompt *p = *table; p->name; p++)
			if (str_eq(name, str_c(p->name)) && exists(s, p->fixture))
				return p;
	return NULL;
}

static void write_prompt(struct mcp_call *c, const struct mcp_prompt *p)
{
	struct json_writer *w = &c->w;

	json_begin_object(w);
	write_titled(w, c->version, p->name, p->title, p->description);
	if (p->arguments) {
		json_key(w, STR("arguments"));
		json_begin_array(w);
		for (const struct mcp_prompt_argument *a = p->arguments; a->name; a++) {
			json_begin_object(w);
			json_member_str(w, STR("name"), str_c(a->name));
			json_member_str(w, STR("description"), str_c(a->description));
			json_member_bool(w, STR("required"), a->required);
			json_end_object(w);
		}
		json_end_array(w);
	}
	json_end_object(w);
}

void run_prompts_list(struct mcp_call *c)
{
	if (!page_begin(c, "prompts"))
		return;
	for (const struct mcp_prompt *const *table = c->server->setup.prompts; table && *table; table++)
		for (const struct mcp_prompt *p = *table; p->name; p++)
			if (exists(c->server, p->fixture) && page_wants(c))
				write_prompt(c, p);
	page_end(c, "prompts");
}

/* ---- resources ---- */

static void write_resource(struct mcp_call *c, const struct mcp_resource *r)
{
	struct json_writer *w = &c->w;

	json_begin_object(w);
	json_member_str(w, STR("uri"), str_c(r->uri));
	write_titled(w, c->version, r->name, r->title, r->description);
	json_member_str(w, STR("mimeType"), str_c(r->mime_type));
	json_end_object(w);
}

void mcp_list_resource(struct mcp_call *c, struct str uri, struct str name, struct str description, const char *mime_type)
{
	struct json_writer *w = &c->w;

	if (c->offered++ >= LISTED_MAX || !page_wants(c))
		return;
	json_begin_object(w);
	json_member_str(w, STR("uri"), uri);
	json_member_str(w, STR("name"), name);
	if (description.len)
		json_member_str(w, STR("description"), description);
	if (mime_type)
		json_member_str(w, STR("mimeType"), str_c(mime_type));
	json_end_object(w);
}

void run_resources_list(struct mcp_call *c)
{
	const struct mcp_setup *setup = &c->server->setup;

	if (!page_begin(c, "resources"))
		return;
	for (const struct mcp_resource *const *table = setup->resources; table && *table; table++)
		for (const struct mcp_resource *r = *table; r->uri; r++)
			if (exists(c->server, r->fixture) && page_wants(c))
				write_resource(c, r);
	for (const struct mcp_resource_template *const *table = setup->templates; table && *table; table++)
		for (const struct mcp_resource_template *t = *table; t->uri_template; t++) {
			c->data = t->data;
			c->offered = 0;
			if (t->list && exists(c->server, t->fixture))
				t->list(c);
		}
	page_end(c, "resources");
}

static void write_template(struct mcp_call *c, const struct mcp_resource_template *t)
{
	struct json_writer *w = &c->w;

	json_begin_object(w);
	json_member_str(w, STR("uriTemplate"), str_c(t->uri_template));
	write_titled(w, c->version, t->name, t->title, t->description);
	if (t->mime_type)
		json_member_str(w, STR("mimeType"), str_c(t->mime_type));
	json_end_object(w);
}

void run_templates_list(struct mcp_call *c)
{
	if (!page_begin(c, "resourceTemplates"))
		return;
	for (const struct mcp_resource_template *const *table = c->server->setup.templates; table && *table; table++)
		for (const struct mcp_resource_template *t = *table; t->uri_template; t++)
			if (exists(c->server, t->fixture) && page_wants(c))
				write_template(c, t);
	page_end(c, "resourceTemplates");
}
