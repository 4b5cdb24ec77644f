/* conf_lexer: what the walk over a settings file consists of: files and includes
 * (conf_scan.c), tokens and the order they may stand in (conf_token.c). Known to
 * src/app only.
 */
#ifndef SLUICE_APP_CONF_LEXER_H
#define SLUICE_APP_CONF_LEXER_H

#include "sluice/app/conf_scan.h"

/* libconfig's types: the elements of an array [ ] have one of them. */
enum element { ELEMENT_NONE, ELEMENT_INT, ELEMENT_INT64, ELEMENT_REAL, ELEMENT_BOOL, ELEMENT_STRING };

enum token { TOKEN_NONE, TOKEN_NAME, TOKEN_ASSIGN, TOKEN_VALUE, TOKEN_STRING, TOKEN_SEPARATOR, TOKEN_OPEN };

struct name {
	struct str text;
	uint64_t hash;
	const char *file;
	int line;
	struct name *next;
};

/* A bracket that is open; the outermost one is the file itself ('\0'). */
struct frame {
	char open;
	const char *file;
	int line;
	enum element element;
	struct name *names;
	size_t count;
};

struct scanner {
	const struct conf_source *source;
	struct arena *arena;
	struct arena scratch;
	struct problems *problems;
	struct conf_text *out;
	struct frame frames[CONF_DEPTH_MAX + 1];
	size_t depth;
	enum token last;
	struct str last_name;
	const char *open_files[CONF_INCLUDE_DEPTH];
	size_t n_open, n_files;
	size_t faults;
	bool stopped;           /* what follows would only be noise */
};

struct lexer {
	struct scanner *s;
	const char *file;
	const char *at, *end;
	int line;
	const char *segment;    /* not yet copied to the text; begins a line */
	int segment_line;
	int fault_line;
};

/* Notes a mistake at the lexer's line; one a line, the others would be its echo. */
void lexer_fault(struct lexer *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Each takes one token that begins at x->at and moves behind it. */
void lexer_name(struct lexer *x);
void lexer_number(struct lexer *x);
void lexer_string(struct lexer *x);
void lexer_assign(struct lexer *x);
void lexer_open(struct lexer *x);
void lexer_close(struct lexer *x);
void lexer_separator(struct lexer *x);
void lexer_unknown(struct lexer *x);

/* May it begin a name, or a number? */
bool lexer_begins_name(char c);
bool lexer_begins_number(char c);

#endif
