/* option_parts: words about an option that messages and documentation share. Known
 * to src/core/option*.c only.
 */
#ifndef SLUICE_CORE_OPTION_PARTS_H
#define SLUICE_CORE_OPTION_PARTS_H

#include "sluice/core/buf.h"
#include "sluice/core/option.h"

bool option_is_limited(const struct option *o);

/* "1 to 100", "at least 1", with the unit. */
const char *option_range_text(const struct option *o, char *out, size_t size);

/* Each name between two marks: "halt" or "skip". */
void option_print_names(const char *const *names, const char *mark, struct buf *out);

#endif
