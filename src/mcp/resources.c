#include "impl.h"

/* ---- templates ---- */

/* %41 is A; false where it is malformed. */
static bool percent_decode(struct str text, struct buf *out)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";

	for (size_t i = 0; i < text.len; i++) {
		const char *high, *low;

		if (text.ptr[i] != '%') {
			buf_putc(out, text.ptr[i]);
			continue;
		}
		if (i + 2 >= text.len || !text.ptr[i + 1] || !text.ptr[i + 2])
			return false;
		high = strchr(digits, text.ptr[i + 1]);
		low = strchr(digits, text.ptr[i + 2]);
		if (!high || !low)
			return false;
		buf_putc(out, (char)(((high - digits) % 16) << 4 | (low - digits) % 16));
		i += 2;
	}
	return str_utf8_valid(buf_str(out));
}

/* A variable's value as an argument of that name. */
static bool add_variable(struct arena *a, struct node *into, struct str name, struct str value)
{
	struct node *n = node_new(a, NODE_STRING);
	struct buf plain;
	bool ok;

	buf_init(&plain, value.len + 1);
	ok = n && percent_decode(value, &plain);
	if (ok) {
		n->name = name;
		n->text = arena_dup(a, buf_str(&plain));
		node_append(into, n);
	}
	buf_release(&plain);
	return ok && n->text.ptr;
}

/* How much of the URI a variable takes: up to what stands behind it in the template. */
static size_t variable_length(struct str uri, struct str behind, bool slashes)
{
	size_t len = behind.len ? str_find(str_from(uri, 1), behind) : uri.len;
	size_t slash = str_find_char(uri, '/');

	if (len == SIZE_MAX || uri.len == 0)
		return 0;
	len += behind.len ? 1 : 0;
	return slashes || slash == SIZE_MAX || slash >= len ? len : 0;
}

/* The variables of the URI, an object; NULL: it is none of the template's. */
static struct node *match(struct arena *a, struct str template, struct str uri)
{
	struct node *variables = node_new(a, NODE_OBJECT);

	while (variables && template.len) {
		size_t open = str_find_char(template, '{'), close = str_find_char(template, '}'), len;
		struct str literal = open == SIZE_MAX ? template : str_sub(template, 0, open), name, behind;
		bool slashes;

		if (!str_starts(uri, literal))
			return NULL;
		uri = str_from(uri, literal.len);
		if (open == SIZE_MAX)
			break;
		slashes = template.ptr[open + 1] == '+';
		name = str_sub(template, open + 1 + slashes, close - open - 1 - slashes);
		template = str_from(template, close + 1);
		open = str_find_char(template, '{');
		behind = open == SIZE_MAX ? template : str_sub(template, 0, open);
		len = variable_length(uri, behind, slashes);
		if (len == 0 || !add_variable(a, variables, name, str_sub(uri, 0, len)))
			return NULL;
		uri = str_from(uri, len);
		if (template.len == 0)
			break;
	}
	return uri.len == 0 ? variables : NULL;
}

const struct mcp_resource_template *template_find(const struct mcp_server *s, struct str uri_template)
{
	for (const struct mcp_resource_template *const *table = s->setup.templates; table && *table; table++)
		for (const struct mcp_resource_template *t = *table; t->uri_template; t++)
			if (str_eq(uri_template, str_c(t->uri_template)) && (!t->fixture || s->setup.options->fixtures))
				return t;
	return NULL;
}

/* ---- what is at a URI ---- */

static bool find_template(struct mcp_server *s, struct arena *a, struct str uri, struct resource_found *found)
{
	for (const struct mcp_resource_template *const *table = s->setup.templates; table && *table; table++)
		for (const struct mcp_resource_template *t = *table; t->uri_template; t++) {
			if (t->fixture && !s->setup.options->fixtures)
				continue;
			found->variables = match(a, str_c(t->uri_template), uri);
			found->of = t;
			if (found->variables)
				return true;
		}
	return false;
}

bool resource_find(struct mcp_server *s, struct arena *a, struct str uri, struct resource_found *found)
{
	*found = (struct resource_found){ 0 };
	if (uri.len > URI_MAX_BYTES || str_find_char(uri, '\0') != SIZE_MAX)
		return false;
	for (const struct mcp_resource *const *table = s->setup.resources; table && *table; table++)
		for (const struct mcp_resource *r = *table; r->uri; r++)
			if (str_eq(uri, str_c(r->uri)) && (!r->fixture || s->setup.options->fixtures)) {
				found->resource = r;
				found->variables = node_new(a, NODE_OBJECT);
				return found->variables != NULL;
			}
	return find_template(s, a, uri, found);
}

void resource_missing(struct mcp_call *c, struct str uri)
{
	struct json_writer w;
	struct str shown = str_sub(uri, 0, 500);

	call_error(c, c->version == VERSION_CURRENT ? ERROR_PARAMS : ERROR_RESOURCE,
		   "there is no resource \"%.*s\"; resources/list tells which there are", STR_ARG(shown));
	json_write_init(&w, &c->error_data);
	json_begin_object(&w);
	json_member_str(&w, STR("uri"), shown);
	json_end_object(&w);
}

void run_resources_read(struct mcp_call *c)
{
	struct str uri = call_param(c, "uri");
	struct resource_found found;

	if (c->error)
		return;
	c->in = IN_RESOURCE;
	if (!resource_find(c->server, &c->arena, uri, &found)) {
		resource_missing(c, uri);
		return;
	}
	c->args = found.variables;
	c->data = found.resource ? found.resource->data : found.of->data;
	if (found.resource)
		found.resource->read(c, uri);
	else
		found.of->read(c, uri);
	if (c->failed && !c->error)
		c->error = c->version == VERSION_CURRENT ? ERROR_PARAMS : ERROR_RESOURCE;
	if (c->error || ask_write(c))
		return;
	json_key(&c->w, STR("contents"));
	json_begin_array(&c->w);
	json_raw(&c->w, buf_str(&c->content));
	json_end_array(&c->w);
}
