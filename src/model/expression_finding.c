#include "expression_impl.h"

#include <stdarg.h>
#include <stdio.h>

enum { SHOWN_BYTES = 60, TEXT_BYTES = 600 };

const char *expression_kind_name(enum expression_kind kind)
{
	static const char *const names[] = {
		[EXPRESSION_KEY_CONDITION] = "KeyConditionExpression", [EXPRESSION_FILTER] = "FilterExpression",
		[EXPRESSION_CONDITION] = "ConditionExpression",        [EXPRESSION_UPDATE] = "UpdateExpression",
		[EXPRESSION_PROJECTION] = "ProjectionExpression",
	};

	return names[kind];
}

const char *expression_code_name(enum expression_code code)
{
	static const char *const names[] = {
#define X(name, text) [EXPRESSION_E_##name] = text,
		EXPRESSION_CODES(X)
#undef X
	};

	return names[code];
}

void expression_findings_init(struct expression_findings *f, struct arena *arena)
{
	*f = (struct expression_findings){ .arena = arena };
}

const struct expression_finding *expression_findings_get(const struct expression_findings *f, enum expression_code code)
{
	for (const struct expression_finding *finding = f->first; finding; finding = finding->next)
		if (finding->code == code)
			return finding;
	return NULL;
}

struct str expression_shown(struct str text)
{
	size_t len = text.len;

	if (len > SHOWN_BYTES)
		for (len = SHOWN_BYTES; len > 0 && ((unsigned char)text.ptr[len] & 0xc0) == 0x80;)
			len--;
	return str_sub(text, 0, len);
}

struct str expression_node_text(const struct expression *e, const struct expression_node *n)
{
	return expression_shown(str_sub(e->text, n->offset, n->length));
}

/* What came from outside may stand in the text; a terminal shows it. What is too
 * long was cut, perhaps inside of a letter. */
static void disarm(char *text)
{
	size_t len = strlen(text);

	while (len > 0 && !str_utf8_valid(str_of(text, len)))
		len--;
	text[len] = '\0';
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

static void add(struct expression_findings *f, struct expression_finding finding, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

static void add(struct expression_findings *f, struct expression_finding finding, const char *fmt, va_list ap)
{
	char text[TEXT_BYTES];
	struct expression_finding *kept;

	f->count++;
	if (f->count > EXPRESSION_FINDINGS_MAX)
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	disarm(text);
	kept = ARENA_NEW(f->arena, struct expression_finding);
	finding.text = arena_dup(f->arena, str_c(text));
	if (!kept || !finding.text.ptr) {
		f->full = true;
		return;
	}
	*kept = finding;
	if (f->last)
		f->last->next = kept;
	else
		f->first = kept;
	f->last = kept;
}

void expression_find(struct expression_findings *f, const struct expression *in, enum expression_code code,
		     size_t offset, size_t length, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(f, (struct expression_finding){ .code = code, .in = in, .offset = offset, .length = length }, fmt, ap);
	va_end(ap);
}

void expression_note(struct parser *p, enum expression_code code, size_t offset, size_t length, const char *fmt, ...)
{
	va_list ap;

	p->failed = true;
	va_start(ap, fmt);
	add(p->findings, (struct expression_finding){ .code = code, .in = p->e, .offset = offset, .length = length },
	    fmt, ap);
	va_end(ap);
}

bool expression_done(const struct expression_findings *f, struct err *err)
{
	if (!f->full)
		return true;
	return err_set(err, ERR_FATAL, "expression.memory", "the findings in expressions need more than %zu bytes",
		       f->arena->max);
}
