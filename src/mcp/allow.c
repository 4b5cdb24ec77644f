#include "allow.h"

#include "partiql.h"

enum { ARN_COLONS = 5 };

/* What stands behind "arn:partition:service:region:account:". */
static struct str arn_resource(struct str arn)
{
	for (int i = 0; i < ARN_COLONS; i++) {
		size_t colon = str_find_char(arn, ':');

		if (colon == SIZE_MAX)
			return STR("");
		arn = str_from(arn, colon + 1);
	}
	return arn;
}

struct str allow_table_of(struct str name_or_arn)
{
	struct str rest;

	if (!str_starts(name_or_arn, STR("arn:")))
		return name_or_arn;
	rest = arn_resource(name_or_arn);
	if (!str_starts(rest, STR("table/")))
		return STR("");
	rest = str_from(rest, 6);
	return str_split(&rest, '/');
}

bool allow_table(const struct mcp_options *o, struct str table, struct err *err)
{
	struct str name = allow_table_of(table);

	if (o->n_tables == 0)
		return true;
	for (size_t i = 0; i < o->n_tables; i++)
		if (name.len && str_eq(o->tables[i], name))
			return true;
	return err_set(err, ERR_DATA, "mcp.table",
		       "the table \"%.*s\" is not among those that this server may touch: start `sluice mcp` with it in --tables",
		       STR_ARG(str_sub(table, 0, 255)));
}

/* ---- requests ---- */

struct looking {
	const struct mcp_options *options;
	size_t named;        /* tables that were found */
	struct err *err;
};

static bool look_at(struct looking *l, struct str table)
{
	l->named++;
	return allow_table(l->options, table, l->err);
}

static bool look_at_statement(struct looking *l, struct str statement)
{
	struct partiql p;

	return partiql_read(statement, &p, l->err) && look_at(l, str_c(p.table));
}

/* RequestItems: {Table: …}. */
static bool look_at_names(struct looking *l, const struct node *tables)
{
	for (const struct node *t = tables->first; t; t = t->next)
		if (!look_at(l, t->name))
			return false;
	return true;
}

/* Members that name a table, or what belongs to one. */
static bool names_a_table(struct str member)
{
	static const char *const names[] = {
		"TableName", "TargetTableName", "SourceTableName", "GlobalTableName", "TableArn", "ResourceArn", "StreamArn",
		"BackupArn", "ExportArn", "ImportArn", "SourceTableArn", "ExclusiveStartBackupArn",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_eq(member, str_c(names[i])))
			return true;
	return false;
}

static bool look_at_member(struct looking *l, const struct node *n)
{
	if (n->kind == NODE_STRING && names_a_table(n->name))
		return look_at(l, n->text);
	if (n->kind == NODE_STRING && str_eq(n->name, STR("Statement")))
		return look_at_statement(l, n->text);
	if (n->kind == NODE_OBJECT && str_eq(n->name, STR("RequestItems")))
		return look_at_names(l, n);
	return true;
}

static bool look_at_members(struct looking *l, const struct node *object)
{
	for (const struct node *n = object->first; n; n = n->next)
		if (!look_at_member(l, n))
			return false;
	return true;
}

/* TransactItems: [{"Put": {…}}]; Statements, TransactStatements: [{"Statement": …}]. */
static bool look_at_list(struct looking *l, const struct node *list)
{
	for (const struct node *item = list->first; item; item = item->next) {
		size_t before = l->named;

		if (item->kind != NODE_OBJECT)
			continue;
		if (!look_at_members(l, item))
			return false;
		for (const struct node *n = item->first; n; n = n->next)
			if (n->kind == NODE_OBJECT && !look_at_members(l, n))
				return false;
		if (l->named == before)
			return err_set(l->err, ERR_DATA, "mcp.table", "%.*s[%u] names no table", STR_ARG(list->name), item->index);
	}
	return true;
}

static bool is_list_of_actions(const struct node *n)
{
	return n->kind == NODE_ARRAY && (str_eq(n->name, STR("TransactItems")) || str_eq(n->name, STR("TransactStatements")) ||
					 str_eq(n->name, STR("Statements")));
}

bool allow_request(const struct mcp_options *o, const struct node *request, bool tableless, struct err *err)
{
	struct looking l = { .options = o, .err = err };

	if (o->n_tables == 0)
		return true;
	if (!look_at_members(&l, request))
		return false;
	for (const struct node *n = request->first; n; n = n->next)
		if (is_list_of_actions(n) && !look_at_list(&l, n))
			return false;
	return l.named > 0 || tableless ||
	       err_set(err, ERR_DATA, "mcp.table",
		       "the call names no table, but this server may touch only those in its --tables: name one");
}
