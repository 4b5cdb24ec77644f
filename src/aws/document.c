#include "document.h"

#include "sluice/core/rfc3339.h"
#include "sluice/core/scan.h"

#include <stdio.h>

/* The end of the year 9999; leap seconds and offsets reach further, what is written
 * again does not. */
#define LAST_MS INT64_C(253402300799000)

void document_wrong(struct document *d, const char *fmt, ...)
{
	char why[256];
	va_list ap;

	if (!d->ok)
		return;
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	err_set(d->err, ERR_AUTH, "credentials.document", "%s cannot be used: %s", d->what, why);
	d->ok = false;
}

bool document_begin(struct document *d, struct str text, const char *what, struct err *err)
{
	struct err why = { 0 };

	*d = (struct document){ .object = str_trim(text), .what = what, .ok = true, .err = err };
	if (!d->object.len)
		document_wrong(d, "it is empty");
	else if (!scan_check(d->object, &why))
		document_wrong(d, "it is no JSON (%s)", why.text);
	else if (d->object.ptr[0] != '{')
		document_wrong(d, "it is JSON, but no object");
	return d->ok;
}

/* The span of a member that is there and not null. */
static bool member(struct document *d, const char *name, enum document_need need, struct str *span)
{
	if (!d->ok)
		return false;
	if (scan_member(d->object, str_c(name), span) && !str_eq(*span, STR("null")))
		return true;
	if (need == DOCUMENT_NEEDED)
		document_wrong(d, "it has no %s", name);
	return false;
}

struct document document_object(struct document *d, const char *name)
{
	struct document inner = *d;

	if (member(d, name, DOCUMENT_NEEDED, &inner.object) && inner.object.ptr[0] != '{')
		document_wrong(d, "its %s is no object", name);
	inner.ok = d->ok;
	return inner;
}

static bool unquote(struct str span, struct buf *out)
{
	return span.len >= 2 && span.ptr[0] == '"' && scan_unescape(str_sub(span, 1, span.len - 2), out, NULL);
}

void document_text(struct document *d, const char *name, enum document_need need, struct buf *out)
{
	struct str span;

	buf_clear(out);
	if (!member(d, name, need, &span))
		return;
	if (span.ptr[0] != '"')
		document_wrong(d, "its %s is no string", name);
	else if (!unquote(span, out))
		document_wrong(d, "its %s is longer than %zu bytes, or no text", name, out->max);
	else if (need == DOCUMENT_NEEDED && !out->len)
		document_wrong(d, "its %s is empty", name);
}

void document_time(struct document *d, const char *name, enum document_need need, int64_t *unix_ms)
{
	struct buf text;

	*unix_ms = 0;
	buf_init(&text, 64);
	document_text(d, name, need, &text);
	if (d->ok && text.len && !rfc3339_parse(str_trim(buf_str(&text)), unix_ms))
		document_wrong(d, "its %s is no time like 2026-11-20T12:00:00Z", name);
	else if (d->ok && text.len)
		*unix_ms = *unix_ms < 1 ? 1 : *unix_ms > LAST_MS ? LAST_MS : *unix_ms; /* 0 would mean: none */
	buf_release(&text);
}

void document_int(struct document *d, const char *name, enum document_need need, int64_t *out)
{
	struct str span;

	*out = 0;
	if (member(d, name, need, &span) && !str_to_i64(span, out))
		document_wrong(d, "its %s is no whole number", name);
}

void document_say(const struct document *d, const char *name, char *out, size_t size)
{
	struct str span, text;
	struct buf plain;
	size_t n;

	out[0] = '\0';
	buf_init(&plain, 4096);
	if (d->ok && scan_member(d->object, str_c(name), &span) && unquote(span, &plain)) {
		text = buf_str(&plain);
		n = text.len < size - 1 ? text.len : size - 1;
		for (size_t i = 0; i < n; i++)
			out[i] = (unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7f ? ' ' : text.ptr[i];
		while (n && !str_utf8_valid(str_of(out, n)))
			n--;
		out[n] = '\0';
	}
	buf_release(&plain);
}
