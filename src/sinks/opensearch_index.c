#include "sluice/core/json_write.h"
#include "sluice/sinks/opensearch.h"

#include <stdio.h>

enum { LONGEST_NAME = 255, NAME_SCRATCH = 4096, BODY_BYTES = 1 << 20, DEFINITION_BYTES = 4 << 20 };

bool opensearch_index_name_ok(struct str index)
{
	if (index.len == 0 || index.len > LONGEST_NAME || !str_utf8_valid(index) || strchr("-_+", index.ptr[0]) ||
	    str_eq(index, STR(".")) || str_eq(index, STR("..")))
		return false;
	for (size_t i = 0; i < index.len; i++) {
		unsigned char ch = (unsigned char)index.ptr[i];

		if (ch <= ' ' || ch == 0x7f || (ch >= 'A' && ch <= 'Z') || strchr("\\/*?\"<>|,#:", ch))
			return false;
	}
	return true;
}

struct making {
	struct opensearch_client *client;
	const struct opensearch_index *x;
	struct json *definition; /* NULL: none */
	struct buf path, body;
	struct http_response response;
};

/* One call about this index; the answer's body stays in m->response. */
static bool call(struct making *m, const char *method, struct err *err)
{
	const struct opensearch_request q = { .method = method, .path = buf_str(&m->path), .body = buf_str(&m->body) };

	http_response_release(&m->response);
	http_response_init(&m->response);
	return opensearch_call(m->client, &q, &m->response, err);
}

static void set_path(struct making *m, const char *before, struct str name, const char *behind)
{
	buf_clear(&m->path);
	buf_clear(&m->body);
	buf_puts(&m->path, before);
	opensearch_put_segment(&m->path, name);
	buf_puts(&m->path, behind);
}

static bool answer_is(const struct making *m, int status, const char *type)
{
	struct json *root = json_parse(buf_str(&m->response.body), m->response.body.len, NULL);
	struct str got = { 0 };
	bool same = m->response.status == status && json_get_str(json_get(json_get(root, "error"), "type"), &got) &&
		    str_eq(got, str_c(type));

	json_free(root);
	return same;
}

static bool alias_taken(struct making *m, bool *taken, struct err *err)
{
	struct err why = { 0 };

	*taken = true;
	if (m->x->alias.len == 0)
		return true;
	set_path(m, "/_alias/", m->x->alias, "");
	*taken = call(m, "GET", &why);
	if (*taken || m->response.status == 404)
		return true;
	if (err)
		*err = why;
	return false;
}

/* The settings given, and ours behind them. */
static void write_settings(struct making *m, struct json_writer *w)
{
	const struct json *given = json_get(m->definition, "settings");
	struct buf text;
	char seconds[32];

	buf_init(&text, DEFINITION_BYTES);
	snprintf(seconds, sizeof(seconds), "%llds", (long long)m->x->gc_deletes_s);
	json_key(w, STR("settings"));
	json_begin_object(w);
	for (const struct json *j = json_first(given); j; j = json_next(j)) {
		buf_clear(&text);
		json_print(j, &text);
		json_member_raw(w, json_name(j), buf_str(&text));
	}
	if (m->x->gc_deletes_s > 0)
		json_member_str(w, STR("index.gc_deletes"), str_c(seconds));
	json_end_object(w);
	buf_release(&text);
}

static void write_creation(struct making *m, bool with_alias)
{
	const struct json *mappings = json_get(m->definition, "mappings");
	struct json_writer w;
	struct buf text;

	buf_init(&text, DEFINITION_BYTES);
	if (!mappings && !json_get(m->definition, "settings"))
		mappings = m->definition;
	json_write_init(&w, &m->body);
	json_begin_object(&w);
	write_settings(m, &w);
	if (mappings && json_print(mappings, &text))
		json_member_raw(&w, STR("mappings"), buf_str(&text));
	if (with_alias) {
		json_key(&w, STR("aliases"));
		json_begin_object(&w);
		json_member_raw(&w, m->x->alias, STR("{}"));
		json_end_object(&w);
	}
	json_end_object(&w);
	buf_release(&text);
}

/* True also when somebody else was quicker (*made is false then). */
static bool create(struct making *m, bool *made, struct err *err)
{
	bool taken;

	if (!alias_taken(m, &taken, err))
		return false;
	set_path(m, "/", m->x->name, "");
	write_creation(m, !taken);
	*made = call(m, "PUT", err);
	if (*made || answer_is(m, 400, "resource_already_exists_exception"))
		return true;
	if (answer_is(m, 400, "invalid_alias_name_exception"))
		return err_set(err, ERR_FATAL, "opensearch.alias",
			       "OpenSearch has an index called %.*s; sluice writes %.*s and makes %.*s its alias: "
			       "remove or rename that index, or set `alias`",
			       STR_ARG(m->x->alias), STR_ARG(m->x->name), STR_ARG(m->x->alias));
	if (err && err->class == ERR_DATA)
		err->class = ERR_FATAL; /* the settings' mapping, not a document, is at fault */
	return err_prefix(err, "index %.*s cannot be made", STR_ARG(m->x->name));
}

/* "3600s", "1h", "90m": what OpenSearch writes back is what was put. */
static int64_t seconds_of(struct str text)
{
	static const struct {
		struct str unit;
		int64_t seconds;
	} units[] = { { STR_INIT("ms"), 0 },
		      { STR_INIT("s"), 1 },
		      { STR_INIT("m"), 60 },
		      { STR_INIT("h"), 3600 },
		      { STR_INIT("d"), 86400 } };
	int64_t n;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (str_ends(text, units[i].unit) && str_to_i64(str_sub(text, 0, text.len - units[i].unit.len), &n) &&
		    n >= 0 && n < INT32_MAX)
			return n * units[i].seconds;
	return 0;
}

static int64_t kept_seconds(const struct making *m)
{
	struct json *root = json_parse(buf_str(&m->response.body), m->response.body.len, NULL);
	const struct json *settings = json_get(json_first(root), "settings");
	struct str text = { 0 };
	int64_t n = 0;

	if (json_get_str(json_get(settings, "index.gc_deletes"), &text))
		n = seconds_of(text);
	json_free(root);
	return n;
}

static bool raise_gc_deletes(struct making *m, struct err *err)
{
	set_path(m, "/", m->x->name, "/_settings");
	buf_putf(&m->body, "{\"index.gc_deletes\":\"%llds\"}", (long long)m->x->gc_deletes_s);
	return call(m, "PUT", err);
}

static bool ensure(struct making *m, struct err *err)
{
	struct err why = { 0 };

	for (unsigned tries = 0; tries < 3; tries++) {
		bool made;

		set_path(m, "/", m->x->name, "/_settings/index.gc_deletes?flat_settings=true");
		if (call(m, "GET", &why))
			return kept_seconds(m) >= m->x->gc_deletes_s || raise_gc_deletes(m, err);
		if (m->response.status != 404)
			break;
		if (!create(m, &made, &why))
			break;
		if (made && !m->definition)
			return true;
	}
	if (err)
		*err = why;
	return false;
}

static bool names_ok(const struct opensearch_index *x, struct err *err)
{
	const struct str names[2] = { x->name, x->alias };

	for (size_t i = 0; i < 2; i++)
		if ((i == 0 || names[i].len > 0) && !opensearch_index_name_ok(names[i]))
			return err_set(err, ERR_FATAL, "opensearch.index_name",
				       "\"%.*s\" cannot name an index: expected up to %d bytes, lower case, without \\ "
				       "/ * ? \" < > | , # : or spaces, not beginning with - _ +",
				       STR_ARG(names[i]), LONGEST_NAME);
	return true;
}

static bool read_definition(struct making *m, struct err *err)
{
	struct err why = { 0 };

	if (m->x->definition.len == 0)
		return true;
	m->definition = json_parse(m->x->definition, DEFINITION_BYTES, &why);
	if (m->definition && json_type(m->definition) == JSON_OBJECT)
		return true;
	return err_set(err, ERR_FATAL, "opensearch.definition",
		       "the definition of index %.*s is no JSON object with \"mappings\" and \"settings\": %s",
		       STR_ARG(m->x->name), m->definition ? json_type_name(json_type(m->definition)) : why.text);
}

bool opensearch_ensure_index(struct opensearch_client *c, const struct opensearch_index *x, struct err *err)
{
	struct making m = { .client = c, .x = x };
	bool ok;

	if (!names_ok(x, err))
		return false;
	buf_init(&m.path, NAME_SCRATCH);
	buf_init(&m.body, BODY_BYTES + x->definition.len);
	http_response_init(&m.response);
	ok = read_definition(&m, err) && ensure(&m, err);
	http_response_release(&m.response);
	buf_release(&m.body);
	buf_release(&m.path);
	json_free(m.definition);
	return ok;
}
