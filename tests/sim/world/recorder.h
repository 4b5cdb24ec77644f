/* recorder: a sink that tells the ledger what reaches it, and the service behind it.
 * The sink speaks HTTP like any other, through its worker's transport; the service
 * is told by the scenario when to refuse, to be slow, to hang.
 */
#ifndef SLUICE_SIM_RECORDER_H
#define SLUICE_SIM_RECORDER_H

#include "sim/world/ledger.h"
#include "sluice/sinks/sink.h"

enum { RECORDERS = 8 };

/* One far side: "http://<name>.recorder.test/". */
struct recorder {
	char name[32];
	int64_t down_until_ms;     /* world's time: answers 503 till then */
	int64_t hangs_until_ms;    /* never answers till then */
	double refuse;             /* chance of a request to be refused as a whole */
	double some;               /* chance of each message to be refused alone, for now */
	size_t poison_key;         /* messages of item k<this> can never be taken; SIZE_MAX: none */
	bool dead_letters;         /* it is where dead letters go */
	uint64_t requests, messages;
};

struct recorders {
	struct transport transport; /* in front of `next` */
	struct transport *next;
	struct world *world;
	struct ledger *ledger;
	struct recorder list[RECORDERS];
	size_t n;
};

/* The sink's kind: { name = "a"; kind = "recorder"; url = "http://a.recorder.test/"; } */
extern const struct sink_ops recorder_sink_ops;

void recorders_init(struct recorders *r, struct world *w, struct ledger *l, struct transport *next);
struct recorder *recorder_named(struct recorders *r, const char *name);

/* What a request's body says of its pipeline and shard: "<pipeline> <handler> <shard>\n…". */
bool recorder_request_of(struct str body, struct str *pipeline, struct str *handler, struct str *shard);

#endif
