#include "answer.h"

#include "sluice/core/buf.h"

#include <stdlib.h>

void answer_wrong(struct answer *a, const char *what)
{
	if (a->ok)
		err_set(a->err, ERR_RETRY, "aws.answer", "the answer to %s is not as the API says: %s", a->operation, what);
	a->ok = false;
}

bool answer_begin(struct answer *a, const char *operation, struct str text, struct arena *arena, struct err *err)
{
	struct err why = { 0 };

	*a = (struct answer){ .arena = arena, .operation = operation, .ok = true, .err = err };
	if (!scan_check(text, &why))
		answer_wrong(a, why.text);
	else if (str_trim(text).ptr[0] != '{')
		answer_wrong(a, "it is no object");
	return a->ok;
}

/* The member's span unless it is absent or null. */
static bool member(struct answer *a, struct str object, const char *name, struct str *out)
{
	return a->ok && object.len && scan_member(object, str_c(name), out) && !str_eq(*out, STR("null"));
}

static struct str container(struct answer *a, struct str object, const char *name, char begins)
{
	struct str span;

	if (!member(a, object, name, &span))
		return str_of(NULL, 0);
	if (span.ptr[0] == begins)
		return span;
	answer_wrong(a, name);
	return str_of(NULL, 0);
}

struct str answer_object(struct answer *a, struct str object, const char *name)
{
	return container(a, object, name, '{');
}

struct str answer_array(struct answer *a, struct str object, const char *name)
{
	return container(a, object, name, '[');
}

struct str answer_text(struct answer *a, struct str object, const char *name)
{
	struct str span = container(a, object, name, '"'), text = { NULL, 0 };
	struct buf plain;

	if (span.len <= 2)
		return text;
	span = str_sub(span, 1, span.len - 2);
	if (str_find_char(span, '\\') == SIZE_MAX) {
		text = arena_dup(a->arena, span);
	} else {
		buf_init(&plain, span.len);
		if (scan_unescape(span, &plain, NULL))
			text = arena_dup(a->arena, buf_str(&plain));
		buf_release(&plain);
	}
	if (!text.ptr)
		answer_wrong(a, "it holds a text that is too long, or no text");
	return text;
}

struct str answer_needed_text(struct answer *a, struct str object, const char *name)
{
	struct str text = answer_text(a, object, name);

	if (a->ok && !text.len)
		answer_wrong(a, name);
	return text;
}

int64_t answer_seconds(struct answer *a, struct str object, const char *name)
{
	struct str span;
	char digits[32];
	double number;

	if (!member(a, object, name, &span))
		return 0;
	if (scan_is_number(span) && span.len < sizeof(digits)) {
		memcpy(digits, span.ptr, span.len);
		digits[span.len] = '\0';
		number = strtod(digits, NULL); /* may be 1.76368E9 */
		if (number >= 0 && number < 253402300800.0) /* the year 10,000 */
			return (int64_t)number;
	}
	answer_wrong(a, name);
	return 0;
}

bool answer_true(struct answer *a, struct str object, const char *name)
{
	struct str span;

	return member(a, object, name, &span) && str_eq(span, STR("true"));
}

void answer_each(struct scan *it, struct str array)
{
	struct scan_token begin;

	scan_init_trusted(it, array.len ? array : STR("[]"));
	scan_next(it, &begin);
}

bool answer_next(struct answer *a, struct scan *it, struct str *object)
{
	if (!a->ok || !scan_value(it, object))
		return false;
	if (object->ptr[0] != '{')
		answer_wrong(a, "an element of a list is no object");
	return a->ok;
}
