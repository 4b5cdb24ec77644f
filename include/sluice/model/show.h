/* show: a picture of a data model: its tables with keys, indexes and the patterns that use them,
 * and the way of data from a table's stream through handlers to other tables and sinks.
 *
 * A model becomes a graph (show_graph), the graph a layout in pixels (show_layout), and both
 * are written: SVG from the layout, Mermaid and text from the graph. All texts of a graph
 * are clean: valid UTF-8 on one line without control characters or such that turn the direction
 * of writing. The same model gives the same picture.
 *
 * Everything lives in the arena that is given, and borrows from the model.
 */
#ifndef SLUICE_MODEL_SHOW_H
#define SLUICE_MODEL_SHOW_H

#include "sluice/core/buf.h"
#include "sluice/model/document.h"

enum show_format { SHOW_TEXT, SHOW_MERMAID, SHOW_SVG, SHOW_FORMATS };

/* "text", "mermaid", "svg"; SHOW_FORMATS: none is called so. */
enum show_format show_format_named(struct str name);

/* Appends the picture. Memory is a few hundred bytes a pattern. False with err DATA "show.size": too
 * large for the buf, or for a picture at all. */
bool model_show(const struct model *m, enum show_format format, struct buf *out, struct err *err);

/* --- the graph --- */

enum show_kind { SHOW_TABLE, SHOW_HANDLER, SHOW_SINK, SHOW_ELSEWHERE };

/* An access pattern as it is shown. */
struct show_pattern {
	struct str id, operation, description;
	const struct model_index *index;   /* NULL: it uses the table itself, or none */
};

struct show_node {
	enum show_kind kind;
	struct str name;                 /* of the table, handler, place; ELSEWHERE: what it is */
	struct str detail;               /* HANDLER: what it does; SINK: what it is */
	const struct model_table *table; /* TABLE */
	struct show_pattern *patterns;   /* TABLE, SINK, ELSEWHERE */
	size_t n_patterns;
};

enum show_way { SHOW_STREAM, SHOW_WRITES, SHOW_READS };

struct show_edge {
	size_t from, to;                 /* nodes */
	enum show_way way;               /* READS: a table's rows are a fan-out's audience */
};

struct show_graph {
	struct show_node *nodes;         /* tables as they stand, handlers as they stand, sinks as they are met */
	size_t n_nodes;
	struct show_edge *edges;
	size_t n_edges;
	size_t n_tables, n_handlers, n_indexes, n_patterns;
};

/* False: the arena is full. */
bool show_graph_make(struct show_graph *g, const struct model *m, struct arena *a);

/* "10 tables, 1 index, …" */
struct str show_sum(const struct show_graph *g, struct arena *a);

/* "country (S), category_id (S) → live_since (S)", what is sorted by behind the arrow; and a projection:
 * "INCLUDE title, price". Clean. {NULL, 0} at the arena's cap. */
struct str show_key(const struct model_key *key, struct arena *a);
struct str show_projection(const struct model_index *index, struct arena *a);

/* Text without what would not stay where it is put; {NULL, 0} at the arena's cap. */
struct str show_clean(struct str text, struct arena *a);

/* The same text, or its begin and "…", so that it is at most `room` wide by the measure. */
struct str show_cut(struct str text, unsigned room, unsigned (*width)(uint32_t character), struct arena *a);

/* --- the layout --- */

enum show_style { SHOW_TITLE, SHOW_CAPTION, SHOW_NAME, SHOW_PLAIN, SHOW_KEY, SHOW_NUMBER, SHOW_OPERATION, SHOW_BADGE };

/* A piece of text on its base line; right: x is where it ends. */
struct show_run {
	int x, y;
	bool right;
	enum show_style style;
	struct str text;                 /* cut to its room */
	struct str whole;                /* empty: it was not cut */
};

enum show_shape { SHOW_BOX_TABLE, SHOW_BOX_INDEX, SHOW_BOX_HANDLER, SHOW_BOX_SINK };

struct show_box {
	enum show_shape shape;
	int x, y, w, h;
	size_t node;                     /* whose it is; an index's box lies in its table's */
};

struct show_line {
	int x1, y1, x2, y2;              /* from, to */
	enum show_way way;
	size_t edge;
};

struct show_layout {
	const struct show_graph *graph;
	struct show_box *boxes;
	struct show_run *runs;
	struct show_line *lines;
	size_t n_boxes, n_runs, n_lines;
	int width, height;
};

/* False: the arena is full. */
bool show_layout_make(struct show_layout *l, const struct show_graph *g, struct arena *a);

/* --- the writers --- */

bool show_write_text(const struct show_graph *g, struct arena *a, struct buf *out);
bool show_write_mermaid(const struct show_graph *g, struct arena *a, struct buf *out);
bool show_write_svg(const struct show_layout *l, struct buf *out);

/* The next character of UTF-8 text that is clean; moves *at behind it. */
uint32_t show_character(struct str text, size_t *at);

#endif
