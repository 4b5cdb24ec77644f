#include "sluice/sinks/sink.h"

bool sink_takes(const struct sink *s, struct effect *e)
{
	struct err why = { 0 };

	if (s->ops->accepts & 1u << e->kind)
		return true;
	err_set(&why, ERR_FATAL, "sink.kind",
		"sink %.*s is of kind %s, which cannot carry out a '%s'; choose another sink", STR_ARG(s->site.name),
		s->ops->kind, effect_kind_name(e->kind));
	effect_fail(e, &why);
	return false;
}

void sink_fail_behind(const struct sink *s, struct effect *e)
{
	struct err why = { 0 };

	err_set(&why, ERR_RETRY, "sink.behind",
		"sink %.*s: an earlier change of the same target was not accepted; this one waits behind it",
		STR_ARG(s->site.name));
	effect_fail(e, &why);
}
