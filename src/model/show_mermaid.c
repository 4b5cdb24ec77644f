#include "sluice/model/show.h"

enum { LABEL = 70 };

static unsigned one(uint32_t c)
{
	(void)c;
	return 1;
}

/* All but letters, digits, blanks and harmless signs as "#35;", so that nothing is syntax. */
static void put_text(struct str text, struct buf *out)
{
	for (size_t at = 0; at < text.len;) {
		size_t from = at;
		uint32_t c = show_character(text, &at);
		bool plain = c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			     (c && strchr(" _.,()+-", (int)c));

		if (plain)
			buf_put(out, str_sub(text, from, at - from));
		else
			buf_putf(out, "#%u;", (unsigned)c);
	}
}

static void put_cut(struct str text, struct arena *a, struct buf *out)
{
	put_text(show_cut(text, LABEL, one, a), out);
}

static void put_patterns(const struct show_node *n, const struct model_index *index, struct arena *a, struct buf *out)
{
	for (size_t i = 0; i < n->n_patterns; i++) {
		const struct show_pattern *p = &n->patterns[i];

		if (p->index != index)
			continue;
		buf_puts(out, "<br/>");
		put_cut(arena_putf(a, "%.*s  %.*s%s%.*s", STR_ARG(p->id), STR_ARG(p->operation), p->operation.len ? "  " : "",
				   STR_ARG(p->description)), a, out);
	}
}

static void put_table(size_t i, const struct show_node *n, struct arena *a, struct buf *out)
{
	const struct model_table *t = n->table;

	buf_putf(out, "  n%zu[\"<b>", i);
	put_cut(n->name, a, out);
	buf_puts(out, "</b><br/>");
	put_cut(show_key(&t->key, a), a, out);
	if (t->ttl_attribute.len) {
		buf_puts(out, "<br/>TTL ");
		put_cut(show_clean(t->ttl_attribute, a), a, out);
	}
	put_patterns(n, NULL, a, out);
	for (size_t k = 0; k < t->n_indexes; k++) {
		const struct model_index *x = &t->indexes[k];

		buf_puts(out, x->global ? "<br/><i>index " : "<br/><i>local index ");
		put_cut(show_clean(x->name, a), a, out);
		buf_puts(out, "</i><br/>");
		put_cut(show_key(&x->key, a), a, out);
		put_patterns(n, x, a, out);
	}
	buf_puts(out, "\"]\n");
}

static void put_other(size_t i, const struct show_node *n, struct arena *a, struct buf *out)
{
	static const char *const open[] = { [SHOW_HANDLER] = "([\"", [SHOW_SINK] = "[(\"", [SHOW_ELSEWHERE] = "[\"" };
	static const char *const close[] = { [SHOW_HANDLER] = "\"])\n", [SHOW_SINK] = "\")]\n", [SHOW_ELSEWHERE] = "\"]\n" };

	buf_putf(out, "  n%zu%s<b>", i, open[n->kind]);
	put_cut(n->name, a, out);
	buf_puts(out, "</b>");
	if (n->detail.len) {
		buf_puts(out, "<br/>");
		put_cut(n->detail, a, out);
	}
	put_patterns(n, NULL, a, out);
	buf_puts(out, close[n->kind]);
}

bool show_write_mermaid(const struct show_graph *g, struct arena *a, struct buf *out)
{
	static const char *const arrows[] = { [SHOW_STREAM] = "-- stream -->", [SHOW_WRITES] = "-->", [SHOW_READS] = "-. read by .->" };

	buf_puts(out, "flowchart LR\n");
	for (size_t i = 0; i < g->n_nodes; i++) {
		if (g->nodes[i].kind == SHOW_TABLE)
			put_table(i, &g->nodes[i], a, out);
		else
			put_other(i, &g->nodes[i], a, out);
	}
	for (size_t i = 0; i < g->n_edges; i++)
		buf_putf(out, "  n%zu %s n%zu\n", g->edges[i].from, arrows[g->edges[i].way], g->edges[i].to);
	return buf_ok(out);
}
