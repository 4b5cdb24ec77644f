/* document_parts: what the files that read a data model share. Known to src/model only.
 */
#ifndef SLUICE_MODEL_DOCUMENT_PARTS_H
#define SLUICE_MODEL_DOCUMENT_PARTS_H

#include "sluice/model/document.h"

struct reading {
	struct model *model;
	struct arena *arena;             /* the model's */
	struct findings_list *findings;
};

/* The tree of a JSON text, every node with line and column (in characters; a member's are those
 * of its name). Containers keep their span. Text without escapes is borrowed from `text`. Names
 * given twice are findings; the later one is marked broken. NULL with a finding: syntax, depth,
 * too many values. */
struct node *model_read_json(struct reading *r, struct str text);

/* Which kinds of value a member may have, as a mask. */
enum {
	TAKES_STRING = 1 << NODE_STRING,
	TAKES_NUMBER = 1 << NODE_INT | 1 << NODE_REAL,
	TAKES_BOOL = 1 << NODE_BOOL,
	TAKES_ARRAY = 1 << NODE_ARRAY,
	TAKES_OBJECT = 1 << NODE_OBJECT,
};

/* The member of that name; NULL where it is not there or of another kind (a finding). */
const struct node *take(struct reading *r, const struct node *object, const char *name, unsigned kinds);
/* As take(); that it is missing is a finding, too. */
const struct node *need(struct reading *r, const struct node *object, const char *name, unsigned kinds);
/* Is the value of such a kind? A finding if not. */
bool is_kind(struct reading *r, const struct node *n, unsigned kinds);

/* Text of a string; empty where there is none. */
struct str take_str(struct reading *r, const struct node *object, const char *name);
struct str need_str(struct reading *r, const struct node *object, const char *name);
/* A number of at least 0; 0 where there is none. */
double take_real(struct reading *r, const struct node *object, const char *name);
int64_t take_count(struct reading *r, const struct node *object, const char *name);
bool take_bool(struct reading *r, const struct node *object, const char *name);

/* Members that are in none of the lists: of an object whose format is ours an error. */
void refuse_unknown(struct reading *r, const struct node *object, const char *const *known);
/* Where others may add members: a hint at those that are nearly a known one. */
void hint_unknown(struct reading *r, const struct node *object, const char *const *known);

/* An array in the model's arena, NULL with a finding at the arena's cap. */
void *make_array(struct reading *r, size_t n, size_t size);

/* What one element of a JSON list is read into, at `out`; false: it is left out. */
typedef bool (*read_element)(struct reading *r, const struct node *n, void *out);
/* Reads the objects of a list, the others are findings; *count: those that were read. */
struct list_form {
	read_element read;
	size_t size;     /* of what it is read into */
	size_t max;      /* more are a finding, and left out: names are looked up one by one */
};
void *read_list(struct reading *r, const struct node *list, const struct list_form *form, size_t *count);

void model_read_tables(struct reading *r, const struct node *tables);
void model_read_sizing(struct reading *r, const struct node *sizing);
void model_read_items(struct reading *r, const struct node *items);
void model_read_patterns(struct reading *r, const struct node *patterns);
void model_read_handlers(struct reading *r, const struct node *handlers);

#endif
