#include "lines.h"

enum { KEPT_BYTES = 4 * LINES_READ_BYTES };

void lines_init(struct lines *l)
{
	*l = (struct lines){ 0 };
	buf_init(&l->held, LINE_MAX_BYTES + 2 * LINES_READ_BYTES);
}

void lines_release(struct lines *l)
{
	buf_release(&l->held);
}

static void forget(struct lines *l)
{
	l->from = l->searched = 0;
	if (l->held.cap > KEPT_BYTES)
		buf_release(&l->held);
	else
		buf_truncate(&l->held, 0);
}

/* What was taken goes, so that one line at most is held. */
static void move_up(struct lines *l)
{
	size_t left = l->held.len - l->from;

	if (left == 0) {
		forget(l);
	} else if (l->from > 0) {
		memmove(l->held.ptr, l->held.ptr + l->from, left);
		buf_truncate(&l->held, left);
		l->searched -= l->from;
		l->from = 0;
	}
}

char *lines_room(struct lines *l)
{
	move_up(l);
	return buf_reserve(&l->held, LINES_READ_BYTES);
}

void lines_put(struct lines *l, size_t n)
{
	buf_commit(&l->held, n);
}

static bool find_end(struct lines *l, size_t *end)
{
	const char *at = l->held.len > l->searched ?
				 memchr(l->held.ptr + l->searched, '\n', l->held.len - l->searched) : NULL;

	l->searched = l->held.len;
	if (at)
		*end = (size_t)(at - l->held.ptr);
	return at != NULL;
}

static struct str without_return(struct str line)
{
	return line.len && line.ptr[line.len - 1] == '\r' ? str_sub(line, 0, line.len - 1) : line;
}

enum lines_found lines_next(struct lines *l, struct str *line)
{
	bool skipped = l->skipping;
	size_t end, from;

	if (!find_end(l, &end)) {
		if (!l->skipping && l->held.len - l->from <= LINE_MAX_BYTES)
			return LINES_NONE;
		l->skipping = true;
		forget(l);
		return skipped ? LINES_NONE : LINES_TOO_LONG;
	}
	from = l->from;
	l->from = l->searched = end + 1;
	l->skipping = false;
	if (skipped)
		return lines_next(l, line);
	if (end - from > LINE_MAX_BYTES)
		return LINES_TOO_LONG;
	*line = without_return(str_of(l->held.ptr + from, end - from));
	return LINES_ONE;
}

struct str lines_rest(const struct lines *l)
{
	if (l->skipping || l->from == l->held.len)
		return str_of(NULL, 0);
	return without_return(str_of(l->held.ptr + l->from, l->held.len - l->from));
}
