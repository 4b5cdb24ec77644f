#include "sluice/handlers/handler.h"

#include "sluice/handlers/kinds.h"

const struct handler_ops *const handler_kinds[] = {
	&forward_ops,
	&fanout_ops,
	&counter_ops,
	&view_ops,
	&index_ops,
	NULL,
};

const struct handler_ops *handler_kind(struct str kind)
{
	for (size_t i = 0; handler_kinds[i]; i++) {
		if (str_eq(kind, str_c(handler_kinds[i]->kind)))
			return handler_kinds[i];
	}
	return NULL;
}
