#include "sluice/app/conf_scan.h"

#include "sluice/core/file.h"
#include "sluice/core/mem.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum { FAULTS_MAX = 50, SCRATCH_MAX = 16 << 20 };

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

static void scan_file(struct scanner *s, const char *path, const char *from, int from_line);

__attribute__((format(printf, 2, 3))) static void fault(struct lexer *x, const char *fmt, ...)
{
	va_list ap;

	if (x->fault_line == x->line)
		return;
	x->fault_line = x->line;
	if (++x->s->faults >= FAULTS_MAX)
		x->s->stopped = true;
	va_start(ap, fmt);
	problems_vadd_at(x->s->problems, x->file, x->line, fmt, ap);
	va_end(ap);
}

static struct frame *top(struct lexer *x)
{
	return &x->s->frames[x->s->depth];
}

static bool in_list(struct lexer *x)
{
	return top(x)->open == '(' || top(x)->open == '[';
}

/* --- the text and its map ------------------------------------------------ */

static void add_place(struct conf_text *t, const char *file, int line)
{
	if (t->lines + 2 > t->lines_cap) {
		t->lines_cap = t->lines_cap ? t->lines_cap * 2 : 256;
		t->places = mem_resize(t->places, t->lines_cap * sizeof(*t->places));
	}
	t->places[++t->lines] = (struct conf_place){ file, line };
}

static void add_number(struct conf_text *t, size_t offset, size_t len, bool broken)
{
	if (t->n_numbers == t->numbers_cap) {
		t->numbers_cap = t->numbers_cap ? t->numbers_cap * 2 : 64;
		t->numbers = mem_resize(t->numbers, t->numbers_cap * sizeof(*t->numbers));
	}
	t->numbers[t->n_numbers++] = (struct conf_number){ offset, len, broken };
}

/* Copies whole lines up to `end`. */
static void flush(struct lexer *x, const char *end)
{
	struct buf *text = &x->s->out->text;
	struct str rest = str_of(x->segment, (size_t)(end - x->segment));

	if (rest.len && rest.ptr[rest.len - 1] == '\n')
		rest.len--;
	else if (rest.len == 0)
		return;
	while (rest.ptr) {
		buf_put(text, str_split(&rest, '\n'));
		buf_putc(text, '\n');
		add_place(x->s->out, x->file, x->segment_line++);
	}
	if (!buf_ok(text) && !x->s->stopped) {
		fault(x, "the settings are larger than %d bytes in all", CONF_TOTAL_MAX);
		x->s->stopped = true;
	}
}

struct conf_place conf_text_place(const struct conf_text *t, size_t line)
{
	if (t->lines == 0)
		return (struct conf_place){ t->path, 0 };
	if (line < 1)
		line = 1;
	return t->places[line > t->lines ? t->lines : line];
}

void conf_text_release(struct conf_text *t)
{
	buf_wipe(&t->text);
	mem_free(t->places);
	mem_free(t->numbers);
	*t = (struct conf_text){ 0 };
}

/* --- tokens -------------------------------------------------------------- */

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
	       c == '*';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void expect_element(struct lexer *x, enum element type)
{
	struct frame *f = top(x);

	if (f->open != '[')
		return;
	if (f->element != ELEMENT_NONE && f->element != type)
		fault(x, "the values in an array [ ] are of different types; write a list ( ) instead");
	f->element = type;
}

/* Before a value: is one expected here? */
static void expect_value(struct lexer *x)
{
	enum token last = x->s->last;

	if (in_list(x)) {
		if (last != TOKEN_OPEN && last != TOKEN_SEPARATOR)
			fault(x, "expected a comma between the elements of the list");
	} else if (last == TOKEN_NAME) {
		fault(x, "expected '=' or ':' after '%.*s'", STR_ARG(x->s->last_name));
	} else if (last != TOKEN_ASSIGN) {
		fault(x, "expected a setting's name before this value (name = value;)");
	}
}

static void take_name(struct lexer *x)
{
	const char *begin = x->at;
	struct str word;

	while (x->at < x->end && is_name_char(*x->at))
		x->at++;
	word = str_of(begin, (size_t)(x->at - begin));
	if (in_list(x) || x->s->last == TOKEN_ASSIGN) {
		expect_value(x);
		if (!str_eq_nocase(word, STR("true")) && !str_eq_nocase(word, STR("false")))
			fault(x, "expected a value, found a word without quotes; text stands in double quotes");
		expect_element(x, ELEMENT_BOOL);
		x->s->last = TOKEN_VALUE;
		return;
	}
	if (x->s->last == TOKEN_NAME)
		fault(x, "expected '=' or ':' after '%.*s'", STR_ARG(x->s->last_name));
	else if (str_eq_nocase(word, STR("true")) || str_eq_nocase(word, STR("false")))
		fault(x, "expected a setting's name before this value (name = value;)");
	x->s->last_name = arena_dup(&x->s->scratch, word);
	x->s->last = TOKEN_NAME;
}

/* libconfig refuses a second one of a name, without saying which. */
static void register_name(struct lexer *x)
{
	struct frame *f = top(x);
	struct str text = x->s->last_name;
	uint64_t hash = str_hash(text);
	struct name *n;

	for (n = f->names; n; n = n->next) {
		if (n->hash != hash || !str_eq(n->text, text))
			continue;
		fault(x, "'%.*s' stands twice in this group; the first one is at %s:%d", STR_ARG(text), n->file, n->line);
		return;
	}
	n = f->count++ < CONF_GROUP_MAX ? ARENA_NEW(&x->s->scratch, struct name) : NULL;
	if (!n) {
		fault(x, "more than %d settings in one group", CONF_GROUP_MAX);
		x->s->stopped = true;
		return;
	}
	*n = (struct name){ text, hash, x->file, x->line, f->names };
	f->names = n;
}

static void take_assign(struct lexer *x)
{
	if (x->s->last == TOKEN_NAME && !in_list(x))
		register_name(x);
	else if (x->s->last == TOKEN_STRING)
		fault(x, "names stand without quotes here; a group with other names is written as JSON in a string");
	else
		fault(x, "expected a setting's name before '%c'", *x->at);
	x->s->last = TOKEN_ASSIGN;
	x->at++;
}

/* Is the whole token an integer (decimal or 0x) with or without L? Gives its
 * value's size in bits as libconfig's type has it. */
static bool integer_fits(struct str token, bool *is_integer, bool *wide)
{
	char digits[64];
	struct str body = token;
	bool hex;

	*is_integer = *wide = false;
	for (int i = 0; i < 2 && str_ends(body, STR("L")); i++) {
		body.len--;
		*wide = true;
	}
	hex = str_starts(body, STR("0x")) || str_starts(body, STR("0X"));
	for (size_t i = hex ? 2 : (body.len && (body.ptr[0] == '-' || body.ptr[0] == '+')); i < body.len; i++)
		if (!is_digit(body.ptr[i]) && !(hex && strchr("abcdefABCDEF", body.ptr[i])))
			return false;
	if (!body.len || !(is_digit(body.ptr[body.len - 1]) || (hex && body.len > 2)))
		return false;
	*is_integer = true;
	if (body.len >= sizeof(digits))
		return false;
	memcpy(digits, body.ptr, body.len);
	digits[body.len] = '\0';
	errno = 0;

	long long n = strtoll(digits, NULL, hex ? 16 : 10);

	return errno == 0 && (*wide || (n >= INT32_MIN && n <= INT32_MAX));
}

static bool is_real(struct str token)
{
	char digits[400];
	char *end;

	if (token.len >= sizeof(digits))
		return false;
	for (size_t i = 0; i < token.len; i++)
		if (!is_digit(token.ptr[i]) && !strchr("+-.eE", token.ptr[i]))
			return false;
	memcpy(digits, token.ptr, token.len);
	digits[token.len] = '\0';

	double d = strtod(digits, &end);

	return end != digits && *end == '\0' && isfinite(d);
}

/* Values are not shown: a secret whose quotes were forgotten stands here too. */
static void take_number(struct lexer *x)
{
	const char *begin = x->at;
	size_t offset = x->s->out->text.len + (size_t)(begin - x->segment);
	bool is_integer, wide, fits;
	struct str token;

	while (x->at < x->end && (is_name_char(*x->at) || *x->at == '.' || *x->at == '+'))
		x->at++;
	token = str_of(begin, (size_t)(x->at - begin));
	expect_value(x);
	x->s->last = TOKEN_VALUE;
	fits = integer_fits(token, &is_integer, &wide);
	if (is_integer && !fits)
		problems_add_at(x->s->problems, x->file, x->line,
				wide ? "the whole number does not fit into 64 bits; a larger one is written as a string" :
				       "the whole number does not fit into 32 bits; write it with an L at its end (4294967296L)");
	else if (!is_integer && !is_real(token))
		fault(x, "expected a number, true, false, or a string in double quotes");
	expect_element(x, !is_integer ? ELEMENT_REAL : wide ? ELEMENT_INT64 : ELEMENT_INT);
	add_number(x->s->out, offset, token.len, is_integer && !fits);
}

/* libconfig joins strings that follow each other. A string where a name should
 * be is left to take_assign(), if it is used as one. */
static void check_string(struct lexer *x)
{
	const char *p = x->at;

	while (p < x->end && strchr(" \t\r\n\f", *p))
		p++;
	if (!in_list(x) && x->s->last != TOKEN_ASSIGN && p < x->end && (*p == ':' || *p == '='))
		return;
	if (x->s->last != TOKEN_STRING)
		expect_value(x);
	expect_element(x, ELEMENT_STRING);
}

static void take_string(struct lexer *x)
{
	int begun = x->line;

	for (x->at++; x->at < x->end && *x->at != '"'; x->at++) {
		if (*x->at == '\n')
			x->line++;
		if (*x->at != '\\' || x->at + 1 == x->end)
			continue;
		if (x->end - x->at >= 4 && memcmp(x->at, "\\x00", 4) == 0)
			fault(x, "a string cannot hold the character \\x00");
		x->at++;
		if (*x->at == '\n')
			x->line++;
	}
	if (x->at == x->end) {
		x->line = begun;
		x->fault_line = 0;
		fault(x, "the string that begins here does not end");
		x->s->stopped = true;
		return;
	}
	x->at++;
	check_string(x);
	x->s->last = TOKEN_STRING;
}

static void take_open(struct lexer *x)
{
	struct scanner *s = x->s;

	if (top(x)->open == '[')
		fault(x, "an array [ ] holds plain values only; a list of groups or lists is written ( )");
	else
		expect_value(x);
	if (s->depth == CONF_DEPTH_MAX) {
		fault(x, "groups and lists are nested deeper than %d", CONF_DEPTH_MAX);
		s->stopped = true;
		return;
	}
	s->frames[++s->depth] = (struct frame){ .open = *x->at, .file = x->file, .line = x->line };
	s->last = TOKEN_OPEN;
	x->at++;
}

static void expect_finished(struct lexer *x)
{
	if (x->s->last == TOKEN_NAME)
		fault(x, "expected '=' or ':' after '%.*s'", STR_ARG(x->s->last_name));
	else if (x->s->last == TOKEN_ASSIGN)
		fault(x, "the value of '%.*s' is missing", STR_ARG(x->s->last_name));
}

static void take_close(struct lexer *x)
{
	const char opens[] = { [')'] = '(', [']'] = '[', ['}'] = '{' };
	struct frame *f = top(x);

	if (f->open != opens[(unsigned char)*x->at]) {
		x->fault_line = 0;
		if (f->open)
			fault(x, "'%c' closes what '%c' at %s:%d opened", *x->at, f->open, f->file, f->line);
		else
			fault(x, "'%c' closes nothing that is open", *x->at);
		x->s->stopped = true;
		return;
	}
	if (in_list(x) && x->s->last == TOKEN_SEPARATOR)
		fault(x, "a list may not end with a comma");
	else
		expect_finished(x);
	x->s->depth--;
	x->s->last = TOKEN_VALUE;
	x->at++;
}

static void take_separator(struct lexer *x)
{
	if (in_list(x) && *x->at == ';')
		fault(x, "elements of a list are separated by commas, found ';'");
	else if (in_list(x) && (x->s->last == TOKEN_OPEN || x->s->last == TOKEN_SEPARATOR))
		fault(x, "expected a value before the comma");
	else
		expect_finished(x);
	if (!in_list(x) && (x->s->last == TOKEN_SEPARATOR || x->s->last == TOKEN_OPEN))
		fault(x, "one '%c' too many", *x->at);
	x->s->last = TOKEN_SEPARATOR;
	x->at++;
}

/* --- comments, includes, files ------------------------------------------- */

static void pass_line(struct lexer *x)
{
	while (x->at < x->end && *x->at != '\n')
		x->at++;
}

static void pass_comment(struct lexer *x)
{
	int begun = x->line;

	for (x->at += 2; x->at < x->end; x->at++) {
		if (*x->at == '\n')
			x->line++;
		if (*x->at == '*' && x->at + 1 < x->end && x->at[1] == '/') {
			x->at += 2;
			return;
		}
	}
	x->line = begun;
	fault(x, "the comment that begins here does not end");
	x->s->stopped = true;
}

/* The path behind @include; NULL ptr when it is written otherwise. */
static struct str include_path(struct lexer *x)
{
	const struct str word = STR("@include");
	struct str line = str_of(x->at, (size_t)(x->end - x->at)), rest, path;
	size_t end = str_find_char(line, '\n');

	if (end != SIZE_MAX)
		line.len = end;
	rest = str_trim(str_from(line, word.len));
	if (!str_starts(line, word) || !str_starts(rest, STR("\"")))
		return str_of(NULL, 0);
	path = str_from(rest, 1);
	end = str_find_char(path, '"');
	if (end == SIZE_MAX || end == 0)
		return str_of(NULL, 0);
	rest = str_trim(str_from(path, end + 1));
	if (rest.len && rest.ptr[0] != '#' && !str_starts(rest, STR("//")))
		return str_of(NULL, 0);
	return str_sub(path, 0, end);
}

static bool begins_line(const struct lexer *x)
{
	const char *p = x->at;

	while (p > x->segment && (p[-1] == ' ' || p[-1] == '\t'))
		p--;
	return p == x->segment || p[-1] == '\n';
}

static void take_include(struct lexer *x)
{
	struct str path = include_path(x);
	const char *line_begin = x->at;

	if (!path.ptr || !begins_line(x)) {
		fault(x, "expected @include \"file\" alone on its line");
		pass_line(x);
		return;
	}
	while (line_begin > x->segment && line_begin[-1] != '\n')
		line_begin--;
	flush(x, line_begin);
	scan_file(x->s, file_beside(x->s->arena, x->file, path), x->file, x->line);
	pass_line(x);
	if (x->at < x->end)
		x->at++;
	x->segment = x->at;
	x->segment_line = ++x->line;
}

/* Text in single quotes, as other formats have it. */
static void pass_quoted(struct lexer *x)
{
	const char *p = x->at + 1;

	while (p < x->end && *p != '\'' && *p != '\n')
		p++;
	x->at = p < x->end && *p == '\'' ? p + 1 : p;
	x->s->last = TOKEN_VALUE;
}

static void take_unknown(struct lexer *x)
{
	unsigned char c = (unsigned char)*x->at;

	if (c == '\'') {
		fault(x, "text stands in double quotes");
		pass_quoted(x);
	} else if (c == '$' || c == '_') {
		fault(x, "a name cannot begin with '%c'; a group with such a name is written as JSON in a string", c);
		x->at++;
		take_name(x);
	} else {
		if (c > 0x20 && c < 0x7f)
			fault(x, "expected a setting, found '%c'", c);
		else
			fault(x, "expected a setting, found the byte 0x%02x", c);
		x->at++;
	}
}

static void take_token(struct lexer *x)
{
	char c = *x->at, next = x->at + 1 < x->end ? x->at[1] : '\0';

	if (c == '\n' || c == ' ' || c == '\t' || c == '\r' || c == '\f') {
		x->line += c == '\n';
		x->at++;
	} else if (c == '#' || (c == '/' && next == '/')) {
		pass_line(x);
	} else if (c == '/' && next == '*') {
		pass_comment(x);
	} else if (c == '"') {
		take_string(x);
	} else if (is_digit(c) || c == '+' || c == '-' || c == '.') {
		take_number(x);
	} else if (is_name_char(c) && c != '_') {
		take_name(x);
	} else if (c == '=' || c == ':') {
		take_assign(x);
	} else if (c == ';' || c == ',') {
		take_separator(x);
	} else if (c == '(' || c == '[' || c == '{') {
		take_open(x);
	} else if (c == ')' || c == ']' || c == '}') {
		take_close(x);
	} else if (c == '@') {
		take_include(x);
	} else {
		take_unknown(x);
	}
}

/* libconfig reads a C string, and messages and values are UTF-8. */
static bool check_bytes(struct lexer *x)
{
	struct str rest = str_of(x->at, (size_t)(x->end - x->at));
	bool ok = true;

	for (; rest.ptr; x->line++) {
		struct str line = str_split(&rest, '\n');

		if (str_find_char(line, '\0') != SIZE_MAX)
			fault(x, "there is a zero byte in this line; expected a text file");
		else if (!str_utf8_valid(line))
			fault(x, "the line is not UTF-8");
		else
			continue;
		ok = false;
		break;
	}
	x->line = 1;
	return ok;
}

static void scan_content(struct scanner *s, const char *path, struct str content)
{
	struct lexer x = { .s = s, .file = path, .line = 1, .segment_line = 1 };

	if (str_starts(content, STR("\xef\xbb\xbf")))
		content = str_from(content, 3);
	if (content.len == 0)
		return;
	x.at = x.segment = content.ptr;
	x.end = content.ptr + content.len;
	if (!check_bytes(&x)) {
		s->stopped = true;
		return;
	}
	while (x.at < x.end && !s->stopped)
		take_token(&x);
	if (!s->stopped)
		flush(&x, x.end);
}

static bool may_open(struct scanner *s, const char *path, const char *from, int from_line)
{
	for (size_t i = 0; i < s->n_open; i++) {
		if (strcmp(s->open_files[i], path) != 0)
			continue;
		problems_add_at(s->problems, from, from_line, "%s includes itself", path);
		return false;
	}
	if (s->n_open < CONF_INCLUDE_DEPTH && s->n_files < CONF_INCLUDES_MAX)
		return true;
	problems_add_at(s->problems, from, from_line, "expected at most %d files, %d deep; do they include each other?",
			CONF_INCLUDES_MAX, CONF_INCLUDE_DEPTH);
	return false;
}

static bool load_file(void *ctx, const char *path, struct buf *out, struct err *err)
{
	(void)ctx;
	return file_read(path, out, err);
}

static void scan_file(struct scanner *s, const char *path, const char *from, int from_line)
{
	struct err err = { 0 };
	struct buf content;

	if (!path || !may_open(s, path, from, from_line)) {
		s->stopped = true;
		return;
	}
	s->open_files[s->n_open++] = path;
	s->n_files++;
	buf_init(&content, CONF_FILE_MAX);
	if ((s->source->load ? s->source->load : load_file)(s->source->ctx, path, &content, &err)) {
		scan_content(s, path, buf_str(&content));
	} else {
		problems_add_at(s->problems, from, from_line, "%s", err.text);
		s->stopped = true;
	}
	buf_wipe(&content);
	s->n_open--;
}

static void check_end(struct scanner *s, const char *path)
{
	struct frame *f = &s->frames[s->depth];

	if (s->depth)
		problems_add_at(s->problems, f->file, f->line, "the '%c' that stands here is never closed", f->open);
	else if (s->last == TOKEN_NAME || s->last == TOKEN_ASSIGN)
		problems_add_at(s->problems, path, 0, "the file ends before the value of '%.*s'", STR_ARG(s->last_name));
	else
		return;
	s->stopped = true;
}

bool conf_scan(const struct conf_source *source, const char *path, struct arena *a, struct problems *problems,
	       struct conf_text *out)
{
	struct scanner s = { .source = source, .arena = a, .problems = problems, .out = out, .last = TOKEN_SEPARATOR };
	const char *name = arena_dup(a, str_c(path)).ptr;

	*out = (struct conf_text){ .path = name };
	buf_init(&out->text, CONF_TOTAL_MAX);
	arena_init(&s.scratch, SCRATCH_MAX);
	scan_file(&s, name, NULL, 0);
	if (!s.stopped)
		check_end(&s, name);
	arena_release(&s.scratch);
	return !s.stopped && s.faults == 0;
}
