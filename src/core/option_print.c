#include "option_parts.h"

#include <stdio.h>

bool option_is_limited(const struct option *o)
{
	return o->min != 0 || o->max != 0;
}

const char *option_range_text(const struct option *o, char *out, size_t size)
{
	const char *unit = o->unit ? o->unit : "", *space = o->unit ? " " : "";

	if (o->max)
		snprintf(out, size, "%lld to %lld%s%s", (long long)o->min, (long long)o->max, space, unit);
	else
		snprintf(out, size, "at least %lld%s%s", (long long)o->min, space, unit);
	return out;
}

void option_print_names(const char *const *names, const char *mark, struct buf *out)
{
	for (size_t i = 0; names[i]; i++)
		buf_putf(out, "%s%s%s%s", i ? (names[i + 1] ? ", " : " or ") : "", mark, names[i], mark);
}

static void print_type(const struct option *o, struct buf *out)
{
	static const char *const names[] = {
		[OPTION_STR] = "string",  [OPTION_INT] = "whole number", [OPTION_REAL] = "number",
		[OPTION_BOOL] = "true or false", [OPTION_TREE] = "group, list, or JSON in a string",
		[OPTION_VALUE] = "any value", [OPTION_GROUP] = "group", [OPTION_LIST] = "list of groups",
		[OPTION_NAMES] = "list of strings",
	};
	char range[128];

	if (o->type == OPTION_ENUM)
		option_print_names(o->names, "`", out);
	else
		buf_puts(out, o->type == OPTION_VALUE && o->unit ? o->unit : names[o->type]);
	if (o->flags & OPTION_SECRET)
		buf_puts(out, o->type == OPTION_NAMES && !(o->flags & OPTION_BARE) ? " or `{ name = \"…\"; file = \"…\"; }`" : " or `{ file = \"…\"; }`");
	if (option_is_limited(o))
		buf_putf(out, ", %s%s", option_range_text(o, range, sizeof(range)),
			 o->type == OPTION_LIST || o->type == OPTION_NAMES ? " elements" : "");
	else if (o->unit && o->type != OPTION_VALUE)
		buf_putf(out, ", %s", o->unit);
}

/* A '|' would end the cell, a '<' outside of code begin a tag. */
static void print_cell(const char *text, bool code, struct buf *out)
{
	for (; text && *text; text++) {
		if (*text == '`')
			code = !code;
		if (*text == '|' || (*text == '<' && !code))
			buf_putc(out, '\\');
		buf_putc(out, *text);
	}
}

static void print_default(const struct option *o, struct buf *out)
{
	bool text = (o->type == OPTION_STR || o->type == OPTION_ENUM) && o->default_text && o->default_text[0] != '"';

	if (!o->default_text) {
		buf_puts(out, o->flags & OPTION_REQUIRED ? "**required**" : "");
		return;
	}
	buf_puts(out, text ? "`\"" : "`");
	print_cell(o->default_text, true, out);
	buf_puts(out, text ? "\"`" : "`");
}

bool option_print_rows(const struct option *table, const char *prefix, struct buf *out)
{
	for (const struct option *o = table; o->name; o++) {
		char below[256];

		if (o->flags & OPTION_LATER)
			continue;
		buf_putf(out, "| `%s%s` | ", prefix, o->name);
		print_type(o, out);
		buf_puts(out, " | ");
		print_default(o, out);
		buf_puts(out, " | ");
		print_cell(o->help, false, out);
		buf_puts(out, " |\n");
		if (o->type != OPTION_GROUP && o->type != OPTION_LIST)
			continue;
		snprintf(below, sizeof(below), "%s%s%s.", prefix, o->name, o->type == OPTION_LIST ? "[]" : "");
		option_print_rows(o->table, below, out);
	}
	return buf_ok(out);
}

bool option_print_markdown(const struct option *table, struct buf *out)
{
	buf_puts(out, "| Setting | Type | Default | Meaning |\n| --- | --- | --- | --- |\n");
	return option_print_rows(table, "", out);
}
