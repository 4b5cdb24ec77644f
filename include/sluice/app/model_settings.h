/* model_settings: the daemon's settings that a data model describes: its stream_sinks,
 * stream_pipelines and stream_handlers as the tree that a settings file would give.
 *
 * A handler stands in the pipeline that it names, else in the first of stream_pipelines that reads
 * its source, else in one of its own that has the table's name (or the name that it gives). What
 * only the model knows (source, pipeline, events_per_s, audience_size, expect_after) is left out.
 *
 * Offline: environment variables are not looked up, $(NAME:-default) is its default and $(NAME) is
 * not judged; nor are files: a secret { file = … } is one that is long enough.
 */
#ifndef SLUICE_APP_MODEL_SETTINGS_H
#define SLUICE_APP_MODEL_SETTINGS_H

#include "sluice/app/settings.h"
#include "sluice/model/lint.h"

/* The root for settings_of_tree(): a copy in the arena of *problems, whose nodes lead back to the
 * model's by node_origin(). NULL with a problem where it is too large for settings; NULL without
 * one where the model has none of the three. */
const struct node *model_settings_tree(const struct model *m, struct problems *problems);

/* For model_lint(): what this program's daemon would say. */
extern const struct model_kinds model_daemon_kinds;

#endif
