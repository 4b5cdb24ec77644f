#include "sluice/model/cost.h"

#include <math.h>

static const struct operation {
	const char *name, *other;   /* both as letters are compared: in any case, without - and _ */
	bool writes, batch, transaction, count;
} operations[COST_OPERATIONS] = {
	[COST_GET_ITEM] = { "GetItem", "Get", .count = false },
	[COST_QUERY] = { "Query", "Query", .count = true },
	[COST_SCAN] = { "Scan", "Scan", .count = true },
	[COST_BATCH_GET] = { "BatchGetItem", "BatchGet", .batch = true, .count = true },
	[COST_TRANSACT_GET] = { "TransactGetItems", "TransactGet", .batch = true, .transaction = true, .count = true },
	[COST_PUT_ITEM] = { "PutItem", "Put", .writes = true },
	[COST_UPDATE_ITEM] = { "UpdateItem", "Update", .writes = true },
	[COST_DELETE_ITEM] = { "DeleteItem", "Delete", .writes = true },
	[COST_BATCH_WRITE] = { "BatchWriteItem", "BatchWrite", .writes = true, .batch = true, .count = true },
	[COST_TRANSACT_WRITE] = { "TransactWriteItems", "TransactWrite", .writes = true, .batch = true,
				  .transaction = true, .count = true },
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

static bool same(struct str given, const char *name)
{
	for (size_t i = 0; i < given.len; i++) {
		if (given.ptr[i] == '-' || given.ptr[i] == '_')
			continue;
		if (*name == '\0' || lower(given.ptr[i]) != lower(*name))
			return false;
		name++;
	}
	return *name == '\0';
}

enum cost_operation cost_operation_of(struct str name)
{
	for (int i = 0; i < COST_OPERATIONS; i++)
		if (same(name, operations[i].name) || same(name, operations[i].other))
			return (enum cost_operation)i;
	return COST_OPERATIONS;
}

const char *cost_operation_name(enum cost_operation op)
{
	return op < COST_OPERATIONS ? operations[op].name : "none";
}

bool cost_operation_writes(enum cost_operation op)
{
	return op < COST_OPERATIONS && operations[op].writes;
}

bool cost_operation_needs_count(enum cost_operation op)
{
	return op < COST_OPERATIONS && operations[op].count;
}

/* Items whose size is rounded up one by one. */
static double times(enum cost_operation op, double items)
{
	return (operations[op].batch ? items : 1) * (operations[op].transaction ? 2 : 1);
}

double cost_units(enum cost_operation op, double item_bytes, double items, bool strong)
{
	if (op >= COST_OPERATIONS)
		return 0;
	if (operations[op].writes)
		return ceil(item_bytes / COST_WRITE_UNIT_BYTES) * times(op, items);
	if (operations[op].transaction)
		return ceil(item_bytes / COST_READ_UNIT_BYTES) * times(op, items);
	if (!operations[op].batch && operations[op].count)
		item_bytes *= items;
	return ceil(item_bytes / COST_READ_UNIT_BYTES) * times(op, items) * (strong ? 1 : 0.5);
}

double cost_index_units(enum cost_operation op, double index_item_bytes, double items, bool key_changes)
{
	if (!cost_operation_writes(op))
		return 0;
	return ceil(index_item_bytes / COST_WRITE_UNIT_BYTES) * (operations[op].batch ? items : 1) *
	       (key_changes ? 2 : 1);
}
