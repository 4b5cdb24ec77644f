/* failure: what to do about an effect or record that failed (DESIGN: the way of a
 * record, 6), and the dead letter's text.
 *
 * RETRY, THROTTLE and AUTH wait in place as long as it takes; only max_age_s ends
 * that, with the dead letter. DATA is tried `retries` times more, then goes to
 * the dead letter. FATAL stops the handler.
 */
#ifndef SLUICE_PIPELINE_FAILURE_H
#define SLUICE_PIPELINE_FAILURE_H

#include "sluice/core/err.h"
#include "sluice/core/rng.h"
#include "sluice/pipeline/effect.h"

struct failure_policy {
	int64_t retries;            /* of DATA errors */
	int64_t max_age_s;          /* of the record; 0: wait for ever */
	bool bisect;                /* several effects that fail together are tried in halves */
	struct str dead_letter;     /* name of a sink; empty: none, DATA counts as FATAL */
	struct str dead_letter_address;  /* topic, where that sink needs one */
};

enum failure_verdict {
	FAILURE_WAIT,         /* again after failure_delay_ms() */
	FAILURE_DEAD_LETTER,
	FAILURE_STOP,         /* the handler stops; its position stands */
};

/* attempts: how often it was tried, 1 or more. age_s: of the record. */
enum failure_verdict failure_judge(const struct failure_policy *p, const struct err *err, int64_t attempts,
				   int64_t age_s);

enum { FAILURE_FIRST_DELAY_MS = 100, FAILURE_LONGEST_DELAY_MS = 20000 };

/* Exponential with full jitter, from 100 ms to 20 s; at least err's
 * retry_after_ms, which is capped at 60 s. */
int64_t failure_delay_ms(const struct err *err, int64_t attempts, struct rng *rng);

struct dead_letter {
	const struct effect_source *source;
	const struct record *record;
	const struct err *why;
	int64_t attempts;
	int64_t time_ms;            /* Unix time of the verdict */
	struct str member;          /* fan-out: the member's JSON value; else empty */
	uint32_t nth;               /* of the record's effects, or of its reports */
};

/* One JSON object: id time app pipeline handler class code reason attempts shard
 * sequence_number v record (as received). The id is the same on a replay. */
bool dead_letter_write(const struct dead_letter *d, struct buf *out);

#endif
