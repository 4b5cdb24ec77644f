/* err: what went wrong, for the program (class, code) and for people (text).
 *
 * The last parameter of a function that can fail is `struct err *err`; it fills
 * it and returns false (or NULL). err_set() returns false, so that
 * `return err_set(err, ...)` reads well. err may be NULL: then nothing is kept.
 *
 * The text says what was attempted, on what, what was expected, what to try.
 * It never holds a secret.
 */
#ifndef SLUICE_CORE_ERR_H
#define SLUICE_CORE_ERR_H

#include "sluice/core/str.h"

enum err_class {
	ERR_NONE,
	ERR_RETRY,     /* transient: the same again later can succeed */
	ERR_THROTTLE,  /* the far side asked for less */
	ERR_AUTH,      /* credentials or permission; can mend without us */
	ERR_DATA,      /* this input will never succeed */
	ERR_FATAL,     /* this component cannot go on without a person */
	ERR_CANCELLED, /* the task's scope was cancelled */
};

struct err {
	enum err_class class;
	uint32_t retry_after_ms;  /* what the far side asked for, or 0 */
	char code[64];            /* stable name: "ThrottlingException", "file.open" */
	char text[512];
};

/* Fills *err and returns false. Text that is too long is cut. */
bool err_set(struct err *err, enum err_class class, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Puts "what: " in front of the text; the class and code stay. Returns false. */
bool err_prefix(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void err_clear(struct err *err);
bool err_is(const struct err *err, const char *code);

/* "RETRY", "THROTTLE", ... */
const char *err_class_name(enum err_class class);

/* True for RETRY, THROTTLE and AUTH: what is waited out, never given up. */
bool err_can_wait(const struct err *err);

#endif
