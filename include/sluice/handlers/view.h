/* view: a second table that holds a projection of the first under other keys.
 *
 * A row is key + projected attributes + `set` + sluice_v (N, the version; the
 * newest wins) and, where the table is the source table itself, sluice_handler.
 * A change puts the rows of the new image and deletes those of the old one that
 * are no longer among them; a row that stays as it was makes no effect.
 */
#ifndef SLUICE_HANDLERS_VIEW_H
#define SLUICE_HANDLERS_VIEW_H

#include "sluice/handlers/handler.h"

enum { VIEW_ATOMIC_MAX = 100 };  /* actions of one TransactWriteItems (API Reference) */

struct view_settings {
	struct str table, explode;
	const struct node *key, *set, *where;
	struct option_names attributes;
	int deletes;
	bool atomic;
};

#endif
