#include "sluice/model/prices.h"

#include "sluice/core/node.h"

#include <stddef.h>

/* No price of any region is near it: a figure above is a slip of the unit. */
#define MOST_USD 1e6
#define LEAST_USD 1e-9
#define MOST_CALLS 1e15

/* List prices of us-east-1 as AWS's price list has them since November 2024 (usage types ReadRequestUnits,
 * WriteRequestUnits, ReadCapacityUnit-Hrs, WriteCapacityUnit-Hrs, TimedStorage-ByteHrs, each also with IA- in front,
 * and USE1-Streams-Requests), compared in November 2026 with what several public programs had fetched from its
 * API in 2026. */
const struct prices prices_default = {
	.region = STR_INIT("us-east-1"),
	.standard = {
		.read_request_million_usd = 0.125,
		.write_request_million_usd = 0.625,
		.read_capacity_hour_usd = 0.00013,
		.write_capacity_hour_usd = 0.00065,
		.storage_gb_month_usd = 0.25,
	},
	.infrequent = {
		.read_request_million_usd = 0.155,
		.write_request_million_usd = 0.78,
		.read_capacity_hour_usd = 0.00016,
		.write_capacity_hour_usd = 0.00081,
		.storage_gb_month_usd = 0.10,
	},
	.stream_read_million_usd = 0.20,
	.stream_reads_free = 2.5e6,
};

struct price_name {
	const char *name;
	size_t offset;
	double max;
	const struct price_name *table;   /* a group of prices */
};

static const struct price_name class_names[] = {
	{ "read_request_million_usd", offsetof(struct price_class, read_request_million_usd), MOST_USD, NULL },
	{ "write_request_million_usd", offsetof(struct price_class, write_request_million_usd), MOST_USD, NULL },
	{ "read_capacity_hour_usd", offsetof(struct price_class, read_capacity_hour_usd), MOST_USD, NULL },
	{ "write_capacity_hour_usd", offsetof(struct price_class, write_capacity_hour_usd), MOST_USD, NULL },
	{ "storage_gb_month_usd", offsetof(struct price_class, storage_gb_month_usd), MOST_USD, NULL },
	{ 0 },
};

static const struct price_name names[] = {
	{ "standard", offsetof(struct prices, standard), 0, class_names },
	{ "standard_infrequent_access", offsetof(struct prices, infrequent), 0, class_names },
	{ "stream_read_million_usd", offsetof(struct prices, stream_read_million_usd), MOST_USD, NULL },
	{ "stream_reads_free", offsetof(struct prices, stream_reads_free), MOST_CALLS, NULL },
	{ 0 },
};

static const struct price_name *find(const struct price_name *table, struct str name, const char **near)
{
	unsigned best = 4;

	*near = NULL;
	for (; table->name; table++) {
		unsigned distance = str_distance(name, str_c(table->name));

		if (distance == 0)
			return table;
		if (distance < best) {
			best = distance;
			*near = table->name;
		}
	}
	return NULL;
}

static void unknown(const struct node *n, const char *near, struct findings_list *findings)
{
	finding_add(findings, FINDING_ERROR, "price-unknown", n, "See the price names in `sluice model cost --help`.",
		    "no price has the name \"%.*s\"%s%s%s", STR_ARG(str_sub(n->name, 0, 60)),
		    near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static void read_group(const struct price_name *table, const struct node *group, void *out,
		       struct findings_list *findings);

static void read_one(const struct price_name *p, const struct node *n, void *out, struct findings_list *findings)
{
	bool number = n->kind == NODE_INT || n->kind == NODE_REAL;

	if (p->table)
		read_group(p->table, n, (char *)out + p->offset, findings);
	else if (!number || !(n->d == 0 || (n->d >= LEAST_USD && n->d <= p->max)))
		finding_add(findings, FINDING_ERROR, "price-value", n, "Give a number.",
			    "is no price: expected a number from 0 to %.0f, above 0 at least %.0e", p->max, LEAST_USD);
	else
		*(double *)((char *)out + p->offset) = n->d;
}

static void read_group(const struct price_name *table, const struct node *group, void *out,
		       struct findings_list *findings)
{
	if (group->kind != NODE_OBJECT) {
		finding_add(findings, FINDING_ERROR, "price-value", group, "Give an object of prices.",
			    "is no object of prices");
		return;
	}
	for (const struct node *n = group->first; n; n = n->next) {
		const char *near;
		const struct price_name *p = find(table, n->name, &near);

		if (p)
			read_one(p, n, out, findings);
		else if (table != names || !str_eq(n->name, STR("region")))
			unknown(n, near, findings);
	}
}

bool prices_read(struct prices *p, struct str json, struct arena *a, struct findings_list *findings)
{
	size_t before = findings->errors;
	const struct node *root, *region;
	struct err err;

	*p = prices_default;
	root = node_from_json(a, json, NULL, &err);
	if (!root) {
		finding_add(findings, FINDING_ERROR, "price-syntax", NULL, "Give a JSON object of prices.",
			    "the price file cannot be read: %s", err.text);
		return false;
	}
	read_group(names, root, p, findings);
	region = node_get(root, STR("region"));
	if (region && region->kind == NODE_STRING && region->text.len <= 64)
		p->region = region->text;
	else if (region)
		finding_add(findings, FINDING_ERROR, "price-value", region, "Name the region the prices are of.",
			    "is no region's name: expected a string of at most 64 bytes");
	else if (root->kind == NODE_OBJECT && root->first)
		p->region = STR("own prices");
	return findings->errors == before;
}
