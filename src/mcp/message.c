#include "message.h"

#include "sluice/core/scan.h"

enum { ID_MAX_BYTES = 256 };

struct str message_string(struct str json)
{
	if (json.len < 2 || json.ptr[0] != '"')
		return str_of(NULL, 0);
	return str_sub(json, 1, json.len - 2);
}

/* A fraction or an exponent cannot be told from what the schemas call an id. */
static bool is_whole(struct str json)
{
	for (size_t i = json.len && json.ptr[0] == '-' ? 1 : 0; i < json.len; i++)
		if (json.ptr[i] < '0' || json.ptr[i] > '9')
			return false;
	return json.len > 0;
}

bool message_id_fits(struct str json)
{
	return json.len <= ID_MAX_BYTES && (message_string(json).ptr || is_whole(json));
}

bool message_same_id(struct str a, struct str b)
{
	struct str one = message_string(a), other = message_string(b);
	int order;

	if (one.ptr && other.ptr && scan_content_compare(one, other, &order))
		return order == 0;
	return str_eq(a, b);
}

/* Its members, as written; the first of a name counts. */
struct members {
	struct str jsonrpc, id, method, params, result, error;
};

static void take_member(struct members *all, struct str name, struct str value)
{
	const struct {
		struct str name;
		struct str *to;
	} known[] = {
		{ STR("jsonrpc"), &all->jsonrpc }, { STR("id"), &all->id },         { STR("method"), &all->method },
		{ STR("params"), &all->params },   { STR("result"), &all->result }, { STR("error"), &all->error },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!known[i].to->ptr && scan_content_eq(name, known[i].name))
			*known[i].to = value;
}

static void read_members(struct str json, struct members *all)
{
	struct scan_token name;
	struct str value;
	struct scan s;

	scan_init_trusted(&s, json);
	if (scan_next(&s, &name) != SCAN_OBJECT_BEGIN)
		return;
	while (scan_next_member(&s, &name, &value) == SCAN_KEY)
		take_member(all, name.text, value);
}

static void read_call(struct message *m, const struct members *all)
{
	m->method = message_string(all->method);
	m->kind = all->id.ptr ? MESSAGE_REQUEST : MESSAGE_NOTIFICATION;
	if (!m->method.ptr)
		m->wrong = "\"method\" must be a string";
	else if (all->id.ptr && !m->id.ptr)
		m->wrong = "\"id\" must be a string or a whole number, of at most 256 bytes";
	else if (all->params.ptr && !str_eq(all->params, STR("null")) && all->params.ptr[0] != '{')
		m->wrong = "\"params\" must be an object";
	else if (all->params.ptr && all->params.ptr[0] == '{')
		m->params = all->params;
}

void message_read(struct message *m, struct str json)
{
	struct members all = { 0 };

	*m = (struct message){ 0 };
	read_members(json, &all);
	if (message_id_fits(all.id))
		m->id = all.id;
	if (json.len == 0 || json.ptr[0] != '{')
		m->wrong = "a message must be an object";
	else if (!str_eq(all.jsonrpc, STR("\"2.0\"")))
		m->wrong = "\"jsonrpc\" must be \"2.0\"";
	else if (all.method.ptr)
		read_call(m, &all);
	else if (!all.result.ptr == !all.error.ptr)
		m->wrong = "expected a request with \"method\", or an answer with either \"result\" or \"error\"";
	else
		m->kind = MESSAGE_ANSWER;
	m->result = all.result;
	m->error = all.error;
	if (m->wrong)
		m->kind = MESSAGE_WRONG;
}
