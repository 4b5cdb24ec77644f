/* The opensearch sink: documents in bulks, each with its own outcome. */
#include "entry.h"
#include "key_map.h"
#include "opensearch_sink.h"
#include "sluice/core/json_write.h"
#include "sluice/core/mem.h"
#include "sluice/sinks/kinds.h"
#include "sluice/sinks/opensearch.h"

enum {
	PARALLEL = 4,
	LONGEST_ID = 512,
	SEND_BYTES = 4 << 20, /* of a plan, and for each effect: */
	SEND_EFFECT_BYTES = 4 << 10,
	NAMES_BYTES = 1 << 20,
	LEAST_BULK_BYTES = 64 << 10,
	LARGEST_BODY = 96 << 20, /* OpenSearch's http.max_content_length is 100 MB */
	ZOMBIE_S = 1200,         /* H = failover_s + 20 min (AWS refuses signatures older than 15) */
	LEAST_GC_DELETES_S = 3600,
	GC_MARGIN_S = 600,
};

struct ready_index {
	struct ready_index *next;
	struct str name;
};

struct opensearch_sink {
	struct sink base;
	struct opensearch_client client;
	struct opensearch_access access;
	size_t bulk_bytes, bulk_documents;
	int64_t gc_deletes_s;
	struct arena names;
	struct ready_index *ready; /* indexes that were seen to be there */
};

#define AT(field) offsetof(struct opensearch_settings, field)
static const struct option options[] = {
	{ .name = "url",
	  .type = OPTION_STR,
	  .offset = AT(url),
	  .flags = OPTION_REQUIRED,
	  .help = "Address of the cluster, such as \"http://127.0.0.1:9200\"." },
	{ .name = "timeout_ms",
	  .type = OPTION_INT,
	  .offset = AT(timeout_ms),
	  .default_text = "30000",
	  .min = 100,
	  .max = 600000,
	  .unit = "ms",
	  .help = "How long one request may take." },
	{ .name = "bulk_bytes",
	  .type = OPTION_INT,
	  .offset = AT(bulk_bytes),
	  .default_text = "5242880",
	  .min = LEAST_BULK_BYTES,
	  .max = LARGEST_BODY,
	  .unit = "bytes",
	  .help = "Most bytes of one bulk request, before compression." },
	{ .name = "bulk_documents",
	  .type = OPTION_INT,
	  .offset = AT(bulk_documents),
	  .default_text = "1000",
	  .min = 1,
	  .max = 10000,
	  .help = "Most documents of one bulk request." },
	{ .name = "gzip",
	  .type = OPTION_BOOL,
	  .offset = AT(gzip),
	  .default_text = "true",
	  .help = "Whether requests over 1 KiB are compressed." },
	{ .name = "auth",
	  .type = OPTION_GROUP,
	  .offset = AT(auth),
	  .table = opensearch_auth_options,
	  .help = "How the cluster gets to know who asks." },
	{ .name = "tls",
	  .type = OPTION_GROUP,
	  .offset = AT(tls),
	  .table = tls_options,
	  .help = "How the cluster is trusted, and the certificate that is shown to it." },
	{ 0 },
};

static bool url_ok(struct str url)
{
	struct str host = str_starts(url, STR("https://")) ? str_from(url, 8) : str_from(url, 7);

	if (!str_starts(url, STR("http://")) && !str_starts(url, STR("https://")))
		return false;
	for (size_t i = 0; i < url.len; i++)
		if ((unsigned char)url.ptr[i] <= ' ' || url.ptr[i] == '?' || url.ptr[i] == '#' || url.ptr[i] == '@')
			return false;
	return host.len > 0 && host.ptr[0] != '/' && host.ptr[0] != ':';
}

static void check(const void *settings, const struct node *at, struct problems *problems)
{
	const struct opensearch_settings *s = settings;
	const struct node *url = at ? node_get(at, STR("url")) : NULL;

	if (!url_ok(s->url))
		problems_add(problems, url ? url : at,
			     "url is no address of a cluster; expected \"http://HOST:PORT\" or \"https://HOST\", "
			     "without user, password or query");
	opensearch_access_check(s->url, &s->auth, &s->tls, at, problems);
}

static struct sink *opensearch_open(const void *settings, const struct sink_site *site, struct err *err)
{
	const struct opensearch_settings *s = settings;
	struct opensearch_sink *o;
	struct str url = s->url;

	if (!site->transport) {
		err_set(err, ERR_FATAL, "sink.client", "there is no HTTP client");
		return NULL;
	}
	while (str_ends(url, STR("/")))
		url.len--;
	o = mem_alloc(sizeof(*o));
	o->base = (struct sink){ .ops = &opensearch_sink, .site = *site };
	if (!opensearch_access_init(&o->access, &s->auth, &s->tls, site, err)) {
		mem_free(o);
		return NULL;
	}
	o->client = (struct opensearch_client){ .loop = site->loop,
						.transport = &o->access.transport,
						.url = url,
						.timeout_ms = s->timeout_ms,
						.gzip = s->gzip };
	o->bulk_bytes = (size_t)s->bulk_bytes;
	o->bulk_documents = (size_t)s->bulk_documents;
	o->gc_deletes_s = site->failover_ms / 1000 + ZOMBIE_S + GC_MARGIN_S;
	if (o->gc_deletes_s < LEAST_GC_DELETES_S)
		o->gc_deletes_s = LEAST_GC_DELETES_S;
	if (opensearch_access_serverless(&o->access))
		o->gc_deletes_s = 0; /* it has no such setting */
	arena_init(&o->names, NAMES_BYTES);
	return &o->base;
}

/* ---- which documents ---- */

struct documents {
	struct opensearch_sink *o;
	struct arena arena;
	struct key_map targets;
	struct entry **entries; /* one a document, in stream order */
	size_t count;
	size_t next; /* the first that no bulk holds yet */
};

static bool no_room(const struct documents *ds, struct err *err)
{
	return err_set(err, ERR_FATAL, "sink.memory",
		       "sink %.*s: one send needs more than %zu bytes for its plan; make batch.records smaller",
		       STR_ARG(ds->o->base.site.name), ds->arena.max);
}

static bool plan_document(struct documents *ds, struct effect *f, struct err *err)
{
	const struct effect_document *x = &f->document;
	struct entry *e = ARENA_NEW(&ds->arena, struct entry);
	const struct str parts[2] = { x->index, x->id };
	struct entry **there;

	if (x->id.len == 0 || x->id.len > LONGEST_ID)
		return err_set(err, ERR_DATA, "opensearch.id",
			       "a document's id has %zu bytes; OpenSearch takes 1 to %d", x->id.len, LONGEST_ID);
	if (x->ingest_pipeline.len && opensearch_access_serverless(&ds->o->access))
		return err_set(err, ERR_FATAL, "opensearch.serverless",
			       "OpenSearch Serverless has no ingest pipelines; remove `pipeline` from the handler");
	if (f->v > INT64_MAX)
		return err_set(err, ERR_DATA, "opensearch.version",
			       "version %llu of a document is above what OpenSearch can hold",
			       (unsigned long long)f->v);
	if (!e || !(e->target = key_join(&ds->arena, parts, 2)).ptr)
		return no_room(ds, err);
	e->effect = f;
	there = (struct entry **)key_map_at(&ds->targets, e->target);
	if (*there) {
		entry_overtake(*there, e);
		return true;
	}
	*there = e;
	ds->entries[ds->count++] = e;
	return true;
}

static void plan_documents(struct documents *ds, struct effect *const *effects, size_t n)
{
	bool room = key_map_init(&ds->targets, &ds->arena, n) &&
		    (ds->entries = arena_array(&ds->arena, n, sizeof(*ds->entries))) != NULL;

	for (size_t i = 0; i < n; i++) {
		struct err err = { 0 };

		if (sink_takes(&ds->o->base, effects[i]) &&
		    !(room ? plan_document(ds, effects[i], &err) : no_room(ds, &err)))
			effect_fail(effects[i], &err);
	}
}

/* ---- where they go ---- */

static bool is_ready(const struct opensearch_sink *o, struct str index)
{
	for (const struct ready_index *r = o->ready; r; r = r->next)
		if (str_eq(r->name, index))
			return true;
	return false;
}

static void forget_index(struct opensearch_sink *o, struct str index)
{
	for (struct ready_index **at = &o->ready; *at; at = &(*at)->next) {
		if (str_eq((*at)->name, index)) {
			*at = (*at)->next;
			return;
		}
	}
}

static bool make_ready(struct opensearch_sink *o, const struct effect_document *x, struct err *err)
{
	const struct opensearch_index index = {
		.name = x->index, .alias = x->alias, .definition = x->definition, .gc_deletes_s = o->gc_deletes_s
	};
	struct ready_index *r;

	if (is_ready(o, x->index))
		return true;
	if (!opensearch_ensure_index(&o->client, &index, err)) {
		opensearch_access_explain(&o->access, err);
		return false;
	}
	r = ARENA_NEW(&o->names, struct ready_index);
	if (r && (r->name = arena_dup(&o->names, x->index)).ptr) {
		r->next = o->ready;
		o->ready = r;
	}
	return true; /* without room for its name it is looked at again each time */
}

/* Leaves only documents whose index is there. False when cancelled. */
static bool make_indexes_ready(struct documents *ds)
{
	size_t kept = 0;

	for (size_t i = 0; i < ds->count; i++) {
		const struct effect_document *x = &ds->entries[i]->effect->document;
		struct err err = { 0 };

		if (make_ready(ds->o, x, &err)) {
			ds->entries[kept++] = ds->entries[i];
			continue;
		}
		if (err.class == ERR_CANCELLED)
			return false;
		entry_fail(ds->entries[i], &err);
	}
	ds->count = kept;
	return true;
}

/* ---- bulks ---- */

struct bulk {
	struct documents *ds;
	struct buf body;
	struct http_response response;
};

static void put_document(struct buf *out, const struct effect *e)
{
	const struct effect_document *x = &e->document;
	struct json_writer w;
	size_t from;

	json_write_init(&w, out);
	json_begin_object(&w);
	json_key(&w, e->kind == EFFECT_PUT_DOCUMENT ? STR("index") : STR("delete"));
	json_begin_object(&w);
	json_member_str(&w, STR("_index"), x->index);
	json_member_str(&w, STR("_id"), x->id);
	json_member_str(&w, STR("version_type"), STR("external"));
	json_key(&w, STR("version"));
	json_uint(&w, e->v);
	if (x->routing.len)
		json_member_str(&w, STR("routing"), x->routing);
	if (x->ingest_pipeline.len && e->kind == EFFECT_PUT_DOCUMENT)
		json_member_str(&w, STR("pipeline"), x->ingest_pipeline);
	json_end_object(&w);
	json_end_object(&w);
	buf_putc(out, '\n');
	if (e->kind == EFFECT_DELETE_DOCUMENT)
		return;
	from = out->len;
	if (!buf_put(out, x->body))
		return;
	/* A raw newline can only stand between JSON tokens; there a space says the same. */
	for (size_t i = from; i < out->len; i++)
		if (out->ptr[i] == '\n' || out->ptr[i] == '\r')
			out->ptr[i] = ' ';
	buf_putc(out, '\n');
}

static size_t document_bytes(const struct entry *e)
{
	return e->effect->document.body.len + e->effect->document.id.len + 256;
}

static void fail_all(struct entry **entries, size_t n, const struct err *why)
{
	if (why->class == ERR_CANCELLED)
		return;
	for (size_t i = 0; i < n; i++)
		entry_fail(entries[i], why);
}

/* A collection of another type refuses every document: no document's fault. */
static bool wrong_collection(const struct opensearch_sink *o, struct str reason)
{
	return opensearch_access_serverless(&o->access) &&
	       (str_find(reason, STR("Document ID is not supported")) != SIZE_MAX ||
		str_find(reason, STR("version_type")) != SIZE_MAX);
}

static enum err_class item_class(int64_t status, struct str type, struct str reason)
{
	/* Says 400, but is the cluster's state and not the document's fault. */
	static const struct str waits[] = { STR_INIT("index_closed_exception"), STR_INIT("validation_exception") };

	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
		if (str_eq(type, waits[i]))
			return ERR_RETRY;
	if (str_starts(reason, STR("pipeline with id "))) /* … does not exist */
		return ERR_RETRY;
	if (status == 429)
		return ERR_THROTTLE;
	if (status == 401 || status == 403)
		return ERR_AUTH;
	return status == 400 || status == 413 ? ERR_DATA : ERR_RETRY;
}

/* One item of the answer. A version conflict says that this or a newer version
 * is there; a missing document is what a delete wanted. */
static void settle_item(struct bulk *b, struct entry *e, const struct json *item)
{
	const struct json *result = json_first(item), *error = json_get(result, "error");
	const struct effect_document *x = &e->effect->document;
	struct str type = { 0 }, reason = { 0 };
	struct err why = { 0 };
	int64_t status = 0;

	json_get_int(json_get(result, "status"), &status);
	json_get_str(json_get(error, "type"), &type);
	json_get_str(json_get(error, "reason"), &reason);
	if (status / 100 == 2 || str_eq(type, STR("version_conflict_engine_exception")) ||
	    (status == 404 && !error && e->effect->kind == EFFECT_DELETE_DOCUMENT)) {
		entry_done(e);
		return;
	}
	if (str_eq(type, STR("index_not_found_exception")))
		forget_index(b->ds->o, x->index);
	err_set(&why, item_class(status, type, reason), "opensearch.item",
		"OpenSearch refused document %.*s of index %.*s with %lld %.*s: %.*s", STR_ARG(str_sub(x->id, 0, 100)),
		STR_ARG(x->index), (long long)status, STR_ARG(type), STR_ARG(reason));
	if (wrong_collection(b->ds->o, reason))
		err_set(&why, ERR_FATAL, "opensearch.serverless",
			"the Serverless collection takes no document ids or versions (%.*s); make one of the type "
			"search: those for time series and vectors cannot be kept equal to a table",
			STR_ARG(str_sub(reason, 0, 200)));
	opensearch_access_explain(&b->ds->o->access, &why);
	entry_fail(e, &why);
}

static void settle_items(struct bulk *b, struct entry **entries, size_t n)
{
	struct err why = { 0 };
	struct json *root = json_parse(buf_str(&b->response.body), b->response.body.len, &why);
	const struct json *items = json_get(root, "items"), *item = json_first(items);

	if (json_count(items) != n) {
		err_set(&why, ERR_RETRY, "opensearch.answer",
			"OpenSearch at %.*s answered a bulk of %zu documents with %zu outcomes",
			STR_ARG(b->ds->o->client.url), n, json_count(items));
		fail_all(entries, n, &why);
	} else {
		for (size_t i = 0; i < n; i++, item = json_next(item))
			settle_item(b, entries[i], item);
	}
	json_free(root);
}

static bool post(struct bulk *b, struct entry **entries, size_t n, struct err *err)
{
	struct opensearch_request request = {
		.method = "POST",
		.path = STR("/_bulk?filter_path=items.*.status,items.*.error.type,items.*.error.reason"),
		.ndjson = true,
	};

	buf_clear(&b->body);
	for (size_t i = 0; i < n; i++)
		put_document(&b->body, entries[i]->effect);
	if (!buf_ok(&b->body)) {
		b->response.status = 413; /* larger than any server takes */
		return err_set(err, ERR_DATA, "opensearch.size", "a document is larger than %d bytes", LARGEST_BODY);
	}
	request.body = buf_str(&b->body);
	http_response_release(&b->response);
	http_response_init(&b->response);
	if (opensearch_call(&b->ds->o->client, &request, &b->response, err))
		return true;
	opensearch_access_explain(&b->ds->o->access, err);
	return false;
}

/* The whole bulk was refused for what is in it: halve it until the one to blame
 * stands alone. At most ~14 deep (bulk_documents <= 10,000). */
static void run_bulk(struct bulk *b, struct entry **entries, size_t n)
{
	struct opensearch_sink *o = b->ds->o;
	struct err err = { 0 };

	if (post(b, entries, n, &err)) {
		settle_items(b, entries, n);
		return;
	}
	if (b->response.status == 413 && o->bulk_bytes / 2 >= LEAST_BULK_BYTES)
		o->bulk_bytes /= 2;
	if (err.class != ERR_DATA || n == 1) {
		fail_all(entries, n, &err);
		return;
	}
	run_bulk(b, entries, n / 2);
	run_bulk(b, entries + n / 2, n - n / 2);
}

static size_t next_bulk(const struct documents *ds)
{
	size_t n = 0, bytes = 0;

	while (ds->next + n < ds->count && n < ds->o->bulk_documents) {
		bytes += document_bytes(ds->entries[ds->next + n]);
		if (n > 0 && bytes > ds->o->bulk_bytes)
			break;
		n++;
	}
	return n;
}

static void run_bulks(void *arg)
{
	struct documents *ds = arg;
	struct bulk b = { .ds = ds };

	buf_init(&b.body, LARGEST_BODY);
	http_response_init(&b.response);
	while (ds->next < ds->count && !task_cancelled(ds->o->base.site.loop)) {
		size_t from = ds->next, n = next_bulk(ds);

		ds->next += n;
		run_bulk(&b, ds->entries + from, n);
	}
	http_response_release(&b.response);
	buf_release(&b.body);
}

static void opensearch_send_effects(struct sink *s, struct effect *const *effects, size_t n)
{
	struct documents ds = { .o = (struct opensearch_sink *)s };

	arena_init(&ds.arena, SEND_BYTES + n * SEND_EFFECT_BYTES);
	plan_documents(&ds, effects, n);
	if (!make_indexes_ready(&ds) || ds.count == 0)
		goto out;
	if (next_bulk(&ds) == ds.count) {
		run_bulks(&ds);
	} else {
		struct scope scope;

		scope_init(&scope, s->site.loop);
		for (size_t i = 0; i < PARALLEL; i++)
			scope_spawn(&scope, "sink.opensearch", run_bulks, &ds);
		scope_wait(&scope);
	}
out:
	arena_release(&ds.arena);
}

static bool opensearch_probe(struct sink *s, struct err *err)
{
	struct opensearch_sink *o = (struct opensearch_sink *)s;
	const struct opensearch_request q = {
		.method = "GET",
		.path = opensearch_access_serverless(&o->access) ? STR("/_cat/indices?h=index") : STR("/"),
	};
	struct http_response response;
	bool ok;

	http_response_init(&response);
	ok = opensearch_call(&o->client, &q, &response, err);
	if (!ok && err)
		opensearch_access_explain(&o->access, err);
	if (!ok)
		err_prefix(err, "sink %.*s cannot use its cluster; check sinks.%.*s.url", STR_ARG(s->site.name),
			   STR_ARG(s->site.name));
	http_response_release(&response);
	return ok;
}

static void opensearch_close(struct sink *s)
{
	struct opensearch_sink *o = (struct opensearch_sink *)s;

	opensearch_access_release(&o->access);
	arena_release(&o->names);
	mem_free(o);
}

const struct sink_ops opensearch_sink = {
	.kind = "opensearch",
	.summary = "Keeps documents of an OpenSearch index by bulk requests with external versions.",
	.options = options,
	.settings_size = sizeof(struct opensearch_settings),
	.accepts = 1u << EFFECT_PUT_DOCUMENT | 1u << EFFECT_DELETE_DOCUMENT,
	.address = "index",
	.check = check,
	.open = opensearch_open,
	.send = opensearch_send_effects,
	.probe = opensearch_probe,
	.close = opensearch_close,
};
