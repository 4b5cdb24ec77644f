/* settings_parts: what the files that make struct settings share. Known to
 * src/app only.
 */
#ifndef SLUICE_APP_SETTINGS_PARTS_H
#define SLUICE_APP_SETTINGS_PARTS_H

#include "sluice/app/settings.h"

/* One reading of a file. */
struct loading {
	const struct settings_kinds *kinds;
	struct arena *arena;
	struct problems *problems;
	struct settings *settings;
	const struct node *root;
	const struct node *sinks, *pipelines;  /* NULL: not there */
	bool offline;                          /* files that settings name are left alone */
};

/* The tables of what stands in the file, for reading and for documentation. */
extern const struct option settings_file_options[];
extern const struct option settings_pipeline_options[];
extern const struct option settings_handler_options[];
extern const struct option settings_sink_options[];

/* The settings of one group that has a kind: those that all kinds have in `common`
 * (common_size bytes), the kind's own behind them at the address returned. NULL
 * without memory. What was refused has its default, or nothing. */
struct kind_table {
	const struct option *common, *own;
	size_t common_size, own_size;
};
void *settings_read_kind(struct loading *l, const struct kind_table *table, const struct node *group, void **common);

/* Of a group whose kind nobody knows: the settings that all kinds have, `kind`
 * excepted, into *common. Whatever else stands there may be the kind's own. */
void settings_read_common(struct loading *l, const struct option *common, const struct node *group, void *out);

/* Which of `known` (NULL-terminated) the group's `kind` says; -1 with a problem. later: kinds of
 * later versions, or NULL. */
int settings_kind_index(struct loading *l, const struct node *group, const char *const *known,
			const char *const *later);

/* Is the node a list ( ) of groups { }? Notes what is not; *count: its groups. */
bool settings_group_list(struct loading *l, const struct node *list, size_t *count);

/* Notes a name that is not [A-Za-z0-9][A-Za-z0-9_.-]{0,63}; false then. */
bool settings_check_name(struct loading *l, const struct node *group, struct str name);
bool settings_check_table(struct loading *l, const struct node *at, struct str table);

/* Notes a name that an earlier group of the list has already. */
void settings_check_unique(struct loading *l, const struct node *group, const char *what);

/* The member's node, or the group where it is missing: a place for a problem. */
const struct node *settings_at(const struct node *group, const char *name);

void settings_read_sinks(struct loading *l);
void settings_read_pipelines(struct loading *l);

/* The sink's name at `at`; NULL with a problem when there is none of that name. */
const struct settings_sink *settings_find_sink(struct loading *l, const struct node *at);

/* What the sink says of an address that stands at `at` (NULL: nowhere). */
void settings_check_place(struct loading *l, const struct settings_sink *sink, const struct node *at);

/* Resolves failure->dead_letter_node. */
void settings_resolve_dead_letter(struct loading *l, struct settings_failure *failure);

/* References and meaning of what was read: sinks, filters, the kinds' own checks. */
void settings_check_handler(struct loading *l, const struct settings_pipeline *p, struct settings_handler *h);

/* Derived tables that feed each other. */
void settings_check_cycles(struct loading *l);

/* Two handlers that would replace what the other has written. */
void settings_check_places(struct loading *l);

#endif
