/* json_pretty: JSON laid out for people: two blanks a level, a member or element a line.
 */
#ifndef SLUICE_CORE_JSON_PRETTY_H
#define SLUICE_CORE_JSON_PRETTY_H

#include "sluice/core/buf.h"

/* The text again (valid JSON; asserted in debug builds), laid out, with a line end behind it.
 * Strings and numbers stay byte for byte. False: the buf is full. */
bool json_pretty(struct str json, struct buf *out);

#endif
