/* engine: a whole worker in virtual time, over DynamoDB and its Streams in memory,
 * with a sink that records what reaches it. For tests of the engine's promises.
 */
#ifndef SLUICE_SUPPORT_ENGINE_H
#define SLUICE_SUPPORT_ENGINE_H

#include "sim/dynamodb.h"
#include "sim/env.h"
#include "sim/streams.h"
#include "sluice/worker/worker.h"
#include "support/tasks.h"

enum { ENGINE_HANDLERS = 2, ENGINE_MESSAGES = 60000 };

/* One message that the sink has acknowledged. */
struct engine_message {
	size_t handler;            /* which sink */
	struct sequence sequence;
	uint64_t v;
	int64_t at_ms;             /* env's mono clock */
	char shard[64];
	char key[64];              /* the item's key; of a notification: the message's key */
	char notification[40];     /* its id, or empty */
};

struct engine;

struct engine_sink {
	struct sink sink;
	struct engine *engine;
	size_t index;
};

/* One way out of the process. While it is cut requests and answers get lost. */
struct engine_way {
	struct transport transport;
	struct engine *engine;
	bool cut;
};

struct engine {
	struct engine_way way, state_way;  /* to the services; to the state table, where the plan says so */
	bool dead;
	bool beside;                   /* dynamodb and streams are another engine's */
	struct loop *loop;
	struct env *env;
	struct sim_dynamodb *dynamodb;
	struct sim_streams *streams;
	struct worker_plan plan;
	struct worker_sink_plan sinks[ENGINE_HANDLERS + 1];
	struct worker_pipeline_plan pipeline;
	struct worker_handler_plan handlers[ENGINE_HANDLERS];
	size_t n_handlers;
	struct worker *worker;
	struct scope scope;
	struct arena arena;
	struct credentials_provider credentials;
	bool running;

	/* What reached the sinks, in order. */
	struct engine_message *messages;
	size_t n_messages;
	size_t n_dead_letters;
	bool dead_letter_down;         /* it takes nothing for now */
	size_t n_purges;           /* times that a sink was told to forget what it holds */
	char last_dead_letter[4096];

	/* Asked for each effect before it is acknowledged; returns false with err to
	 * fail it. NULL: all go well. May wait. */
	bool (*accept)(void *ctx, size_t handler, const struct effect *e, struct err *err);
	void *accept_ctx;
};

/* One pipeline "p" over table "Deals" with n forward handlers "h0", "h1", each
 * into its own recording sink; dead letters are recorded, too. */
void engine_init(struct engine *e, struct loop *loop, size_t n_handlers);

/* Another worker of the same, over the services of `first`, which is released last.
 * The state table has a way of its own then, also of `first`. */
void engine_init_beside(struct engine *e, struct engine *first);
void engine_release(struct engine *e);

/* Handler i becomes a fanout with these settings (JSON) into its recording sink;
 * before the engine starts. */
void engine_fanout(struct engine *e, size_t i, const char *settings);

/* Starts a worker as a task; engine_stop() drains it and waits. engine_kill()
 * ends it as SIGKILL would: nothing is saved or given up. */
void engine_start(struct engine *e);
void engine_stop(struct engine *e);
void engine_kill(struct engine *e);

/* Puts an item "k<key>" with attribute n into the shard's records. */
struct sequence engine_put(struct engine *e, struct sim_shard *shard, int key, int n);

/* Waits (virtual time) until so many messages have reached sink `handler`, at most
 * limit_ms; false when they have not. */
bool engine_wait(struct engine *e, size_t handler, size_t n, int64_t limit_ms);

size_t engine_count(const struct engine *e, size_t handler);

/* Writes another session as the owner of the shard's lease, far ahead of ours. */
void engine_steal(struct engine *e, const char *shard);

/* In the saved state: how many leases the session owns; 0 where it has none. */
size_t engine_holds(const struct engine *e, struct str session);

/* In the saved state: the handler's position in the shard; false when there is none. */
bool engine_saved(struct engine *e, const char *shard, const char *handler, struct lease_position *out);

#endif
