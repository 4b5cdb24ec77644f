/* delivery: how effects get done. The sink is asked again for what it has not
 * acknowledged, failures are judged by their class, and what can never succeed
 * goes to the dead letter. Chains and fan-out tasks deliver this way.
 */
#ifndef SLUICE_WORKER_DELIVERY_H
#define SLUICE_WORKER_DELIVERY_H

#include "sluice/worker/pipeline.h"

/* One record, or a part of one, for the dead letter. */
struct delivery_loss {
	uint32_t record;                   /* index into the batch's records */
	uint32_t nth;                /* of its record's effects, or of its reports */
	struct str member;                 /* fan-out: the member's JSON value; else empty */
	const struct err *why;
	int64_t attempts;
	struct effect *effect;             /* that failed; NULL: none was made */
};

/* On whose behalf effects are delivered. All of it is borrowed for the calls. */
struct delivery_site {
	struct pipeline *pipeline;
	struct pipeline_handler *h;
	struct sink *sink;
	const struct failure_policy *policy;
	struct effect_source source;       /* with the handler's name */
	const struct record *const *records;
	size_t n_records;
	const bool *held;                  /* the lease; once false nothing more is sent */
	const char *place_name;            /* for logs: "shard", "task" */
	struct str place;
	void *owner;

	/* The member that an effect is meant for; NULL: effects have none. */
	struct str (*member_of)(void *owner, const struct effect *e);

	/* Asked before each pause of delay_ms: something is left over, and why; `finite`
	 * when it is tried a limited number of times only. False ends the delivery.
	 * NULL: it goes on as long as it takes. */
	bool (*waits)(void *owner, const struct err *why, int64_t delay_ms, bool finite);
	bool quiet;                        /* whoever owns it says that it waits */

	/* Told when the dead letter has taken one. */
	void (*lost)(void *owner, const struct delivery_loss *loss);
};

/* Yields until all n effects are acknowledged or dead-lettered. Reorders the
 * array. False: stopped, draining, lost or cancelled. */
bool delivery_run(struct delivery_site *s, struct effect **effects, size_t n);

/* Yields until what the sink holds is acknowledged, however often it takes. False as
 * delivery_run(). */
bool delivery_flush(struct delivery_site *s, struct effect_holder *h);

/* Yields until the dead letter has taken all n. False as delivery_run(). */
bool delivery_dead_letter(struct delivery_site *s, const struct delivery_loss *losses, size_t n);

/* Yields for a while; false when draining or cancelled. */
bool delivery_pause(struct worker *w, int64_t ms);

#endif
