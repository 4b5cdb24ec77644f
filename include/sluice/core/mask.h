/* mask: a secret made unreadable where somebody else's text repeats it: servers
 * answer with the request's own headers at times, and their answers go into errors
 * and logs.
 */
#ifndef SLUICE_CORE_MASK_H
#define SLUICE_CORE_MASK_H

#include "sluice/core/str.h"

/* Shorter texts are left alone: they stand in many an answer by chance. */
enum { MASK_SHORTEST = 8 };

/* Overwrites each occurrence of `secret` in text[0..len) with '*': as it is, and as
 * JSON writers put it that escape '/' ("\/"). The length stays. */
void mask_secret(char *text, size_t len, struct str secret);

#endif
