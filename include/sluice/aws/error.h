/* error: what an AWS answer with an error status says, and what to do about it.
 *
 * The class comes from one table of exception names (src/aws/error_codes.c), else
 * from the status. RETRY there also means "can mend without us": a table, queue or
 * bucket that does not exist (ResourceNotFoundException) may be created any minute,
 * so callers that cannot use that news wait it out; whoever can acts by the code.
 */
#ifndef SLUICE_AWS_ERROR_H
#define SLUICE_AWS_ERROR_H

#include "sluice/core/err.h"

/* What of an answer counts; texts borrowed, all but the status may be empty. */
struct aws_error_answer {
	int status;
	struct str type;           /* x-amzn-errortype */
	struct str query_error;    /* x-amzn-query-error of services that once spoke the query protocol: "Code;Sender" */
	struct str bucket_region;  /* x-amz-bucket-region */
	struct str request_id;     /* x-amzn-requestid or x-amz-request-id: it is the service that answers */
	struct str body;           /* whatever came: JSON, XML, a proxy's page */
};

struct aws_error {
	enum err_class class;
	char code[64];         /* "ValidationException"; "aws.http_502" when the answer names none */
	char message[256];     /* the service's, one printable line; may be empty */
	char request_id[128];  /* the answer's, else its XML's; printable; may be empty */
	bool repeat;           /* the same request may succeed in a moment: aws_call() tries again */
	bool throttled;        /* then as after a throttle */
	bool about_time;       /* may come of a clock that is off */
	bool about_keys;       /* other credentials may be accepted */
};

void aws_error_read(const struct aws_error_answer *answer, struct aws_error *out);

/* One printable line of what somebody else wrote: up to the first line feed, control
 * characters as blanks, cut to size - 1 bytes between characters. What cannot stand
 * in a text (no UTF-8) ends it. */
void aws_error_take_line(struct str text, char *out, size_t size);

#endif
