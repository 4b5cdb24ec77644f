#include "impl.h"

#include "sluice/core/problem.h"

#include <strings.h>

enum { MEAN_MAX = 128 };

static void unknown_prompt(struct mcp_call *c, struct str name)
{
	struct nearest near = nearest_to(name);
	char mean[MEAN_MAX];

	for (const struct mcp_prompt *const *table = c->server->setup.prompts; table && *table; table++)
		for (const struct mcp_prompt *p = *table; p->name; p++)
			if (prompt_find(c->server, str_c(p->name)))
				nearest_offer(&near, str_c(p->name));
	call_error(c, ERROR_PARAMS, "there is no prompt \"%.*s\"%s", STR_ARG(str_sub(name, 0, 100)),
		   nearest_text(&near, mean, sizeof(mean)));
}

static const struct mcp_prompt_argument *find_argument(const struct mcp_prompt *p, struct str name)
{
	for (const struct mcp_prompt_argument *a = p->arguments; a && a->name; a++)
		if (str_eq(name, str_c(a->name)))
			return a;
	return NULL;
}

static void unknown_argument(struct mcp_call *c, const struct mcp_prompt *p, struct str name)
{
	struct nearest near = nearest_to(name);
	char mean[MEAN_MAX];

	for (const struct mcp_prompt_argument *a = p->arguments; a && a->name; a++)
		nearest_offer(&near, str_c(a->name));
	call_error(c, ERROR_PARAMS, "prompt %s has no argument \"%.*s\"%s", p->name, STR_ARG(str_sub(name, 0, 100)),
		   nearest_text(&near, mean, sizeof(mean)));
}

/* An object of strings, maybe empty; NULL with the error set. */
static struct node *string_arguments(struct mcp_call *c, const struct node *n)
{
	if (!n || n->kind == NODE_NULL)
		return node_new(&c->arena, NODE_OBJECT);
	if (n->kind != NODE_OBJECT) {
		call_error(c, ERROR_PARAMS, "%s: expected arguments to be an object of strings", c->method->name);
		return NULL;
	}
	for (const struct node *it = n->first; it; it = it->next)
		if (it->kind != NODE_STRING && it->kind != NODE_NULL) {
			call_error(c, ERROR_PARAMS, "%s: argument \"%.*s\": expected a string, found %s", c->method->name,
				   STR_ARG(str_sub(it->name, 0, 100)), node_kind_name(it->kind));
			return NULL;
		}
	return (struct node *)n; /* the call's own tree */
}

static bool arguments_fit(struct mcp_call *c, const struct mcp_prompt *p)
{
	c->args = string_arguments(c, node_get(c->params, STR("arguments")));
	if (!c->args)
		return false;
	for (const struct node *n = c->args->first; n; n = n->next)
		if (!find_argument(p, n->name))
			unknown_argument(c, p, n->name);
	for (const struct mcp_prompt_argument *a = p->arguments; a && a->name; a++)
		if (a->required && !mcp_arg(c, a->name))
			call_error(c, ERROR_PARAMS, "prompt %s: the argument \"%s\" is missing (%s)", p->name, a->name, a->description);
	return c->error == 0;
}

void run_prompts_get(struct mcp_call *c)
{
	struct str name = call_param(c, "name");
	const struct mcp_prompt *p;

	if (c->error)
		return;
	c->in = IN_PROMPT;
	p = prompt_find(c->server, name);
	if (!p) {
		unknown_prompt(c, name);
		return;
	}
	c->data = p->data;
	if (arguments_fit(c, p))
		p->get(c);
	if (c->failed && !c->error)
		c->error = ERROR_PARAMS;
	if (c->error || ask_write(c))
		return;
	if (p->description)
		json_member_str(&c->w, STR("description"), str_c(p->description));
	json_key(&c->w, STR("messages"));
	json_begin_array(&c->w);
	json_raw(&c->w, buf_str(&c->content));
	json_end_array(&c->w);
}

/* ---- completion ---- */

void mcp_offer(struct mcp_call *c, struct str value)
{
	struct json_writer w;

	if (value.len < c->typed.len || !str_eq_nocase(str_sub(value, 0, c->typed.len), c->typed))
		return;
	if (c->offered++ >= COMPLETIONS_MAX)
		return;
	if (c->content.len)
		buf_putc(&c->content, ',');
	json_write_init(&w, &c->content);
	json_str(&w, value);
}

static void complete_prompt(struct mcp_call *c, struct str name, struct str argument)
{
	const struct mcp_prompt *p = prompt_find(c->server, name);
	const struct mcp_prompt_argument *a = p ? find_argument(p, argument) : NULL;

	if (!p)
		unknown_prompt(c, name);
	else if (!a)
		unknown_argument(c, p, argument);
	else if (a->complete)
		a->complete(c, c->typed);
}

/* "{name}" or "{+name}" stands in the template. */
static bool has_variable(const struct mcp_resource_template *t, struct str name)
{
	for (struct str rest = str_c(t->uri_template); rest.len; rest = str_from(rest, 1)) {
		size_t skip = str_starts(rest, STR("{+")) ? 2 : 1, end = str_find_char(rest, '}');

		if (rest.ptr[0] == '{' && end != SIZE_MAX && str_eq(str_sub(rest, skip, end - skip), name))
			return true;
	}
	return false;
}

static void complete_template(struct mcp_call *c, struct str uri, struct str argument)
{
	const struct mcp_resource_template *t = template_find(c->server, uri);
	char variable[64];

	if (!t)
		call_error(c, ERROR_PARAMS, "there is no resource template \"%.*s\"", STR_ARG(str_sub(uri, 0, 200)));
	else if (!has_variable(t, argument) || argument.len >= sizeof(variable))
		call_error(c, ERROR_PARAMS, "%s has no variable \"%.*s\"", t->uri_template, STR_ARG(str_sub(argument, 0, 100)));
	else if (t->complete) {
		memcpy(variable, argument.ptr, argument.len);
		variable[argument.len] = '\0';
		c->data = t->data;
		t->complete(c, variable, c->typed);
	}
}

static struct str text_of(const struct node *object, struct str name)
{
	const struct node *n = node_get(object, name);

	return n && n->kind == NODE_STRING ? n->text : str_of(NULL, 0);
}

static void complete(struct mcp_call *c, const struct node *ref, struct str argument)
{
	struct str type = text_of(ref, STR("type")), name = text_of(ref, STR("name")), uri = text_of(ref, STR("uri"));

	if (str_eq(type, STR("ref/prompt")) && name.ptr)
		complete_prompt(c, name, argument);
	else if (str_eq(type, STR("ref/resource")) && uri.ptr)
		complete_template(c, uri, argument);
	else
		call_error(c, ERROR_PARAMS, "expected params.ref to be {\"type\": \"ref/prompt\", \"name\": …} or {\"type\": "
			   "\"ref/resource\", \"uri\": …}");
}

void run_complete(struct mcp_call *c)
{
	const struct node *argument = node_get(c->params, STR("argument"));
	struct str name = text_of(argument, STR("name"));
	struct json_writer *w = &c->w;

	c->typed = text_of(argument, STR("value"));
	if (!name.ptr || !c->typed.ptr) {
		call_error(c, ERROR_PARAMS, "expected params.argument to be {\"name\": …, \"value\": …}, both strings");
		return;
	}
	c->args = string_arguments(c, node_get(node_get(c->params, STR("context")), STR("arguments")));
	if (c->args)
		complete(c, node_get(c->params, STR("ref")), name);
	if (c->error)
		return;
	json_key(w, STR("completion"));
	json_begin_object(w);
	json_key(w, STR("values"));
	json_begin_array(w);
	json_raw(w, buf_str(&c->content));
	json_end_array(w);
	json_member_int(w, STR("total"), (int64_t)c->offered);
	json_member_bool(w, STR("hasMore"), c->offered > COMPLETIONS_MAX);
	json_end_object(w);
}
