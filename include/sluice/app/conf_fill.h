/* conf_fill: environment variables in the strings of settings.
 *
 * `$(NAME)` becomes the variable's value, and `$(NAME:-text)` the text where the
 * variable is unset or empty; `$$(` stands for `$(` itself. What is filled in is
 * not looked at again.
 */
#ifndef SLUICE_APP_CONF_FILL_H
#define SLUICE_APP_CONF_FILL_H

#include "sluice/app/conf_scan.h"
#include "sluice/core/node.h"
#include "sluice/core/problem.h"

enum { CONF_STRING_MAX = 1 << 18 };  /* bytes of one string after filling in */

/* Fills in the text of a STRING, from source->variable (NULL: the process's
 * environment). Mistakes are problems at the node, which is broken then; one that
 * is unset and has no default is of the sort UNSET. False: the arena is full. */
bool conf_fill(struct node *n, const struct conf_source *source, struct arena *a, struct problems *problems);

#endif
