/* reserved_words: the words that may not stand as attribute names in an expression
 * (Developer Guide, "Reserved words in DynamoDB"); they are written as #name there.
 * Upper and lower case are alike.
 */
#ifndef SLUICE_MODEL_RESERVED_WORDS_H
#define SLUICE_MODEL_RESERVED_WORDS_H

#include "sluice/core/str.h"

enum { RESERVED_WORDS = 573 };

bool reserved_word(struct str name);

/* All of them, in capitals and in order; {NULL, 0} from RESERVED_WORDS on. */
struct str reserved_word_at(size_t index);

#endif
