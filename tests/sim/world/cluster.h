/* cluster: sluice processes over simulated services: what a scenario or a random
 * history is made of. All functions are for the director's tasks.
 */
#ifndef SLUICE_SIM_CLUSTER_H
#define SLUICE_SIM_CLUSTER_H

#include "sim/opensearch.h"
#include "sim/producer.h"
#include "sim/s3.h"
#include "sim/world/overseer.h"
#include "sim/world/recorder.h"
#include "sluice/worker/worker.h"

/* One process: a node with one worker. */
struct process {
	struct cluster *cluster;
	struct host *node;
	struct worker_plan plan;
	char instance[24];
	struct worker *worker;     /* its own memory; valid while it lives */
	bool stopping, failed;
};

struct cluster {
	struct world *world;
	struct loop *loop;
	struct arena arena;
	struct sim_dynamodb *dynamodb;
	struct sim_streams *streams;
	struct sim_source *source;
	struct sim_opensearch *search;
	struct sim_s3 *s3;
	bool lake;                 /* a handler writes objects into it */
	struct sim_kafka kafka;
	size_t kafka_read;         /* of its log: told to the ledger */
	struct recorders recorders;
	struct ledger ledger;
	struct overseer overseer;
	struct worker_plan plan;   /* of every process */
	struct credentials_provider credentials;
	struct process processes[WORLD_HOSTS];
};

struct cluster_options {
	const char *settings;      /* a settings file's text; sinks may be of kind recorder */
	size_t shards;             /* that the source begins with */
	int64_t failover_ms;       /* 0: as the settings say */
};

/* In the director's task. False: the settings are wrong; said to the world. */
bool cluster_open(struct cluster *c, struct world *w, const struct cluster_options *options);

/* All processes must have ended or be killed. */
void cluster_close(struct cluster *c);

void cluster_start(struct cluster *c, int id);
void cluster_kill(struct cluster *c, int id);

/* Asks it to drain, as SIGTERM; cluster_end() also waits for its end. */
void cluster_stop(struct cluster *c, int id);
void cluster_end(struct cluster *c, int id);
bool cluster_alive(const struct cluster *c, int id);

/* Yields: virtual time. False when the world has failed or ends. */
bool cluster_sleep(struct cluster *c, int64_t ms);

/* Yields until every record has its fate, at most limit_ms; else the world fails:
 * "no progress". */
bool cluster_settle(struct cluster *c, int64_t limit_ms);


/* Settings that many histories use: one pipeline "p" on table Deals with forward
 * handlers "a" and "b" into recorders of these names, dead letters into "dead". */
extern const char cluster_two_forwards[];

/* The same and a counter, a view, an index, and a forward "k" into topic k of Kafka. */
extern const char cluster_all_kinds[];

/* And a forward "lake" that writes objects into S3. */
extern const char cluster_with_lake[];

#endif
