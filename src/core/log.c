#include "sluice/core/log.h"

#include "sluice/core/buf.h"

#include <math.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST_LINE = 16384 };

static const char *const level_names[] = {
	[LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error", [LOG_OFF] = "off",
};

bool log_level_parse(struct str name, enum log_level *out)
{
	for (size_t i = 0; i < sizeof(level_names) / sizeof(*level_names); i++) {
		if (str_eq(name, str_c(level_names[i]))) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

static void put_time(struct buf *b, const struct log *log)
{
	struct timespec now = { 0 };
	struct tm tm;
	int64_t ms;

	if (log->now_ms) {
		ms = log->now_ms(log->clock);
	} else {
		clock_gettime(CLOCK_REALTIME, &now);
		ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	}

	time_t seconds = (time_t)(ms / 1000);

	gmtime_r(&seconds, &tm);
	buf_putf(b, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		 tm.tm_min, tm.tm_sec, (int)(ms % 1000));
}

static bool is_plain(struct str s)
{
	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c >= 0x7f)
			return false;
	}
	return true;
}

/* JSON's escapes; bytes that are not UTF-8 are shown as U+FFFD. */
static void put_quoted(struct buf *b, struct str s)
{
	bool utf8 = str_utf8_valid(s);

	buf_putc(b, '"');
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c == '"' || c == '\\')
			buf_putf(b, "\\%c", c);
		else if (c == '\n')
			buf_puts(b, "\\n");
		else if (c < 0x20 || c == 0x7f)
			buf_putf(b, "\\u%04x", c);
		else if (c >= 0x80 && !utf8)
			buf_puts(b, "\\ufffd");
		else
			buf_putc(b, (char)c);
	}
	buf_putc(b, '"');
}

static void put_text(struct buf *b, const struct log *log, const char *key, struct str s)
{
	if (log->format == LOG_JSON) {
		buf_putf(b, ",\"%s\":", key);
		put_quoted(b, s);
		return;
	}
	buf_putf(b, " %s=", key);
	if (is_plain(s))
		buf_put(b, s);
	else
		put_quoted(b, s);
}

static void put_number(struct buf *b, const struct log *log, const struct log_field *f)
{
	buf_putf(b, log->format == LOG_JSON ? ",\"%s\":" : " %s=", f->key);
	if (f->type == LOG_FIELD_INT)
		buf_putf(b, "%lld", (long long)f->i);
	else if (isfinite(f->d))
		buf_putf(b, "%.6g", f->d);
	else
		buf_puts(b, "null");
}

static void put_field(struct buf *b, const struct log *log, const struct log_field *f)
{
	switch (f->type) {
	case LOG_FIELD_STR:
		put_text(b, log, f->key, f->s);
		break;
	case LOG_FIELD_ERR:
		put_text(b, log, "class", str_c(err_class_name(f->err->class)));
		put_text(b, log, "code", str_c(f->err->code));
		put_text(b, log, f->key, str_c(f->err->text));
		break;
	case LOG_FIELD_INT:
	case LOG_FIELD_REAL:
		put_number(b, log, f);
		break;
	}
}

void log_event(const struct log *log, enum log_level level, const char *event, const struct log_field *fields)
{
	struct buf line;

	if (!log || level < log->level || log->level == LOG_OFF)
		return;
	buf_init(&line, LONGEST_LINE);
	if (log->format == LOG_JSON) {
		buf_puts(&line, "{\"ts\":\"");
		put_time(&line, log);
		buf_putf(&line, "\",\"level\":\"%s\",\"event\":\"%s\"", level_names[level], event);
	} else {
		buf_puts(&line, "ts=");
		put_time(&line, log);
		buf_putf(&line, " level=%s event=%s", level_names[level], event);
	}
	if (log->several)
		put_number(&line, log, &LOG_INT("worker", log->worker));
	for (const struct log_field *f = fields; f->key; f++) {
		size_t before = line.len;

		put_field(&line, log, f);
		if (!buf_ok(&line) || line.len > LONGEST_LINE - 64) { /* a field that does not fit is left out whole */
			line.full = false;
			buf_truncate(&line, before);
			buf_puts(&line, log->format == LOG_JSON ? ",\"cut\":true" : " cut=true");
			break;
		}
	}
	buf_puts(&line, log->format == LOG_JSON ? "}\n" : "\n");

	ssize_t ignored = write(log->fd, line.ptr, line.len); /* nobody to tell when stderr is gone */

	(void)ignored;
	buf_release(&line);
}
