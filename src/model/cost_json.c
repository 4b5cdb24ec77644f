#include "cost_parts.h"

#include "sluice/core/json_write.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The fewest digits that read back the same. */
static void real(struct json_writer *w, const char *name, double value)
{
	char text[40];

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	json_member_raw(w, str_c(name), isfinite(value) ? str_c(text) : STR("null"));
}

/* null: none. */
static void text(struct json_writer *w, const char *name, struct str value, bool there)
{
	json_key(w, str_c(name));
	if (there)
		json_str(w, value);
	else
		json_null(w);
}

static void flag(struct json_writer *w, const char *name, bool value)
{
	json_member_bool(w, str_c(name), value);
}

static void write_class(struct json_writer *w, const char *name, const struct price_class *p)
{
	json_key(w, str_c(name));
	json_begin_object(w);
	real(w, "read_request_million_usd", p->read_request_million_usd);
	real(w, "write_request_million_usd", p->write_request_million_usd);
	real(w, "read_capacity_hour_usd", p->read_capacity_hour_usd);
	real(w, "write_capacity_hour_usd", p->write_capacity_hour_usd);
	real(w, "storage_gb_month_usd", p->storage_gb_month_usd);
	json_end_object(w);
}

/* As a price file has them. */
static void write_prices(struct json_writer *w, const struct prices *p)
{
	json_key(w, STR("prices"));
	json_begin_object(w);
	json_member_str(w, STR("region"), p->region);
	write_class(w, "standard", &p->standard);
	write_class(w, "standard_infrequent_access", &p->infrequent);
	real(w, "stream_read_million_usd", p->stream_read_million_usd);
	real(w, "stream_reads_free", p->stream_reads_free);
	json_end_object(w);
}

static void write_line(struct json_writer *w, const struct cost_line *l)
{
	real(w, "units_per_operation", l->units_per_operation);
	real(w, "units_per_s", l->units_per_s);
	real(w, "usd_per_month", l->usd);
}

static void write_index_writes(struct json_writer *w, const struct cost_index_write *writes, size_t n,
			       const struct cost_line *lines)
{
	json_key(w, STR("indexes"));
	json_begin_array(w);
	for (size_t i = 0; i < n; i++) {
		json_begin_object(w);
		json_member_str(w, STR("table"), writes[i].table->name);
		json_member_str(w, STR("index"), writes[i].index->name);
		real(w, "items", writes[i].items);
		flag(w, "key_changes", writes[i].key_changes);
		flag(w, "assumed", writes[i].assumed);
		write_line(w, &lines[i]);
		json_end_object(w);
	}
	json_end_array(w);
}

/* --- patterns -------------------------------------------------------------- */

static void write_parts(struct json_writer *w, const struct cost_pattern *p)
{
	json_key(w, STR("tables"));
	json_begin_array(w);
	for (size_t i = 0; i < p->n_parts; i++) {
		json_begin_object(w);
		json_member_str(w, STR("table"), p->parts[i].table->name);
		real(w, "items", p->parts[i].items);
		real(w, "written", p->parts[i].written);
		json_end_object(w);
	}
	json_end_array(w);
}

static void write_pattern(struct json_writer *w, const struct cost_pattern_result *r)
{
	const struct cost_pattern *p = r->pattern;

	json_begin_object(w);
	json_member_str(w, STR("pattern"), p->id);
	json_member_str(w, STR("description"), p->description);
	text(w, "not_counted", p->not_counted, p->not_counted.len > 0);
	if (!p->not_counted.len) {
		json_member_str(w, STR("operation"), str_c(cost_operation_name(p->operation)));
		json_member_str(w, STR("table"), p->table->name);
		text(w, "index", p->index ? p->index->name : STR(""), p->index);
		real(w, "rps", p->rps);
		real(w, "peak_rps", p->peak_rps);
		real(w, "item_size_bytes", p->item_bytes);
		real(w, "item_count", p->item_count);
		flag(w, "strongly_consistent", p->strong);
		flag(w, "refused", p->refused);
		write_parts(w, p);
		write_line(w, &r->own);
		write_index_writes(w, p->writes, p->n_writes, r->indexes);
	}
	json_end_object(w);
}

/* --- tables ---------------------------------------------------------------- */

static void write_storage(struct json_writer *w, double item_bytes, double items, const struct cost_storage *s)
{
	real(w, "item_size_bytes", item_bytes);
	real(w, "item_count", items);
	real(w, "stored_bytes", s->bytes);
	real(w, "storage_usd_per_month", s->usd);
}

static void write_capacity(struct json_writer *w, const struct cost_capacity *c)
{
	json_key(w, STR("capacity"));
	json_begin_object(w);
	real(w, "read_units_per_s", c->read_units_per_s);
	real(w, "write_units_per_s", c->write_units_per_s);
	real(w, "peak_read_units_per_s", c->peak_read_units_per_s);
	real(w, "peak_write_units_per_s", c->peak_write_units_per_s);
	flag(w, "peaks_declared", c->peaks);
	real(w, "on_demand_usd_per_month", c->on_demand_usd);
	real(w, "provisioned_scaled_usd_per_month", c->scaled_usd);
	real(w, "provisioned_for_peaks_usd_per_month", c->peak_usd);
	real(w, "break_even_utilisation", c->break_even);
	real(w, "utilisation_of_peaks", c->peak_utilisation);
	json_end_object(w);
}

static void write_table(struct json_writer *w, const struct cost_table_result *r)
{
	const struct cost_table *t = r->table;

	json_begin_object(w);
	json_member_str(w, STR("table"), t->name);
	json_member_str(w, STR("table_class"), t->infrequent ? STR("STANDARD_INFREQUENT_ACCESS") : STR("STANDARD"));
	json_member_str(w, STR("billing_mode"), t->on_demand ? STR("PAY_PER_REQUEST") : STR("PROVISIONED"));
	write_storage(w, t->item_bytes, t->items, &r->storage);
	json_key(w, STR("indexes"));
	json_begin_array(w);
	for (size_t i = 0; i < t->n_indexes; i++) {
		json_begin_object(w);
		json_member_str(w, STR("index"), t->indexes[i].name);
		flag(w, "local", t->indexes[i].local);
		write_storage(w, t->indexes[i].item_bytes, t->indexes[i].items, &r->indexes[i]);
		json_end_object(w);
	}
	json_end_array(w);
	write_capacity(w, &r->capacity);
	json_end_object(w);
}

/* --- streams, handlers, state ------------------------------------------------ */

static void write_streams(struct json_writer *w, const struct cost *c)
{
	json_key(w, STR("streams"));
	json_begin_array(w);
	for (size_t i = 0; i < c->n_streams; i++) {
		const struct cost_stream *s = &c->streams[i];

		json_begin_object(w);
		json_member_str(w, STR("table"), s->table->name);
		real(w, "pipelines", (double)s->table->pipelines);
		real(w, "images", s->table->stream_images);
		real(w, "events_per_s", s->events_per_s);
		real(w, "bytes_per_s", s->bytes_per_s);
		real(w, "shards", s->shards);
		real(w, "get_records_per_month", s->calls);
		json_end_object(w);
	}
	json_end_array(w);
	real(w, "get_records_per_month", c->stream_calls);
	real(w, "get_records_billed_per_month", c->stream_calls_billed);
}

static void write_handler(struct json_writer *w, const struct cost_handler_result *r)
{
	const struct cost_handler *h = r->handler;

	json_begin_object(w);
	json_member_str(w, STR("handler"), h->name);
	json_member_str(w, STR("kind"), h->kind);
	text(w, "source", h->source ? h->source->name : STR(""), h->source);
	text(w, "target", h->target ? h->target->name : STR(""), h->target);
	text(w, "not_counted", h->not_counted, h->not_counted.len > 0);
	if (!h->not_counted.len) {
		real(w, "events_per_s", r->events_per_s);
		real(w, "row_size_bytes", h->row_bytes);
		flag(w, "transactions", h->transacts);
		real(w, "audience_size", h->audience_size);
		real(w, "audience_partitions", h->partitions);
		real(w, "audience_item_size_bytes", h->member_bytes);
		flag(w, "audience_strongly_consistent", h->consistent);
		real(w, "audience_read_units_per_event", r->reads.units_per_operation);
		real(w, "audience_read_units_per_day", r->audience_reads_per_day);
		real(w, "row_write_units_per_event", r->writes.units_per_operation);
		real(w, "row_writes_per_day", r->row_writes_per_day);
		real(w, "reads_usd_per_month", r->reads.usd);
		real(w, "writes_usd_per_month", r->writes.usd);
		write_index_writes(w, h->writes, h->n_writes, r->indexes);
	}
	json_end_object(w);
}

static void write_state(struct json_writer *w, const struct cost *c)
{
	json_key(w, STR("state_table"));
	json_begin_object(w);
	real(w, "read_units_per_s", c->state_reads.units_per_s);
	real(w, "write_units_per_s", c->state_writes.units_per_s);
	real(w, "usd_per_month", c->totals.state);
	json_end_object(w);
}

/* --- totals ---------------------------------------------------------------- */

static void write_totals(struct json_writer *w, const struct cost_totals *t)
{
	json_begin_object(w);
	real(w, "reads", t->reads);
	real(w, "writes", t->writes);
	real(w, "index_writes", t->index_writes);
	real(w, "handlers", t->handlers);
	real(w, "streams", t->streams);
	real(w, "state_table", t->state);
	real(w, "storage", t->storage);
	real(w, "requests", t->requests_usd);
	real(w, "total", t->usd);
	json_end_object(w);
}

static void write_scales(struct json_writer *w, const struct cost_scale *scales)
{
	json_key(w, STR("at_other_rates"));
	json_begin_array(w);
	for (int i = 0; i < COST_SCALES; i++) {
		json_begin_object(w);
		real(w, "rate_factor", scales[i].factor);
		json_key(w, STR("usd_per_month"));
		write_totals(w, &scales[i].totals);
		json_end_object(w);
	}
	json_end_array(w);
}

void cost_write_json(const struct cost *c, const struct cost_scale scales[COST_SCALES], struct json_writer *w)
{
	json_member_int(w, STR("month_s"), COST_MONTH_S);
	real(w, "rate_factor", c->factor);
	write_prices(w, c->prices);
	json_key(w, STR("usd_per_month"));
	write_totals(w, &c->totals);
	write_scales(w, scales);
	json_key(w, STR("access_patterns"));
	json_begin_array(w);
	for (size_t i = 0; i < c->input->n_patterns; i++)
		write_pattern(w, &c->patterns[i]);
	json_end_array(w);
	json_key(w, STR("tables"));
	json_begin_array(w);
	for (size_t i = 0; i < c->input->n_tables; i++)
		write_table(w, &c->tables[i]);
	json_end_array(w);
	write_streams(w, c);
	json_key(w, STR("handlers"));
	json_begin_array(w);
	for (size_t i = 0; i < c->input->n_handlers; i++)
		write_handler(w, &c->handlers[i]);
	json_end_array(w);
	write_state(w, c);
}
