/* conf_file: a settings file in libconfig's syntax as a tree of nodes. The only
 * file that touches libconfig.
 *
 * In every string `$(NAME)` becomes the environment variable's value, and
 * `$(NAME:-text)` the text where the variable is unset or empty; `$$(` stands
 * for `$(` itself. What is filled in is not looked at again. An unset variable
 * without a default is a problem at that setting.
 */
#ifndef SLUICE_APP_CONF_FILE_H
#define SLUICE_APP_CONF_FILE_H

#include "sluice/app/conf_scan.h"
#include "sluice/core/node.h"

enum { CONF_STRING_MAX = 1 << 18 };  /* bytes of one string after filling in */

/* The tree of `path` and what it includes, in `a`; every node with its file and
 * line. `source` NULL: the file system and the environment. All mistakes go
 * into *problems. NULL when there is no tree (unreadable, not the syntax);
 * single settings that are wrong are in the tree, marked broken. */
const struct node *conf_read(const struct conf_source *source, const char *path, struct arena *a,
			     struct problems *problems);

#endif
