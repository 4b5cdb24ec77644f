/* pace: how often all who share it may call an operation that the service limits
 * for the whole account (DescribeStream: 10 a second; STREAMS.md, T27). A worker has
 * one for discovery, so that the number of its pipelines and streams does not
 * count. Turns are given first come, first served; a few may be taken at once
 * after a quiet time.
 */
#ifndef SLUICE_STREAM_PACE_H
#define SLUICE_STREAM_PACE_H

#include "sluice/core/task.h"

struct pace {
	struct loop *loop;
	int64_t interval_ms;       /* between two turns when nothing throttles */
	unsigned burst;            /* turns that may be taken at once after a quiet time */
	int64_t slow_ms;           /* the interval now: longer after throttles */
	int64_t next_ms;           /* mono time of the next turn, were there no burst */
};

void pace_init(struct pace *p, struct loop *loop, int64_t interval_ms, unsigned burst);

/* Yields until it is our turn, plus a little chance, so that workers that started
 * together do not stay in step. False when cancelled: the turn is then spent. */
bool pace_wait(struct pace *p, struct err *err);

/* What became of the call: a throttle doubles the interval for all (up to sixteen
 * times the first), each success takes an eighth of the rest off again. */
void pace_throttled(struct pace *p);
void pace_succeeded(struct pace *p);

#endif
