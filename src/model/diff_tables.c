#include "diff_parts.h"

#include "sluice/core/mem.h"

#include <stdlib.h>

/* Of things that are gone so many are looked at for one that is defined alike: a document may hold 500 tables. */
enum { KEY_TEXT_MAX = 2000, PROJECTION_TEXT_MAX = 1200, TWINS_LOOKED_AT = 20 };

/* Kept as they stand; the others of CreateTable are compared by what they mean. */
static const char *const table_settings[] = {
	"ProvisionedThroughput", "OnDemandThroughput", "WarmThroughput", "SSESpecification", "TableClass",
	"DeletionProtectionEnabled", "Tags", "ResourcePolicy", NULL,
};
static const char *const index_settings[] = { "ProvisionedThroughput", "OnDemandThroughput", "WarmThroughput", NULL };

/* --- texts ----------------------------------------------------------------- */

static void put_attributes(struct buf *b, const char *kind, const struct model_attribute *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char type[2] = { list[i]->type ? list[i]->type : '?', '\0' };

		buf_putf(b, "%s%s %.*s (%s)", b->len ? ", " : "", kind, NAME_ARG(list[i]->name), type);
	}
}

struct str diff_key_text(struct diffing *d, const struct model_key *key)
{
	struct str text;
	struct buf b;

	buf_init(&b, KEY_TEXT_MAX);
	put_attributes(&b, "HASH", key->hash, key->n_hash);
	put_attributes(&b, "RANGE", key->range, key->n_range);
	text = diff_text(d, "%s", b.ptr ? b.ptr : "no key");
	buf_release(&b);
	return text;
}

struct str diff_projection_text(struct diffing *d, const struct model_index *index)
{
	struct str text;
	struct buf b;

	if (index->projection != MODEL_PROJECT_INCLUDE)
		return index->projection == MODEL_PROJECT_ALL ? STR("ALL") : STR("KEYS_ONLY");
	buf_init(&b, PROJECTION_TEXT_MAX);
	for (size_t i = 0; i < index->n_included; i++)
		if (!buf_putf(&b, "%s%.*s", b.len ? ", " : "", NAME_ARG(index->included[i])))
			break;
	text = diff_text(d, "INCLUDE (%s%s)", b.ptr ? b.ptr : "", buf_ok(&b) ? "" : ", …");
	buf_release(&b);
	return text;
}

/* --- what is the same ------------------------------------------------------ */

static bool same_attributes(const struct model_attribute *const *a, size_t n_a, const struct model_attribute *const *b,
			    size_t n_b)
{
	if (n_a != n_b)
		return false;
	for (size_t i = 0; i < n_a; i++)
		if (!str_eq(a[i]->name, b[i]->name) || a[i]->type != b[i]->type)
			return false;
	return true;
}

bool diff_same_key(const struct model_key *a, const struct model_key *b)
{
	return same_attributes(a->hash, a->n_hash, b->hash, b->n_hash) &&
	       same_attributes(a->range, a->n_range, b->range, b->n_range);
}

static int by_text(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static struct str *sorted_names(const struct str *names, size_t n)
{
	struct str *list = mem_array(n, sizeof(*list));

	for (size_t i = 0; i < n; i++)
		list[i] = names[i];
	qsort(list, n, sizeof(*list), by_text);
	return list;
}

bool diff_same_projection(const struct model_index *a, const struct model_index *b)
{
	struct str *left, *right;
	bool same = true;

	if (a->projection != b->projection || a->n_included != b->n_included)
		return false;
	if (a->n_included == 0)
		return true;
	left = sorted_names(a->included, a->n_included);
	right = sorted_names(b->included, b->n_included);
	for (size_t i = 0; same && i < a->n_included; i++)
		same = str_eq(left[i], right[i]);
	mem_free(left);
	mem_free(right);
	return same;
}

bool diff_same_index(const struct model_index *a, const struct model_index *b)
{
	return a->global == b->global && diff_same_key(&a->key, &b->key) && diff_same_projection(a, b);
}

bool diff_on_demand(const struct model_table *t)
{
	return t->on_demand || (!node_get(t->at, STR("BillingMode")) && !node_get(t->at, STR("ProvisionedThroughput")));
}

/* --- settings -------------------------------------------------------------- */

static double number_of(const struct node *object, const char *name)
{
	const struct node *n = node_get(object, str_c(name));

	return n ? n->d : 0;
}

static bool is_warm_enough(const struct node *there, const struct node *wanted)
{
	return str_eq(wanted->name, STR("WarmThroughput")) &&
	       number_of(there, "ReadUnitsPerSecond") >= number_of(wanted, "ReadUnitsPerSecond") &&
	       number_of(there, "WriteUnitsPerSecond") >= number_of(wanted, "WriteUnitsPerSecond");
}

/* What a table has that says nothing of it. */
static bool is_default(const struct node *n)
{
	return (n->kind == NODE_BOOL && !n->b) || (n->kind == NODE_ARRAY && n->count == 0) ||
	       (n->kind == NODE_STRING && str_eq(n->text, STR("STANDARD")));
}

static bool same_setting(const struct diffing *d, const struct node *a, const struct node *b)
{
	if (d->described && (!a || !b || is_warm_enough(a, b)))
		return true;
	if (!a || !b)
		return a == b || is_default(a ? a : b);
	return diff_same_tree(a, b);
}

static struct str short_json(struct diffing *d, const struct node *n)
{
	struct str text = STR("none");
	struct buf b;

	buf_init(&b, 400);
	if (n && !node_print_json(n, &b))
		text = STR("(longer than can be shown)");
	else if (n)
		text = diff_text(d, "%.*s", STR_ARG(buf_str(&b)));
	buf_release(&b);
	return text;
}

/* What UpdateTable does not take has calls of its own. */
static bool by_update_table(const char *name)
{
	return strcmp(name, "Tags") != 0 && strcmp(name, "ResourcePolicy") != 0;
}

static void step_setting(struct diffing *d, const struct model_table *t, struct str index, const char *name,
			 const struct node *is)
{
	bool update = is && by_update_table(name);

	diff_step(d, TURN_SECOND, &(struct diff_step){
		.phase = DIFF_ADD, .code = "change-setting", .table = t->name, .name = index,
		.what = diff_text(d, "%s %s of %s%.*s%s%.*s.", is ? "Change" : "Take back", name, index.len ? "the index " : "",
				  NAME_ARG(t->name), index.len ? "." : "", NAME_ARG(index)),
		.why = by_update_table(name) ? STR("UpdateTable changes it while the table is in use.") :
			strcmp(name, "Tags") == 0 ? STR("Tags have calls of their own: TagResource, UntagResource.") :
			STR("It has calls of its own: PutResourcePolicy, DeleteResourcePolicy."),
		.operation = update ? "UpdateTable" : NULL,
		.request = update ? diff_request_setting(d, t->name, index, is) : STR(""),
		.before = strcmp(name, "WarmThroughput") == 0 ? STR("It can be raised only; a lower figure is refused.") :
			strcmp(name, "TableClass") == 0 ? STR("A table's class can be changed twice in 30 days.") : STR(""),
	});
}

void diff_settings(struct diffing *d, const struct model_table *t, const struct node *was, const struct node *is,
		   struct str index)
{
	const char *const *names = index.len ? index_settings : table_settings;

	for (; *names; names++) {
		const struct node *a = node_get(was, str_c(*names)), *b = node_get(is, str_c(*names));

		if (same_setting(d, a, b))
			continue;
		/* Switching to or from on demand brings these along. */
		if (strcmp(*names, "ProvisionedThroughput") == 0 && (!a || !b))
			continue;
		diff_add(d, &(struct diff_change){
			.kind = DIFF_CHANGED, .what = "setting", .table = t->name, .name = index,
			.text = diff_text(d, "%s: %.*s -> %.*s", *names, STR_ARG(short_json(d, a)), STR_ARG(short_json(d, b))),
		});
		step_setting(d, t, index, *names, b);
	}
}

/* --- indexes --------------------------------------------------------------- */

static struct str index_text(struct diffing *d, const struct model_index *i)
{
	return diff_text(d, "%s, %.*s, projection %.*s", i->global ? "global" : "local", STR_ARG(diff_key_text(d, &i->key)),
			 STR_ARG(diff_projection_text(d, i)));
}

/* The one of another name that is defined alike and not in the other model. */
static struct str twin_hint(struct diffing *d, const struct model_table *of, const struct model_table *others,
			    const struct model_index *index)
{
	for (size_t i = 0, looked = 0; i < others->n_indexes && looked < TWINS_LOOKED_AT; i++) {
		const struct model_index *other = &others->indexes[i];

		if (model_index(of, other->name))
			continue;
		looked++;
		if (diff_same_index(other, index))
			return diff_text(d, "%.*s, which the new model does not have, is defined alike. If only the name changes, "
					 "keep the old one: DynamoDB renames no index, and the new one is built from the whole table.",
					 NAME_ARG(other->name));
	}
	return STR("");
}

static void add_index(struct diffing *d, const struct model_table *was, const struct model_table *is,
		      const struct model_index *i, bool replaced)
{
	diff_add(d, &(struct diff_change){
		.kind = DIFF_ADDED, .what = "index", .table = is->name, .name = i->name, .text = index_text(d, i),
		.hint = twin_hint(d, is, was, i),
	});
	if (!replaced && i->global)
		diff_create_index(d, is, i);
}

static void remove_index(struct diffing *d, const struct model_table *is, const struct model_index *i, bool replaced)
{
	diff_add(d, &(struct diff_change){
		.kind = DIFF_REMOVED, .what = "index", .table = is->name, .name = i->name, .text = index_text(d, i),
	});
	if (!replaced && i->global)
		diff_delete_index(d, is, i);
}

static void change_index(struct diffing *d, const struct model_table *is, const struct model_index *was,
			 const struct model_index *now, bool replaced)
{
	bool key = !diff_same_key(&was->key, &now->key) || was->global != now->global;

	if (key)
		diff_add(d, &(struct diff_change){
			.kind = DIFF_CHANGED, .what = "key", .table = is->name, .name = now->name,
			.text = diff_text(d, "%s%.*s -> %s%.*s", was->global ? "" : "local, ", STR_ARG(diff_key_text(d, &was->key)),
					  now->global ? "" : "local, ", STR_ARG(diff_key_text(d, &now->key))),
		});
	if (!diff_same_projection(was, now))
		diff_add(d, &(struct diff_change){
			.kind = DIFF_CHANGED, .what = "projection", .table = is->name, .name = now->name,
			.text = diff_text(d, "%.*s -> %.*s", STR_ARG(diff_projection_text(d, was)),
					  STR_ARG(diff_projection_text(d, now))),
		});
	if (!diff_same_index(was, now)) {
		if (!replaced && was->global && now->global)
			diff_replace_index(d, is, was, now);
		return;
	}
	if (!replaced)
		diff_settings(d, is, was->at, now->at, now->name);
}

static void compare_indexes(struct diffing *d, const struct model_table *was, const struct model_table *is, bool replaced)
{
	for (size_t i = 0; i < is->n_indexes; i++) {
		const struct model_index *old = model_index(was, is->indexes[i].name);

		if (old)
			change_index(d, is, old, &is->indexes[i], replaced);
		else
			add_index(d, was, is, &is->indexes[i], replaced);
	}
	for (size_t i = 0; i < was->n_indexes; i++)
		if (!model_index(is, was->indexes[i].name))
			remove_index(d, is, &was->indexes[i], replaced);
}

/* --- one table ------------------------------------------------------------- */

static void change(struct diffing *d, const struct model_table *t, const char *what, struct str was, struct str is)
{
	diff_add(d, &(struct diff_change){
		.kind = DIFF_CHANGED, .what = what, .table = t->name,
		.text = diff_text(d, "%.*s -> %.*s", NAME_ARG(was), NAME_ARG(is)),
	});
}

/* Why the table as it is cannot become what is wanted; empty: it can. */
static struct str why_replaced(const struct model_table *was, const struct model_table *is)
{
	if (!diff_same_key(&was->key, &is->key))
		return STR("A table's key is fixed when it is created.");
	for (size_t i = 0; i < is->n_indexes; i++) {
		const struct model_index *old = model_index(was, is->indexes[i].name), *now = &is->indexes[i];

		if ((!now->global || (old && !old->global)) && (!old || !diff_same_index(old, now)))
			return STR("Local indexes are made with their table only.");
	}
	return STR("");
}

/* The table must be made anew only for those: one that is merely not wanted any more may stay. */
static void keep_local_index(struct diffing *d, const struct model_table *was, const struct model_table *is)
{
	for (size_t i = 0; i < was->n_indexes; i++) {
		const struct model_index *old = &was->indexes[i];

		if (old->global || model_index(is, old->name))
			continue;
		diff_step(d, TURN_SECOND, &(struct diff_step){
			.phase = DIFF_REMOVE, .code = "local-index-stays", .table = is->name, .name = old->name,
			.what = diff_text(d, "Leave the local index %.*s where it is, and in the model.", NAME_ARG(old->name)),
			.why = STR("A local index goes only with its table. It costs writes and storage until the table is made anew "
				   "for another reason."),
		});
	}
}

static struct str stream_text(const struct model_table *t)
{
	return t->stream ? t->stream_view_type : STR("off");
}

static void compare_features(struct diffing *d, const struct model_table *was, const struct model_table *is, bool replaced)
{
	if (!str_eq(stream_text(was), stream_text(is))) {
		change(d, is, "stream", stream_text(was), stream_text(is));
		if (!replaced)
			diff_stream_steps(d, was, is);
	}
	if (!str_eq(was->ttl_attribute, is->ttl_attribute)) {
		change(d, is, "ttl", was->ttl_attribute.len ? was->ttl_attribute : STR("off"),
		       is->ttl_attribute.len ? is->ttl_attribute : STR("off"));
		if (!replaced)
			diff_ttl_steps(d, was, is);
	}
	if (diff_on_demand(was) != diff_on_demand(is)) {
		change(d, is, "billing", diff_on_demand(was) ? STR("on demand") : STR("provisioned"),
		       diff_on_demand(is) ? STR("on demand") : STR("provisioned"));
		if (!replaced)
			diff_billing_step(d, is);
	}
}

static void compare_sizes(struct diffing *d, const struct model_table *was, const struct model_table *is)
{
	if (!d->described && !diff_same_tree(was->size.at, is->size.at))
		diff_add(d, &(struct diff_change){
			.kind = DIFF_CHANGED, .what = "sizing", .table = is->name, .text = STR("its declared sizes"),
		});
}

static void compare_table(struct diffing *d, const struct model_table *was, const struct model_table *is)
{
	struct str why = why_replaced(was, is);

	if (!diff_same_key(&was->key, &is->key))
		change(d, is, "key", diff_key_text(d, &was->key), diff_key_text(d, &is->key));
	if (why.len)
		diff_replace_table(d, was, is, why);
	compare_indexes(d, was, is, why.len > 0);
	compare_features(d, was, is, why.len > 0);
	if (!why.len) {
		keep_local_index(d, was, is);
		diff_settings(d, is, was->at, is->at, STR(""));
	}
	compare_sizes(d, was, is);
}

/* --- which tables ---------------------------------------------------------- */

static bool same_table(const struct model_table *a, const struct model_table *b)
{
	if (!diff_same_key(&a->key, &b->key) || a->n_indexes != b->n_indexes)
		return false;
	for (size_t i = 0; i < a->n_indexes; i++) {
		const struct model_index *other = model_index(b, a->indexes[i].name);

		if (!other || !diff_same_index(&a->indexes[i], other))
			return false;
	}
	return true;
}

static struct str table_hint(struct diffing *d, const struct model_table *t)
{
	for (size_t i = 0, looked = 0; i < d->was->n_tables && looked < TWINS_LOOKED_AT; i++) {
		const struct model_table *other = &d->was->tables[i];

		if (model_table(d->is, other->name))
			continue;
		looked++;
		if (same_table(other, t))
			return diff_text(d, "%.*s, which is removed, is defined alike. DynamoDB renames no table: if it is the same one, "
					 "keep its name, or its items must be copied.", NAME_ARG(other->name));
	}
	return STR("");
}

static void add_table(struct diffing *d, const struct model_table *t)
{
	diff_add(d, &(struct diff_change){
		.kind = DIFF_ADDED, .what = "table", .table = t->name, .text = diff_key_text(d, &t->key),
		.hint = d->described ? STR("") : table_hint(d, t),
	});
	diff_create_table(d, t);
}

static void remove_table(struct diffing *d, const struct model_table *t)
{
	diff_add(d, &(struct diff_change){
		.kind = DIFF_REMOVED, .what = "table", .table = t->name, .text = diff_key_text(d, &t->key),
	});
	diff_delete_table(d, t);
}

void diff_tables(struct diffing *d)
{
	for (size_t i = 0; i < d->is->n_tables; i++) {
		const struct model_table *is = &d->is->tables[i], *was = model_table(d->was, is->name);

		if (was)
			compare_table(d, was, is);
		else
			add_table(d, is);
	}
	for (size_t i = 0; i < d->was->n_tables; i++)
		if (!model_table(d->is, d->was->tables[i].name))
			remove_table(d, &d->was->tables[i]);
}
