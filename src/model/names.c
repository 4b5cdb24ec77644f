#include "sluice/model/names.h"

#include "sluice/core/buf.h"
#include "sluice/core/json_write.h"

#include <stdio.h>

enum { NUMBER_BYTES = 8 };

static struct str name_for(struct arena *a, struct str prefix, struct str name, size_t number)
{
	size_t room = MODEL_NAME_MAX - prefix.len;

	if (name.len <= room)
		return arena_putf(a, "%.*s%.*s", STR_ARG(prefix), STR_ARG(name));
	return arena_putf(a, "%.*s%.*s-%zu", STR_ARG(prefix), (int)(room - NUMBER_BYTES), name.ptr, number);
}

bool model_names_make(struct model_names *out, const struct model *m, struct str prefix, struct arena *a)
{
	*out = (struct model_names){ .model = m, .names = arena_array(a, m->n_tables + 1, sizeof(*out->names)) };
	for (size_t i = 0; out->names && i < m->n_tables; i++) {
		out->names[i] = name_for(a, prefix, m->tables[i].name, i);
		if (!out->names[i].ptr)
			return false;
	}
	return out->names != NULL;
}

/* Its last part, where it is an ARN: what stands behind ":table/", up to "/index/…". */
static struct str plain_name(struct str name)
{
	size_t at = str_starts(name, STR("arn:")) ? str_find(name, STR(":table/")) : SIZE_MAX;

	if (at == SIZE_MAX)
		return name;
	name = str_from(name, at + sizeof(":table/") - 1);
	return str_split(&name, '/');
}

struct str model_names_of(const struct model_names *n, struct str table)
{
	const struct model_table *t = model_table(n->model, plain_name(table));

	return t ? n->names[t - n->model->tables] : str_of(NULL, 0);
}

/* ---- requests ---- */

enum { TOKEN_BYTES = 36 };       /* as the service has it */

struct renaming {
	const struct model_names *names;
	struct json_writer w;
	bool ok;             /* all tables are known so far */
};

static struct str renamed(struct renaming *r, struct str table)
{
	struct str name = model_names_of(r->names, table);

	r->ok = r->ok && name.len;
	return name;
}

static void write_value(struct renaming *r, const struct node *n, const struct shape *shape);

static void write_by_table(struct renaming *r, const struct node *n, const struct shape *shape)
{
	json_begin_object(&r->w);
	for (const struct node *m = n->first; m; m = m->next) {
		json_key(&r->w, renamed(r, m->name));
		write_value(r, m, shape->of);
	}
	json_end_object(&r->w);
}

/* Equal ones stay equal within a trial: that is what they are for. */
static void write_token(struct renaming *r, struct str token)
{
	char text[TOKEN_BYTES + 1];
	int n = snprintf(text, sizeof(text), "%08llx-%08llx-%llx", (unsigned long long)(str_hash(r->names->names[0]) & UINT32_MAX),
			 (unsigned long long)(str_hash(token) & UINT32_MAX), (unsigned long long)r->names->trial);

	json_str(&r->w, str_of(text, (size_t)n));
}

static void write_member(struct renaming *r, const struct node *n, const struct shape *shape)
{
	json_key(&r->w, n->name);
	if (str_eq(n->name, STR("TableName")) && n->kind == NODE_STRING)
		json_str(&r->w, renamed(r, n->text));
	else if (str_eq(n->name, STR("RequestItems")) && n->kind == NODE_OBJECT && shape && shape->kind == SHAPE_MAP)
		write_by_table(r, n, shape);
	else if (str_eq(n->name, STR("ClientRequestToken")) && n->kind == NODE_STRING)
		write_token(r, n->text);
	else
		write_value(r, n, shape);
}

static void write_structure(struct renaming *r, const struct node *n, const struct shape *shape)
{
	json_begin_object(&r->w);
	for (const struct node *m = n->first; m; m = m->next) {
		const struct shape_member *member = shape_find(shape, m->name);

		write_member(r, m, member ? member->shape : NULL);
	}
	json_end_object(&r->w);
}

/* Only structures of the API's own are looked into; attribute values are people's data. */
static void write_value(struct renaming *r, const struct node *n, const struct shape *shape)
{
	if (shape && shape->kind == SHAPE_STRUCTURE && n->kind == NODE_OBJECT && !shape_is_attribute_value(shape)) {
		write_structure(r, n, shape);
	} else if (shape && shape->kind == SHAPE_LIST && n->kind == NODE_ARRAY) {
		json_begin_array(&r->w);
		for (const struct node *e = n->first; e; e = e->next)
			write_value(r, e, shape->of);
		json_end_array(&r->w);
	} else {
		node_write_json(n, &r->w);
	}
}

bool model_names_request(const struct model_names *n, const struct model_call *call, struct buf *out)
{
	struct renaming r = { .names = n, .ok = true };

	json_write_init(&r.w, out);
	write_structure(&r, call->request, call->command.operation->input);
	return r.ok && buf_ok(out);
}
