#include "sim/dynamodb_call.h"
#include "sluice/core/mem.h"

enum { PAGE_LIMIT = 1 << 20 };

struct reading {
	struct call *x;
	struct sim_table *table;
	struct sim_names names;
	struct str condition, filter;
	struct sim_item start; /* n == 0: from the beginning */
	int64_t limit, segment, segments;
	bool backward;
	size_t bytes, scanned, count;
	const struct sim_item *last; /* where a page was cut */
};

static bool in_segment(const struct reading *r, const struct sim_item *item)
{
	return r->segments < 2 ||
	       (int64_t)(str_hash(sim_item_get(item, str_c(r->table->hash)).raw) % (uint64_t)r->segments) == r->segment;
}

/* False when the page is full. */
static bool read_row(struct reading *r, const struct sim_item *item, struct err *err)
{
	struct buf text;
	bool holds = true;

	if (!in_segment(r, item) ||
	    (r->condition.len && (!sim_condition(r->condition, &r->names, item, &holds, err) || !holds)))
		return err->class == ERR_NONE;
	r->scanned++;
	r->bytes += sim_item_bytes(item);
	if (r->filter.len && !sim_condition(r->filter, &r->names, item, &holds, err))
		return false;
	if (holds) {
		buf_init(&text, SIM_ANSWER_BYTES);
		sim_item_write(item, &text);
		json_raw(&r->x->w, buf_str(&text));
		buf_release(&text);
		r->count++;
	}
	if ((r->limit && (int64_t)r->scanned == r->limit) || r->bytes > PAGE_LIMIT) {
		r->last = item;
		return false;
	}
	return true;
}

/* ---- which rows come into question ---- */

static struct str plain_name(const struct reading *r, struct str word)
{
	struct str found = word;

	if (str_starts(word, STR("#")) && scan_member(r->names.names, word, &found) && found.len >= 2)
		return str_sub(found, 1, found.len - 2);
	return found;
}

/* The value that "hash = :value" of the key condition asks for; NONE when it is
 * written in another way: then all rows are tried. */
static struct value partition_value(const struct reading *r)
{
	struct str rest = r->condition, name = STR(""), sign = STR(""), found;
	struct value v = { VALUE_NONE, { NULL, 0 } };

	while (rest.ptr) {
		struct str word = str_split(&rest, ' ');

		if (str_starts(word, STR(":")) && str_eq(sign, STR("=")) &&
		    str_eq(plain_name(r, name), str_c(r->table->hash)) && scan_member(r->names.values, word, &found)) {
			value_read(found, &v, NULL);
			return v;
		}
		name = sign;
		sign = word;
	}
	return v;
}

/* The first row whose hash is not below v, or (past) the first that is above. */
static size_t partition_edge(struct reading *r, struct value v, bool past)
{
	struct sim_row **rows = sim_rows(r->table);
	size_t low = 0, high = r->table->n_rows;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = 0;

		value_compare(sim_item_get(&rows[middle]->item, str_c(r->table->hash)), v, &order);
		if (order < 0 || (past && order == 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Narrows [*low, *high) to what lies behind the start. */
static void skip_to_start(struct reading *r, size_t *low, size_t *high)
{
	struct sim_row **rows = sim_rows(r->table);
	size_t at;

	if (!r->start.n)
		return;
	at = sim_row_place(r->table, &r->start);
	if (r->backward) {
		*high = at < *high ? at : *high;
		return;
	}
	at += at < r->table->n_rows && sim_key_order(r->table, &rows[at]->item, &r->start) == 0;
	*low = at > *low ? at : *low;
}

static void read_rows(struct reading *r, struct err *err)
{
	struct sim_row **rows = sim_rows(r->table);
	struct value partition = partition_value(r);
	size_t low = 0, high = r->table->n_rows;

	if (partition.type != VALUE_NONE) {
		low = partition_edge(r, partition, false);
		high = partition_edge(r, partition, true);
	}
	skip_to_start(r, &low, &high);
	while (low < high)
		if (!read_row(r, r->backward ? &rows[--high]->item : &rows[low++]->item, err))
			break;
}

static void write_last_key(struct reading *r)
{
	struct sim_item key = { 0 };
	struct buf text;
	const char *names[2] = { r->table->hash, r->table->range };

	buf_init(&text, 1 << 20);
	for (size_t i = 0; i < 2 && names[i][0]; i++) {
		buf_clear(&text);
		value_write(sim_item_get(r->last, str_c(names[i])), &text);
		sim_item_set(&key, str_c(names[i]), buf_str(&text));
	}
	call_write_item(&r->x->w, "LastEvaluatedKey", &key);
	sim_item_release(&key);
	buf_release(&text);
}

static int64_t number_of(struct str object, const char *member, int64_t otherwise)
{
	int64_t n = otherwise;

	return str_to_i64(call_member(object, member), &n) ? n : otherwise;
}

static bool read_many(struct call *x, bool query, struct err *err)
{
	struct reading r = { .x = x, .table = call_table(x->d, x->body, err), .names = call_names(x->body) };
	struct str start = call_member(x->body, "ExclusiveStartKey");

	if (!r.table || (start.len && !sim_item_read(start, &r.start, err)))
		return false;
	r.condition = call_text(x->body, "KeyConditionExpression");
	r.filter = call_text(x->body, "FilterExpression");
	r.limit = number_of(x->body, "Limit", 0);
	r.segment = number_of(x->body, "Segment", 0);
	r.segments = number_of(x->body, "TotalSegments", 1);
	r.backward = str_eq(call_member(x->body, "ScanIndexForward"), STR("false"));
	if (query && !r.condition.len)
		return call_invalid(err, "Either the KeyConditions or KeyConditionExpression parameter must be "
					 "specified in the request.");
	json_key(&x->w, STR("Items"));
	json_begin_array(&x->w);
	read_rows(&r, err);
	json_end_array(&x->w);
	json_member_int(&x->w, STR("Count"), (int64_t)r.count);
	json_member_int(&x->w, STR("ScannedCount"), (int64_t)r.scanned);
	if (r.last)
		write_last_key(&r);
	sim_item_release(&r.start);
	return err->class == ERR_NONE;
}

bool sim_query(struct call *x, struct err *err)
{
	return read_many(x, true, err);
}

bool sim_scan(struct call *x, struct err *err)
{
	return read_many(x, false, err);
}
