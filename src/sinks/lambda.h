/* lambda: what the lambda sink's two files share. Known to src/sinks only. */
#ifndef SLUICE_SINKS_LAMBDA_H
#define SLUICE_SINKS_LAMBDA_H

#include "aws_batch.h"

struct lambda_settings {
	struct aws_batch_settings common; /* first: its option rows are used */
	int64_t records;
	bool report, bisect;
};

enum { LAMBDA_PAYLOAD_BYTES = 6 << 20 };

/* Is it a change itself (then the function sees the record), or a message that was
 * made from one: a notification, a dead letter? */
bool lambda_is_change(const struct effect *e);

/* What a partial answer calls it: the sequence number, or the messageId. */
struct str lambda_identifier(const struct effect *e);

/* Writes {"Records":[…]} of as many of the n effects as fit into `most` bytes, all of
 * one address and one shape; returns how many, 0 when not even the first fits. */
size_t lambda_write(struct effect *const *effects, size_t n, size_t most, struct buf *out);

/* Reads what a function returned about n records. *done: how many from the front it
 * has accepted; below n: the record behind them failed, and all behind that one is to
 * come again. False: all of them failed, DATA "lambda.item_failures"; RETRY
 * "lambda.answer" for what is no JSON. */
bool lambda_read(struct str answer, struct effect *const *effects, size_t n, size_t *done, struct err *err);

/* DATA "lambda.function_error" with the error's type and message. Returns false. */
bool lambda_function_error(struct str kind, struct str answer, struct err *err);

#endif
