#include "lint_groups.h"

#include "sluice/model/limits.h"

#include <ctype.h>

enum {
	NAME_MIN = LIMIT_NAME_LEAST, NAME_MAX = LIMIT_NAME_MOST,
	LSI_MAX = LIMIT_LOCAL_INDEXES, GSI_USUAL = LIMIT_GLOBAL_INDEXES,
};

#define EACH_TABLE(l, t) \
	for (const struct model_table *t = (l)->model->tables; t && t < (l)->model->tables + (l)->model->n_tables; t++)
#define EACH_INDEX(t, i) \
	for (const struct model_index *i = (t)->indexes; i && i < (t)->indexes + (t)->n_indexes; i++)

/* --- keys ------------------------------------------------------------------ */

typedef void (*key_fn)(struct lint *l, const struct model_table *t, const struct model_key *key, const struct node *at);

/* The table's key and each index's. */
static void each_key(struct lint *l, key_fn fn)
{
	EACH_TABLE(l, t) {
		fn(l, t, &t->key, t->at);
		EACH_INDEX(t, i)
			fn(l, t, &i->key, i->at);
	}
}

static const struct model_attribute *key_at(const struct model_key *key, size_t i)
{
	return i < key->n_hash ? key->hash[i] : key->range[i - key->n_hash];
}

static bool has_key(const struct model_key *key, struct str name)
{
	for (size_t i = 0; i < key->n_hash + key->n_range; i++)
		if (str_eq(key_at(key, i)->name, name))
			return true;
	return false;
}

static void undefined_in(struct lint *l, const struct model_table *t, const struct model_key *key,
			 const struct node *at)
{
	if (!lint_works(l, (key->n_hash + key->n_range) * t->n_attributes, at))
		return;
	for (size_t i = 0; i < key->n_hash + key->n_range; i++)
		if (!model_attribute(t, key_at(key, i)->name))
			LINT_FOUND(l, key_at(key, i)->at, "Add {\"AttributeName\": …, \"AttributeType\": \"S\"} to AttributeDefinitions.",
				   "the key attribute \"%.*s\" is not in AttributeDefinitions", STR_ARG(key_at(key, i)->name));
}

static void key_undefined(struct lint *l)
{
	each_key(l, undefined_in);
}

static bool is_used(const struct model_table *t, struct str name)
{
	if (has_key(&t->key, name))
		return true;
	EACH_INDEX(t, i)
		if (has_key(&i->key, name))
			return true;
	return false;
}

static void attribute_unused(struct lint *l)
{
	EACH_TABLE(l, t)
		for (size_t i = 0; i < t->n_attributes && lint_works(l, 1 + t->n_indexes, t->at); i++)
			if (!is_used(t, t->attributes[i].name))
				LINT_FOUND(l, t->attributes[i].at, "Define key attributes only; others need no definition.",
					   "no key uses \"%.*s\"; CreateTable refuses that", STR_ARG(t->attributes[i].name));
}

static void key_type(struct lint *l)
{
	EACH_TABLE(l, t)
		for (size_t i = 0; i < t->n_attributes; i++)
			if (!t->attributes[i].type)
				LINT_FOUND(l, t->attributes[i].at, "Keep other types as text that sorts.",
					   "a key attribute is a string (S), a number (N) or binary (B)");
}

static bool repeats(const struct model_key *key)
{
	for (size_t i = 0; i < key->n_hash + key->n_range; i++)
		for (size_t j = 0; j < i; j++)
			if (str_eq(key_at(key, i)->name, key_at(key, j)->name))
				return true;
	return false;
}

/* The model keeps HASH and RANGE attributes apart: their order stands in the document alone. */
static bool range_comes_first(const struct node *schema)
{
	bool range = false;

	for (const struct node *n = schema ? schema->first : NULL; n; n = n->next) {
		struct str type = lint_text(n, "KeyType");

		if (range && str_eq(type, STR("HASH")))
			return true;
		range |= str_eq(type, STR("RANGE"));
	}
	return false;
}

static void shape_of(struct lint *l, const struct model_table *t, const struct model_key *key, const struct node *at)
{
	if (!node_get(at, STR("KeySchema")))
		return;
	if (key->n_hash == 0)
		LINT_FOUND(l, at, NULL, "the key has no HASH attribute");
	else if (key == &t->key && (key->n_hash > 1 || key->n_range > 1))
		LINT_FOUND(l, at, "Join several values into one attribute, or use a global index with several.",
			   "a table's key has one HASH and at most one RANGE attribute");
	else if (repeats(key))
		LINT_FOUND(l, at, NULL, "an attribute stands twice in the key");
	else if (range_comes_first(node_get(at, STR("KeySchema"))))
		LINT_FOUND(l, at, "Write HASH attributes first.", "a RANGE attribute stands before a HASH attribute in KeySchema");
}

static void key_shape(struct lint *l)
{
	each_key(l, shape_of);
}

/* --- local indexes --------------------------------------------------------- */

static bool same_hash(const struct model_key *a, const struct model_key *b)
{
	return a->n_hash == 1 && b->n_hash == 1 && str_eq(a->hash[0]->name, b->hash[0]->name);
}

static void lsi_key(struct lint *l)
{
	EACH_TABLE(l, t)
		EACH_INDEX(t, i) {
			if (i->global)
				continue;
			if (t->key.n_range == 0)
				LINT_FOUND(l, i->at, "Make it a global index.", "a local index needs a table with a sort key");
			else if (!same_hash(&i->key, &t->key) || i->key.n_range != 1)
				LINT_FOUND(l, i->at, "Make it a global index, or begin its key with the table's HASH attribute.",
					   "a local index has the table's partition key and one sort key of its own");
		}
}

static size_t count_indexes(const struct model_table *t, bool global)
{
	size_t n = 0;

	EACH_INDEX(t, i)
		n += i->global == global;
	return n;
}

static void lsi_count(struct lint *l)
{
	EACH_TABLE(l, t)
		if (count_indexes(t, false) > LSI_MAX)
			LINT_FOUND(l, t->at, NULL, "%zu local indexes; DynamoDB allows %d", count_indexes(t, false), LSI_MAX);
}

static void gsi_count(struct lint *l)
{
	EACH_TABLE(l, t)
		if (count_indexes(t, true) > GSI_USUAL)
			LINT_FOUND(l, t->at, "The quota can be raised; each index costs every write that touches it.",
				   "%zu global indexes; the quota is %d", count_indexes(t, true), GSI_USUAL);
}

/* --- names ----------------------------------------------------------------- */

static void check_name(struct lint *l, struct str name, const struct node *at)
{
	bool ok = name.len == 0 || (name.len >= NAME_MIN && name.len <= NAME_MAX);

	for (size_t i = 0; i < name.len; i++)
		ok &= isalnum((unsigned char)name.ptr[i]) || strchr("_.-", name.ptr[i]) != NULL;
	if (!ok)
		LINT_FOUND(l, at, NULL, "names have 3 to 255 characters of A-Z a-z 0-9 _ . -");
}

static void names(struct lint *l)
{
	EACH_TABLE(l, t) {
		check_name(l, t->name, t->at);
		EACH_INDEX(t, i)
			check_name(l, i->name, i->at);
	}
}

static void indexes_twice(struct lint *l, const struct model_table *t)
{
	if (!lint_works(l, t->n_indexes * t->n_indexes / 2, t->at))
		return;
	EACH_INDEX(t, i)
		if (i->name.len && model_index(t, i->name) != i)
			LINT_FOUND(l, i->at, NULL, "another index of this table has this name already");
}

static void attributes_twice(struct lint *l, const struct model_table *t)
{
	if (!lint_works(l, t->n_attributes * t->n_attributes / 2, t->at))
		return;
	for (size_t i = 0; i < t->n_attributes; i++)
		if (model_attribute(t, t->attributes[i].name) != &t->attributes[i])
			LINT_FOUND(l, t->attributes[i].at, NULL, "the attribute is defined twice");
}

static void names_twice(struct lint *l)
{
	EACH_TABLE(l, t) {
		if (t->name.len && model_table(l->model, t->name) != t)
			LINT_FOUND(l, t->at, NULL, "another table has this name already");
		indexes_twice(l, t);
		attributes_twice(l, t);
	}
}

/* pk, SK, GSI1PK, gsi1_sk, LSI2: names of a place, not of what stands in it. */
static bool is_vague(struct str name)
{
	static const char *const ends[] = { "PK", "SK", "HK", "RK", "" };
	size_t i = 0;

	if (name.len > 3 && (str_eq_nocase(str_sub(name, 0, 3), STR("GSI")) || str_eq_nocase(str_sub(name, 0, 3), STR("LSI"))))
		for (i = 3; i < name.len && (isdigit((unsigned char)name.ptr[i]) || name.ptr[i] == '_' || name.ptr[i] == '-'); )
			i++;
	for (size_t k = 0; k < sizeof(ends) / sizeof(*ends); k++)
		if (name.len && str_eq_nocase(str_from(name, i), str_c(ends[k])))
			return true;
	return false;
}

static void vague_name(struct lint *l)
{
	EACH_TABLE(l, t) {
		for (size_t i = 0; i < t->n_attributes; i++)
			if (is_vague(t->attributes[i].name))
				LINT_FOUND(l, t->attributes[i].at, "Name it by its content, like customer_id or created_at.",
					   "\"%.*s\" does not say what it holds", STR_ARG(t->attributes[i].name));
		EACH_INDEX(t, i)
			if (is_vague(i->name))
				LINT_FOUND(l, i->at, "Name it by its question, like OrdersByCustomer.",
					   "\"%.*s\" does not say what it finds", STR_ARG(i->name));
	}
}

static void projection(struct lint *l)
{
	EACH_TABLE(l, t)
		EACH_INDEX(t, i)
			if ((i->projection == MODEL_PROJECT_INCLUDE) != (i->n_included > 0) && node_get(i->at, STR("Projection")))
				LINT_FOUND(l, i->at, NULL, "NonKeyAttributes belong to ProjectionType INCLUDE, which needs some");
}

/* --- capacity -------------------------------------------------------------- */

/* Of a table whose mode says so, or that has the figures and names no mode. */
static bool is_provisioned(const struct model_table *t)
{
	return str_eq(lint_text(t->at, "BillingMode"), STR("PROVISIONED")) ||
	       (!node_get(t->at, STR("BillingMode")) && node_get(t->at, STR("ProvisionedThroughput")));
}

static void capacity_of(struct lint *l, const struct node *at, bool provisioned, const char *what)
{
	const struct node *given = node_get(at, STR("ProvisionedThroughput"));

	if (provisioned && !given)
		LINT_FOUND(l, at, "Add {\"ReadCapacityUnits\": …, \"WriteCapacityUnits\": …} to the table and to each global index, or "
			   "make the table PAY_PER_REQUEST.", "the table is provisioned, and %s has no ProvisionedThroughput", what);
	else if (!provisioned && given)
		LINT_FOUND(l, given, "Leave it out, or make the table PROVISIONED.", "%s of a table on demand has ProvisionedThroughput",
			   what);
}

static void capacity(struct lint *l)
{
	EACH_TABLE(l, t) {
		bool provisioned = is_provisioned(t);

		capacity_of(l, t->at, provisioned, "the table itself");
		EACH_INDEX(t, i)
			if (i->global)
				capacity_of(l, i->at, provisioned, "this index");
	}
}

const struct model_lint lint_tables[] = {
	{ "key-undefined", FINDING_ERROR, "A key attribute that AttributeDefinitions lacks.", key_undefined },
	{ "attribute-unused", FINDING_ERROR, "An attribute is defined that no key uses.", attribute_unused },
	{ "key-type", FINDING_ERROR, "A key attribute of a type other than S, N, B.", key_type },
	{ "key-shape", FINDING_ERROR, "A key with too few or too many attributes.", key_shape },
	{ "lsi-key", FINDING_ERROR, "A local index whose key does not fit its table.", lsi_key },
	{ "lsi-count", FINDING_ERROR, "More than five local indexes.", lsi_count },
	{ "gsi-count", FINDING_WARNING, "More global indexes than the quota.", gsi_count },
	{ "name", FINDING_ERROR, "A table's or an index's name that DynamoDB refuses.", names },
	{ "name-twice", FINDING_ERROR, "Tables, indexes or attributes with one name.", names_twice },
	{ "vague-name", FINDING_WARNING, "Names like PK, SK, GSI1.", vague_name },
	{ "projection", FINDING_ERROR, "Projected attributes without INCLUDE, or none with it.", projection },
	{ "capacity", FINDING_ERROR, "Provisioned throughput that is missing, or stands beside on demand.", capacity },
	{ 0 },
};
