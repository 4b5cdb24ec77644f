#include "sluice/handlers/prune.h"

#include "sluice/core/json_write.h"

/* A step of some kept paths; the root stands for the item itself. */
struct prune {
	struct str name;        /* {NULL,0}: an index */
	size_t index;
	bool whole;
	struct prune *first, *next;
};

struct prune *prune_new(struct arena *a)
{
	return ARENA_NEW(a, struct prune);
}

bool prune_empty(const struct prune *p)
{
	return !p->whole && !p->first;
}

static struct prune *step_into(struct prune *p, const struct path_step *step, struct arena *a)
{
	struct prune **at = &p->first;

	for (; *at; at = &(*at)->next) {
		const struct prune *child = *at;

		if (!child->name.ptr == !step->name.ptr &&
		    (step->name.ptr ? str_eq(child->name, step->name) : child->index == step->index))
			return *at;
	}
	*at = ARENA_NEW(a, struct prune);
	if (*at) {
		(*at)->name = step->name;
		(*at)->index = step->index;
	}
	return *at;
}

bool prune_keep(struct prune *p, const struct path *path, struct arena *a)
{
	for (size_t i = 0; p && i < path->count; i++)
		p = step_into(p, &path->steps[i], a);
	if (!p)
		return false;
	p->whole = true;
	return true;
}

static bool write_value(const struct prune *p, struct value v, struct buf *out, struct err *err);

static bool write_map(const struct prune *p, struct value map, struct buf *out, struct err *err)
{
	bool first = true;

	buf_puts(out, "{\"M\":{");
	for (const struct prune *child = p->first; child; child = child->next) {
		struct value v;

		if (!child->name.ptr || !value_get(map, child->name, &v))
			continue;
		buf_puts(out, first ? "\"" : ",\"");
		json_escape(out, child->name);
		buf_puts(out, "\":");
		if (!write_value(child, v, out, err))
			return false;
		first = false;
	}
	return buf_puts(out, "}}");
}

static const struct prune *element_at(const struct prune *p, size_t index)
{
	for (const struct prune *child = p->first; child; child = child->next) {
		if (!child->name.ptr && child->index == index)
			return child;
	}
	return NULL;
}

static bool write_list(const struct prune *p, struct value list, struct buf *out, struct err *err)
{
	struct value_iter it;
	struct value v;
	size_t needed = 0;

	for (const struct prune *child = p->first; child; child = child->next) {
		if (!child->name.ptr && child->index >= needed)
			needed = child->index + 1;
	}
	err_clear(err);
	buf_puts(out, "{\"L\":[");
	value_iter_init(&it, list);
	for (size_t i = 0; i < needed && value_iter_next(&it, NULL, &v, err); i++) {
		const struct prune *child = element_at(p, i);

		if (i)
			buf_putc(out, ',');
		if (!child)
			buf_puts(out, "{\"NULL\":true}");
		else if (!write_value(child, v, out, err))
			return false;
	}
	return err->class == ERR_NONE && buf_puts(out, "]}");
}

static bool write_value(const struct prune *p, struct value v, struct buf *out, struct err *err)
{
	if (p->whole)
		return value_write(v, out);
	if (v.type == VALUE_M)
		return write_map(p, v, out, err);
	if (v.type == VALUE_L)
		return write_list(p, v, out, err);
	/* Elements of a set keep their places only in the whole set; into anything
	 * else no path leads, so that it stays small. */
	if (v.type == VALUE_SS || v.type == VALUE_NS || v.type == VALUE_BS)
		return value_write(v, out);
	return buf_puts(out, "{\"NULL\":true}");
}

bool prune_write(const struct prune *p, struct value item, struct buf *out, struct err *err)
{
	return write_value(p, item, out, err);
}
