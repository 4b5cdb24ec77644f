/* error: what an AWS answer with an error status says, and what to do about it.
 *
 * The class comes from one table of exception names (src/aws/error.c), else from
 * the status. RETRY there also means "can mend without us": a table that does
 * not exist (ResourceNotFoundException) may be created any minute, so callers
 * that cannot use that news wait it out; whoever can acts by the code.
 */
#ifndef SLUICE_AWS_ERROR_H
#define SLUICE_AWS_ERROR_H

#include "sluice/core/err.h"

struct aws_error {
	enum err_class class;
	char code[64];       /* "ValidationException"; "aws.http_502" when the answer names none */
	char message[256];   /* the service's, one printable line; may be empty */
	bool repeat;         /* the same request may succeed in a moment: aws_call() tries again */
	bool about_time;     /* may come of a clock that is off */
	bool about_keys;     /* other credentials may be accepted */
};

/* type: the answer's x-amzn-errortype, may be empty. body: whatever came; need
 * not be JSON. */
void aws_error_read(int status, struct str type, struct str body, struct aws_error *out);

#endif
