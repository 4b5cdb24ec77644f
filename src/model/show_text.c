#include "sluice/model/show.h"

#include <stdio.h>

enum { COLUMNS = 100, ID_COLUMNS = 6, OPERATION_COLUMNS = 19 };

/* Columns of a terminal: wide ones of East Asia take two. */
static unsigned columns(uint32_t c)
{
	return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
	       (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
	       (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd) ? 2 : 1;
}

static unsigned width_of(struct str text)
{
	unsigned n = 0;

	for (size_t at = 0; at < text.len;)
		n += columns(show_character(text, &at));
	return n;
}

struct tree {
	const struct show_graph *g;
	struct arena *arena;
	struct buf *out;
};

/* A line, cut where the terminal ends. */
static void put_line(struct tree *t, const char *branch, struct str text)
{
	struct str cut = show_cut(text, COLUMNS - width_of(str_c(branch)), columns, t->arena);

	buf_putf(t->out, "%s%.*s\n", branch, STR_ARG(cut));
}

/* Text in a column of its own, with blanks up to the next one. */
static void put_column(struct buf *out, struct str text, unsigned wide, struct arena *a)
{
	struct str cut = show_cut(text, wide, columns, a);

	buf_putf(out, "%.*s%*s", STR_ARG(cut), (int)(wide - width_of(cut)) + 1, "");
}

static void put_pattern(struct tree *t, const char *branch, const struct show_pattern *p)
{
	struct buf text;

	buf_init(&text, 1 << 20);
	put_column(&text, p->id, ID_COLUMNS, t->arena);
	put_column(&text, p->operation, OPERATION_COLUMNS, t->arena);
	buf_put(&text, p->description);
	put_line(t, branch, str_trim(buf_str(&text)));
	buf_release(&text);
}

static size_t count_patterns(const struct show_node *n, const struct model_index *index)
{
	size_t count = 0;

	for (size_t i = 0; i < n->n_patterns; i++)
		count += n->patterns[i].index == index;
	return count;
}

/* Those that use the index, or the table itself; `last`: nothing comes behind them. */
static void put_patterns(struct tree *t, const struct show_node *n, const struct model_index *index, const char *stem, bool last)
{
	size_t left = count_patterns(n, index);
	char branch[64];

	for (size_t i = 0; i < n->n_patterns; i++) {
		if (n->patterns[i].index != index)
			continue;
		left--;
		snprintf(branch, sizeof(branch), "%s%s", stem, last && left == 0 ? "└─ " : "├─ ");
		put_pattern(t, branch, &n->patterns[i]);
	}
}

static void put_index(struct tree *t, const struct show_node *n, const struct model_index *x, const char *stem, bool last)
{
	struct str name = show_clean(x->name, t->arena), key = show_key(&x->key, t->arena);
	struct str projection = show_projection(x, t->arena);
	char branch[64];

	snprintf(branch, sizeof(branch), "%s%s", stem, last ? "└─ " : "├─ ");
	put_line(t, branch, arena_putf(t->arena, "%s %.*s: %.*s · %.*s", x->global ? "index" : "local index", STR_ARG(name),
				       STR_ARG(key), STR_ARG(projection)));
	snprintf(branch, sizeof(branch), "%s%s", stem, last ? "   " : "│  ");
	put_patterns(t, n, x, branch, true);
}

static void put_table(struct tree *t, const struct show_node *n, bool last)
{
	const struct model_table *table = n->table;
	struct str key = show_key(&table->key, t->arena), ttl = show_clean(table->ttl_attribute, t->arena);
	struct str stream = show_clean(table->stream_view_type, t->arena);
	const char *stem = last ? "   " : "│  ";

	put_line(t, last ? "└─ " : "├─ ",
		 arena_putf(t->arena, "%.*s: %.*s%s%.*s%s%.*s", STR_ARG(n->name), STR_ARG(key), table->ttl_attribute.len ? " · TTL " : "",
			    STR_ARG(ttl), table->stream ? " · stream " : "", table->stream ? (int)stream.len : 0, stream.ptr));
	put_patterns(t, n, NULL, stem, table->n_indexes == 0);
	for (size_t i = 0; i < table->n_indexes; i++)
		put_index(t, n, &table->indexes[i], stem, i + 1 == table->n_indexes);
}

/* --- handlers -------------------------------------------------------------- */

static size_t next_edge(const struct show_graph *g, size_t from, size_t handler, enum show_way way)
{
	for (size_t i = from; i < g->n_edges; i++)
		if (g->edges[i].way == way && (way == SHOW_WRITES ? g->edges[i].from : g->edges[i].to) == handler)
			return i;
	return g->n_edges;
}

static void put_ways(struct tree *t, size_t handler, enum show_way way, const char *before, const char *between, struct buf *out)
{
	const struct show_graph *g = t->g;

	for (size_t i = next_edge(g, 0, handler, way); i < g->n_edges; i = next_edge(g, i + 1, handler, way)) {
		const struct show_node *n = &g->nodes[way == SHOW_WRITES ? g->edges[i].to : g->edges[i].from];

		buf_putf(out, "%s%.*s", before, STR_ARG(n->name));
		if (n->detail.len)
			buf_putf(out, " (%.*s)", STR_ARG(n->detail));
		before = between;
	}
}

static void put_handler(struct tree *t, size_t handler, bool last)
{
	const struct show_node *n = &t->g->nodes[handler];
	struct buf text;

	buf_init(&text, 1 << 20);
	put_ways(t, handler, SHOW_STREAM, "", ", ", &text);
	buf_putf(&text, " ─▶ %.*s", STR_ARG(n->name));
	put_ways(t, handler, SHOW_WRITES, " ─▶ ", ", ", &text);
	put_line(t, last ? "└─ " : "├─ ", buf_str(&text));
	put_line(t, last ? "      " : "│     ", n->detail);
	buf_release(&text);
}

static void put_others(struct tree *t)
{
	const struct show_graph *g = t->g;

	for (size_t i = g->n_tables + g->n_handlers; i < g->n_nodes; i++) {
		const struct show_node *n = &g->nodes[i];

		if (n->n_patterns == 0)
			continue;
		put_line(t, "\n", n->detail.len ? arena_putf(t->arena, "%.*s (%.*s)", STR_ARG(n->name), STR_ARG(n->detail)) : n->name);
		put_patterns(t, n, NULL, "", true);
	}
}

bool show_write_text(const struct show_graph *g, struct arena *a, struct buf *out)
{
	struct tree t = { g, a, out };

	buf_put(out, show_sum(g, a));
	buf_puts(out, "\n\nTables\n");
	for (size_t i = 0; i < g->n_tables; i++)
		put_table(&t, &g->nodes[i], i + 1 == g->n_tables);
	if (g->n_handlers)
		buf_puts(out, "\nHandlers\n");
	for (size_t i = 0; i < g->n_handlers; i++)
		put_handler(&t, g->n_tables + i, i + 1 == g->n_handlers);
	put_others(&t);
	return buf_ok(out);
}
