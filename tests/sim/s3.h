/* sim/s3: S3 in memory, behind `struct transport`, in path style: objects by PUT, with
 * faults. Checks what S3 checks of a PUT: that x-amz-checksum-crc32 is the body's.
 * Requests to other hosts go on to `next`. Without latency and without a fault a call
 * does not yield.
 */
#ifndef SLUICE_SIM_S3_H
#define SLUICE_SIM_S3_H

#include "sim/streams.h"

struct sim_object {
	char *key;                 /* "bucket/prefix/…", decoded */
	struct buf bytes;          /* as last put */
	struct buf text;           /* the same, unpacked where it is gzip */
	int64_t first_ms;          /* when it was first put, wall */
	size_t puts;
	size_t changes;            /* puts of other bytes than before */
	struct sim_object *next;   /* in order of their keys */
};

struct sim_s3 {
	struct transport transport;
	struct transport *next;
	struct loop *loop;
	const char *url;           /* "http://s3.test" */
	struct sim_object *objects;
	size_t n_objects;
	int64_t latency_ms;        /* random up to this */
	int64_t slow_ms;           /* each takes so long, beside that */
	bool down;                 /* answers 503 */
	double faulty;             /* chance of a fault of any kind */
	uint64_t puts;             /* that took effect */
	uint64_t refused;          /* for a checksum that is wrong, a body that is broken */
};

struct sim_s3 *sim_s3_new(struct loop *loop, const char *url, struct transport *next);
void sim_s3_free(struct sim_s3 *s);

/* All objects are gone. */
void sim_s3_clear(struct sim_s3 *s);

#endif
