#include "sluice/model/command.h"

#include "command_options.h"

#include "sluice/core/json_write.h"
#include "sluice/core/problem.h"

#include <stdio.h>

enum { SHOWN_BYTES = 60, REQUEST_BYTES = 8 * COMMAND_MAX_BYTES };

/* ---- findings ---- */

static void make_presentable(char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			text[i] = '?';
	while (len && !str_utf8_valid(str_of(text, len)))
		text[--len] = '\0';
}

bool command_find(struct parsing *p, size_t at, const char *code, const char *fmt, ...)
{
	struct command_findings *f = p->findings;

	if (f->count < COMMAND_FINDINGS_MAX) {
		struct command_finding *one = &f->items[f->count];
		va_list ap;

		one->at = at;
		one->code = code;
		va_start(ap, fmt);
		vsnprintf(one->text, sizeof(one->text), fmt, ap);
		va_end(ap);
		make_presentable(one->text);
	}
	f->count++;
	return false;
}

bool command_no_memory(struct parsing *p)
{
	if (!p->no_memory)
		command_find(p, 0, "command.memory", "the command is too large for the %zu bytes it may take",
			     p->arena->max);
	p->no_memory = true;
	return false;
}

struct str command_shown(struct str text)
{
	size_t len = text.len < SHOWN_BYTES ? text.len : SHOWN_BYTES;

	while (len && len < text.len && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
		len--;
	return str_sub(text, 0, len);
}

static void sort_findings(struct command_findings *f)
{
	for (size_t i = 1; i < command_findings_kept(f); i++)
		for (size_t j = i; j > 0 && f->items[j - 1].at > f->items[j].at; j--) {
			struct command_finding swapped = f->items[j];

			f->items[j] = f->items[j - 1];
			f->items[j - 1] = swapped;
		}
}

/* ---- values of options ---- */

static struct str dashed(struct parsing *p, struct str name)
{
	struct str text = arena_putf(p->arena, "--%.*s", STR_ARG(name));

	if (!text.ptr)
		command_no_memory(p);
	return text;
}

static char first_char(struct str s)
{
	s = str_trim(s);
	return s.len ? s.ptr[0] : '\0';
}

static struct arg *plain_arg(struct parsing *p, const struct word *w)
{
	struct arg *arg = arg_new(p, ARG_STRING, w->origin[0]);

	if (arg)
		arg->text = w->text;
	return arg;
}

static bool is_scalar(const struct shape *shape)
{
	return shape->kind != SHAPE_LIST && shape->kind != SHAPE_MAP && shape->kind != SHAPE_STRUCTURE;
}

/* A list's words: one JSON list; or each an element, the first of which decides how all are read. */
static struct arg *read_list(struct parsing *p, const struct given *g, const struct shape *of, struct str option,
			     bool *loose)
{
	struct arg *list = arg_new(p, ARG_LIST, g->values[0].origin[0]);
	char first = first_char(g->values[0].text);
	bool json = first == '{' || first == '[';

	*loose = false;
	if (g->count == 1 && first == '[')
		return command_read_json(p, &g->values[0], option);
	*loose = !json || is_scalar(of);
	for (size_t i = 0; list && i < g->count; i++) {
		const struct word *w = &g->values[i];
		struct arg *element = is_scalar(of) ? plain_arg(p, w) : json ? command_read_json(p, w, option) :
				      command_read_shorthand(p, w, option);

		if (!element)
			return NULL;
		arg_append(list, element);
	}
	return list;
}

static struct arg *read_value(struct parsing *p, const struct given *g, const struct shape *shape, struct str option,
			      bool *loose)
{
	char first = first_char(g->values[0].text);

	*loose = true;
	if (is_scalar(shape))
		return plain_arg(p, &g->values[0]);
	if (shape->kind == SHAPE_LIST)
		return read_list(p, g, shape->of, option, loose);
	*loose = first != '{' && first != '[';
	return *loose ? command_read_shorthand(p, &g->values[0], option) : command_read_json(p, &g->values[0], option);
}

/* ---- the request ---- */

/* One command's request in the making. */
struct building {
	struct parsing *p;
	struct options *o;
	struct json_writer w;
	const struct arg *input;     /* of --cli-input-json; NULL: none */
	size_t operation_at;
};

static const struct arg *input_member(const struct arg *input, struct str name)
{
	const struct arg *each = input ? input->first : NULL;

	while (each && !str_eq(each->name, name))
		each = each->next;
	return each;
}

static bool stands_there(const struct building *b, const char *parameter)
{
	const struct shape *input = b->o->operation->input;
	const struct shape_member *m = parameter ? shape_find(input, str_c(parameter)) : NULL;

	return m && (b->o->members[m - input->members].name.ptr || input_member(b->input, m->name));
}

static void write_given(struct building *b, const struct given *g, const struct shape *shape)
{
	struct str option = dashed(b->p, g->name);
	struct arg *arg;
	bool loose;

	if (shape->kind == SHAPE_BOOLEAN) {
		json_bool(&b->w, !g->negative);
		return;
	}
	arg = option.ptr && g->count ? read_value(b->p, g, shape, option, &loose) : NULL;
	if (arg)
		command_write_value(b->p, &b->w, arg, shape, option, loose);
	else
		json_null(&b->w);  /* a finding says why */
}

static void write_member(struct building *b, size_t i)
{
	const struct shape_member *m = &b->o->operation->input->members[i];
	const struct given *given = &b->o->members[i], *page_size = &b->o->globals[GLOBAL_PAGE_SIZE];
	const struct arg *arg = input_member(b->input, m->name);
	char name[OPTION_NAME_BYTES];

	if (given->name.ptr) {
		json_key(&b->w, m->name);
		write_given(b, given, m->shape);
	} else if (page_size->count && b->o->operation->start && str_eq(m->name, STR("Limit"))) {
		json_key(&b->w, m->name);
		write_given(b, page_size, m->shape);
	} else if (arg) {
		json_key(&b->w, m->name);
		command_write_value(b->p, &b->w, arg, m->shape, arena_putf(b->p->arena, "--cli-input-json: %.*s",
				    STR_ARG(m->name)), false);
	} else if (m->required) {
		command_find(b->p, b->operation_at, "command.required", "--%.*s is missing: %.*s needs it",
			     STR_ARG(option_name(m->name, name)), STR_ARG(b->o->operation->command));
	}
}

static void check_input(struct building *b)
{
	const struct shape *input = b->o->operation->input;

	if (!b->input)
		return;
	if (b->input->kind != ARG_MAP) {
		command_find(b->p, b->input->at, "command.type", "--cli-input-json must be an object { } of "
			     "parameters");
		b->input = NULL;
		return;
	}
	for (const struct arg *each = b->input->first; each; each = each->next) {
		struct nearest nearest = nearest_to(each->name);
		char hint[96];

		if (input_member(b->input, each->name) != each)
			command_find(b->p, each->name_at, "command.duplicate", "--cli-input-json has the name '%.*s' "
				     "twice", STR_ARG(command_shown(each->name)));
		for (size_t i = 0; i < input->count; i++)
			nearest_offer(&nearest, input->members[i].name);
		if (!shape_find(input, each->name))
			command_find(b->p, each->name_at, "command.member", "--cli-input-json: %.*s has no parameter "
				     "'%.*s'%s", STR_ARG(b->o->operation->command), STR_ARG(command_shown(each->name)),
				     nearest_text(&nearest, hint, sizeof(hint)));
		if (b->p->findings->count > COMMAND_FINDINGS_MAX)
			break;
	}
}

static struct str write_request(struct building *b)
{
	struct str request = { 0 };
	struct buf out;

	buf_init(&out, REQUEST_BYTES);
	json_write_init(&b->w, &out);
	json_begin_object(&b->w);
	for (size_t i = 0; i < b->o->operation->input->count; i++)
		write_member(b, i);
	json_end_object(&b->w);
	if (buf_ok(&out))
		request = arena_dup(b->p->arena, buf_str(&out));
	if (!request.ptr)
		command_no_memory(b->p);
	buf_release(&out);
	return request;
}

/* ---- options that are not the operation's ---- */

static struct str text_of(const struct building *b, enum global global)
{
	const struct given *g = &b->o->globals[global];

	return g->count ? g->values[0].text : str_of(NULL, 0);
}

/* Of an option with a few known values: which one; 0 when it is not given or wrong. */
static size_t read_choice(struct building *b, enum global global, const char *const *names)
{
	const struct given *g = &b->o->globals[global];
	struct nearest nearest = nearest_to(text_of(b, global));
	char hint[96];

	if (!g->count)
		return 0;
	for (size_t i = 0; names[i]; i++) {
		if (str_eq(g->values[0].text, str_c(names[i])))
			return i;
		nearest_offer(&nearest, str_c(names[i]));
	}
	command_find(b->p, g->values[0].origin[0], "command.enum", "--%.*s cannot be '%.*s'%s", STR_ARG(g->name),
		     STR_ARG(command_shown(g->values[0].text)), nearest_text(&nearest, hint, sizeof(hint)));
	return 0;
}

static int64_t read_count(struct building *b, enum global global, int64_t min)
{
	const struct given *g = &b->o->globals[global];
	int64_t n = 0;

	if (g->count && (!str_to_i64(g->values[0].text, &n) || n < min))
		command_find(b->p, g->values[0].origin[0], "command.range", "--%.*s must be a whole number of at least "
			     "%lld, not '%.*s'", STR_ARG(g->name), (long long)min,
			     STR_ARG(command_shown(g->values[0].text)));
	return n;
}

static void check_endpoint(struct building *b)
{
	const struct given *g = &b->o->globals[GLOBAL_ENDPOINT_URL];
	struct str url = text_of(b, GLOBAL_ENDPOINT_URL);

	if (g->count && !str_starts(url, STR("http://")) && !str_starts(url, STR("https://")))
		command_find(b->p, g->values[0].origin[0], "command.value", "--endpoint-url must begin with http:// or "
			     "https://, unlike '%.*s'", STR_ARG(command_shown(url)));
}

/* Does the CLI ask for page after page? What turns it off excludes what steers it. */
static bool read_paging(struct building *b)
{
	const struct given *page_size = &b->o->globals[GLOBAL_PAGE_SIZE], *max_items = &b->o->globals[GLOBAL_MAX_ITEMS];
	const char *start = b->o->operation->start;
	const char *off = b->o->globals[GLOBAL_NO_PAGINATE].name.ptr ? "--no-paginate" :
			  start && stands_there(b, "Limit") ? "--limit" :
			  stands_there(b, start) ? "--exclusive-start-…" : NULL;
	const struct given *on = page_size->name.ptr ? page_size : max_items;

	if (off && on->name.ptr)
		command_find(b->p, on->at, "command.conflict", "--%.*s does not go with %s, with which the AWS CLI "
			     "asks for one page only; take one of them away", STR_ARG(on->name), off);
	return start && !off;
}

static void read_globals(struct building *b, struct aws_command *out)
{
	static const char *const outputs[] = { "json", "text", "table", "yaml", "yaml-stream", "off", NULL };
	static const char *const colors[] = { "on", "off", "auto", NULL };
	static const char *const formats[] = { "base64", "raw-in-base64-out", NULL };
	const struct given *json = &b->o->globals[GLOBAL_CLI_INPUT_JSON];

	out->region = text_of(b, GLOBAL_REGION);
	out->endpoint_url = text_of(b, GLOBAL_ENDPOINT_URL);
	out->profile = text_of(b, GLOBAL_PROFILE);
	out->output = text_of(b, GLOBAL_OUTPUT);
	out->query = text_of(b, GLOBAL_QUERY);
	out->max_items = read_count(b, GLOBAL_MAX_ITEMS, 1);
	read_count(b, GLOBAL_CLI_READ_TIMEOUT, 0);
	read_count(b, GLOBAL_CLI_CONNECT_TIMEOUT, 0);
	read_choice(b, GLOBAL_OUTPUT, outputs);
	read_choice(b, GLOBAL_COLOR, colors);
	b->p->raw_blobs = read_choice(b, GLOBAL_CLI_BINARY_FORMAT, formats) == 1;
	check_endpoint(b);
	if (json->count)
		b->input = command_read_json(b->p, &json->values[0], STR("--cli-input-json"));
	check_input(b);
	out->pages = read_paging(b);
}

/* ---- a command ---- */

static size_t find_operation_at(const struct parsing *p, const struct operation *operation)
{
	for (size_t i = 0; i < p->count; i++)
		if (str_eq(p->words[i].text, operation->command))
			return p->words[i].origin[0];
	return 0;
}

static bool check_text(struct parsing *p, struct str text)
{
	if (text.len > COMMAND_MAX_BYTES)
		return command_find(p, 0, "command.size", "the command has %zu bytes; %d is the most", text.len,
				    COMMAND_MAX_BYTES);
	if (!str_utf8_valid(text))
		return command_find(p, 0, "command.utf8", "the command is no UTF-8 text; save it in that encoding");
	if (text.len && memchr(text.ptr, 0, text.len))
		return command_find(p, str_find_char(text, '\0'), "command.utf8", "the command holds a zero byte; take "
				    "it away");
	return true;
}

static bool parse(struct parsing *p, struct str text, struct aws_command *out)
{
	struct options *o = ARENA_NEW(p->arena, struct options);
	struct building b = { .p = p, .o = o };

	if (!o)
		return command_no_memory(p);
	o->p = p;
	if (!check_text(p, text) || !command_split(p, text))
		return false;
	options_read(o);
	out->operation = o->operation;
	if (!o->operation)
		return false;
	b.operation_at = find_operation_at(p, o->operation);
	read_globals(&b, out);
	out->request = write_request(&b);
	return p->findings->count == 0;
}

bool command_parse(struct str text, struct arena *arena, struct aws_command *out, struct command_findings *findings)
{
	struct parsing p = { .arena = arena, .findings = findings };

	findings->count = 0;
	*out = (struct aws_command){ 0 };
	if (parse(&p, text, out))
		return true;
	sort_findings(findings);
	*out = (struct aws_command){ .operation = out->operation };
	return false;
}

struct str *command_words(struct str text, struct arena *arena, size_t *count, struct command_findings *findings)
{
	struct parsing p = { .arena = arena, .findings = findings };
	struct str *words;

	findings->count = 0;
	*count = 0;
	if (!check_text(&p, text) || !command_split(&p, text))
		return NULL;
	words = arena_array(arena, p.count + 1, sizeof(*words));
	if (!words)
		command_no_memory(&p);
	for (size_t i = 0; words && i < p.count; i++)
		words[i] = p.words[i].text;
	*count = words ? p.count : 0;
	return words;
}
