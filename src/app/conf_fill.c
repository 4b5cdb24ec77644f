#include "sluice/app/conf_fill.h"

#include "sluice/core/buf.h"

#include <stdlib.h>

struct filling {
	const struct conf_source *source;
	struct arena *arena;
	struct problems *problems;
};

static bool is_variable_name(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';

		if (!letter && !(i && c >= '0' && c <= '9'))
			return false;
	}
	return s.len > 0;
}

static const char *variable(const struct conf_source *source, const char *name)
{
	return source->variable ? source->variable(source->ctx, name) : getenv(name);
}

/* Fills in one reference, the text between "$(" and ")". */
static bool fill_one(struct filling *f, struct node *n, struct str inner, struct buf *out)
{
	size_t dash = str_find(inner, STR(":-"));
	struct str name = dash == SIZE_MAX ? inner : str_sub(inner, 0, dash);
	const char *value;

	if (!is_variable_name(name)) {
		problems_add(f->problems, n, "expected an environment variable in $(NAME) or $(NAME:-default); "
			     "a plain '$(' is written '$$('");
		return false;
	}

	struct str terminated = arena_dup(f->arena, name);

	value = terminated.ptr ? variable(f->source, terminated.ptr) : NULL;
	if (dash != SIZE_MAX && (!value || !*value)) {
		buf_put(out, str_from(inner, dash + 2));
	} else if (!value) {
		problems_add_as(f->problems, PROBLEM_UNSET, n,
				"the environment variable %.*s is not set; set it or give a default: $(%.*s:-text)",
				STR_ARG(name), STR_ARG(name));
		return false;
	} else if (!str_utf8_valid(str_c(value))) {
		problems_add(f->problems, n, "the environment variable %.*s does not hold UTF-8 text", STR_ARG(name));
		return false;
	} else {
		buf_puts(out, value);
	}
	return true;
}

static bool fill_all(struct filling *f, struct node *n, struct str text, struct buf *out)
{
	while (text.len) {
		size_t at = str_find(text, STR("$("));
		size_t end;

		if (at == SIZE_MAX)
			return buf_put(out, text);
		if (at && text.ptr[at - 1] == '$') {
			buf_put(out, str_sub(text, 0, at - 1));
			buf_puts(out, "$(");
			text = str_from(text, at + 2);
			continue;
		}
		buf_put(out, str_sub(text, 0, at));
		text = str_from(text, at + 2);
		end = str_find_char(text, ')');
		if (end == SIZE_MAX) {
			problems_add(f->problems, n, "'$(' without its ')'; a plain '$(' is written '$$('");
			return false;
		}
		if (!fill_one(f, n, str_sub(text, 0, end), out))
			return false;
		text = str_from(text, end + 1);
	}
	return true;
}

bool conf_fill(struct node *n, const struct conf_source *source, struct arena *a, struct problems *problems)
{
	struct filling f = { .source = source, .arena = a, .problems = problems };
	struct buf filled;
	bool ok;

	buf_init(&filled, CONF_STRING_MAX);
	ok = fill_all(&f, n, n->text, &filled);
	if (!buf_ok(&filled))
		problems_add(problems, n, "the text is longer than %d bytes", CONF_STRING_MAX);
	n->broken = !ok || !buf_ok(&filled) || !str_utf8_valid(buf_str(&filled));
	if (n->broken && ok && buf_ok(&filled))
		problems_add(problems, n, "the text is not UTF-8 (an escape \\x.. makes single bytes)");
	n->text = arena_dup(a, buf_str(&filled));
	buf_wipe(&filled);
	return n->text.ptr != NULL;
}
