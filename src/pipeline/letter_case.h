/* letter_case: upper and lower case beyond ASCII, by Unicode's simple mappings
 * (UnicodeData.txt 14.0, fields 12 and 13: one code point to one). Letters whose
 * only mapping is several characters (ß, ŉ, İ) stay as they are. No locale.
 */
#ifndef SLUICE_PIPELINE_LETTER_CASE_H
#define SLUICE_PIPELINE_LETTER_CASE_H

#include "sluice/core/str.h"

uint32_t letter_lower(uint32_t c);
uint32_t letter_upper(uint32_t c);

/* The same for all forms of a letter: what "ignore case" compares. */
uint32_t letter_fold(uint32_t c);

/* The code point at *at (< s.len), which moves behind it. s is valid UTF-8; a
 * byte that is not comes back as it is. */
uint32_t utf8_next(struct str s, size_t *at);

/* Writes a code point, returns how many bytes (1 to 4). */
size_t utf8_put(uint32_t c, char out[4]);

#endif
