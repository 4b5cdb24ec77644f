#include "sluice/core/err.h"

#include <stdarg.h>
#include <stdio.h>

bool err_set(struct err *err, enum err_class class, const char *code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return false;
	err->class = class;
	err->retry_after_ms = 0;
	snprintf(err->code, sizeof(err->code), "%s", code);
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return false;
}

bool err_prefix(struct err *err, const char *fmt, ...)
{
	char text[2 * sizeof(err->text)];
	const size_t last = sizeof(err->text) - 1;
	va_list ap;

	if (!err)
		return false;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(err->text), fmt, ap);
	va_end(ap);

	size_t n = strlen(text);

	snprintf(text + n, sizeof(text) - n, ": %s", err->text);
	text[last] = '\0';
	memcpy(err->text, text, last + 1);
	return false;
}

void err_clear(struct err *err)
{
	if (err)
		*err = (struct err){ 0 };
}

bool err_is(const struct err *err, const char *code)
{
	return strcmp(err->code, code) == 0;
}

const char *err_class_name(enum err_class class)
{
	static const char *const names[] = {
		[ERR_NONE] = "NONE", [ERR_RETRY] = "RETRY", [ERR_THROTTLE] = "THROTTLE", [ERR_AUTH] = "AUTH",
		[ERR_DATA] = "DATA", [ERR_FATAL] = "FATAL", [ERR_CANCELLED] = "CANCELLED",
	};

	return names[class];
}

bool err_can_wait(const struct err *err)
{
	return err->class == ERR_RETRY || err->class == ERR_THROTTLE || err->class == ERR_AUTH;
}
