/* skew: how far this machine's clock is from the service's, learnt from the Date
 * of its answers. AWS refuses signatures more than five minutes off.
 */
#ifndef SLUICE_AWS_SKEW_H
#define SLUICE_AWS_SKEW_H

#include "sluice/http/transport.h"

struct aws_skew {
	int64_t ms;      /* to add to this machine's clock */
	bool known;
};

/* Takes the Date of an answer: skew = Date - midpoint of sending and receiving.
 * Answers with Age (a cache's), without Date, or that took over 15 s teach
 * nothing, nor does a Date before 1970 or after 9998. wall_ms: this machine's
 * clock when the answer was received. */
void aws_skew_observe(struct aws_skew *skew, const struct http_response *response, int64_t wall_ms);

/* "Fri, 20 Nov 2026 23:14:00 GMT" (RFC 9110, 5.6.7, the form in use) as Unix time. */
bool http_date_parse(struct str text, int64_t *unix_s);

#endif
