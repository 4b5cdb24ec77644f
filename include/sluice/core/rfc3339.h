/* rfc3339: points in time as people write them ("2026-11-20T12:00:00Z",
 * "2026-11-20T13:00:00.250+01:00"; RFC 3339, section 5.6).
 */
#ifndef SLUICE_CORE_RFC3339_H
#define SLUICE_CORE_RFC3339_H

#include "sluice/core/str.h"

/* Milliseconds since the Unix epoch; false when the text is no such time (a day
 * that does not exist, no offset). Years 0001 to 9999; a leap second counts as
 * the second after it. */
bool rfc3339_parse(struct str text, int64_t *unix_ms);

#endif
