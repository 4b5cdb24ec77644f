/* cost_parts: what the files of model/cost*.c share. */
#ifndef SLUICE_MODEL_COST_PARTS_H
#define SLUICE_MODEL_COST_PARTS_H

#include "sluice/model/call.h"
#include "sluice/model/cost.h"

enum {
	COST_INDEXES_MAX = 100,      /* of a table: the service has 25 without asking */
	COST_LIST_MAX = 5000,        /* elements of the reference tool's lists */
};

/* --- which indexes a write changes ----------------------------------------- */

enum cost_change_kind {
	COST_PUTS,      /* a whole item */
	COST_UPDATES,   /* some attributes of one */
	COST_DELETES,
};

struct cost_attribute {
	struct str name;
	bool removed;        /* from the item */
	bool same;           /* written, but nearly always with the value that it has */
};

struct cost_change {
	enum cost_change_kind kind;
	bool known;          /* false: any attribute may be written */
	struct cost_attribute *attributes;
	size_t n;
};

/* What one action of a command writes; names live in the arena. False at its cap. */
bool cost_change_of(struct cost_change *out, const struct model_action *action, struct arena *a, struct err *err);

/* The same of an item that is put, read already; names are borrowed from it. */
bool cost_change_put(struct cost_change *out, const struct node *item, struct arena *a, struct err *err);

/* Whether the change writes into the index; *key_changes: its key there, too, which is a deletion and an
 * insertion. What is not known counts. */
bool cost_index_touched(const struct model_index *index, const struct cost_change *change, bool *key_changes);

/* --- from the document ------------------------------------------------------ */

struct cost_filling {
	struct cost_input *in;
	const struct model *m;
	struct model_calls calls;
	size_t next_call;            /* the first one that may be the next pattern's */
	struct arena *arena;
	struct arena read;           /* of the calls; gone in the end */
	struct findings_list *findings;
	struct err *err;
};

/* The input's table of a model's; NULL for NULL. */
struct cost_table *cost_filled_table(const struct cost_filling *f, const struct model_table *t);

bool cost_fill_pattern(struct cost_filling *f, struct cost_pattern *out, const struct model_pattern *p);
bool cost_fill_handler(struct cost_filling *f, struct cost_handler *out, const struct model_handler *h);

/* --- of all sources --------------------------------------------------------- */

/* The table of the input by name; NULL. */
const struct cost_table *cost_table_of(const struct cost_input *in, struct str name);
const struct cost_index *cost_index_of(const struct cost_table *t, struct str name);

/* At the member of an object node, or at the object when it has none of that name. */
const struct node *cost_at(const struct node *object, struct str member);

/* The first that is over 0; 0. */
static inline double cost_first(double a, double b)
{
	return a > 0 ? a : b;
}

/* A pattern's gsi_list: names, or objects { name, gsi_key_changes }. Appends to pattern->writes,
 * which has room for every index of its table. */
void cost_read_index_list(struct cost_pattern *p, const struct node *list, bool key_changes,
			  struct findings_list *findings);

/* Of items that each request of it has: 1 for operations of one item. */
double cost_items_of(const struct cost_pattern *p);

bool cost_no_memory(const struct arena *a, struct err *err);

/* --- computing -------------------------------------------------------------- */

/* Requests of one table or one global index: what is provisioned together. */
struct cost_resource {
	double reads, writes, peak_reads, peak_writes;
};

struct cost_computing {
	struct cost *c;
	struct arena *arena;
	struct cost_resource *resources; /* of all tables, each followed by its indexes */
	size_t *first;                   /* of each table */
	double *written;                 /* items a second, of each table, that its stream's handlers see */
	double *derived;                 /* that its stream shows and its handlers pass over: derived from itself */
};

const struct price_class *cost_class_of(const struct cost_computing *k, const struct cost_table *t);
struct cost_resource *cost_resource_of(const struct cost_computing *k, const struct cost_table *t,
				       const struct cost_index *x);
void cost_use(struct cost_resource *r, bool writes, double units_per_s, double peak_ratio);
struct cost_line cost_line_of(double units, double per_s, double million_usd);
/* Of unknown size: as a small item. */
double cost_index_bytes(const struct cost_index *x);

/* When the patterns are computed. False at the arena's cap. */
bool cost_compute_handlers(struct cost_computing *k);
/* GetRecords and the state table, when the tables are computed, too. False at the arena's cap. */
bool cost_compute_streams(struct cost_computing *k);

/* What a pattern's rate and item size are, whatever else is wrong with it. */
bool cost_check_figures(const struct cost_pattern *p, struct findings_list *findings);

#endif
