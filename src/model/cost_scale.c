#include "cost_parts.h"

#include "sluice/core/node.h"

bool cost_scales(struct cost_scale scales[COST_SCALES], const struct cost *c, struct arena *a, struct err *err)
{
	static const double factors[COST_SCALES] = { 1, 3, 10 };
	struct cost at;

	for (int i = 0; i < COST_SCALES; i++) {
		if (!cost_compute(&at, c->input, c->prices, c->factor * factors[i], a, err))
			return false;
		scales[i] = (struct cost_scale){ at.factor, at.totals };
	}
	return true;
}

bool cost_what_if(struct str text, double *factor, struct err *err)
{
	struct str rest = str_trim(text);
	struct node n = { 0 };

	if (str_starts(rest, STR("rps=")))
		rest = str_from(rest, 4);
	if (str_starts(rest, STR("\xc3\x97")))
		rest = str_from(rest, 2);
	else if (rest.len && (rest.ptr[0] == 'x' || rest.ptr[0] == 'X' || rest.ptr[0] == '*'))
		rest = str_from(rest, 1);
	if (node_set_number(&n, rest) && n.d > 0 && n.d <= COST_FACTOR_MAX) {
		*factor = n.d;
		return true;
	}
	return err_set(err, ERR_DATA, "cost.what_if",
		       "--what-if \"%.*s\" is not understood: expected rps=x3 with a factor over 0 and up to %.0f",
		       STR_ARG(str_sub(text, 0, 60)), COST_FACTOR_MAX);
}
