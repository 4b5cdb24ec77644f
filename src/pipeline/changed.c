#include "sluice/pipeline/filter.h"

struct changed {
	struct path *paths;
	size_t count;
};

struct changed *changed_compile(const struct option_names *paths, struct arena *a, const struct node *at,
				struct problems *problems)
{
	struct changed *c = ARENA_NEW(a, struct changed);
	bool ok = true;

	if (c)
		c->paths = arena_array(a, paths->count, sizeof(*c->paths));
	if (!c || !c->paths) {
		problems_add(problems, at, "the settings are too large: they pass %zu bytes when compiled", a->max);
		return NULL;
	}
	for (size_t i = 0; i < paths->count; i++) {
		struct err err = { 0 };

		if (path_parse(paths->items[i], a, &c->paths[c->count++], &err))
			continue;
		problems_add(problems, at, "changed[%zu]: %s", i, err.text);
		ok = false;
	}
	return ok ? c : NULL;
}

static bool differs(const struct path *path, const struct record *r)
{
	struct value before, after;
	bool had = r->old_image.type != VALUE_NONE && path_get(path, r->old_image, &before);
	bool has = r->new_image.type != VALUE_NONE && path_get(path, r->new_image, &after);

	return had != has || (had && !value_eq(before, after));
}

bool changed_match(const struct changed *c, const struct record *r)
{
	if (!c || c->count == 0 || r->event != RECORD_MODIFY)
		return true;
	for (size_t i = 0; i < c->count; i++)
		if (differs(&c->paths[i], r))
			return true;
	return false;
}
