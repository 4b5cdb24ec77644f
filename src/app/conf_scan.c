#include "conf_lexer.h"

#include "sluice/core/file.h"
#include "sluice/core/mem.h"

enum { FAULTS_MAX = 50, SCRATCH_MAX = 16 << 20 };

static void scan_file(struct scanner *s, const char *path, const char *from, int from_line);

void lexer_fault(struct lexer *x, const char *fmt, ...)
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

/* --- the text and its map ------------------------------------------------ */

static void add_place(struct conf_text *t, const char *file, int line)
{
	if (t->lines + 2 > t->lines_cap) {
		t->lines_cap = t->lines_cap ? t->lines_cap * 2 : 256;
		t->places = mem_resize(t->places, t->lines_cap * sizeof(*t->places));
	}
	t->places[++t->lines] = (struct conf_place){ file, line };
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
		lexer_fault(x, "the settings are larger than %d bytes in all", CONF_TOTAL_MAX);
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
	lexer_fault(x, "the comment that begins here does not end");
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
		lexer_fault(x, "expected @include \"file\" alone on its line");
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
		lexer_string(x);
	} else if (lexer_begins_number(c)) {
		lexer_number(x);
	} else if (lexer_begins_name(c)) {
		lexer_name(x);
	} else if (c == '=' || c == ':') {
		lexer_assign(x);
	} else if (c == ';' || c == ',') {
		lexer_separator(x);
	} else if (c == '(' || c == '[' || c == '{') {
		lexer_open(x);
	} else if (c == ')' || c == ']' || c == '}') {
		lexer_close(x);
	} else if (c == '@') {
		take_include(x);
	} else {
		lexer_unknown(x);
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
			lexer_fault(x, "there is a zero byte in this line; expected a text file");
		else if (!str_utf8_valid(line))
			lexer_fault(x, "the line is not UTF-8");
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
