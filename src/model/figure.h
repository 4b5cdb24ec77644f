/* figure: numbers as people read them: thousands apart, no more digits than say something, and
 * never a zero for what is not zero. Known to src/model only.
 */
#ifndef SLUICE_MODEL_FIGURE_H
#define SLUICE_MODEL_FIGURE_H

#include "sluice/core/arena.h"

/* Texts live in the arena; {NULL, 0} at its cap. Values are finite and not negative. */

/* "1,234,567", "12.5", "3.07", "0.0004". */
struct str figure_number(struct arena *a, double value);
/* "$1,234.50", "$0.07", "$0.0004"; below a millionth "<$0.000001". */
struct str figure_usd(struct arena *a, double usd);
/* "512 B", "3.1 KB", "2.79 GB", of 1,024. */
struct str figure_bytes(struct arena *a, double bytes);
/* "29 %" of 0.29. */
struct str figure_percent(struct arena *a, double share);
/* "×3", "×0.5". */
struct str figure_factor(struct arena *a, double factor);

#endif
