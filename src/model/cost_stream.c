#include "cost_parts.h"

#include <math.h>

#define GB (1024.0 * 1024.0 * 1024.0)
#define MB (1024.0 * 1024.0)

/* How the daemon reads and keeps its state at its default settings (conf/README.md: poll,
 * leases.failover_s, checkpoint_ms), one worker. */
#define POLLS_IDLE_PER_S 1.0       /* a shard, poll.max_ms = 1000 */
#define POLLS_MOST_PER_S 4.0       /* poll.min_ms = 250, unless pages are full */
#define PAGE_RECORDS 1000.0
#define HEARTBEATS_PER_S 0.3       /* three writes and Queries in failover_s = 10 */
#define LISTINGS_PER_S (16.0 / 45) /* the leases: 16 Queries every 30 to 60 s */
#define CHECKPOINTS_PER_S 0.2      /* a shard, while its position moves */
#define TASK_WRITES 3.0            /* a fan-out task's row: made, taken, done */

/* What a partition and a shard take (developer guide: partition limits). */
enum {
	PARTITION_WRITES = LIMIT_PARTITION_WRITES, PARTITION_READS = LIMIT_PARTITION_READS, PARTITION_GB = LIMIT_PARTITION_GB,
	ON_DEMAND_SHARDS = LIMIT_STREAM_SHARDS,
};

static double most(double a, double b)
{
	return a > b ? a : b;
}

static double shards_of(const struct cost_computing *k, const struct cost_table_result *t)
{
	const struct cost_resource *r = cost_resource_of(k, t->table, NULL);
	double shards = t->table->on_demand ? ON_DEMAND_SHARDS : 1;

	shards = most(shards, ceil(most(r->peak_writes, t->table->warm_writes) / PARTITION_WRITES));
	shards = most(shards, ceil(most(r->peak_reads, t->table->warm_reads) / PARTITION_READS));
	return most(shards, ceil(t->storage.bytes / GB / PARTITION_GB));
}

static void compute_stream(struct cost_computing *k, struct cost_stream *s, const struct cost_table_result *t)
{
	const struct cost_input *in = k->c->input;
	double a_shard, polls;

	s->table = t->table;
	s->events_per_s = k->written[t->table - in->tables] + k->derived[t->table - in->tables];
	for (size_t i = 0; i < in->n_handlers; i++)
		if (in->handlers[i].source == t->table && !in->handlers[i].not_counted.len)
			s->events_per_s = most(s->events_per_s, k->c->handlers[i].events_per_s);
	s->bytes_per_s = s->events_per_s * (COST_ITEM_OVERHEAD_BYTES + t->table->stream_images * t->table->item_bytes);
	s->shards = shards_of(k, t);
	a_shard = s->events_per_s / s->shards;
	polls = a_shard < POLLS_IDLE_PER_S ? POLLS_IDLE_PER_S : a_shard > POLLS_MOST_PER_S ? POLLS_MOST_PER_S : a_shard;
	polls = most(polls, most(a_shard / PAGE_RECORDS, s->bytes_per_s / s->shards / MB));
	s->calls = polls * s->shards * (double)t->table->pipelines * COST_MONTH_S;
	k->c->stream_calls += s->calls;
}

static void compute_state(struct cost_computing *k)
{
	const struct prices *p = k->c->prices;
	const struct cost_input *in = k->c->input;
	double writes = HEARTBEATS_PER_S, reads = HEARTBEATS_PER_S + LISTINGS_PER_S;

	for (size_t i = 0; i < k->c->n_streams; i++) {
		const struct cost_stream *s = &k->c->streams[i];
		double a_shard = s->events_per_s / s->shards;

		writes += s->shards * (double)s->table->pipelines *
			  (a_shard < CHECKPOINTS_PER_S ? a_shard : CHECKPOINTS_PER_S);
	}
	for (size_t i = 0; i < in->n_handlers; i++)
		if (in->handlers[i].effect == COST_EFFECT_FANOUT && !in->handlers[i].not_counted.len)
			writes += TASK_WRITES * k->c->handlers[i].events_per_s *
				  ceil((in->handlers[i].source->item_bytes + COST_WRITE_UNIT_BYTES) /
				       COST_WRITE_UNIT_BYTES);
	k->c->state_writes = cost_line_of(1, writes, p->standard.write_request_million_usd);
	k->c->state_reads = cost_line_of(1, reads, p->standard.read_request_million_usd);
	k->c->totals.state = k->c->state_writes.usd + k->c->state_reads.usd;
}

bool cost_compute_streams(struct cost_computing *k)
{
	struct cost *c = k->c;

	c->streams = arena_array(k->arena, c->input->n_tables + 1, sizeof(*c->streams));
	if (!c->streams)
		return false;
	for (size_t i = 0; i < c->input->n_tables; i++)
		if (c->input->tables[i].pipelines)
			compute_stream(k, &c->streams[c->n_streams++], &c->tables[i]);
	if (c->stream_calls > c->prices->stream_reads_free)
		c->stream_calls_billed = c->stream_calls - c->prices->stream_reads_free;
	c->totals.streams = c->stream_calls_billed * c->prices->stream_read_million_usd / 1e6;
	if (c->n_streams)
		compute_state(k);
	return true;
}
