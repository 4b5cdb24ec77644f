/* s3_put: one object to S3.
 *
 * Facts: Amazon S3 API Reference, PutObject; "Virtual hosting of buckets"; "Checking
 * object integrity" (x-amz-checksum-crc32: big-endian, base64).
 */
#ifndef SLUICE_SINKS_S3_PUT_H
#define SLUICE_SINKS_S3_PUT_H

#include "sluice/aws/client.h"

enum s3_addressing { S3_AUTO, S3_PATH, S3_VIRTUAL };

struct s3_put {
	struct aws_client *client;
	enum s3_addressing addressing;
	int64_t timeout_ms;
	struct str bucket, key;
	const char *content_type;
	struct str body;
};

/* Yields. Makes the object, or puts it in the place of the one of that name. RETRY,
 * THROTTLE, AUTH as aws_call(), also for a bucket that is not there (yet); else FATAL:
 * whatever S3 minds about an object is no single record's fault. */
bool s3_put(const struct s3_put *p, struct err *err);

/* Yields. Is the bucket there (HeadBucket; key, body and content_type are not used)?
 * Errors as above; the answer to a HEAD says little more than its status. */
bool s3_look(const struct s3_put *p, struct err *err);

#endif
