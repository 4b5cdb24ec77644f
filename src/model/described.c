#include "sluice/model/described.h"

#include "sluice/core/json.h"
#include "sluice/core/json_write.h"

enum { ANSWER_MAX = 16 << 20 };

static bool answer_wrong(struct err *err, const char *operation)
{
	return err_set(err, ERR_RETRY, "aws.answer", "the answer to %s is not as the API says", operation);
}

static struct str text_of(const struct json *object, const char *name)
{
	struct str text = STR("");

	json_get_str(json_get(object, name), &text);
	return text;
}

/* A value that stands there as CreateTable takes it. */
static void copy(struct json_writer *w, const struct json *object, const char *name)
{
	const struct json *value = json_get(object, name);
	struct buf b;

	if (!value)
		return;
	buf_init(&b, ANSWER_MAX);
	json_print(value, &b);
	json_key(w, str_c(name));
	json_raw(w, buf_ok(&b) && b.len ? buf_str(&b) : STR("null"));
	buf_release(&b);
}

/* A group of figures; those that stand for "none" are left out. */
static void copy_figures(struct json_writer *w, const struct json *object, const char *name, const char *const members[2])
{
	const struct json *group = json_get(object, name);
	int64_t first, second;

	if (!json_get_int(json_get(group, members[0]), &first) || !json_get_int(json_get(group, members[1]), &second) ||
	    first < 1 || second < 1)
		return;
	json_key(w, str_c(name));
	json_begin_object(w);
	json_member_int(w, str_c(members[0]), first);
	json_member_int(w, str_c(members[1]), second);
	json_end_object(w);
}

static void copy_throughput(struct json_writer *w, const struct json *object, bool provisioned)
{
	static const char *const given[] = { "ReadCapacityUnits", "WriteCapacityUnits" };
	static const char *const most[] = { "MaxReadRequestUnits", "MaxWriteRequestUnits" };
	static const char *const warm[] = { "ReadUnitsPerSecond", "WriteUnitsPerSecond" };

	if (provisioned)
		copy_figures(w, object, "ProvisionedThroughput", given);
	copy_figures(w, object, "OnDemandThroughput", most);
	copy_figures(w, object, "WarmThroughput", warm);
}

static void write_indexes(struct json_writer *w, const struct json *table, const char *list, bool provisioned)
{
	if (json_count(json_get(table, list)) == 0)
		return;
	json_key(w, str_c(list));
	json_begin_array(w);
	for (const struct json *i = json_first(json_get(table, list)); i; i = json_next(i)) {
		if (str_eq(text_of(i, "IndexStatus"), STR("DELETING")))
			continue;
		json_begin_object(w);
		copy(w, i, "IndexName");
		copy(w, i, "KeySchema");
		copy(w, i, "Projection");
		copy_throughput(w, i, provisioned);
		json_end_object(w);
	}
	json_end_array(w);
}

static bool is_on_demand(const struct json *table)
{
	return str_eq(text_of(json_get(table, "BillingModeSummary"), "BillingMode"), STR("PAY_PER_REQUEST"));
}

static void write_ttl(struct json_writer *w, const struct json *ttl)
{
	const struct json *about = json_get(ttl, "TimeToLiveDescription");
	struct str status = text_of(about, "TimeToLiveStatus");

	if (!str_eq(status, STR("ENABLED")) && !str_eq(status, STR("ENABLING")))
		return;
	json_key(w, STR("TimeToLiveSpecification"));
	json_begin_object(w);
	json_member_bool(w, STR("Enabled"), true);
	json_member_str(w, STR("AttributeName"), text_of(about, "AttributeName"));
	json_end_object(w);
}

static void write_table(struct json_writer *w, const struct json *table, const struct json *ttl)
{
	struct str class = text_of(json_get(table, "TableClassSummary"), "TableClass");
	bool provisioned = !is_on_demand(table);

	json_begin_object(w);
	copy(w, table, "TableName");
	copy(w, table, "AttributeDefinitions");
	copy(w, table, "KeySchema");
	json_member_str(w, STR("BillingMode"), provisioned ? STR("PROVISIONED") : STR("PAY_PER_REQUEST"));
	copy_throughput(w, table, provisioned);
	write_indexes(w, table, "GlobalSecondaryIndexes", provisioned);
	write_indexes(w, table, "LocalSecondaryIndexes", false);
	copy(w, table, "StreamSpecification");
	copy(w, table, "DeletionProtectionEnabled");
	if (class.len)
		json_member_str(w, STR("TableClass"), class);
	write_ttl(w, ttl);
	json_end_object(w);
}

static bool write_described(struct json_writer *w, const struct described_table *t, struct err *err)
{
	struct json *table = json_parse(t->table, ANSWER_MAX, err);
	struct json *ttl = t->ttl.len ? json_parse(t->ttl, ANSWER_MAX, err) : NULL;
	bool ok = table && json_type(table) == JSON_OBJECT && text_of(json_get(table, "Table"), "TableName").len &&
		  (ttl || !t->ttl.len);

	if (ok)
		write_table(w, json_get(table, "Table"), ttl);
	json_free(table);
	json_free(ttl);
	return ok || answer_wrong(err, "DescribeTable or DescribeTimeToLive");
}

bool model_described(const struct described_table *tables, size_t n, struct buf *out, struct err *err)
{
	struct json_writer w;

	json_write_init(&w, out);
	json_begin_object(&w);
	json_key(&w, STR("tables"));
	json_begin_array(&w);
	for (size_t i = 0; i < n; i++)
		if (!write_described(&w, &tables[i], err))
			return false;
	json_end_array(&w);
	json_end_object(&w);
	return buf_ok(out) || err_set(err, ERR_FATAL, "described.size", "the descriptions of %zu tables take more than %zu bytes", n,
				      out->max);
}

static bool indexes_are_active(const struct json *table)
{
	const struct json *list = json_get(table, "GlobalSecondaryIndexes");

	for (const struct json *i = json_first(list); i; i = json_next(i))
		if (!str_eq(text_of(i, "IndexStatus"), STR("ACTIVE")))
			return false;
	return true;
}

bool model_described_status(struct str text, enum described_status *out, struct err *err)
{
	struct json *answer = json_parse(text, ANSWER_MAX, err);
	const struct json *table = json_get(answer, "Table");
	struct str status = text_of(table, "TableStatus");
	bool known;

	if (str_eq(status, STR("DELETING")))
		*out = DESCRIBED_DELETING;
	else
		*out = str_eq(status, STR("ACTIVE")) && indexes_are_active(table) ? DESCRIBED_ACTIVE : DESCRIBED_BUSY;
	known = status.len > 0;
	json_free(answer);
	return known || answer_wrong(err, "DescribeTable");
}
