/* figures: what a worker has done so far, and what its calls to DynamoDB cost. The
 * counters stand where things happen; a snapshot gathers them.
 *
 * Prices are list prices on demand in us-east-1, before taxes and discounts; other
 * regions have others. DescribeStream and GetShardIterator are not billed. Not in
 * them: what sinks write and what fan-out reads.
 */
#ifndef SLUICE_WORKER_FIGURES_H
#define SLUICE_WORKER_FIGURES_H

#include "sluice/stream/reader.h"
#include "sluice/worker/pipeline.h"

struct worker;

struct handler_figures {
	struct str name;                   /* of the plan */
	struct handler_stats stats;
	bool stopped;
};

struct pipeline_figures {
	struct str name;                   /* of the plan */
	struct reader_stats reads;         /* all readings, also those under way */
	struct coordinator_stats shards;
	struct handler_figures *handlers;
	size_t n_handlers;
};

/* A snapshot: all counters since the worker's start. Owned by the caller. */
struct worker_stats {
	int64_t taken_ms;                  /* mono time; 0: never taken */
	struct state_stats state;
	struct pipeline_figures *pipelines;
	size_t n_pipelines;
};

/* On the worker's thread. */
void worker_stats_take(const struct worker *w, struct worker_stats *out);
void worker_stats_release(struct worker_stats *s);

/* What n calls in so many milliseconds come to; 0 where no time has passed. */
double figures_per_hour(uint64_t n, int64_t ms);

/* Per month (730 h), in dollars. list_usd: of GetRecords at their price; billed_usd:
 * without those that an account has free each month, where it has no other readers. */
struct figures_price {
	double list_usd, billed_usd;
};
struct figures_price figures_reading_price(double getrecords_per_hour);
double figures_state_price(double read_units_per_hour, double write_units_per_hour);

/* A task body: logs what has come since the last time, every ten minutes until
 * cancelled. Events: worker.figures (all pipelines, and the state table),
 * pipeline.figures, handler.figures. */
void figures_run(struct worker *w);
void figures_log(struct worker *w);

#endif
