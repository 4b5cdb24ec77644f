#include "sim/opensearch.h"

#include "sluice/core/json.h"
#include "sluice/core/json_write.h"
#include "sluice/core/mem.h"

#include <stdio.h>
#define ZLIB_CONST
#include <zlib.h>

enum { ANSWER_BYTES = 16 << 20, BODY_BYTES = 64 << 20, GC_DEFAULT_S = 60 };

struct exchange {
	struct sim_opensearch *o;
	struct str method, path, query, body;
	struct buf out;
	int status;
};

static char *text_of(struct str s)
{
	return mem_dup(s.ptr ? s.ptr : "", s.len);
}

struct sim_index *sim_index_named(struct sim_opensearch *o, struct str name)
{
	struct sim_index *x = o->indexes;

	while (x && !str_eq(str_c(x->name), name))
		x = x->next;
	return x;
}

static struct sim_alias *alias_named(struct sim_opensearch *o, struct str name)
{
	struct sim_alias *a = o->aliases;

	while (a && !str_eq(str_c(a->name), name))
		a = a->next;
	return a;
}

static struct sim_document *document_of(struct sim_index *x, struct str id)
{
	return sim_map_get(&x->by_id, id);
}

static struct sim_document *document_new(struct sim_index *x, struct str id)
{
	struct sim_document *d = mem_alloc(sizeof(*d));

	*d = (struct sim_document){ .id = text_of(id), .next = x->documents };
	x->documents = d;
	x->n_documents++;
	sim_map_put(&x->by_id, str_c(d->id), d);
	return d;
}

const struct sim_document *sim_index_get(struct sim_index *x, const char *id)
{
	return x ? document_of(x, str_c(id)) : NULL;
}

static bool fail(struct exchange *x, int status, const char *type, const char *reason)
{
	x->status = status;
	buf_putf(&x->out, "{\"error\":{\"type\":\"%s\",\"reason\":\"%s\"},\"status\":%d}", type, reason, status);
	return false;
}

/* ---- indexes ---- */

static int64_t seconds(struct str text)
{
	int64_t n = 0;

	return str_ends(text, STR("s")) && str_to_i64(str_sub(text, 0, text.len - 1), &n) ? n : GC_DEFAULT_S;
}

static void create_index(struct exchange *x, struct str name)
{
	struct json *root = json_parse(x->body, x->body.len, NULL);
	struct sim_index *index;
	struct str gc = STR("60s");

	if (sim_index_named(x->o, name)) {
		fail(x, 400, "resource_already_exists_exception", "already exists");
	} else if (!root) {
		fail(x, 400, "parse_exception", "no JSON");
	} else {
		index = mem_alloc(sizeof(*index));
		json_get_str(json_get(json_get(root, "settings"), "index.gc_deletes"), &gc);
		*index = (struct sim_index){ .name = text_of(name),
					     .creation = text_of(x->body),
					     .gc_deletes_s = seconds(gc),
					     .next = x->o->indexes };
		for (const struct json *a = json_first(json_get(root, "aliases")); a; a = json_next(a)) {
			struct sim_alias *alias = mem_alloc(sizeof(*alias));

			if (sim_index_named(x->o, json_name(a))) {
				mem_free(alias);
				mem_free(index->name);
				mem_free(index->creation);
				mem_free(index);
				fail(x, 400, "invalid_alias_name_exception",
				     "an index exists with the same name as the alias");
				json_free(root);
				return;
			}
			*alias = (struct sim_alias){ .name = text_of(json_name(a)),
						     .index = text_of(name),
						     .next = x->o->aliases };
			x->o->aliases = alias;
		}
		x->o->indexes = index;
		buf_puts(&x->out, "{\"acknowledged\":true}");
	}
	json_free(root);
}

static void settings_of(struct exchange *x, struct str name)
{
	struct sim_index *index = sim_index_named(x->o, name);
	struct json *root;
	struct str gc;

	if (!index) {
		fail(x, 404, "index_not_found_exception", "no such index");
	} else if (str_eq(x->method, STR("GET"))) {
		buf_putf(&x->out, "{\"%s\":{\"settings\":{", index->name);
		if (index->gc_deletes_s != GC_DEFAULT_S)
			buf_putf(&x->out, "\"index.gc_deletes\":\"%llds\"", (long long)index->gc_deletes_s);
		buf_puts(&x->out, "}}}");
	} else {
		root = json_parse(x->body, x->body.len, NULL);
		if (json_get_str(json_get(root, "index.gc_deletes"), &gc))
			index->gc_deletes_s = seconds(gc);
		json_free(root);
		buf_puts(&x->out, "{\"acknowledged\":true}");
	}
}

static void get_alias(struct exchange *x, struct str name)
{
	struct sim_alias *a = alias_named(x->o, name);

	if (a) {
		buf_putf(&x->out, "{\"%s\":{\"aliases\":{\"%s\":{}}}}", a->index, a->name);
		return;
	}
	x->status = 404;
	buf_putf(&x->out, "{\"error\":\"alias [%.*s] missing\",\"status\":404}", STR_ARG(name));
}

/* ---- bulk ---- */

struct action {
	bool put;
	struct str index, id, body;
	uint64_t version;
};

static bool read_action(struct exchange *x, struct str *rest, struct json **line, struct action *a)
{
	const struct json *verb;
	int64_t version;

	*line = json_parse(str_split(rest, '\n'), SIZE_MAX, NULL);
	verb = json_first(*line);
	if (!verb || !json_get_str(json_get(verb, "_index"), &a->index) ||
	    !json_get_str(json_get(verb, "_id"), &a->id) || !json_get_int(json_get(verb, "version"), &version))
		return fail(x, 500, "input_coercion_exception", "out of range of long"); /* as seen: 500 */
	a->put = str_eq(json_name(verb), STR("index"));
	a->version = (uint64_t)version;
	a->body = a->put ? str_split(rest, '\n') : STR("");
	if (!rest->ptr)
		return fail(x, 400, "illegal_argument_exception",
			    "The bulk request must be terminated by a newline [\\\\n]");
	return true;
}

static void outcome(struct exchange *x, const struct action *a, int status, const char *type)
{
	buf_putf(&x->out, "%s{\"%s\":{\"status\":%d", x->out.ptr[x->out.len - 1] == '[' ? "" : ",",
		 a->put ? "index" : "delete", status);
	if (type)
		buf_putf(&x->out, ",\"error\":{\"type\":\"%s\",\"reason\":\"simulated\"}", type);
	buf_puts(&x->out, "}}");
}

static void forget_old_delete(struct exchange *x, struct sim_index *index, struct sim_document *d)
{
	if (d && !d->body && env_mono_ms(loop_env(x->o->loop)) - d->deleted_ms > index->gc_deletes_s * 1000)
		d->version = 0;
}

static void apply(struct exchange *x, const struct action *a)
{
	struct sim_index *index = sim_index_named(x->o, a->index);
	struct sim_document *d = index ? document_of(index, a->id) : NULL;
	bool was;

	forget_old_delete(x, index, d);
	if (x->o->busy > 0 && rng_unit(&loop_env(x->o->loop)->rng) < x->o->busy) {
		outcome(x, a, 429, "rejected_execution_exception");
	} else if (!index) {
		outcome(x, a, 404, "index_not_found_exception");
	} else if (a->put && (a->body.len == 0 || str_find(a->body, STR("malformed")) != SIZE_MAX)) {
		outcome(x, a, 400, "mapper_parsing_exception");
	} else if (d && a->version <= d->version) {
		outcome(x, a, 409, "version_conflict_engine_exception");
	} else {
		if (!d)
			d = document_new(index, a->id);
		was = d->body != NULL;
		mem_free(d->body);
		d->body = a->put ? text_of(a->body) : NULL;
		d->version = a->version;
		d->deleted_ms = env_mono_ms(loop_env(x->o->loop));
		outcome(x, a, a->put ? (was ? 200 : 201) : was ? 200 : 404, NULL);
	}
}

/* One line that cannot be read refuses all; nothing was done then. */
static void bulk(struct exchange *x)
{
	struct str rest = x->body;
	struct action a;
	struct json *line;

	x->o->bulks++;
	for (int pass = 0; pass < 2; pass++) {
		rest = x->body;
		if (pass)
			buf_puts(&x->out, "{\"items\":[");
		while (rest.len > 0) {
			bool ok = read_action(x, &rest, &line, &a);

			if (ok && pass)
				apply(x, &a);
			json_free(line);
			if (!ok)
				return;
		}
	}
	buf_puts(&x->out, "]}");
}

/* ---- the wire ---- */

static void decode(struct str text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned ch = (unsigned char)text.ptr[i];

		if (ch == '%' && i + 2 < text.len && sscanf(text.ptr + i + 1, "%2x", &ch) == 1)
			i += 2;
		buf_putc(out, (char)ch);
	}
}

static void route(struct exchange *x)
{
	struct str rest = str_from(x->path, 1), first = str_split(&rest, '/');
	struct buf name;

	buf_init(&name, 4096);
	if (str_eq(x->path, STR("/_bulk"))) {
		bulk(x);
	} else if (str_eq(x->path, STR("/"))) {
		buf_puts(&x->out, "{\"version\":{\"distribution\":\"opensearch\",\"number\":\"2.19.0\"}}");
	} else if (str_eq(first, STR("_alias"))) {
		decode(rest, &name);
		get_alias(x, buf_str(&name));
	} else {
		decode(first, &name);
		if (rest.ptr && str_starts(rest, STR("_settings")))
			settings_of(x, buf_str(&name));
		else
			create_index(x, buf_str(&name));
	}
	buf_release(&name);
}

static bool unzip(struct str text, struct buf *out)
{
	z_stream z = { .next_in = (const Bytef *)text.ptr, .avail_in = (uInt)text.len };
	int status = Z_OK;

	if (inflateInit2(&z, 15 + 16) != Z_OK)
		return false;
	while (status == Z_OK) {
		z.next_out = (Bytef *)buf_reserve(out, 1 << 16);
		z.avail_out = 1 << 16;
		if (!z.next_out)
			break;
		status = inflate(&z, Z_NO_FLUSH);
		buf_commit(out, (1 << 16) - z.avail_out);
	}
	inflateEnd(&z);
	return status == Z_STREAM_END;
}

static void answer(struct sim_opensearch *o, const struct http_request *request, enum sim_fault fault,
		   struct http_response *response)
{
	struct str rest = str_from(request->url, strlen(o->url));
	struct exchange x = { .o = o, .method = str_c(request->method), .status = 200, .body = request->body };
	struct buf plain;
	bool ok = true;

	x.path = str_split(&rest, '?');
	x.query = rest;
	buf_init(&plain, BODY_BYTES);
	buf_init(&x.out, ANSWER_BYTES);
	for (size_t i = 0; i < request->n_headers; i++) {
		if (!str_eq_nocase(request->headers[i].name, STR("content-encoding")))
			continue;
		o->compressed++;
		ok = unzip(request->body, &plain);
		x.body = buf_str(&plain);
	}
	if (!ok)
		fail(&x, 400, "bad_gzip", "the body is no gzip");
	else if (fault == SIM_500)
		fail(&x, 503, "cluster_manager_not_discovered_exception", "simulated");
	else if (fault == SIM_THROTTLE)
		fail(&x, 429, "circuit_breaking_exception", "simulated");
	else if (o->largest_body && x.body.len > o->largest_body)
		x.status = 413;
	else
		route(&x);
	http_response_clear(response);
	response->status = x.status;
	response->sent_ms = response->received_ms = env_mono_ms(loop_env(o->loop));
	buf_put(&response->body, fault == SIM_GARBAGE    ? STR("<html>")
				 : fault == SIM_TRUNCATE ? str_sub(buf_str(&x.out), 0, x.out.len / 2)
							 : buf_str(&x.out));
	buf_release(&x.out);
	buf_release(&plain);
}

static bool simulate(struct transport *t, const struct http_request *request, struct http_response *response,
		     struct err *err)
{
	struct sim_opensearch *o = (struct sim_opensearch *)t;
	enum sim_fault fault = SIM_NO_FAULT;

	if (!str_starts(request->url, str_c(o->url))) {
		if (o->next)
			return transport_send(o->next, request, response, err);
		return err_set(err, ERR_RETRY, "http.connect", "simulated: nobody is there");
	}
	o->requests++;
	if (o->latency_ms &&
	    !task_sleep_ms(o->loop, 1 + (int64_t)rng_below(&loop_env(o->loop)->rng, (uint64_t)o->latency_ms), err))
		return false;
	if (o->fault)
		fault = o->fault(o->fault_ctx, request->url.ptr);
	o->faults += fault != SIM_NO_FAULT;
	if (fault != SIM_DROP_BEFORE)
		answer(o, request, fault, response);
	if (fault == SIM_HANG && !task_sleep_ms(o->loop, request->timeout_ms ? request->timeout_ms : 30000, err))
		return false;
	if (fault == SIM_DROP_BEFORE || fault == SIM_DROP_AFTER || fault == SIM_HANG) {
		buf_clear(&response->body);
		response->status = 0;
		return err_set(err, ERR_RETRY, fault == SIM_HANG ? "http.timeout" : "http.broken",
			       "simulated: the answer is lost");
	}
	if (!buf_ok(&response->body) ||
	    (request->max_response_bytes && response->body.len > request->max_response_bytes)) {
		http_response_clear(response);
		return err_set(err, ERR_RETRY, "http.too_large", "simulated: the answer is more than was asked for");
	}
	return true;
}

struct sim_opensearch *sim_opensearch_new(struct loop *loop, const char *url, struct transport *next)
{
	struct sim_opensearch *o = mem_alloc(sizeof(*o));

	*o = (struct sim_opensearch){ .transport.send = simulate, .next = next, .loop = loop, .url = url };
	return o;
}

static void index_free(struct sim_index *x)
{
	while (x->documents) {
		struct sim_document *d = x->documents;

		x->documents = d->next;
		mem_free(d->id);
		mem_free(d->body);
		mem_free(d);
	}
	sim_map_release(&x->by_id);
	mem_free(x->name);
	mem_free(x->creation);
	mem_free(x);
}

void sim_opensearch_free(struct sim_opensearch *o)
{
	while (o->indexes) {
		struct sim_index *x = o->indexes;

		o->indexes = x->next;
		index_free(x);
	}
	while (o->aliases) {
		struct sim_alias *a = o->aliases;

		o->aliases = a->next;
		mem_free(a->name);
		mem_free(a->index);
		mem_free(a);
	}
	mem_free(o);
}
