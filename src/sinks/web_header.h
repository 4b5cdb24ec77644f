/* web_header: HTTP headers that people write into their settings and messages. */
#ifndef SLUICE_SINKS_WEB_HEADER_H
#define SLUICE_SINKS_WEB_HEADER_H

#include "sluice/http/transport.h"

/* RFC 9110: a field's name is a token; its value has no control characters. Empty
 * names are none, empty values are. */
bool web_header_name_ok(struct str name);
bool web_header_value_ok(struct str value);

/* "Name=value"; false when there is no '=' or either part is not allowed. Borrowed. */
bool web_header_split(struct str text, struct http_header *out);

/* Names that belong to the connection, or to what sluice says itself. */
bool web_header_reserved(struct str name);

/* Retry-After: seconds, or a date that is compared with the answer's own Date (else
 * with wall_ms). Milliseconds, at most most_ms; 0: absent, past, or neither. */
int64_t web_header_retry_after_ms(const struct http_response *response, int64_t wall_ms, int64_t most_ms);

#endif
