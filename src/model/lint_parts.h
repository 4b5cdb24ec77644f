/* lint_parts: what the files with lints over calls share. Known to src/model only.
 *
 * Some tables have rows whose findings are all made in one pass, by the run of the first of them:
 * the others have lint_with_first() as theirs.
 */
#ifndef SLUICE_MODEL_LINT_PARTS_H
#define SLUICE_MODEL_LINT_PARTS_H

#include "lint_groups.h"

#include "sluice/model/call.h"

#define EACH_CALL(l, c) \
	for (const struct model_call *c = (l)->calls->calls; c && c < (l)->calls->calls + (l)->calls->n_calls; c++)
#define EACH_ACTION(c, a) \
	for (const struct model_action *a = (c)->actions; a && a < (c)->actions + (c)->n_actions; a++)
#define EACH_PATTERN(l, p) \
	for (const struct model_pattern *p = (l)->model->patterns; p && p < (l)->model->patterns + (l)->model->n_patterns; p++)
#define EACH_TABLE(l, t) \
	for (const struct model_table *t = (l)->model->tables; t && t < (l)->model->tables + (l)->model->n_tables; t++)
#define EACH_INDEX(t, i) \
	for (const struct model_index *i = (t)->indexes; i && i < (t)->indexes + (t)->n_indexes; i++)

void lint_with_first(struct lint *l);

/* What is made once: see lint_load.h, lint_facts.h, lint_usage.c. NULL where it was not asked for, or could
 * not be made (then tried is set). */
struct lint_memo {
	struct loads *loads;
	struct table_facts *facts;
	struct usage *usage;
	bool loads_tried, facts_tried, usage_tried;
	bool all_calls;                  /* every command of the model is among the calls */
};

/* As arena_array() of l->scratch; that it is full is a finding. */
void *lint_array(struct lint *l, size_t n, size_t size);

/* For a lint whose memo could not be made for another one: the same finding for it. */
void lint_give_up(struct lint *l);

/* A name sought among so many members is a step of the work for each four of them. */
static inline uint64_t lint_seeks(size_t names, size_t members)
{
	return names * (1 + members / 4);
}

/* "", or "action 3 (Put, Orders): " where the call has several. */
enum { PLACE_BYTES = 120 };
const char *lint_place(const struct model_action *a, char out[PLACE_BYTES]);

/* How many characters stand before that byte, and one. */
size_t lint_column(struct str text, size_t byte);

/* The first call behind c that is of another pattern; those of handlers stand alone. */
const struct model_call *lint_group_end(const struct lint *l, const struct model_call *c);

/* The attributes that an action names: its Key or its Item; NULL where it has none. Of a BatchGetItem, whose
 * actions share their parameters, *key is where the last call stood: begin with NULL. */
const struct node *lint_attributes(const struct model_action *a, const struct node **key);

/* Attribute i of a key: HASH ones first. */
const struct model_attribute *lint_key_at(const struct model_key *key, size_t i);
static inline size_t lint_key_count(const struct model_key *key)
{
	return key->n_hash + key->n_range;
}
bool lint_key_has(const struct model_key *key, struct str name);

#endif
