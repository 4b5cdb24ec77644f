#include "sluice/model/show.h"

#include <stdlib.h>

/* Pixels. Tables are as wide as sinks, so that a table may stand in any column. */
enum {
	MARGIN = 32, TABLE_W = 460, HANDLER_W = 264, GUTTER = 118, GAP = 22, ROW = 18, HEAD = 28, PAD = 12, HANDLER_H = 54,
	HANDLER_GAP = 14, INDEX_HEAD = 22, TITLE_H = 56, CAPTION_H = 34, PORT = 12, ID_W = 36, OPERATION_W = 138, FAR = 1 << 28,
};
enum { COLUMN_1 = MARGIN, COLUMN_2 = COLUMN_1 + TABLE_W + GUTTER, COLUMN_3 = COLUMN_2 + HANDLER_W + GUTTER,
       RIGHT = COLUMN_3 + TABLE_W };

/* Which column a node stands in. OTHERS: below, without arrows. */
enum place { OTHERS, SOURCES, HANDLERS, TARGETS };

struct laying {
	struct show_layout *l;
	const struct show_graph *g;
	struct arena *arena;
	size_t max_boxes, max_runs;
	enum place *places;              /* of each node */
	struct show_box **boxes;         /* of each node: the outer one */
	bool full;
};

/* --- text ------------------------------------------------------------------ */

/* Widths at a size of 1000, those of the wider ones among common sans-serif faces: the face is the reader's. */
static unsigned milli(uint32_t c)
{
	if (c >= 0x80)
		return c == 0x2026 ? 1000 : c < 0x1100 ? 660 : 1040;
	if (strchr("ijlI.,:;'|! ", (int)c))
		return 330;
	if (strchr("ftr()[]-/\\\"`", (int)c))
		return 410;
	if (strchr("mwMW@%<>&#+=~", (int)c))
		return 960;
	if (c >= 'A' && c <= 'Z')
		return 700;
	return 625;
}

/* In thousandths of a pixel; a seventh more than the style sheet's where it is bold. */
static const unsigned sizes[] = {
	[SHOW_TITLE] = 23000, [SHOW_CAPTION] = 13700, [SHOW_NAME] = 16000, [SHOW_PLAIN] = 12000, [SHOW_KEY] = 12300,
	[SHOW_NUMBER] = 13700, [SHOW_OPERATION] = 12000, [SHOW_BADGE] = 11000,
};

/* Room in thousandths of the size. */
static unsigned room_for(int pixels, enum show_style style)
{
	return pixels <= 0 ? 0 : (unsigned)((uint64_t)pixels * 1000000 / sizes[style]);
}

static int width_of(struct str text, enum show_style style)
{
	uint64_t sum = 0;

	for (size_t at = 0; at < text.len;)
		sum += milli(show_character(text, &at));
	return (int)(sum * sizes[style] / 1000000) + 1;
}

/* Returns what it takes of the room. */
static int put_run(struct laying *k, int x, int y, int room, enum show_style style, struct str text, bool right)
{
	struct show_run *r = &k->l->runs[k->l->n_runs];

	if (k->l->n_runs == k->max_runs) {
		k->full = true;
		return 0;
	}
	if (text.len == 0)
		return 0;
	k->l->n_runs++;
	*r = (struct show_run){ .x = x, .y = y, .style = style, .right = right };
	r->text = show_cut(text, room_for(room, style), milli, k->arena);
	if (r->text.ptr != text.ptr) /* as long as it, maybe: the dots are three bytes */
		r->whole = text;
	return width_of(r->text, style);
}

/* --- boxes ----------------------------------------------------------------- */

static struct show_box *put_box(struct laying *k, enum show_shape shape, size_t node, int x, int y, int w)
{
	struct show_box *b = &k->l->boxes[k->l->n_boxes];

	if (k->l->n_boxes == k->max_boxes) {
		k->full = true;
		return b - 1;
	}
	k->l->n_boxes++;
	*b = (struct show_box){ .shape = shape, .node = node, .x = x, .y = y, .w = w };
	return b;
}

/* As wide as the widest of the operations in a box needs. */
static int operation_width(const struct show_node *n)
{
	int widest = 0;

	for (size_t i = 0; i < n->n_patterns; i++) {
		int w = n->patterns[i].operation.len ? width_of(n->patterns[i].operation, SHOW_OPERATION) + 12 : 0;

		widest = w > widest ? w : widest;
	}
	return widest < OPERATION_W ? widest : OPERATION_W;
}

/* Below y; returns where it ends. */
static int put_patterns(struct laying *k, const struct show_node *n, const struct model_index *index, int x, int w, int y)
{
	int wide = operation_width(n);

	for (size_t i = 0; i < n->n_patterns; i++) {
		const struct show_pattern *p = &n->patterns[i];
		int at = x + ID_W;

		if (p->index != index)
			continue;
		y += ROW;
		put_run(k, x, y - 5, ID_W - 4, SHOW_NUMBER, p->id, false);
		put_run(k, at, y - 5, wide - 8, SHOW_OPERATION, p->operation, false);
		at += wide;
		put_run(k, at, y - 5, x + w - at, SHOW_PLAIN, p->description, false);
	}
	return y;
}

static int put_index(struct laying *k, size_t node, const struct model_index *x, int left, int w, int y)
{
	struct show_box *b = put_box(k, SHOW_BOX_INDEX, node, left, y, w);
	int inner = w - 2 * PAD, used;

	used = put_run(k, left + PAD, y + 17, inner * 3 / 4, SHOW_CAPTION, show_clean(x->name, k->arena), false);
	put_run(k, left + w - PAD, y + 17, inner - used - PAD, SHOW_BADGE, show_projection(x, k->arena), true);
	put_run(k, left + PAD, y + INDEX_HEAD + ROW - 5, inner, SHOW_KEY, show_key(&x->key, k->arena), false);
	b->h = put_patterns(k, &k->g->nodes[node], x, left + PAD, inner, y + INDEX_HEAD + ROW) - y + 6;
	return y + b->h;
}

static struct str badge_of(const struct model_table *t, struct arena *a)
{
	struct str ttl = show_clean(t->ttl_attribute, a);

	if (t->ttl_attribute.len)
		return arena_putf(a, "TTL %.*s%s", STR_ARG(ttl), t->stream ? " · stream" : "");
	return t->stream ? STR("stream") : STR("");
}

static struct show_box *put_table(struct laying *k, size_t node, int x, int y)
{
	const struct show_node *n = &k->g->nodes[node];
	struct show_box *b = put_box(k, SHOW_BOX_TABLE, node, x, y, TABLE_W);
	int inner = TABLE_W - 2 * PAD, at, used;

	used = put_run(k, x + PAD, y + 21, inner * 3 / 4, SHOW_NAME, n->name, false);
	put_run(k, x + TABLE_W - PAD, y + 21, inner - used - PAD, SHOW_BADGE, badge_of(n->table, k->arena), true);
	put_run(k, x + PAD, y + HEAD + ROW - 2, inner, SHOW_KEY, show_key(&n->table->key, k->arena), false);
	at = put_patterns(k, n, NULL, x + PAD, inner, y + HEAD + ROW + 5);
	for (size_t i = 0; i < n->table->n_indexes; i++)
		at = put_index(k, node, &n->table->indexes[i], x + 8, TABLE_W - 16, at + 8);
	b->h = at - y + 8;
	return b;
}

static struct show_box *put_handler(struct laying *k, size_t node, int x, int y)
{
	const struct show_node *n = &k->g->nodes[node];
	struct show_box *b = put_box(k, SHOW_BOX_HANDLER, node, x, y, HANDLER_W);

	put_run(k, x + PAD, y + 22, HANDLER_W - 2 * PAD, SHOW_NAME, n->name, false);
	put_run(k, x + PAD, y + 42, HANDLER_W - 2 * PAD, SHOW_PLAIN, n->detail, false);
	b->h = HANDLER_H;
	return b;
}

static struct show_box *put_sink(struct laying *k, size_t node, int x, int y)
{
	const struct show_node *n = &k->g->nodes[node];
	struct show_box *b = put_box(k, SHOW_BOX_SINK, node, x, y, TABLE_W);
	int inner = TABLE_W - 2 * PAD, used;

	used = put_run(k, x + PAD, y + 21, inner * 2 / 3, SHOW_NAME, n->name, false);
	put_run(k, x + TABLE_W - PAD, y + 21, inner - used - PAD, SHOW_BADGE, n->detail, true);
	b->h = put_patterns(k, n, NULL, x + PAD, inner, y + HEAD) - y + (n->n_patterns ? 6 : 4);
	return b;
}

static struct show_box *put_node(struct laying *k, size_t node, int x, int y)
{
	switch (k->g->nodes[node].kind) {
	case SHOW_TABLE:
		return k->boxes[node] = put_table(k, node, x, y);
	case SHOW_HANDLER:
		return k->boxes[node] = put_handler(k, node, x, y);
	case SHOW_SINK:
	case SHOW_ELSEWHERE:
		break;
	}
	return k->boxes[node] = put_sink(k, node, x, y);
}

/* --- columns --------------------------------------------------------------- */

/* What handlers read stands on the left, what they only write on the right. */
static void find_places(struct laying *k)
{
	const struct show_graph *g = k->g;

	for (size_t i = 0; i < g->n_handlers; i++)
		k->places[g->n_tables + i] = HANDLERS;
	for (size_t i = 0; i < g->n_edges; i++)
		if (g->edges[i].way == SHOW_WRITES && k->places[g->edges[i].to] != SOURCES)
			k->places[g->edges[i].to] = TARGETS;
	for (size_t i = 0; i < g->n_edges; i++)
		if (g->edges[i].way == SHOW_STREAM)
			k->places[g->edges[i].from] = SOURCES;
	for (size_t i = 0; i < g->n_edges; i++)
		if (g->edges[i].way == SHOW_READS && k->places[g->edges[i].from] == OTHERS)
			k->places[g->edges[i].from] = SOURCES;
}

/* The handlers of a source, beside it or below what stands there. */
static int put_handlers_of(struct laying *k, size_t source, int y)
{
	const struct show_graph *g = k->g;

	for (size_t i = 0; i < g->n_edges; i++) {
		size_t handler = g->edges[i].to;

		if (g->edges[i].way != SHOW_STREAM || g->edges[i].from != source || k->boxes[handler])
			continue;
		y += put_node(k, handler, COLUMN_2, y)->h + HANDLER_GAP;
	}
	return y;
}

/* What a handler writes, unless another one's arrow led there before. */
static int put_targets_of(struct laying *k, size_t handler, int y)
{
	const struct show_graph *g = k->g;

	for (size_t i = 0; i < g->n_edges; i++) {
		size_t to = g->edges[i].to;

		if (g->edges[i].way != SHOW_WRITES || g->edges[i].from != handler || k->boxes[to] || k->places[to] != TARGETS)
			continue;
		y = (y > k->boxes[handler]->y ? y : k->boxes[handler]->y);
		y += put_node(k, to, COLUMN_3, y)->h + GAP;
	}
	return y;
}

static int largest(int a, int b, int c)
{
	return a > b ? (a > c ? a : c) : (b > c ? b : c);
}

/* In the order in which the handlers stand, from top to bottom. */
static int put_columns(struct laying *k, int top)
{
	const struct show_graph *g = k->g;
	int left = top, middle = top, right = top;

	for (size_t i = 0; i < g->n_tables; i++) {
		if (k->places[i] != SOURCES)
			continue;
		middle = put_handlers_of(k, i, middle > left ? middle : left);
		left += put_node(k, i, COLUMN_1, left)->h + GAP;
	}
	for (size_t i = 0; i < g->n_handlers; i++) /* a handler of a table that is not there */
		if (!k->boxes[g->n_tables + i])
			middle += put_node(k, g->n_tables + i, COLUMN_2, middle)->h + HANDLER_GAP;
	for (size_t b = 0, end = k->l->n_boxes; b < end; b++)
		if (k->l->boxes[b].shape == SHOW_BOX_HANDLER)
			right = put_targets_of(k, k->l->boxes[b].node, right);
	return largest(left, middle, right);
}

/* What no handler touches: three columns, each next one where there is most room. */
static int put_others(struct laying *k, int top)
{
	static const int columns[] = { COLUMN_1, (COLUMN_1 + COLUMN_3) / 2, COLUMN_3 };
	int ends[] = { top, top, top };

	for (size_t i = 0; i < k->g->n_nodes; i++) {
		int best = 0;

		if (k->boxes[i])
			continue;
		for (int c = 1; c < 3; c++)
			if (ends[c] < ends[best])
				best = c;
		ends[best] += put_node(k, i, columns[best], ends[best])->h + GAP;
	}
	return largest(ends[0], ends[1], ends[2]);
}

/* --- arrows ---------------------------------------------------------------- */

static int middle_of(const struct show_box *b)
{
	return b->y + b->h / 2;
}

/* One end of an arrow at a side of a box. */
struct port {
	size_t node;
	bool right;                      /* the box's right side */
	int wanted;                      /* the height of the other end */
	size_t order;
	int *y;                          /* what is to be found */
};

static int by_side(const void *a, const void *b)
{
	const struct port *x = a, *y = b;

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	if (x->right != y->right)
		return x->right ? 1 : -1;
	if (x->wanted != y->wanted)
		return x->wanted < y->wanted ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

/* Sorted by the other ends, so that no two cross at once; each as near to its other end as there is room. */
static void spread(const struct show_box *b, struct port *ports, size_t n)
{
	int top = b->y + (b->h < 2 * PORT ? b->h / 2 : PORT), bottom = b->y + b->h - PORT;
	int step = n > 1 && (bottom - top) / (int)(n - 1) < PORT ? (bottom - top) / (int)(n - 1) : PORT;
	int lowest = top;

	for (size_t i = 0; i < n; i++) {
		int last = bottom - step * (int)(n - 1 - i); /* leaves room for those below */
		int y = ports[i].wanted < lowest ? lowest : ports[i].wanted;

		*ports[i].y = n == 1 && b->h <= HANDLER_H + PORT ? middle_of(b) : y > last ? last : y;
		lowest = *ports[i].y + step;
	}
}

static void find_ports(struct laying *k, struct port *ports)
{
	struct show_layout *l = k->l;
	size_t n = 2 * l->n_lines;

	qsort(ports, n, sizeof(*ports), by_side);
	for (size_t i = 0, next; i < n; i = next) {
		for (next = i; next < n && ports[next].node == ports[i].node && ports[next].right == ports[i].right; next++)
			;
		spread(k->boxes[ports[i].node], &ports[i], next - i);
	}
}

/* An arrow leaves and arrives at the sides that face each other: no box lies between neighbouring columns. */
static bool put_lines(struct laying *k)
{
	const struct show_graph *g = k->g;
	struct show_layout *l = k->l;
	struct port *ports = arena_array(k->arena, 2 * g->n_edges + 1, sizeof(*ports));

	l->lines = arena_array(k->arena, g->n_edges + 1, sizeof(*l->lines));
	if (!ports || !l->lines)
		return false;
	for (size_t i = 0; i < g->n_edges; i++) {
		const struct show_box *from = k->boxes[g->edges[i].from], *to = k->boxes[g->edges[i].to];
		struct show_line *line = &l->lines[l->n_lines];
		bool forth = from->x < to->x;

		*line = (struct show_line){ .x1 = forth ? from->x + from->w : from->x, .x2 = forth ? to->x : to->x + to->w,
					    .way = g->edges[i].way, .edge = i };
		ports[2 * l->n_lines] = (struct port){ g->edges[i].from, forth, middle_of(to), 2 * i, &line->y1 };
		ports[2 * l->n_lines + 1] = (struct port){ g->edges[i].to, !forth, middle_of(from), 2 * i + 1, &line->y2 };
		l->n_lines++;
	}
	find_ports(k, ports);
	return true;
}

/* --- all ------------------------------------------------------------------- */

static bool make_room(struct laying *k)
{
	const struct show_graph *g = k->g;

	k->max_boxes = g->n_nodes + g->n_indexes;
	k->max_runs = 3 * g->n_patterns + 3 * g->n_nodes + 3 * g->n_indexes + 8;
	k->l->boxes = arena_array(k->arena, k->max_boxes + 1, sizeof(*k->l->boxes));
	k->l->runs = arena_array(k->arena, k->max_runs + 1, sizeof(*k->l->runs));
	k->places = arena_array(k->arena, g->n_nodes + 1, sizeof(*k->places));
	k->boxes = arena_array(k->arena, g->n_nodes + 1, sizeof(*k->boxes));
	return k->l->boxes && k->l->runs && k->places && k->boxes;
}

static void put_head(struct laying *k)
{
	put_run(k, MARGIN, 42, FAR, SHOW_TITLE, show_sum(k->g, k->arena), false);
}

static bool has_others(const struct laying *k)
{
	for (size_t i = 0; i < k->g->n_nodes; i++)
		if (k->places[i] == OTHERS)
			return true;
	return false;
}

bool show_layout_make(struct show_layout *l, const struct show_graph *g, struct arena *a)
{
	struct laying k = { .l = l, .g = g, .arena = a };
	int y = TITLE_H;

	*l = (struct show_layout){ .graph = g, .width = RIGHT + MARGIN };
	if (!make_room(&k))
		return false;
	find_places(&k);
	put_head(&k);
	if (g->n_handlers) {
		put_run(&k, COLUMN_1, y + 20, FAR, SHOW_CAPTION, STR("Tables that handlers read"), false);
		put_run(&k, COLUMN_2, y + 20, FAR, SHOW_CAPTION, STR("Handlers"), false);
		put_run(&k, COLUMN_3, y + 20, FAR, SHOW_CAPTION, STR("What they write"), false);
		y = put_columns(&k, y + CAPTION_H);
	}
	if (has_others(&k)) {
		if (g->n_handlers)
			put_run(&k, COLUMN_1, y + 20, FAR, SHOW_CAPTION, STR("Without a handler"), false);
		y = put_others(&k, y + (g->n_handlers ? CAPTION_H : 0));
	}
	l->height = y - GAP + MARGIN;
	return !k.full && put_lines(&k);
}
