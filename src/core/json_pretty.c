#include "sluice/core/json_pretty.h"

#include "sluice/core/scan.h"

#include <assert.h>

/* Where the next token goes. */
struct layout {
	struct buf *out;
	unsigned depth;
	bool first;      /* in its container */
	bool valued;     /* behind a member's name */
};

static void new_line(struct layout *l)
{
	buf_putc(l->out, '\n');
	for (unsigned i = 0; i < l->depth; i++)
		buf_put(l->out, STR("  "));
}

static void before_token(struct layout *l)
{
	if (l->valued) {
		l->valued = false;
		return;
	}
	if (!l->first)
		buf_putc(l->out, ',');
	l->first = false;
	if (l->depth)
		new_line(l);
}

static void open_container(struct layout *l, struct str bracket)
{
	before_token(l);
	buf_put(l->out, str_sub(bracket, 0, 1));
	l->depth++;
	l->first = true;
}

/* An empty one stays on its line. */
static void close_container(struct layout *l, char bracket)
{
	l->depth--;
	if (!l->first)
		new_line(l);
	buf_putc(l->out, bracket);
	l->first = false;
}

static void put_quoted(struct layout *l, struct str content, const char *behind)
{
	before_token(l);
	buf_putf(l->out, "\"%.*s\"%s", STR_ARG(content), behind);
}

static void put_word(struct layout *l, struct str word)
{
	before_token(l);
	buf_put(l->out, word);
}

static void put_token(struct layout *l, const struct scan_token *t)
{
	switch (t->type) {
	case SCAN_OBJECT_BEGIN:
	case SCAN_ARRAY_BEGIN:
		open_container(l, t->text);
		break;
	case SCAN_OBJECT_END:
		close_container(l, '}');
		break;
	case SCAN_ARRAY_END:
		close_container(l, ']');
		break;
	case SCAN_KEY:
		put_quoted(l, t->text, ": ");
		l->valued = true;
		break;
	case SCAN_STRING:
		put_quoted(l, t->text, "");
		break;
	case SCAN_NUMBER:
		put_word(l, t->text);
		break;
	default:
		put_word(l, t->type == SCAN_TRUE ? STR("true") : t->type == SCAN_FALSE ? STR("false") : STR("null"));
	}
}

bool json_pretty(struct str json, struct buf *out)
{
	struct layout l = { .out = out, .first = true };
	struct scan_token t;
	struct scan s;

	scan_init(&s, json);
	while (scan_next(&s, &t) != SCAN_END && t.type != SCAN_ERROR)
		put_token(&l, &t);
	assert(!scan_failed(&s));
	return buf_putc(out, '\n');
}
