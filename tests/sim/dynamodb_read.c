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

static void read_rows(struct reading *r, struct err *err)
{
	size_t n = r->table->n_rows, i = 0;
	const struct sim_item **rows = mem_array(n + 1, sizeof(struct sim_item *));

	for (struct sim_row *row = r->table->rows; row; row = row->next)
		rows[r->backward ? n - 1 - i : i] = &row->item, i++;
	for (i = 0; i < n; i++) {
		int order = r->start.n ? sim_key_order(r->table, rows[i], &r->start) : 1;

		if ((r->backward && r->start.n ? order < 0 : order > 0) && !read_row(r, rows[i], err))
			break;
	}
	mem_free(rows);
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
