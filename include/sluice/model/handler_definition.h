/* handler_definition: what the rows of a model's handler depend on, as the daemon keeps it
 * (handlers/handler.h, `definition`; the worker saves its digest): a handler whose
 * definition changed is refused under its old name.
 */
#ifndef SLUICE_MODEL_HANDLER_DEFINITION_H
#define SLUICE_MODEL_HANDLER_DEFINITION_H

#include "sluice/core/buf.h"
#include "sluice/model/document.h"

/* Settings of a model's handler whatever its kind, the daemon's and the model's own: what a kind's option table
 * does not name. Ended by NULL. */
extern const char *const model_handler_settings[];

/* Canonical JSON into out. False, with nothing useful in out: a kind that keeps no rows or is not known, settings
 * with mistakes. */
bool model_handler_definition(const struct model_handler *h, struct buf *out);

#endif
