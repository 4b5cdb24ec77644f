/* kinds: the handlers that there are, for the registry. */
#ifndef SLUICE_HANDLERS_KINDS_H
#define SLUICE_HANDLERS_KINDS_H

#include "sluice/handlers/handler.h"

extern const struct handler_ops forward_ops;
extern const struct handler_ops fanout_ops;
extern const struct handler_ops counter_ops;
extern const struct handler_ops view_ops;
extern const struct handler_ops index_ops;

#endif
