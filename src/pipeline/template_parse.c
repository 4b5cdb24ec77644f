#include "template_impl.h"

#include "sluice/core/json_write.h"

#include <stdio.h>

struct parser {
	struct str text;
	size_t at;
	unsigned allowed;
	struct arena *arena;
	const struct node *node;
	struct problems *problems;
};

/* ---- Names ---- */

static const struct root_name {
	struct str name;
	enum template_root root;
} root_names[] = {
	{ STR_INIT("new"), TEMPLATE_NEW },
	{ STR_INIT("old"), TEMPLATE_OLD },
	{ STR_INIT("keys"), TEMPLATE_KEYS },
	{ STR_INIT("item"), TEMPLATE_ITEM },
	{ STR_INIT("event"), TEMPLATE_EVENT },
	{ STR_INIT("member"), TEMPLATE_MEMBER },
	{ STR_INIT("notification"), TEMPLATE_NOTIFICATION },
	{ STR_INIT("shard"), TEMPLATE_SHARD },
	{ STR_INIT("element"), TEMPLATE_ELEMENT },
};

enum { ROOTS = sizeof(root_names) / sizeof(*root_names) };

static const struct str event_names[] = {
	[EVENT_NAME] = STR_INIT("name"),
	[EVENT_ID] = STR_INIT("id"),
	[EVENT_TIME] = STR_INIT("time"),
	[EVENT_SEQUENCE_NUMBER] = STR_INIT("sequence_number"),
	[EVENT_TABLE] = STR_INIT("table"),
	[EVENT_V] = STR_INIT("v"),
};

enum { EVENTS = sizeof(event_names) / sizeof(*event_names) };

static const struct str transform_names[] = {
	[TRANSFORM_DEFAULT] = STR_INIT("default"),
	[TRANSFORM_SPLIT] = STR_INIT("split"),
	[TRANSFORM_SLICE] = STR_INIT("slice"),
	[TRANSFORM_LOWER] = STR_INIT("lower"),
	[TRANSFORM_UPPER] = STR_INIT("upper"),
	[TRANSFORM_JSON] = STR_INIT("json"),
};

enum { TRANSFORMS = sizeof(transform_names) / sizeof(*transform_names) };

/* ---- Problems ---- */

/* Long texts are cut in messages. */
static int shown(struct str s)
{
	return (int)(s.len < 160 ? s.len : 160);
}

static void syntax(const struct parser *p, const char *expected)
{
	problems_add(p->problems, p->node, "in the template \"%.*s\", at character %zu: %s", shown(p->text), p->text.ptr,
		     p->at + 1, expected);
}

static void *no_memory(const struct parser *p)
{
	problems_add(p->problems, p->node, "the settings are too large: they pass %zu bytes when compiled", p->arena->max);
	return NULL;
}

static void unknown(const struct parser *p, const char *what, struct str word, const struct str *known, size_t n)
{
	struct nearest nearest = nearest_to(word);
	char list[160] = "", hint[96];
	size_t len = 0;

	for (size_t i = 0; i < n && len < sizeof(list); i++) {
		nearest_offer(&nearest, known[i]);
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%.*s", i ? ", " : "", STR_ARG(known[i]));
	}
	problems_add(p->problems, p->node, "in the template \"%.*s\": there is no %s '%.*s' (known: %s)%s", shown(p->text),
		     p->text.ptr, what, shown(word), word.ptr ? word.ptr : "", list,
		     nearest_text(&nearest, hint, sizeof(hint)));
}

static void not_here(const struct parser *p, struct str root)
{
	char list[128] = "";
	size_t len = 0;

	for (size_t i = 0; i < ROOTS && len < sizeof(list); i++)
		if (p->allowed & root_names[i].root)
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%.*s", len ? ", " : "",
						STR_ARG(root_names[i].name));
	problems_add(p->problems, p->node, "the template \"%.*s\" refers to '%.*s', which is not known here (known: %s)",
		     shown(p->text), p->text.ptr, STR_ARG(root), len ? list : "nothing");
}

/* ---- Characters ---- */

static bool at_end(const struct parser *p)
{
	return p->at >= p->text.len;
}

static char here(const struct parser *p)
{
	return at_end(p) ? '\0' : p->text.ptr[p->at];
}

static void skip_space(struct parser *p)
{
	while (here(p) == ' ' || here(p) == '\t')
		p->at++;
}

static bool take(struct parser *p, char c)
{
	skip_space(p);
	if (here(p) != c || at_end(p))
		return false;
	p->at++;
	return true;
}

static struct str take_word(struct parser *p)
{
	size_t from;

	skip_space(p);
	from = p->at;
	while ((here(p) >= 'a' && here(p) <= 'z') || (here(p) >= 'A' && here(p) <= 'Z') || here(p) == '_' ||
	       here(p) == '-')
		p->at++;
	return str_sub(p->text, from, p->at - from);
}

/* ---- Arguments ---- */

static bool unescape_argument(struct parser *p, char c, char *out)
{
	switch (c) {
	case '\\':
	case '"':
	case '\'':
		*out = c;
		return true;
	case 'n':
		*out = '\n';
		return true;
	case 't':
		*out = '\t';
		return true;
	default:
		syntax(p, "a backslash may stand before \\ \" ' n and t only");
		return false;
	}
}

/* "…" or '…'; both alike, as one of them is awkward inside a settings string. */
static bool parse_text(struct parser *p, struct str *out)
{
	char quote, *text;
	size_t len = 0;

	skip_space(p);
	quote = here(p);
	if (quote != '"' && quote != '\'') {
		syntax(p, "expected a text in quotes");
		return false;
	}
	text = arena_alloc(p->arena, p->text.len - p->at);
	if (!text)
		return no_memory(p);
	for (p->at++; !at_end(p) && here(p) != quote; p->at++) {
		text[len] = here(p);
		if (here(p) == '\\') {
			p->at++;
			if (!unescape_argument(p, here(p), &text[len]))
				return false;
		}
		len++;
	}
	if (!take(p, quote)) {
		syntax(p, "the closing quote is missing");
		return false;
	}
	*out = str_of(text, len);
	return true;
}

static bool parse_index(struct parser *p, size_t *out)
{
	uint64_t n;
	size_t from;

	skip_space(p);
	from = p->at;
	while (here(p) >= '0' && here(p) <= '9')
		p->at++;
	if (!str_to_u64(str_sub(p->text, from, p->at - from), &n) || n > TEMPLATE_MAX_INDEX) {
		p->at = from;
		syntax(p, "expected a whole number from 0 to 1048576");
		return false;
	}
	*out = (size_t)n;
	return true;
}

static bool escape_into_arena(struct parser *p, struct str plain, struct str *out)
{
	struct buf text;

	buf_init(&text, 6 * (size_t)TEMPLATE_MAX_BYTES);
	*out = json_escape(&text, plain) ? arena_dup(p->arena, buf_str(&text)) : str_of(NULL, 0);
	buf_release(&text);
	return out->ptr || no_memory(p);
}

/* A JSON scalar: the value that stands in for a missing one. */
static bool parse_default(struct parser *p, struct transform *t)
{
	struct str word;
	size_t from;

	skip_space(p);
	if (here(p) == '"' || here(p) == '\'') {
		t->value.type = VALUE_S;
		return parse_text(p, &word) && escape_into_arena(p, word, &t->value.raw);
	}
	from = p->at;
	while (!at_end(p) && here(p) != ')' && here(p) != '}')
		p->at++;
	word = str_trim(str_sub(p->text, from, p->at - from));
	t->value.raw = word;
	if (str_eq(word, STR("true")) || str_eq(word, STR("false"))) {
		t->value.type = VALUE_BOOL;
	} else if (str_eq(word, STR("null"))) {
		t->value = (struct value){ VALUE_NULL, STR("true") };
	} else if (scan_is_number(word)) {
		t->value.type = VALUE_N;
	} else {
		p->at = from;
		syntax(p, "default takes a text in quotes, a number, true, false or null");
		return false;
	}
	return true;
}

static bool parse_split(struct parser *p, struct transform *t)
{
	if (!parse_text(p, &t->separator))
		return false;
	if (t->separator.len == 0 || !take(p, ',')) {
		syntax(p, "split takes a separator and the number of the piece, as in split(\"#\", 1)");
		return false;
	}
	return parse_index(p, &t->from);
}

static bool parse_slice(struct parser *p, struct transform *t)
{
	t->to = SIZE_MAX;
	if (!parse_index(p, &t->from))
		return false;
	if (take(p, ',') && !parse_index(p, &t->to))
		return false;
	if (t->from > t->to) {
		syntax(p, "slice takes where to begin and where to end (not included), as in slice(0, 10)");
		return false;
	}
	return true;
}

static bool parse_arguments(struct parser *p, struct transform *t)
{
	bool ok = true;

	if (t->op >= TRANSFORM_LOWER) {
		if (take(p, '(') && !take(p, ')')) {
			syntax(p, "this filter takes no arguments");
			return false;
		}
		return true;
	}
	if (!take(p, '(')) {
		syntax(p, "expected ( and the filter's arguments");
		return false;
	}
	if (t->op == TRANSFORM_DEFAULT)
		ok = parse_default(p, t);
	else if (t->op == TRANSFORM_SPLIT)
		ok = parse_split(p, t);
	else
		ok = parse_slice(p, t);
	if (ok && !take(p, ')')) {
		syntax(p, "expected ) behind the filter's arguments");
		return false;
	}
	return ok;
}

static bool parse_transform(struct parser *p, struct transform *t)
{
	struct str word = take_word(p);

	for (size_t i = 0; i < TRANSFORMS; i++) {
		if (str_eq(word, transform_names[i])) {
			t->op = (enum transform_op)i;
			return parse_arguments(p, t);
		}
	}
	unknown(p, "filter", word, transform_names, TRANSFORMS);
	return false;
}

/* ---- References ---- */

/* Up to an unquoted | or }, without the space around it. */
static struct str take_path_text(struct parser *p)
{
	size_t from = p->at;
	bool quoted = false;

	for (; !at_end(p) && (quoted || (here(p) != '|' && here(p) != '}')); p->at++) {
		if (quoted && here(p) == '\\')
			p->at++;
		else if (here(p) == '"')
			quoted = !quoted;
	}
	if (p->at > p->text.len)
		p->at = p->text.len;
	return str_trim(str_sub(p->text, from, p->at - from));
}

static bool resolve_event(struct parser *p, struct reference *r)
{
	struct str field = r->path.count == 1 ? r->path.steps[0].name : STR("");

	for (size_t i = 0; i < EVENTS; i++) {
		if (str_eq(field, event_names[i])) {
			r->event = (enum template_event)i;
			r->path.count = 0;
			return true;
		}
	}
	unknown(p, "event field", field, event_names, EVENTS);
	return false;
}

static bool resolve_root(struct parser *p, struct reference *r, struct str root)
{
	struct str names[ROOTS];

	for (size_t i = 0; i < ROOTS; i++) {
		names[i] = root_names[i].name;
		if (str_eq(root, names[i]))
			r->root = root_names[i].root;
	}
	if (!r->root) {
		unknown(p, "value", root, names, ROOTS);
		return false;
	}
	if (!(p->allowed & r->root)) {
		not_here(p, root);
		return false;
	}
	if (r->root == TEMPLATE_EVENT)
		return resolve_event(p, r);
	if (r->root == TEMPLATE_SHARD && r->path.count > 0) {
		syntax(p, "shard is a number and has no fields; write ${shard}");
		return false;
	}
	if (r->root == TEMPLATE_NOTIFICATION) {
		if (r->path.count != 1 || !str_eq(r->path.steps[0].name, STR("id"))) {
			syntax(p, "a notification has an id only; write ${notification.id}");
			return false;
		}
		r->path.count = 0;
	}
	return true;
}

/* The root is the first step of a path, so that "element[0]" is one too. */
static bool parse_path(struct parser *p, struct reference *r)
{
	struct str text = take_path_text(p), root;
	struct err err = { 0 };

	if (text.len == 0) {
		syntax(p, "expected what to fill in, as in ${new.title}");
		return false;
	}
	r->name = text;
	if (!path_parse(text, p->arena, &r->path, &err)) {
		problems_add(p->problems, p->node, "in the template \"%.*s\": %s", shown(p->text), p->text.ptr, err.text);
		return false;
	}
	root = r->path.steps[0].name;
	r->path.steps++;
	r->path.count--;
	return resolve_root(p, r, root);
}

static bool parse_transforms(struct parser *p, struct reference *r)
{
	struct transform chain[TEMPLATE_MAX_TRANSFORMS];

	while (take(p, '|')) {
		struct transform *t = &chain[r->n_transforms];

		if (r->n_transforms++ == TEMPLATE_MAX_TRANSFORMS) {
			syntax(p, "more than 16 filters in a row");
			return false;
		}
		*t = (struct transform){ 0 };
		if (!parse_transform(p, t))
			return false;
		r->text = r->text || t->op != TRANSFORM_DEFAULT;
	}
	r->transforms = arena_array(p->arena, r->n_transforms, sizeof(*chain));
	if (!r->transforms)
		return no_memory(p);
	memcpy(r->transforms, chain, r->n_transforms * sizeof(*chain));
	return true;
}

/* Behind "${"; moves behind the "}". */
static struct reference *parse_reference(struct parser *p)
{
	struct reference *r = ARENA_NEW(p->arena, struct reference);

	if (!r)
		return no_memory(p);
	if (!parse_path(p, r) || !parse_transforms(p, r))
		return NULL;
	if (!take(p, '}')) {
		syntax(p, at_end(p) ? "the closing } is missing" : "expected | or }");
		return NULL;
	}
	return r;
}

/* ---- Templates ---- */

static bool starts_reference(const struct parser *p)
{
	return str_starts(str_from(p->text, p->at), STR("${"));
}

/* Literal text up to the next reference; "$${" stands for "${". */
static bool parse_literal(struct parser *p, struct template_part *part)
{
	char *text = arena_alloc(p->arena, p->text.len - p->at);
	size_t len = 0;

	if (!text)
		return no_memory(p);
	while (!at_end(p) && !starts_reference(p)) {
		if (str_starts(str_from(p->text, p->at), STR("$${"))) {
			memcpy(text + len, "${", 2);
			len += 2;
			p->at += 3;
		} else {
			text[len++] = here(p);
			p->at++;
		}
	}
	part->plain = str_of(text, len);
	return escape_into_arena(p, part->plain, &part->escaped);
}

static bool parse_parts(struct parser *p, struct template *t, struct template_part *parts)
{
	while (!at_end(p)) {
		struct template_part *part = &parts[t->count];

		if (t->count++ == TEMPLATE_MAX_PARTS) {
			problems_add(p->problems, p->node, "a template has more than %d parts", TEMPLATE_MAX_PARTS);
			return false;
		}
		*part = (struct template_part){ 0 };
		if (!starts_reference(p)) {
			if (!parse_literal(p, part))
				return false;
			continue;
		}
		p->at += 2;
		part->reference = parse_reference(p);
		if (!part->reference)
			return false;
		t->roots |= part->reference->root;
	}
	return true;
}

static bool check_text(const struct parser *p)
{
	if (p->text.len > TEMPLATE_MAX_BYTES) {
		problems_add(p->problems, p->node, "a template of %zu bytes; at most %d are allowed", p->text.len,
			     TEMPLATE_MAX_BYTES);
		return false;
	}
	if (!str_utf8_valid(p->text)) {
		problems_add(p->problems, p->node, "a template is not valid UTF-8; save the file as UTF-8");
		return false;
	}
	return true;
}

struct template *template_compile(struct str text, unsigned allowed, struct arena *a, const struct node *at,
				  struct problems *problems)
{
	struct template_part parts[TEMPLATE_MAX_PARTS + 1];
	struct parser p = { .allowed = allowed, .arena = a, .node = at, .problems = problems };
	struct template *t = ARENA_NEW(a, struct template);

	/* The compiled template keeps spans of its text. */
	p.text = text;
	if (t && check_text(&p))
		p.text = arena_dup(a, text);
	else
		return t ? NULL : no_memory(&p);
	if (!p.text.ptr)
		return no_memory(&p);
	if (!parse_parts(&p, t, parts))
		return NULL;
	t->parts = arena_array(a, t->count, sizeof(*t->parts));
	if (!t->parts)
		return no_memory(&p);
	memcpy(t->parts, parts, t->count * sizeof(*parts));
	t->exact = t->count == 1 && parts[0].reference;
	return t;
}

unsigned template_roots(const struct template *t)
{
	return t->roots;
}

void template_each_path(const struct template *t, enum template_root root,
			void (*fn)(void *ctx, const struct path *path), void *ctx)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->parts[i].reference && t->parts[i].reference->root == root)
			fn(ctx, &t->parts[i].reference->path);
}
