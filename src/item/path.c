#include "sluice/item/path.h"

enum { MAX_STEPS = 32 };

struct parser {
	struct str text;
	size_t at;
	struct arena *arena;
	struct path_step steps[MAX_STEPS];
	size_t count;
	struct err *err;
};

static bool malformed(const struct parser *p, const char *expected)
{
	return err_set(p->err, ERR_DATA, "path.malformed", "\"%.*s\" is no path: at character %zu %s (as in a.b[0].\"x.y\")",
		       (int)(p->text.len < 128 ? p->text.len : 128), p->text.ptr ? p->text.ptr : "", p->at + 1, expected);
}

static bool no_room(const struct parser *p)
{
	return err_set(p->err, ERR_FATAL, "arena.full", "a path does not fit into its arena of %zu bytes", p->arena->max);
}

static bool at_end(const struct parser *p)
{
	return p->at == p->text.len;
}

static char here(const struct parser *p)
{
	return p->text.ptr[p->at];
}

static bool add_step(struct parser *p, struct str name, size_t index)
{
	if (p->count == MAX_STEPS)
		return malformed(p, "it has more than 32 steps");
	p->steps[p->count++] = (struct path_step){ name, index };
	return true;
}

/* Behind the opening quote. A backslash keeps the character behind it. */
static bool parse_quoted(struct parser *p)
{
	char *name = arena_alloc(p->arena, p->text.len - p->at + 1);
	size_t len = 0;

	if (!name)
		return no_room(p);
	for (; !at_end(p) && here(p) != '"'; p->at++) {
		if (here(p) == '\\' && ++p->at == p->text.len)
			break;
		name[len++] = here(p);
	}
	if (at_end(p))
		return malformed(p, "a closing quote is expected");
	if (len == 0)
		return malformed(p, "a name is expected between the quotes");
	p->at++;
	return add_step(p, str_of(name, len), 0);
}

static bool parse_name(struct parser *p)
{
	size_t from = p->at;
	struct str name;

	if (!at_end(p) && here(p) == '"') {
		p->at++;
		return parse_quoted(p);
	}
	while (!at_end(p) && here(p) != '.' && here(p) != '[' && here(p) != ']')
		p->at++;
	if (p->at == from)
		return malformed(p, "an attribute's name is expected");
	name = arena_dup(p->arena, str_sub(p->text, from, p->at - from));
	return name.ptr ? add_step(p, name, 0) : no_room(p);
}

/* Behind the opening bracket. */
static bool parse_index(struct parser *p)
{
	size_t from = p->at;
	uint64_t index;

	while (!at_end(p) && here(p) != ']')
		p->at++;
	if (at_end(p) || !str_to_u64(str_sub(p->text, from, p->at - from), &index)) {
		p->at = from;
		return malformed(p, "an index such as [0] is expected");
	}
	p->at++;
	return add_step(p, str_of(NULL, 0), index);
}

static bool parse_step(struct parser *p)
{
	char c = here(p);

	if (c != '.' && c != '[')
		return malformed(p, "a dot or an index is expected");
	p->at++;
	return c == '.' ? parse_name(p) : parse_index(p);
}

bool path_parse(struct str text, struct arena *a, struct path *out, struct err *err)
{
	struct parser p = { .text = text, .arena = a, .err = err };

	if (!parse_name(&p))
		return false;
	while (!at_end(&p))
		if (!parse_step(&p))
			return false;
	out->steps = arena_array(a, p.count, sizeof(*out->steps));
	if (!out->steps)
		return no_room(&p);
	memcpy(out->steps, p.steps, p.count * sizeof(*out->steps));
	out->count = p.count;
	return true;
}

static bool get_index(struct value container, size_t index, struct value *out)
{
	struct value_iter it;

	if (container.type == VALUE_M)
		return false;
	value_iter_init(&it, container);
	do {
		if (!value_iter_next(&it, NULL, out, NULL))
			return false;
	} while (index-- > 0);
	return true;
}

bool path_get(const struct path *p, struct value item, struct value *out)
{
	*out = item;
	for (size_t i = 0; i < p->count; i++) {
		const struct path_step *step = &p->steps[i];
		struct value from = *out;

		if (!(step->name.ptr ? value_get(from, step->name, out) : get_index(from, step->index, out))) {
			out->type = VALUE_NONE;
			return false;
		}
	}
	return true;
}
