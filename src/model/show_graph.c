#include "sluice/model/show.h"

enum { DETAIL_BYTES = 8 << 10, NAMES_MAX = 8 };

struct making {
	struct show_graph *g;
	const struct model *m;
	struct arena *arena;
	size_t max_nodes, max_edges;
	size_t *sink_of;     /* of each handler: the sink's node it sends to, or 0 (which is a table) */
	bool full;
};

static struct str text_at(const struct node *group, const char *name)
{
	const struct node *n = group ? node_get(group, str_c(name)) : NULL;

	return n && n->kind == NODE_STRING ? n->text : STR("");
}

static size_t add_node(struct making *k, enum show_kind kind, struct str name, struct str detail)
{
	struct show_node *n = &k->g->nodes[k->g->n_nodes];

	if (k->g->n_nodes == k->max_nodes) {
		k->full = true;
		return 0;
	}
	*n = (struct show_node){ .kind = kind, .name = show_clean(name, k->arena), .detail = show_clean(detail, k->arena) };
	return k->g->n_nodes++;
}

/* Each only once: several audiences in one table are one arrow. */
static void add_edge(struct making *k, size_t from, size_t to, enum show_way way)
{
	struct show_graph *g = k->g;

	for (size_t i = g->n_edges; i-- > 0 && (g->edges[i].to == to || g->edges[i].from == from);)
		if (g->edges[i].from == from && g->edges[i].to == to && g->edges[i].way == way)
			return;
	if (g->n_edges == k->max_edges)
		k->full = true;
	else
		g->edges[g->n_edges++] = (struct show_edge){ from, to, way };
}

/* --- handlers -------------------------------------------------------------- */

static const struct node *sink_named(const struct model *m, struct str name)
{
	for (const struct node *n = m->sinks ? m->sinks->first : NULL; n && name.len; n = n->next)
		if (str_eq(text_at(n, "name"), name))
			return n;
	return NULL;
}

/* The setting that names the place in a sink. */
static struct str address_of(const struct node *handler)
{
	static const char *const names[] = { "topic", "queue_url", "topic_arn", "stream", "bus", "function", "bucket", "url", "index" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (text_at(handler, names[i]).len)
			return text_at(handler, names[i]);
	return STR("");
}

/* One for each place of each sink. */
static size_t sink_node(struct making *k, struct str sink, struct str address)
{
	const struct node *at = sink_named(k->m, sink);
	struct str kind = text_at(at, "kind"), name = show_clean(address.len ? address : sink, k->arena);
	struct str detail = arena_putf(k->arena, "%.*s sink %.*s", STR_ARG(str_sub(kind, 0, 40)), STR_ARG(str_sub(sink, 0, 255)));
	struct str clean = show_clean(detail, k->arena);

	for (size_t i = k->g->n_tables + k->g->n_handlers; i < k->g->n_nodes; i++)
		if (str_eq(k->g->nodes[i].name, name) && str_eq(k->g->nodes[i].detail, clean))
			return i;
	return add_node(k, SHOW_SINK, name, clean);
}

/* The names in a list of texts, or of groups that have them as `member`; the same one twice in a row is one. */
static void put_names(const struct node *list, const char *member, struct buf *out)
{
	struct str before = STR("");
	size_t n = 0;

	for (const struct node *e = list && list->kind == NODE_ARRAY ? list->first : NULL; e; e = e->next) {
		struct str name = e->kind == NODE_STRING ? e->text : member ? text_at(e, member) : STR("");

		if (name.len == 0 || str_eq(name, before))
			continue;
		if (n++ == NAMES_MAX) {
			buf_puts(out, " …");
			return;
		}
		buf_putf(out, "%s%.*s", before.len ? ", " : " ", STR_ARG(name));
		before = name;
	}
}

/* "counter: live_deals, total_price" */
static struct str detail_of(const struct model_handler *h, struct arena *a)
{
	static const struct {
		const char *kind, *list, *member;
	} lists[] = { { "counter", "add", "attribute" }, { "view", "attributes", NULL }, { "index", "document", NULL },
		      { "fanout", "audience", "table" } };
	struct buf text;
	struct str whole;

	buf_init(&text, DETAIL_BYTES);
	buf_put(&text, str_sub(h->kind, 0, 40));
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		const struct node *list = node_get(h->at, str_c(lists[i].list));

		if (!str_eq(h->kind, str_c(lists[i].kind)) || !list || !list->first)
			continue;
		buf_puts(&text, ":");
		if (lists[i].member && str_eq(str_c(lists[i].member), STR("table")))
			buf_puts(&text, " to members in");
		put_names(list, lists[i].member, &text);
	}
	whole = show_clean(buf_str(&text), a);
	buf_release(&text);
	return whole;
}

static void link_table(struct making *k, size_t handler, struct str name, enum show_way way)
{
	const struct model_table *t = model_table(k->m, name);

	if (t && way == SHOW_WRITES)
		add_edge(k, handler, (size_t)(t - k->m->tables), way);
	else if (t)
		add_edge(k, (size_t)(t - k->m->tables), handler, way);
}

static void link_handler(struct making *k, size_t i)
{
	const struct model_handler *h = &k->m->handlers[i];
	const struct node *sink = sink_named(k->m, text_at(h->at, "sink")), *audience = node_get(h->at, STR("audience"));
	size_t node = k->g->n_tables + i;
	struct str seen = STR("");

	if (h->table)
		add_edge(k, (size_t)(h->table - k->m->tables), node, SHOW_STREAM);
	for (const struct node *n = audience && audience->kind == NODE_ARRAY ? audience->first : NULL; n; n = n->next) {
		struct str table = text_at(n, "table").len ? text_at(n, "table") : text_at(n, "scan");

		if (!str_eq(table, seen))
			link_table(k, node, table, SHOW_READS);
		seen = table;
	}
	link_table(k, node, text_at(h->at, "table"), SHOW_WRITES);
	if (sink && !str_eq(text_at(sink, "kind"), STR("dynamodb"))) {
		k->sink_of[i] = sink_node(k, text_at(h->at, "sink"), address_of(h->at));
		add_edge(k, node, k->sink_of[i], SHOW_WRITES);
	}
}

/* --- patterns -------------------------------------------------------------- */

/* Where it is listed: its table, else where the handler that serves it sends to, else `elsewhere`. */
static size_t home_of(const struct making *k, const struct model_pattern *p, size_t elsewhere)
{
	if (p->table)
		return (size_t)(p->table - k->m->tables);
	for (size_t i = 0; i < k->m->n_handlers && p->served_by.len; i++)
		if (str_eq(k->m->handlers[i].name, p->served_by) && k->sink_of[i])
			return k->sink_of[i];
	return elsewhere;
}

static void add_pattern(struct making *k, const struct model_pattern *p, size_t home)
{
	struct show_node *n = &k->g->nodes[home];

	n->patterns[n->n_patterns++] = (struct show_pattern){
		.id = show_clean(p->id, k->arena), .operation = show_clean(p->operation, k->arena),
		.description = show_clean(p->description, k->arena), .index = p->index,
	};
}

static void add_patterns(struct making *k)
{
	const struct model *m = k->m;
	size_t *homes = arena_array(k->arena, m->n_patterns + 1, sizeof(*homes)), elsewhere = k->g->n_nodes;
	size_t *counts = arena_array(k->arena, k->max_nodes + 1, sizeof(*counts));

	if (!homes || !counts) {
		k->full = true;
		return;
	}
	for (size_t i = 0; i < m->n_patterns; i++) {
		homes[i] = home_of(k, &m->patterns[i], elsewhere);
		counts[homes[i]]++;
	}
	if (counts[elsewhere])
		add_node(k, SHOW_ELSEWHERE, STR("Served elsewhere"), STR(""));
	for (size_t i = 0; i < k->g->n_nodes && !k->full; i++) {
		k->g->nodes[i].patterns = arena_array(k->arena, counts[i] + 1, sizeof(struct show_pattern));
		k->full = !k->g->nodes[i].patterns;
	}
	for (size_t i = 0; i < m->n_patterns && !k->full; i++)
		add_pattern(k, &m->patterns[i], homes[i]);
}

/* --- all ------------------------------------------------------------------- */

static const char *plural(size_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

struct str show_sum(const struct show_graph *g, struct arena *a)
{
	return arena_putf(a, "%zu table%s, %zu %s, %zu access pattern%s, %zu handler%s", g->n_tables, plural(g->n_tables, "", "s"),
			  g->n_indexes, plural(g->n_indexes, "index", "indexes"), g->n_patterns, plural(g->n_patterns, "", "s"),
			  g->n_handlers, plural(g->n_handlers, "", "s"));
}

static bool make_room(struct making *k)
{
	const struct model *m = k->m;

	k->max_nodes = m->n_tables + 2 * m->n_handlers + 1;
	k->max_edges = 3 * m->n_handlers;
	for (size_t i = 0; i < m->n_handlers; i++) {
		const struct node *audience = node_get(m->handlers[i].at, STR("audience"));

		k->max_edges += audience ? audience->count : 0;
	}
	k->g->nodes = arena_array(k->arena, k->max_nodes, sizeof(*k->g->nodes));
	k->g->edges = arena_array(k->arena, k->max_edges + 1, sizeof(*k->g->edges));
	k->sink_of = arena_array(k->arena, m->n_handlers + 1, sizeof(*k->sink_of));
	return k->g->nodes && k->g->edges && k->sink_of;
}

bool show_graph_make(struct show_graph *g, const struct model *m, struct arena *a)
{
	struct making k = { .g = g, .m = m, .arena = a };

	*g = (struct show_graph){ .n_tables = m->n_tables, .n_handlers = m->n_handlers, .n_patterns = m->n_patterns };
	if (!make_room(&k))
		return false;
	for (size_t i = 0; i < m->n_tables; i++) {
		size_t node = add_node(&k, SHOW_TABLE, m->tables[i].name, STR(""));

		g->nodes[node].table = &m->tables[i];
		g->n_indexes += m->tables[i].n_indexes;
	}
	for (size_t i = 0; i < m->n_handlers; i++)
		add_node(&k, SHOW_HANDLER, m->handlers[i].name, detail_of(&m->handlers[i], a));
	for (size_t i = 0; i < m->n_handlers; i++)
		link_handler(&k, i);
	add_patterns(&k);
	return !k.full;
}
