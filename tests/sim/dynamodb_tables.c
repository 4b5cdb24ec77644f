#include "sim/dynamodb_call.h"
#include "sluice/core/json.h"

#include <stdio.h>

static void write_key(struct json_writer *w, const struct sim_table *t)
{
	const char *names[2] = { t->hash, t->range };
	const char types[2] = { t->hash_type, t->range_type };

	json_key(w, STR("KeySchema"));
	json_begin_array(w);
	for (size_t i = 0; i < 2 && names[i][0]; i++) {
		json_begin_object(w);
		json_member_str(w, STR("AttributeName"), str_c(names[i]));
		json_member_str(w, STR("KeyType"), i ? STR("RANGE") : STR("HASH"));
		json_end_object(w);
	}
	json_end_array(w);
	json_key(w, STR("AttributeDefinitions"));
	json_begin_array(w);
	for (size_t i = 0; i < 2 && names[i][0]; i++) {
		json_begin_object(w);
		json_member_str(w, STR("AttributeName"), str_c(names[i]));
		json_member_str(w, STR("AttributeType"), str_of(&types[i], 1));
		json_end_object(w);
	}
	json_end_array(w);
}

static void write_description(struct call *x, const char *member, const struct sim_table *t)
{
	json_key(&x->w, str_c(member));
	json_begin_object(&x->w);
	json_member_str(&x->w, STR("TableName"), str_c(t->name));
	json_member_str(&x->w, STR("TableStatus"), STR("ACTIVE"));
	write_key(&x->w, t);
	json_end_object(&x->w);
}

bool sim_describe_table(struct call *x, struct err *err)
{
	struct sim_table *t = call_table(x->d, x->body, err);

	if (t)
		write_description(x, "Table", t);
	return t != NULL;
}

bool sim_create_table(struct call *x, struct err *err)
{
	struct str name = call_text(x->body, "TableName");
	struct json *root = json_parse(x->body, x->body.len, NULL);
	const struct json *definitions = json_get(root, "AttributeDefinitions");
	char key[600] = "", table[256];
	size_t n = 0;

	if (sim_table_named(x->d, name)) {
		json_free(root);
		return err_set(err, ERR_DATA, "ResourceInUseException", "Table already exists: %.*s", STR_ARG(name));
	}
	for (const struct json *k = json_first(json_get(root, "KeySchema")); k; k = json_next(k)) {
		struct str attribute = { 0 }, defined = { 0 }, type = STR("S");

		json_get_str(json_get(k, "AttributeName"), &attribute);
		for (const struct json *d = json_first(definitions); d; d = json_next(d))
			if (json_get_str(json_get(d, "AttributeName"), &defined) && str_eq(defined, attribute))
				json_get_str(json_get(d, "AttributeType"), &type);
		n += (size_t)snprintf(key + n, sizeof(key) - n, "%s%.*s:%.*s", n ? "," : "", STR_ARG(attribute),
				      STR_ARG(type));
	}
	json_free(root);
	snprintf(table, sizeof(table), "%.*s", STR_ARG(name));
	write_description(x, "TableDescription", sim_table_add(x->d, table, key));
	return true;
}

bool sim_list_tables(struct call *x, struct err *err)
{
	(void)err;
	json_key(&x->w, STR("TableNames"));
	json_begin_array(&x->w);
	for (const struct sim_table *t = x->d->tables; t; t = t->next)
		json_str(&x->w, str_c(t->name));
	json_end_array(&x->w);
	return true;
}

bool sim_update_ttl(struct call *x, struct err *err)
{
	return call_table(x->d, x->body, err) != NULL;
}
