#include "entry.h"

void entry_overtake(struct entry *there, struct entry *e)
{
	if (e->effect->v >= there->effect->v) {
		struct effect *older = there->effect;

		there->effect = e->effect;
		e->effect = older;
	}
	e->older = there->older;
	there->older = e;
}

void entry_done(struct entry *e)
{
	for (; e; e = e->older)
		effect_done(e->effect);
}

void entry_fail(struct entry *e, const struct err *why)
{
	struct err overtaken = *why;

	if (why->class == ERR_DATA)
		err_set(&overtaken, ERR_RETRY, "sink.overtaken",
			"a newer change of the same target was refused (%s); this one is tried in its place",
			why->code);
	effect_fail(e->effect, why);
	for (e = e->older; e; e = e->older)
		effect_fail(e->effect, &overtaken);
}
