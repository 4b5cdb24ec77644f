/* conf_file: a settings file in libconfig's syntax as a tree of nodes. The only
 * file that touches libconfig.
 *
 * Environment variables in its strings are filled in (app/conf_fill.h).
 */
#ifndef SLUICE_APP_CONF_FILE_H
#define SLUICE_APP_CONF_FILE_H

#include "sluice/app/conf_scan.h"
#include "sluice/core/node.h"

/* The tree of `path` and what it includes, in `a`; every node with its file and
 * line. `source` NULL: the file system and the environment. All mistakes go
 * into *problems. NULL when there is no tree (unreadable, not the syntax);
 * single settings that are wrong are in the tree, marked broken. */
const struct node *conf_read(const struct conf_source *source, const char *path, struct arena *a,
			     struct problems *problems);

#endif
