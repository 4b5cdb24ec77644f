/* sim/dynamodb_call: what the files of the simulated DynamoDB share: one request
 * and its answer.
 */
#ifndef SLUICE_SIM_DYNAMODB_CALL_H
#define SLUICE_SIM_DYNAMODB_CALL_H

#include "sim/dynamodb.h"
#include "sluice/core/json_write.h"

enum { SIM_ANSWER_BYTES = 32 << 20 };

struct call {
	struct sim_dynamodb *d;
	struct str body;
	struct buf out;
	struct json_writer w;            /* of the answer's object */
	int status;
};

bool call_invalid(struct err *err, const char *text);  /* ValidationException */

/* A string member's content, any member's span; empty when absent. */
struct str call_text(struct str object, const char *member);
struct str call_member(struct str object, const char *member);

struct sim_table *call_table(struct sim_dynamodb *d, struct str request, struct err *err);
struct sim_names call_names(struct str request);
void call_write_item(struct json_writer *w, const char *member, const struct sim_item *item);

/* The order of two items' keys in a table: <0, 0, >0. */
int sim_key_order(const struct sim_table *t, const struct sim_item *a, const struct sim_item *b);

/* Where an item of that key stands in sim_rows(t), or would stand. */
size_t sim_row_place(struct sim_table *t, const struct sim_item *key);

/* t's n_rows rows in order, borrowed until the table changes. */
struct sim_row **sim_rows(struct sim_table *t);

/* The row of that key; NULL: there is none. */
struct sim_row *sim_row_of(struct sim_table *t, const struct sim_item *key);

/* Stores `after` (taken; n == 0: removes the row) and tells `changed`. */
void sim_store(struct sim_dynamodb *d, struct sim_table *t, const struct sim_item *key, struct sim_item *after);
void sim_table_free(struct sim_table *t);

/* Operations; false: err is the exception. */
bool sim_query(struct call *x, struct err *err);
bool sim_scan(struct call *x, struct err *err);
bool sim_describe_table(struct call *x, struct err *err);
bool sim_create_table(struct call *x, struct err *err);
bool sim_list_tables(struct call *x, struct err *err);
bool sim_update_ttl(struct call *x, struct err *err);

#endif
