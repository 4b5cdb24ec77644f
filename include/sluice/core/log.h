/* log: one event a line, logfmt or JSON, on a descriptor (stderr).
 *
 *   log_info(env->log, "shard.open", LOG_STR("shard", id), LOG_INT("parents", n));
 *   ts=2026-11-20T12:00:00.123Z level=info event=shard.open shard=shardId-… parents=1
 *
 * Event names are stable: people search and alert on them. Values are escaped;
 * no line ever holds a raw control character. Secrets never go in.
 * One write(2) a line, so that lines of several threads do not mix: to a file ever,
 * to a pipe those of up to 4 KiB (PIPE_BUF). Nothing in a log is written to after
 * its making; each worker has a copy with its own number.
 */
#ifndef SLUICE_CORE_LOG_H
#define SLUICE_CORE_LOG_H

#include "sluice/core/err.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_OFF };
enum log_format { LOG_LOGFMT, LOG_JSON };

struct log {
	int fd;
	enum log_level level;
	enum log_format format;
	int64_t (*now_ms)(void *clock);  /* Unix time; NULL: the system's */
	void *clock;
	int worker;
	bool several;  /* workers: each line of this log says which one writes */
};

struct log_field {
	const char *key;
	enum { LOG_FIELD_STR, LOG_FIELD_INT, LOG_FIELD_REAL, LOG_FIELD_ERR } type;
	struct str s;
	int64_t i;
	double d;
	const struct err *err;  /* class, code and text, as three fields */
};

#define LOG_STR(k, v) ((struct log_field){ .key = (k), .type = LOG_FIELD_STR, .s = (v) })
#define LOG_TEXT(k, v) LOG_STR(k, str_c(v))
#define LOG_INT(k, v) ((struct log_field){ .key = (k), .type = LOG_FIELD_INT, .i = (int64_t)(v) })
#define LOG_REAL(k, v) ((struct log_field){ .key = (k), .type = LOG_FIELD_REAL, .d = (v) })
#define LOG_ERR(e) ((struct log_field){ .key = "error", .type = LOG_FIELD_ERR, .err = (e) })

/* `fields` ends with one whose key is NULL. log NULL: nothing is written. */
void log_event(const struct log *log, enum log_level level, const char *event, const struct log_field *fields);

/* At least one field each. */
#define log_at(log, level, event, ...) \
	log_event((log), (level), (event), (const struct log_field[]){ __VA_ARGS__, { 0 } })
#define log_debug(log, event, ...) log_at(log, LOG_DEBUG, event, __VA_ARGS__)
#define log_info(log, event, ...) log_at(log, LOG_INFO, event, __VA_ARGS__)
#define log_warn(log, event, ...) log_at(log, LOG_WARN, event, __VA_ARGS__)
#define log_error(log, event, ...) log_at(log, LOG_ERROR, event, __VA_ARGS__)

bool log_level_parse(struct str name, enum log_level *out);

#endif
