#include "resources_parts.h"

#include "sluice/core/json_pretty.h"

#include <stdarg.h>
#include <stdio.h>

enum { ARENA_BYTES = 32 << 20, TEXT_BYTES = 64 << 20, ID_BYTES = 200, NOTE_BYTES = 600 };

static const struct {
	const char *name;
	void (*write)(struct draft *p);
	const char *partition, *region, *account;
} formats[] = {
	[RESOURCES_CLOUDFORMATION] = { "cloudformation", resources_cloudformation, "${AWS::Partition}", "${AWS::Region}",
				       "${AWS::AccountId}" },
	[RESOURCES_TERRAFORM] = { "terraform", resources_terraform, "${data.aws_partition.current.partition}",
				  "${data.aws_region.current.region}", "${data.aws_caller_identity.current.account_id}" },
	[RESOURCES_IAM] = { "iam", resources_iam, "aws", "REGION", "ACCOUNT_ID" },
};

enum resources_format resources_format_named(struct str name)
{
	for (int i = 0; i < RESOURCES_FORMATS; i++)
		if (str_eq(name, str_c(formats[i].name)))
			return (enum resources_format)i;
	return RESOURCES_FORMATS;
}

/* --- notes and ids --------------------------------------------------------- */

struct str draft_text_at(const struct node *group, const char *name)
{
	const struct node *n = group ? node_get(group, str_c(name)) : NULL;

	return n && n->kind == NODE_STRING ? n->text : STR("");
}

void draft_note(struct draft *p, const char *fmt, ...)
{
	char text[NOTE_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	if (p->notes)
		buf_putf(p->notes, "%s\n", text);
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* CloudFormation: letters and digits, so the parts of a name begin with capitals. Terraform:
 * also '_' and '-', no digit in front. */
static size_t shape_id(enum resources_format format, struct str name, char *out, size_t room)
{
	bool capital = format == RESOURCES_CLOUDFORMATION;
	size_t n = 0;

	if (format == RESOURCES_TERRAFORM && (name.len == 0 || !is_letter(name.ptr[0])))
		out[n++] = '_';
	for (size_t i = 0; i < name.len && n < room; i++) {
		char c = name.ptr[i];

		if (is_letter(c) || is_digit(c))
			out[n++] = capital && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
		else if (format == RESOURCES_TERRAFORM)
			out[n++] = c == '-' ? '-' : '_';
		capital = format == RESOURCES_CLOUDFORMATION && !is_letter(c) && !is_digit(c);
	}
	return n;
}

static bool is_taken(const struct draft *p, struct str id)
{
	for (size_t i = 0; i < p->n_ids; i++)
		if (str_eq_nocase(p->ids[i], id))
			return true;
	return false;
}

bool draft_id(struct draft *p, struct str name, const char *suffix, struct str *out)
{
	char id[ID_BYTES + 1];
	size_t n = shape_id(p->format, name, id, ID_BYTES / 2);

	if (p->n_ids == p->max_ids)
		return false;
	*out = arena_putf(&p->arena, "%.*s%s", (int)n, id, suffix);
	for (unsigned i = 2; out->ptr && is_taken(p, *out); i++) {
		snprintf(id + n, sizeof(id) - n, "%s%u", suffix, i);
		if (!is_taken(p, str_c(id)))
			*out = arena_dup(&p->arena, str_c(id));
	}
	p->ids[p->n_ids++] = *out;
	return out->ptr != NULL;
}

/* --- the draft ------------------------------------------------------------- */

static bool name_ok(struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!is_letter(name.ptr[i]) && !is_digit(name.ptr[i]) && (!name.ptr[i] || !strchr("_.-", name.ptr[i])))
			return false;
	return name.len >= 3 && name.len <= 255;
}

/* Whatever it holds, it is shown on one line of a terminal. */
static bool check_name(const char *of, struct str name, struct err *err)
{
	char shown[61];
	size_t n = name.len < sizeof(shown) - 1 ? name.len : sizeof(shown) - 1;

	if (name_ok(name))
		return true;
	for (size_t i = 0; i < n; i++)
		shown[i] = name.ptr[i] >= ' ' && name.ptr[i] <= '~' ? name.ptr[i] : '?';
	return err_set(err, ERR_DATA, "resources.name",
		       "\"%.*s\" is no name of %s: expected 3 to 255 letters, digits, '_', '-' and '.'", (int)n, shown, of);
}

static bool check_names(const struct model *m, struct err *err)
{
	for (const struct model_table *t = m->tables; t && t < m->tables + m->n_tables; t++) {
		if (!check_name("a table", t->name, err))
			return false;
		for (size_t i = 0; i < t->n_indexes; i++)
			if (!check_name("an index", t->indexes[i].name, err))
				return false;
	}
	for (size_t i = 0; i < m->n_handlers; i++) {
		const struct node *audience = node_get(m->handlers[i].at, STR("audience"));

		for (const struct node *n = audience ? audience->first : NULL; n; n = n->next)
			if (draft_text_at(n, "index").len && !check_name("an index", draft_text_at(n, "index"), err))
				return false;
	}
	return true;
}

static bool name_things(struct draft *p)
{
	const struct model *m = p->model;
	bool ok = true;

	p->max_ids = m->n_tables + 2 * m->n_handlers + 8;
	p->ids = arena_array(&p->arena, p->max_ids, sizeof(*p->ids));
	p->table_ids = arena_array(&p->arena, m->n_tables + 1, sizeof(*p->table_ids));
	p->max_unknowns = 2 * m->n_handlers;
	p->unknowns = arena_array(&p->arena, p->max_unknowns + 1, sizeof(*p->unknowns));
	if (!p->ids || !p->table_ids || !p->unknowns)
		return false;
	for (size_t i = 0; i < m->n_tables && ok; i++)
		ok = draft_id(p, m->tables[i].name, p->format == RESOURCES_CLOUDFORMATION ? "Table" : "", &p->table_ids[i]);
	return ok && draft_id(p, STR("sluice"), p->format == RESOURCES_CLOUDFORMATION ? "State" : "_state", &p->state_id) &&
	       draft_id(p, STR("state"), p->format == RESOURCES_CLOUDFORMATION ? "TableName" : "_table_name", &p->state_parameter);
}

static void note_tables(struct draft *p)
{
	for (const struct model_table *t = p->model->tables; t && t < p->model->tables + p->model->n_tables; t++) {
		if (p->handlers && draft_text_at(node_get(t->at, STR("SSESpecification")), "KMSMasterKeyId").len)
			draft_note(p, "The table %.*s is encrypted with a key of yours: its policy must let sluice's role use it by way of "
				      "DynamoDB (kms:Decrypt).", STR_ARG(t->name));
		if (node_get(t->at, STR("ResourcePolicy")) && p->format != RESOURCES_IAM)
			draft_note(p, "The ResourcePolicy of the table %.*s is not taken over.", STR_ARG(t->name));
	}
}

bool draft_make(struct draft *p, const struct model *m, enum resources_format format, struct buf *notes, struct err *err)
{
	*p = (struct draft){ .model = m, .format = format, .notes = notes };
	arena_init(&p->arena, ARENA_BYTES);
	if (!check_names(m, err))
		return false;
	if (!name_things(p) || !draft_grant(p))
		return err_set(err, ERR_DATA, "resources.size", "the model has too many tables or handlers for this");
	note_tables(p);
	return true;
}

void draft_release(struct draft *p)
{
	arena_release(&p->arena);
}

/* --- texts ----------------------------------------------------------------- */

/* Terraform reads every string as a template; "${" and "%{" are doubled there. */
static struct str escaped(struct draft *p, struct str text, struct buf *room)
{
	buf_init(room, 2 * text.len + 1);
	if (p->format != RESOURCES_TERRAFORM)
		return text;
	for (size_t i = 0; i < text.len; i++) {
		if (i + 1 < text.len && text.ptr[i + 1] == '{' && (text.ptr[i] == '$' || text.ptr[i] == '%'))
			buf_putc(room, text.ptr[i]);
		buf_putc(room, text.ptr[i]);
	}
	return buf_str(room);
}

/* What CloudFormation looks up and puts in their place, wherever it stands in a string. */
static void refuse_executed(struct draft *p, struct str text)
{
	if (p->format == RESOURCES_CLOUDFORMATION && str_find(text, STR("{{resolve:")) != SIZE_MAX)
		p->executed = true;
}

void draft_text(struct draft *p, struct str text)
{
	struct buf room;

	refuse_executed(p, text);
	json_str(&p->w, escaped(p, text, &room));
	buf_release(&room);
}

void draft_key(struct draft *p, struct str name)
{
	struct buf room;

	refuse_executed(p, name);
	json_key(&p->w, escaped(p, name, &room));
	buf_release(&room);
}

void draft_member(struct draft *p, const char *name, struct str text)
{
	json_key(&p->w, str_c(name));
	draft_text(p, text);
}

bool draft_numbers(struct draft *p, const struct node *from, const struct draft_rename *names)
{
	bool any = false;

	for (; names->from; names++) {
		const struct node *n = from ? node_get(from, str_c(names->from)) : NULL;

		if (!n || n->kind != NODE_INT)
			continue;
		json_member_int(&p->w, str_c(names->to), n->i);
		any = true;
	}
	return any;
}

static bool key_has(const struct model_key *k, const struct model_attribute *a)
{
	for (size_t i = 0; i < k->n_hash; i++)
		if (k->hash[i] == a)
			return true;
	for (size_t i = 0; i < k->n_range; i++)
		if (k->range[i] == a)
			return true;
	return false;
}

bool draft_is_key(const struct model_table *t, const struct model_attribute *a)
{
	if (key_has(&t->key, a))
		return true;
	for (size_t i = 0; i < t->n_indexes; i++)
		if (key_has(&t->indexes[i].key, a))
			return true;
	return false;
}

void draft_indexes(struct draft *p, const struct model_table *t, bool global, struct str name,
		   void (*put)(struct draft *p, const struct model_index *x))
{
	size_t n = 0;

	for (size_t i = 0; i < t->n_indexes; i++)
		n += t->indexes[i].global == global;
	if (n == 0)
		return;
	json_key(&p->w, name);
	json_begin_array(&p->w);
	for (size_t i = 0; i < t->n_indexes; i++)
		if (t->indexes[i].global == global)
			put(p, &t->indexes[i]);
	json_end_array(&p->w);
}

bool draft_on_demand(const struct model_table *t)
{
	return t->on_demand || (!node_get(t->at, STR("BillingMode")) && !node_get(t->at, STR("ProvisionedThroughput")));
}

/* --- policies -------------------------------------------------------------- */

static const char *sid_of(const struct draft_statement *s)
{
	return s->table ? s->table->sid : s->sink->sid;
}

static void put_action(struct draft *p, const char *operation)
{
	char action[80];

	snprintf(action, sizeof(action), "dynamodb:%s", operation);
	json_str(&p->w, str_c(action));
}

static void put_actions(struct draft *p, const struct draft_statement *s)
{
	for (size_t i = 0; s->table && i < RIGHTS_ACTIONS_MAX && s->table->operations[i]; i++)
		put_action(p, s->table->operations[i]);
	if (s->table && s->table->also[0])
		put_action(p, s->table->also[0]);
	for (size_t i = 0; s->sink && i < RIGHTS_ACTIONS_MAX && s->sink->actions[i]; i++)
		json_str(&p->w, str_c(s->sink->actions[i]));
}

static bool put_sink_arn(struct draft *p, const struct draft_arn *a, struct buf *out)
{
	const struct rights_arn *s = &a->sink;

	buf_putf(out, "arn:%s:%s:", formats[p->format].partition, a->service);
	if (s->global)
		buf_puts(out, ":");
	else if (s->region.len)
		buf_putf(out, "%.*s:", STR_ARG(s->region));
	else
		buf_putf(out, "%s:", formats[p->format].region);
	if (s->account.len)
		buf_put(out, s->account);
	else if (!s->global)
		buf_puts(out, formats[p->format].account);
	buf_putf(out, ":%s%.*s", s->type ? s->type : "", STR_ARG(s->name));
	if (s->under.len)
		buf_putf(out, "/%.*s", STR_ARG(s->under));
	return buf_puts(out, s->behind ? s->behind : "");
}

static bool put_table_arn(struct draft *p, struct str id, struct str name, struct buf *out)
{
	switch (p->format) {
	case RESOURCES_CLOUDFORMATION:
		return buf_putf(out, "${%.*s.Arn}", STR_ARG(id));
	case RESOURCES_TERRAFORM:
		return buf_putf(out, "${aws_dynamodb_table.%.*s.arn}", STR_ARG(id));
	default:
		return buf_putf(out, "arn:aws:dynamodb:REGION:ACCOUNT_ID:table/%.*s", STR_ARG(name));
	}
}

/* Whoever forgets to replace a placeholder finds that IAM refuses it, or that it allows nothing. */
static bool put_unknown(struct draft *p, const struct draft_unknown *u, struct buf *out)
{
	switch (p->format) {
	case RESOURCES_CLOUDFORMATION:
		return buf_putf(out, "${%.*s}", STR_ARG(u->id));
	case RESOURCES_TERRAFORM:
		return buf_putf(out, "${var.%.*s}", STR_ARG(u->id));
	default:
		return buf_putf(out, "arn:aws:%s:REGION:ACCOUNT_ID:REPLACE_%.*s", u->service, STR_ARG(u->id));
	}
}

bool draft_arn_text(struct draft *p, const struct draft_arn *a, struct buf *out)
{
	switch (a->kind) {
	case ARN_STATE:
		return put_table_arn(p, p->state_id, STR(RESOURCES_STATE_TABLE), out);
	case ARN_SINK:
		return put_sink_arn(p, a, out);
	case ARN_UNKNOWN:
		return put_unknown(p, &p->unknowns[a->unknown], out);
	case ARN_TABLE:
	case ARN_STREAMS:
	case ARN_INDEX:
		break;
	}
	put_table_arn(p, p->table_ids[a->table], p->model->tables[a->table].name, out);
	if (a->kind == ARN_STREAMS)
		buf_puts(out, "/stream/*");
	else if (a->kind == ARN_INDEX)
		buf_putf(out, "/index/%.*s", STR_ARG(a->index));
	return buf_ok(out);
}

void draft_arn(struct draft *p, const struct draft_arn *a)
{
	struct buf text;

	buf_init(&text, 4096);
	draft_arn_text(p, a, &text);
	json_str(&p->w, buf_str(&text));
	buf_release(&text);
}

void draft_statement(struct draft *p, const struct draft_statement *s, size_t from, size_t to,
		     const struct draft_style *style)
{
	json_begin_object(&p->w);
	json_member_str(&p->w, str_c(style->sid), str_c(sid_of(s)));
	json_member_str(&p->w, str_c(style->effect), STR("Allow"));
	json_key(&p->w, str_c(style->actions));
	json_begin_array(&p->w);
	put_actions(p, s);
	json_end_array(&p->w);
	json_key(&p->w, str_c(style->resources));
	json_begin_array(&p->w);
	for (size_t i = from; i < to; i++)
		style->arn(p, &s->arns[i]);
	json_end_array(&p->w);
	if (s->sink && s->sink->own_account)
		json_member_raw(&p->w, str_c(style->condition), str_c(style->own_account));
	json_end_object(&p->w);
}

/* --- all ------------------------------------------------------------------- */

static bool write_draft(struct draft *p, struct buf *out, struct err *err)
{
	struct buf text;
	bool ok;

	buf_init(&text, TEXT_BYTES);
	json_write_init(&p->w, &text);
	formats[p->format].write(p);
	ok = buf_ok(&text);
	if (ok && !p->executed)
		json_pretty(buf_str(&text), out);
	buf_release(&text);
	if (p->executed)
		return err_set(err, ERR_DATA, "resources.text",
			       "a name or tag holds \"{{resolve:\", which CloudFormation would look up; take it out of the model");
	return (ok && buf_ok(out) && (!p->notes || buf_ok(p->notes))) ||
	       err_set(err, ERR_DATA, "resources.size", "the result is larger than %zu bytes", out->max);
}

bool model_resources(const struct model *m, enum resources_format format, struct buf *out, struct buf *notes,
		     struct err *err)
{
	struct draft p;
	bool ok = draft_make(&p, m, format, notes, err);

	if (ok && format == RESOURCES_IAM && !p.handlers)
		ok = err_set(err, ERR_DATA, "resources.none",
			     "the model has no handler that runs, so sluice needs no permissions; add stream_handlers first");
	ok = ok && write_draft(&p, out, err);
	draft_release(&p);
	return ok;
}
