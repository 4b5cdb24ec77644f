/* One report for terminals and for Markdown: sections of a title, a table and notes. */
#include "cost_parts.h"
#include "figure.h"
#include "text_table.h"

struct report {
	const struct cost *c;
	const struct cost_scale *scales;
	struct arena *a;
	struct buf *out;
	bool markdown, full;
	bool assumed;                /* an index write was marked as assumed */
};

static void title(struct report *r, const char *text)
{
	buf_putf(r->out, r->markdown ? "\n### %s\n\n" : "\n%s\n\n", text);
}

static void note(struct report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void note(struct report *r, const char *fmt, ...)
{
	va_list ap;

	buf_puts(r->out, r->markdown ? "\n" : "  ");
	va_start(ap, fmt);
	buf_vputf(r->out, fmt, ap);
	va_end(ap);
	buf_putc(r->out, '\n');
}

static void print(struct report *r, struct text_table *t)
{
	r->full = !text_table_print(t, r->out) || r->full;
}

static struct str number(struct report *r, double value)
{
	return figure_number(r->a, value);
}

static struct str usd(struct report *r, double value)
{
	return figure_usd(r->a, value);
}

/* --- patterns -------------------------------------------------------------- */

enum { P_NAME, P_DESCRIPTION, P_OPERATION, P_PLACE, P_READ, P_WRITE, P_RATE, P_UNITS, P_USD, P_COLUMNS };
static const char *const pattern_heads[] = { "pattern", "description", "operation", "table or index", "RCU each",
					     "WCU each", "a second", "units/s", "$ a month" };
enum { P_RIGHT = 1 << P_READ | 1 << P_WRITE | 1 << P_RATE | 1 << P_UNITS | 1 << P_USD, DESCRIPTION_SHOWN = 32 };

/* Cut at a blank, where there is one. */
static struct str shorten(struct arena *a, struct str text, size_t bytes)
{
	size_t n = bytes;

	if (text.len <= bytes)
		return text;
	while (n && ((unsigned char)text.ptr[n] & 0xc0) == 0x80)
		n--;
	for (size_t i = n; i > bytes / 2; i--)
		if (text.ptr[i] == ' ') {
			n = i;
			break;
		}
	return arena_putf(a, "%.*s\xe2\x80\xa6", STR_ARG(str_sub(text, 0, n)));
}

static void index_row(struct report *r, struct text_table *t, const struct cost_index_write *w, const struct cost_line *l)
{
	struct str *cells = text_table_row(t);

	cells[P_OPERATION] = w->key_changes ? STR("+ index, key changes") : STR("+ index");
	cells[P_PLACE] = w->assumed ? arena_putf(r->a, "%.*s ?", STR_ARG(w->index->name)) : w->index->name;
	cells[P_WRITE] = number(r, l->units_per_operation);
	cells[P_UNITS] = number(r, l->units_per_s);
	cells[P_USD] = usd(r, l->usd);
	r->assumed = r->assumed || w->assumed;
}

static struct str operation_text(struct report *r, const struct cost_pattern *p)
{
	const char *name = cost_operation_name(p->operation);

	if (p->item_count > 0)
		return arena_putf(r->a, "%s \xc3\x97%.*s%s", name, STR_ARG(number(r, p->item_count)),
				  p->strong ? ", strong" : "");
	return arena_putf(r->a, "%s%s%s", name, p->strong ? ", strong" : "", p->refused ? ", refused" : "");
}

static struct str place_text(struct report *r, const struct cost_pattern *p)
{
	if (p->index)
		return arena_putf(r->a, "%.*s/%.*s", STR_ARG(p->table->name), STR_ARG(p->index->name));
	if (p->n_parts > 1)
		return arena_putf(r->a, "%.*s and %zu more", STR_ARG(p->parts[0].table->name), p->n_parts - 1);
	return p->parts[0].table->name;
}

static void pattern_rows(struct report *r, struct text_table *t, const struct cost_pattern_result *result)
{
	const struct cost_pattern *p = result->pattern;
	struct str *cells = text_table_row(t);

	cells[P_NAME] = p->id;
	cells[P_DESCRIPTION] = r->markdown ? p->description : shorten(r->a, p->description, DESCRIPTION_SHOWN);
	cells[P_OPERATION] = operation_text(r, p);
	cells[P_PLACE] = place_text(r, p);
	cells[cost_operation_writes(p->operation) ? P_WRITE : P_READ] = number(r, result->own.units_per_operation);
	cells[P_RATE] = number(r, p->rps * r->c->factor);
	cells[P_UNITS] = number(r, result->own.units_per_s);
	cells[P_USD] = usd(r, result->own.usd);
	for (size_t i = 0; i < p->n_writes; i++)
		index_row(r, t, &p->writes[i], &result->indexes[i]);
}

static void not_counted(struct report *r)
{
	const struct cost_input *in = r->c->input;

	for (size_t i = 0; i < in->n_patterns; i++)
		if (in->patterns[i].not_counted.len)
			note(r, "Not counted: pattern %.*s (%.*s).",
			     STR_ARG(text_safe(r->a, r->markdown, str_sub(in->patterns[i].id, 0, TEXT_CELL_MAX))),
			     STR_ARG(in->patterns[i].not_counted));
	for (size_t i = 0; i < in->n_handlers; i++)
		if (in->handlers[i].not_counted.len)
			note(r, "Not counted: handler %.*s (%.*s).",
			     STR_ARG(text_safe(r->a, r->markdown, str_sub(in->handlers[i].name, 0, TEXT_CELL_MAX))),
			     STR_ARG(in->handlers[i].not_counted));
}

static void print_patterns(struct report *r)
{
	const struct cost_input *in = r->c->input;
	struct text_table t;

	title(r, "Access patterns");
	text_table_init(&t, r->a, r->markdown, pattern_heads, P_COLUMNS, P_RIGHT);
	for (size_t i = 0; i < in->n_patterns; i++)
		if (!in->patterns[i].not_counted.len)
			pattern_rows(r, &t, &r->c->patterns[i]);
	print(r, &t);
	if (r->assumed)
		note(r, "Index writes with ? are assumed: nothing says which attributes change. A gsi_list would.");
}

/* --- storage and capacity ---------------------------------------------------- */

enum { S_NAME, S_BYTES, S_ITEMS, S_SIZE, S_USD, S_COLUMNS };
static const char *const storage_heads[] = { "table or index", "bytes an item", "items", "stored", "$ a month" };
enum { S_RIGHT = 1 << S_BYTES | 1 << S_ITEMS | 1 << S_SIZE | 1 << S_USD };

static void storage_row(struct report *r, struct text_table *t, struct str name, double item_bytes, double items,
			const struct cost_storage *s)
{
	struct str *cells = text_table_row(t);

	cells[S_NAME] = name;
	if (item_bytes <= 0 || items <= 0) {
		cells[S_SIZE] = STR("not declared");
		return;
	}
	cells[S_BYTES] = number(r, item_bytes);
	cells[S_ITEMS] = number(r, items);
	cells[S_SIZE] = figure_bytes(r->a, s->bytes);
	cells[S_USD] = usd(r, s->usd);
}

static void print_storage(struct report *r)
{
	struct text_table t;

	title(r, "Storage");
	text_table_init(&t, r->a, r->markdown, storage_heads, S_COLUMNS, S_RIGHT);
	for (size_t i = 0; i < r->c->input->n_tables; i++) {
		const struct cost_table_result *result = &r->c->tables[i];
		const struct cost_table *table = result->table;

		storage_row(r, &t, table->infrequent ? arena_putf(r->a, "%.*s (infrequent access)", STR_ARG(table->name))
						     : table->name, table->item_bytes, table->items, &result->storage);
		for (size_t x = 0; x < table->n_indexes; x++)
			storage_row(r, &t, arena_putf(r->a, "+ %.*s", STR_ARG(table->indexes[x].name)),
				    table->indexes[x].item_bytes, table->indexes[x].items, &result->indexes[x]);
	}
	print(r, &t);
}

enum { C_NAME, C_MODE, C_READS, C_WRITES, C_DEMAND, C_SCALED, C_PEAK, C_EVEN, C_USED, C_COLUMNS };
static const char *const capacity_heads[] = { "table with indexes", "declared", "RCU/s", "WCU/s", "on demand",
					      "scaled to 70 %", "for peaks", "break-even", "used of peaks" };
enum { C_RIGHT = 1 << C_READS | 1 << C_WRITES | 1 << C_DEMAND | 1 << C_SCALED | 1 << C_PEAK | 1 << C_EVEN | 1 << C_USED };

static void capacity_row(struct report *r, struct text_table *t, const struct cost_table_result *result)
{
	const struct cost_capacity *c = &result->capacity;
	struct str *cells = text_table_row(t);

	cells[C_NAME] = result->table->name;
	cells[C_MODE] = result->table->on_demand ? STR("on demand") : STR("provisioned");
	cells[C_READS] = number(r, c->read_units_per_s);
	cells[C_WRITES] = number(r, c->write_units_per_s);
	cells[C_DEMAND] = usd(r, c->on_demand_usd);
	cells[C_SCALED] = usd(r, c->scaled_usd);
	cells[C_PEAK] = c->peaks ? usd(r, c->peak_usd) : STR("-");
	cells[C_EVEN] = c->break_even > 0 ? figure_percent(r->a, c->break_even) : STR("-");
	cells[C_USED] = c->peaks ? figure_percent(r->a, c->peak_utilisation) : STR("-");
}

static void print_capacity(struct report *r)
{
	struct text_table t;

	title(r, "On demand or provisioned, $ a month");
	text_table_init(&t, r->a, r->markdown, capacity_heads, C_COLUMNS, C_RIGHT);
	for (size_t i = 0; i < r->c->input->n_tables; i++)
		capacity_row(r, &t, &r->c->tables[i]);
	print(r, &t);
	note(r, "Provisioned capacity is cheaper where more than the break-even share of it is used. \"For peaks\" holds the "
		"declared peaks all month.");
}

/* --- streams and handlers ------------------------------------------------------ */

enum { T_NAME, T_EVENTS, T_SHARDS, T_READERS, T_CALLS, T_COLUMNS };
static const char *const stream_heads[] = { "stream of", "events/s", "shards", "pipelines", "GetRecords a month" };
enum { T_RIGHT = 1 << T_EVENTS | 1 << T_SHARDS | 1 << T_READERS | 1 << T_CALLS };

static void print_streams(struct report *r)
{
	const struct cost *c = r->c;
	struct text_table t;

	title(r, "Streams and state");
	text_table_init(&t, r->a, r->markdown, stream_heads, T_COLUMNS, T_RIGHT);
	for (size_t i = 0; i < c->n_streams; i++) {
		const struct cost_stream *s = &c->streams[i];
		struct str *cells = text_table_row(&t);

		cells[T_NAME] = s->table->name;
		cells[T_EVENTS] = number(r, s->events_per_s);
		cells[T_SHARDS] = number(r, s->shards);
		cells[T_READERS] = number(r, (double)s->table->pipelines);
		cells[T_CALLS] = number(r, s->calls);
	}
	print(r, &t);
	note(r, "GetRecords: %.*s calls, %.*s of them free in an account: %.*s.", STR_ARG(number(r, c->stream_calls)),
	     STR_ARG(number(r, c->stream_calls - c->stream_calls_billed)), STR_ARG(usd(r, c->totals.streams)));
	note(r, "State table (one worker): %.*s RCU/s, %.*s WCU/s: %.*s.", STR_ARG(number(r, c->state_reads.units_per_s)),
	     STR_ARG(number(r, c->state_writes.units_per_s)), STR_ARG(usd(r, c->totals.state)));
}

enum { H_NAME, H_KIND, H_EVENTS, H_READ, H_ROWS, H_READS, H_WRITES, H_USD, H_COLUMNS };
static const char *const handler_heads[] = { "handler", "kind", "events/s", "audience RCU a day", "rows a day", "RCU each",
					     "WCU each", "$ a month" };
enum { H_RIGHT = 1 << H_EVENTS | 1 << H_READ | 1 << H_ROWS | 1 << H_READS | 1 << H_WRITES | 1 << H_USD };

static void handler_rows(struct report *r, struct text_table *t, const struct cost_handler_result *result)
{
	const struct cost_handler *h = result->handler;
	struct str *cells = text_table_row(t);

	cells[H_NAME] = h->name;
	cells[H_KIND] = h->kind;
	cells[H_EVENTS] = number(r, result->events_per_s);
	cells[H_READ] = number(r, result->audience_reads_per_day);
	cells[H_ROWS] = number(r, result->row_writes_per_day);
	cells[H_READS] = number(r, result->reads.units_per_operation);
	cells[H_WRITES] = number(r, result->writes.units_per_operation);
	cells[H_USD] = usd(r, result->reads.usd + result->writes.usd);
	for (size_t i = 0; i < h->n_writes; i++) {
		cells = text_table_row(t);
		cells[H_NAME] = arena_putf(r->a, "+ %.*s%s", STR_ARG(h->writes[i].index->name),
					   h->writes[i].assumed ? " ?" : "");
		cells[H_KIND] = h->writes[i].key_changes ? STR("index, key changes") : STR("index");
		cells[H_WRITES] = number(r, result->indexes[i].units_per_operation);
		cells[H_USD] = usd(r, result->indexes[i].usd);
	}
}

static void print_handlers(struct report *r)
{
	struct text_table t;

	title(r, "Handlers");
	text_table_init(&t, r->a, r->markdown, handler_heads, H_COLUMNS, H_RIGHT);
	for (size_t i = 0; i < r->c->input->n_handlers; i++)
		if (!r->c->input->handlers[i].not_counted.len)
			handler_rows(r, &t, &r->c->handlers[i]);
	print(r, &t);
}

/* --- totals ------------------------------------------------------------------------ */

static const struct {
	const char *name;
	size_t offset;
} totals[] = {
	{ "reads", offsetof(struct cost_totals, reads) },
	{ "writes", offsetof(struct cost_totals, writes) },
	{ "index writes", offsetof(struct cost_totals, index_writes) },
	{ "handlers' reads and writes", offsetof(struct cost_totals, handlers) },
	{ "streams (GetRecords)", offsetof(struct cost_totals, streams) },
	{ "state table", offsetof(struct cost_totals, state) },
	{ "storage", offsetof(struct cost_totals, storage) },
	{ "total", offsetof(struct cost_totals, usd) },
};

static double total_at(const struct cost_totals *t, size_t offset)
{
	return *(const double *)((const char *)t + offset);
}

static void print_totals(struct report *r)
{
	const char *heads[1 + COST_SCALES] = { "$ a month at" };
	struct text_table t;

	for (int i = 0; i < COST_SCALES; i++) {
		struct str head = figure_factor(r->a, r->scales[i].factor);

		heads[1 + i] = head.ptr ? head.ptr : "";
	}
	title(r, "Totals, on demand, at so many times the declared rates");
	text_table_init(&t, r->a, r->markdown, heads, 1 + COST_SCALES, ~1u);
	for (size_t i = 0; i < sizeof(totals) / sizeof(*totals); i++) {
		struct str *cells = text_table_row(&t);

		cells[0] = str_c(totals[i].name);
		for (int k = 0; k < COST_SCALES; k++)
			cells[1 + k] = usd(r, total_at(&r->scales[k].totals, totals[i].offset));
	}
	print(r, &t);
}

static void print_head(struct report *r)
{
	const struct cost *c = r->c;

	buf_putf(r->out, "%s%.*s%s a month at ", r->markdown ? "**" : "", STR_ARG(usd(r, c->totals.usd)),
		 r->markdown ? "**" : "");
	if (c->factor == 1)
		buf_puts(r->out, "the average rates");
	else
		buf_putf(r->out, "%.*s the average rates", STR_ARG(figure_factor(r->a, c->factor)));
	buf_putf(r->out, ", on demand: %.*s for requests, %.*s for storage. Prices of %.*s.\n",
		 STR_ARG(usd(r, c->totals.requests_usd)), STR_ARG(usd(r, c->totals.storage)),
		 STR_ARG(text_safe(r->a, r->markdown, c->prices->region)));
}

static bool print_report(struct report *r)
{
	print_head(r);
	if (r->c->input->n_patterns)
		print_patterns(r);
	not_counted(r);
	if (r->c->input->n_tables) {
		print_storage(r);
		print_capacity(r);
	}
	if (r->c->n_streams)
		print_streams(r);
	if (r->c->input->n_handlers)
		print_handlers(r);
	print_totals(r);
	return !r->full && buf_ok(r->out);
}

bool cost_print(const struct cost *c, const struct cost_scale scales[COST_SCALES], struct arena *a, struct buf *out)
{
	struct report r = { .c = c, .scales = scales, .a = a, .out = out };

	return print_report(&r);
}

bool cost_print_markdown(const struct cost *c, const struct cost_scale scales[COST_SCALES], struct arena *a,
			 struct buf *out)
{
	struct report r = { .c = c, .scales = scales, .a = a, .out = out, .markdown = true };

	return print_report(&r);
}

bool cost_print_errors(const struct findings_list *findings, struct buf *out)
{
	for (const struct model_finding *f = findings->first; f; f = f->next)
		if (f->severity == FINDING_ERROR)
			buf_putf(out, "%.*s%s%.*s. %.*s\n", STR_ARG(f->path), f->path.len ? ": " : "", STR_ARG(f->text),
				 STR_ARG(f->fix));
	return buf_ok(out);
}
