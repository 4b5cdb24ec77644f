/* text_table: rows of cells, printed in columns for a terminal or as a Markdown table. Cells may hold
 * any text: what could break a line, a table or a terminal is made harmless. Known to src/model only.
 *
 * Everything lives in the arena; the table notes when it is full, and text_table_print() says so.
 */
#ifndef SLUICE_MODEL_TEXT_TABLE_H
#define SLUICE_MODEL_TEXT_TABLE_H

#include "sluice/core/arena.h"
#include "sluice/core/buf.h"

enum {
	TEXT_COLUMNS_MAX = 10,
	TEXT_CELL_MAX = 60,          /* characters of a cell; longer ones are cut, with "…" */
};

struct text_row {
	struct str cells[TEXT_COLUMNS_MAX];
	struct text_row *next;
};

struct text_table {
	struct arena *arena;
	unsigned columns, right;     /* right: bit of each column that holds numbers */
	bool markdown, full;
	struct text_row *first, **end;
	struct text_row spare;       /* for callers to fill in where there is no memory for a row */
};

/* heads: `columns` of them, 2 to TEXT_COLUMNS_MAX. */
void text_table_init(struct text_table *t, struct arena *a, bool markdown, const char *const *heads, unsigned columns,
		     unsigned right);

/* Cells that are not set are empty. The texts are borrowed. */
struct str *text_table_row(struct text_table *t);

/* Aligned: columns two blanks apart, indented by two, the head underlined. False: out or the arena is full. */
bool text_table_print(struct text_table *t, struct buf *out);

/* One cell's or a sentence's text made harmless, in the arena. */
struct str text_safe(struct arena *a, bool markdown, struct str text);

#endif
