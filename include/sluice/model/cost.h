/* cost: what a data model costs a month, and where.
 *
 * Three steps, so that the document and other tools' shapes are computed by the same
 * functions: something fills a struct cost_input; cost_check() finds all that is wrong
 * with its figures at once; cost_compute() does the arithmetic, which cannot fail. What
 * the check refused is left out of the sums and named.
 *
 * Units. A read unit is 4,096 bytes read strongly consistent (eventually: half a unit), a
 * write unit 1,024 bytes written. With s = item bytes, n = items, c = 1 or 0.5:
 *
 *   GetItem ⌈s/4096⌉c              Query, Scan ⌈s·n/4096⌉c
 *   BatchGetItem ⌈s/4096⌉·n·c      TransactGetItems 2·⌈s/4096⌉·n
 *   PutItem, UpdateItem, DeleteItem ⌈s/1024⌉
 *   BatchWriteItem ⌈s/1024⌉·n      TransactWriteItems 2·⌈s/1024⌉·n
 *
 * and a write for each index that it changes: ⌈index item/1024⌉, ·n for batch and
 * transaction, twice where the index's key changes (a deletion and an insertion). Local
 * indexes cost like global ones. A month is 2,635,200 s (30.5 days), the rate its average;
 * storage is (s + 100)·n bytes. Facts: the developer guide's pages on read and write
 * capacity, on GSI throughput and storage.
 *
 * Everything lives in the arena that is given. Figures are doubles, rounded where they are
 * printed; the check's limits keep them far from overflow.
 */
#ifndef SLUICE_MODEL_COST_H
#define SLUICE_MODEL_COST_H

#include "sluice/core/buf.h"
#include "sluice/model/document.h"
#include "sluice/model/limits.h"
#include "sluice/model/prices.h"

struct json_writer;

enum {
	COST_MONTH_S = 2635200,
	COST_DAY_S = 86400,
	COST_ITEM_MAX_BYTES = LIMIT_ITEM_BYTES,
	COST_ITEM_OVERHEAD_BYTES = 100,  /* stored with each item, in tables and indexes */
	COST_READ_UNIT_BYTES = LIMIT_READ_UNIT_BYTES,
	COST_WRITE_UNIT_BYTES = LIMIT_WRITE_UNIT_BYTES,
};

/* Where figures are taken for slips of the pen: requests a second (more than any service has
 * shown), items, members of an audience. */
#define COST_RPS_MAX 2e8
#define COST_RPS_MIN 1e-9              /* once in thirty years */
#define COST_ITEMS_MAX 1e14
#define COST_AUDIENCE_MAX 1e10
#define COST_FACTOR_MAX 1e4

enum cost_operation {
	COST_GET_ITEM, COST_QUERY, COST_SCAN, COST_BATCH_GET, COST_TRANSACT_GET,
	COST_PUT_ITEM, COST_UPDATE_ITEM, COST_DELETE_ITEM, COST_BATCH_WRITE, COST_TRANSACT_WRITE,
	COST_OPERATIONS,
};

/* By its name as the API, the CLI ("get-item") or SQL-less folk ("BatchGet") write it:
 * letters and digits are compared, in any case. COST_OPERATIONS: none of them. */
enum cost_operation cost_operation_of(struct str name);
const char *cost_operation_name(enum cost_operation op);
bool cost_operation_writes(enum cost_operation op);
bool cost_operation_needs_count(enum cost_operation op);

/* Units of one operation on the table (or on the index that is read). */
double cost_units(enum cost_operation op, double item_bytes, double items, bool strong);
/* Units that one operation writes into one index. */
double cost_index_units(enum cost_operation op, double index_item_bytes, double items, bool key_changes);

/* --- what is computed ----------------------------------------------------- */

struct cost_index {
	struct str name;
	bool local;
	double item_bytes, items;        /* 0: not known (a finding), not counted */
	const struct node *at;           /* for findings; NULL: none */
};

struct cost_table {
	struct str name;
	double item_bytes, items;        /* 0: not known, storage is not counted */
	struct cost_index *indexes;
	size_t n_indexes;
	bool infrequent;                 /* TableClass STANDARD_INFREQUENT_ACCESS */
	bool on_demand;
	double stream_images;            /* images in a stream record: 0 to 2 */
	double warm_reads, warm_writes;  /* WarmThroughput or what is provisioned, units a second; 0: none */
	size_t pipelines;                /* that read its stream */
	const struct node *at;
};

/* A table that requests of a pattern work on. Only a batch or a transaction has several. */
struct cost_part {
	const struct cost_table *table;
	double items;                    /* of each request's */
	double written;                  /* of these: writes, which the table's stream shows */
};

struct cost_index_write {
	const struct cost_table *table;  /* that has the index */
	const struct cost_index *index;
	double items;                    /* of a batch or transaction: how many of its items write it; else 1 */
	bool key_changes;
	bool assumed;                    /* nothing says what changes */
};

struct cost_pattern {
	struct str id, description;
	struct str not_counted;          /* why it is left out; empty: it is counted */
	enum cost_operation operation;
	const struct cost_table *table;
	const struct cost_index *index;  /* NULL: the table itself */
	double rps, peak_rps;            /* a second; peak 0: not known */
	double item_bytes, item_count;   /* item_count: 0 for operations of one item */
	bool strong;
	bool refused;                    /* a conditional write that must fail: units, but nothing changes */
	struct cost_part *parts;         /* at least one where it is counted */
	size_t n_parts;
	struct cost_index_write *writes;
	size_t n_writes;
	const struct node *at;
};

enum cost_effect {
	COST_EFFECT_NONE,     /* writes nothing to DynamoDB: messages, search documents */
	COST_EFFECT_ROW,      /* one row of the target an event: counter, view */
	COST_EFFECT_FANOUT,   /* a task an event, the audience read, perhaps an inbox row each */
	COST_EFFECT_COPY,     /* rows of the target found and updated */
};

struct cost_handler {
	struct str kind, name;
	struct str not_counted;
	enum cost_effect effect;
	const struct cost_table *source;
	const struct cost_table *target;  /* whose rows it writes; NULL: none */
	double row_bytes;                 /* of the target */
	struct cost_index_write *writes;  /* the target's indexes */
	size_t n_writes;
	double events_per_s;              /* 0: as many as the patterns write into the source */
	double audience_size, partitions; /* members an event, in so many partition keys */
	const struct cost_table *audience;  /* whose rows are read; NULL: none */
	const struct cost_index *audience_index;  /* of it; NULL: the table itself */
	double member_bytes;
	bool consistent;
	bool transacts;                   /* its rows are written in transactions: twice the units */
	const struct node *at;
};

struct cost_input {
	struct cost_table *tables;
	size_t n_tables;
	struct cost_pattern *patterns;
	size_t n_patterns;
	struct cost_handler *handlers;
	size_t n_handlers;
};

/* From the document. Where a pattern has no figures of its own, its command and `sizing` stand in; where a
 * write has no gsi_list, its command says which indexes change, as far as that shows. What
 * was assumed is a hint or a warning. False at the arena's cap (err FATAL). */
bool cost_from_model(struct cost_input *in, const struct model *m, struct arena *a, struct findings_list *findings,
		     struct err *err);

/* From the lists of the reference tool's compute_performances_and_costs:
 *
 *   access_pattern_list [{ operation, pattern, description, table, rps, item_size_bytes, item_count?,
 *                          strongly_consistent?, gsi?, gsi_list? }]
 *   table_list          [{ name, item_size_bytes, item_count, gsi_list?: [{ name, item_size_bytes, item_count }] }]
 *
 * Here an absent gsi_list means that no index changes. Beside names a pattern's gsi_list takes objects
 * { name, gsi_key_changes }. What is wrong with the form is in the findings, at the nodes; the figures are
 * cost_check()'s. Text is borrowed from the nodes. False at the arena's cap. */
struct cost_lists {
	const struct node *patterns, *tables;    /* NULL: not given, a finding */
};
bool cost_from_lists(struct cost_input *in, const struct cost_lists *lists, struct arena *a,
		     struct findings_list *findings, struct err *err);

/* All that is wrong with the figures. A pattern or handler that cannot be counted gets its
 * not_counted; a size that cannot be becomes 0. True without an error. */
bool cost_check(struct cost_input *in, struct findings_list *findings);

/* --- the result ----------------------------------------------------------- */

struct cost_line {
	double units_per_operation, units_per_s, usd;   /* usd a month, everywhere here */
};

struct cost_pattern_result {
	const struct cost_pattern *pattern;
	struct cost_line own;            /* of the table, or of the index that is read */
	struct cost_line *indexes;       /* as pattern->writes */
};

struct cost_storage {
	double bytes, usd;
};

/* Requests of one table with its indexes, both ways to pay. */
struct cost_capacity {
	double read_units_per_s, write_units_per_s;       /* average */
	double peak_read_units_per_s, peak_write_units_per_s;
	bool peaks;                      /* a peak is declared for some of it */
	double on_demand_usd;
	double scaled_usd;               /* provisioned, auto scaling at 70 % utilisation */
	double peak_usd;                 /* provisioned for the peaks all month */
	double break_even;               /* utilisation above which provisioned is cheaper; 0: no traffic */
	double peak_utilisation;         /* what provisioning for the peaks comes to, by price */
};

struct cost_table_result {
	const struct cost_table *table;
	struct cost_storage storage, *indexes;
	struct cost_capacity capacity;
};

struct cost_stream {
	const struct cost_table *table;
	double events_per_s, bytes_per_s, shards;
	double calls;                    /* of GetRecords, a month */
};

struct cost_handler_result {
	const struct cost_handler *handler;
	double events_per_s;
	struct cost_line reads, writes;  /* of audience and target; units an event */
	struct cost_line *indexes;       /* as handler->writes */
	double audience_reads_per_day, row_writes_per_day;
};

struct cost_totals {
	double reads, writes, index_writes, storage, streams, handlers, state;  /* USD a month */
	double usd;                      /* their sum */
	double requests_usd;             /* what grows with traffic: all but storage */
};

struct cost {
	const struct cost_input *input;
	const struct prices *prices;
	double factor;
	struct cost_pattern_result *patterns;
	struct cost_table_result *tables;
	struct cost_handler_result *handlers;
	struct cost_stream *streams;
	size_t n_streams;
	double stream_calls, stream_calls_billed;
	struct cost_line state_reads, state_writes;      /* sluice's own state table */
	struct cost_totals totals;
};

/* All rates times `factor` (0 < factor ≤ COST_FACTOR_MAX). Borrows input and prices. False at
 * the arena's cap. */
bool cost_compute(struct cost *out, const struct cost_input *in, const struct prices *prices, double factor,
		  struct arena *a, struct err *err);

/* "rps=×3", also rps=x3, rps=*3, rps=3; DATA "cost.what_if". */
bool cost_what_if(struct str text, double *factor, struct err *err);

/* --- for people and programs ---------------------------------------------- */

/* The totals at other rates, shown beside the result. */
struct cost_scale {
	double factor;
	struct cost_totals totals;
};

/* Computes them for 1×, 3× and 10× (a flash sale) of what `c` was computed for. */
enum { COST_SCALES = 3 };
bool cost_scales(struct cost_scale scales[COST_SCALES], const struct cost *c, struct arena *a, struct err *err);

/* All of it, for a terminal (aligned; no colour) and as Markdown (the section's content, without
 * its heading). Names are made harmless. False: the buf is full, or the
 * arena at its cap. */
bool cost_print(const struct cost *c, const struct cost_scale scales[COST_SCALES], struct arena *a, struct buf *out);
bool cost_print_markdown(const struct cost *c, const struct cost_scale scales[COST_SCALES], struct arena *a,
			 struct buf *out);

/* Members of an object that the caller has begun: inputs and results, unrounded. */
void cost_write_json(const struct cost *c, const struct cost_scale scales[COST_SCALES], struct json_writer *w);

/* "path: what. What to do." a line each, of errors alone: an answer to a caller without a file. */
bool cost_print_errors(const struct findings_list *findings, struct buf *out);

/* The file's text with its cost section replaced by `section`, everything else byte for byte:
 * what stands from the line <!-- cost-report --> to <!-- end-cost-report -->; else what stands
 * under the first heading Cost, Costs, Cost Report, Cost Estimate(s) or Cost Analysis (with or
 * without a number) to the next heading of its level or above; else it is appended as "## Cost
 * Report", behind a code block that the file leaves open, which is closed. What stands in code blocks is no heading.
 * Line ends follow the file's first one. The same section once more changes nothing. */
bool cost_replace_section(struct str file, struct str section, struct buf *out);

#endif
