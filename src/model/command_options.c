/* Which options stand there, and with which words. */
#include "command_options.h"

#include "sluice/core/problem.h"

#include <stdio.h>

/* Options that are not the operation's own (command.h says what becomes of them). */
static const struct global_option globals[GLOBALS] = {
	[GLOBAL_REGION] = { "region", OPTION_TEXT, NULL },
	[GLOBAL_ENDPOINT_URL] = { "endpoint-url", OPTION_TEXT, NULL },
	[GLOBAL_PROFILE] = { "profile", OPTION_TEXT, NULL },
	[GLOBAL_OUTPUT] = { "output", OPTION_TEXT, NULL },
	[GLOBAL_QUERY] = { "query", OPTION_TEXT, NULL },
	[GLOBAL_CLI_BINARY_FORMAT] = { "cli-binary-format", OPTION_TEXT, NULL },
	[GLOBAL_CLI_INPUT_JSON] = { "cli-input-json", OPTION_TEXT, NULL },
	[GLOBAL_NO_PAGINATE] = { "no-paginate", OPTION_FLAG, NULL },
	[GLOBAL_MAX_ITEMS] = { "max-items", OPTION_TEXT, NULL },
	[GLOBAL_PAGE_SIZE] = { "page-size", OPTION_TEXT, NULL },
	[GLOBAL_COLOR] = { "color", OPTION_TEXT, NULL },
	[GLOBAL_CA_BUNDLE] = { "ca-bundle", OPTION_TEXT, NULL },
	[GLOBAL_CLI_READ_TIMEOUT] = { "cli-read-timeout", OPTION_TEXT, NULL },
	[GLOBAL_CLI_CONNECT_TIMEOUT] = { "cli-connect-timeout", OPTION_TEXT, NULL },
	[GLOBAL_NO_CLI_PAGER] = { "no-cli-pager", OPTION_FLAG, NULL },
	[GLOBAL_NO_CLI_AUTO_PROMPT] = { "no-cli-auto-prompt", OPTION_FLAG, NULL },
	[GLOBAL_DEBUG] = { "debug", OPTION_FLAG, NULL },
	[GLOBAL_NO_VERIFY_SSL] = { "no-verify-ssl", OPTION_FLAG, NULL },
	[GLOBAL_NO_SIGN_REQUEST] = { "no-sign-request", OPTION_FLAG, NULL },
	[GLOBAL_STARTING_TOKEN] = { "starting-token", OPTION_TEXT, "its token comes from an earlier run; write the "
		"key itself into --exclusive-start-key" },
	[GLOBAL_CLI_INPUT_YAML] = { "cli-input-yaml", OPTION_TEXT, "only JSON is read here; write --cli-input-json" },
	[GLOBAL_GENERATE_CLI_SKELETON] = { "generate-cli-skeleton", OPTION_MAYBE_TEXT, "it prints a skeleton and calls "
		"nothing; take it away" },
	[GLOBAL_CLI_AUTO_PROMPT] = { "cli-auto-prompt", OPTION_FLAG, "it asks a person; write all options" },
	[GLOBAL_VERSION] = { "version", OPTION_FLAG, "it calls nothing; take it away" },
};

static bool is_paging(size_t global)
{
	return global == GLOBAL_MAX_ITEMS || global == GLOBAL_PAGE_SIZE || global == GLOBAL_STARTING_TOKEN;
}

/* What the AWS CLI knows for this operation (all of its own options, before one is known). */
static bool is_offered(const struct options *o, size_t global)
{
	bool general = global != GLOBAL_CLI_INPUT_JSON && global != GLOBAL_CLI_INPUT_YAML &&
		       global != GLOBAL_GENERATE_CLI_SKELETON && !is_paging(global);

	return general || (o->operation && (!is_paging(global) || o->operation->start));
}

static bool all_digits(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
	return s.len > 0;
}

/* -5 and -.5 are values. */
static bool is_negative_number(struct str s)
{
	struct str rest = str_from(s, 1), whole = str_split(&rest, '.');

	return rest.ptr ? all_digits(rest) && (!whole.len || all_digits(whole)) : all_digits(whole);
}

/* ---- which option a word is ---- */

enum match { MATCH_NONE, MATCH_GLOBAL, MATCH_MEMBER };

struct found {
	enum match match;
	size_t index;
	bool negative;       /* --no-x */
	struct str name;     /* without dashes */
	size_t value;        /* of --name=value: where it begins; 0: none */
};

static bool match_member(const struct options *o, struct found *f)
{
	char name[OPTION_NAME_BYTES];

	for (size_t i = 0; o->operation && i < o->operation->input->count; i++) {
		const struct shape_member *m = &o->operation->input->members[i];
		struct str option = option_name(m->name, name);

		f->negative = m->shape->kind == SHAPE_BOOLEAN && str_starts(f->name, STR("no-")) &&
			      str_eq(str_from(f->name, 3), option);
		if (f->negative || str_eq(f->name, option)) {
			f->match = MATCH_MEMBER;
			f->index = i;
			return true;
		}
	}
	return false;
}

static bool match_global(const struct options *o, struct found *f)
{
	for (size_t i = 0; i < GLOBALS; i++)
		if (str_eq(f->name, str_c(globals[i].name)) && is_offered(o, i)) {
			f->match = MATCH_GLOBAL;
			f->index = i;
			return true;
		}
	return false;
}

static struct found find(const struct options *o, struct str word)
{
	size_t equals = str_find_char(word, '=');
	struct found f = { .value = equals == SIZE_MAX ? 0 : equals + 1 };

	if (str_starts(word, STR("--")))
		f.name = str_sub(word, 2, (equals == SIZE_MAX ? word.len : equals) - 2);
	if (!f.name.len || match_member(o, &f) || match_global(o, &f))
		return f;
	f.match = MATCH_NONE;
	return f;
}

/* As Python's argparse has it: what begins with a dash is an option, also an unknown one,
 * but for a number, a dash alone, and what holds a blank. */
static bool is_option(const struct options *o, struct str word)
{
	if (word.len < 2 || word.ptr[0] != '-')
		return false;
	if (find(o, word).match != MATCH_NONE)
		return true;
	return !is_negative_number(word) && str_find_char(word, ' ') == SIZE_MAX;
}

/* ---- unknown ones ---- */

static void offer(struct str known, struct str name, struct nearest *nearest, struct str *abbreviated,
		  char out[OPTION_NAME_BYTES])
{
	nearest_offer(nearest, known);
	if (!abbreviated->len && name.len && str_starts(known, name)) {
		snprintf(out, OPTION_NAME_BYTES, "%.*s", STR_ARG(known));
		*abbreviated = str_c(out);
	}
}

static void unknown_option(struct options *o, const struct word *w, struct str name)
{
	char names[40][OPTION_NAME_BYTES], whole[OPTION_NAME_BYTES], hint[96];
	struct nearest nearest = nearest_to(name);
	struct str abbreviated = { 0 };
	size_t n = 0;

	for (size_t i = 0; o->operation && i < o->operation->input->count && n < 40; i++)
		offer(option_name(o->operation->input->members[i].name, names[n++]), name, &nearest, &abbreviated,
		      whole);
	for (size_t i = 0; i < GLOBALS; i++)
		if (is_offered(o, i))
			offer(str_c(globals[i].name), name, &nearest, &abbreviated, whole);
	if (abbreviated.len)
		command_find(o->p, w->origin[0], "command.option", "'%.*s' is an abbreviation, which the AWS CLI no "
			     "longer takes; write --%.*s", STR_ARG(command_shown(w->text)), STR_ARG(abbreviated));
	else if (!str_starts(w->text, STR("--")))
		command_find(o->p, w->origin[0], "command.option", "'%.*s' begins with one dash; options have two, and "
			     "a value that begins with a dash is written --option=value",
			     STR_ARG(command_shown(w->text)));
	else
		command_find(o->p, w->origin[0], "command.option", "%.*s has no option '%.*s'%s",
			     STR_ARG(o->operation ? o->operation->command : STR("aws")), STR_ARG(command_shown(w->text)),
			     nearest_text(&nearest, hint, sizeof(hint)));
}

/* ---- values ---- */

static bool names_a_file(const struct options *o, const struct given *g, const struct word *value)
{
	static const char *const schemes[] = { "file://", "fileb://", "http://", "https://" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (str_starts(value->text, str_c(schemes[i])))
			return !command_find(o->p, value->origin[0], "command.file", "--%.*s: '%.*s' %s, which is not "
					     "read here; write the content itself, in single quotes", STR_ARG(g->name),
					     STR_ARG(command_shown(value->text)),
					     i < 2 ? "names a file" : "is an address");
	return false;
}

/* The words behind an option: all up to the next one where it takes a list, else one. */
static void take_values(struct options *o, struct given *g, size_t *at, bool many, bool optional)
{
	struct parsing *p = o->p;

	g->values = &p->words[*at];
	while (*at < p->count && (many || !g->count) && !is_option(o, p->words[*at].text)) {
		g->count++;
		++*at;
	}
	if (!g->count && !optional)
		command_find(p, g->at, "command.value", "--%.*s needs a value behind it%s", STR_ARG(g->name),
			     *at < p->count ? "; one that begins with a dash is written --option=value" : "");
}

static bool take_assigned(struct options *o, struct given *g, const struct word *w, size_t value)
{
	struct word *copy = ARENA_NEW(o->p->arena, struct word);

	if (!copy)
		return command_no_memory(o->p);
	*copy = word_from(w, value);
	g->values = copy;
	g->count = 1;
	return true;
}

static struct given *note(struct options *o, const struct found *f, const struct word *w)
{
	struct given *g = f->match == MATCH_MEMBER ? &o->members[f->index] : &o->globals[f->index];

	if (g->name.ptr) {
		command_find(o->p, w->origin[0], "command.duplicate", "--%.*s stands there already%s; the AWS CLI "
			     "would take the last one, but which is meant?", STR_ARG(f->name),
			     str_eq(g->name, f->name) ? "" : " as its opposite");
		return &o->ignored;
	}
	g->name = f->name;
	g->at = w->origin[0];
	g->negative = f->negative;
	return g;
}

static void take_option(struct options *o, size_t *at)
{
	const struct word *w = &o->p->words[(*at)++];
	struct found f = find(o, w->text);
	const struct shape *shape = f.match == MATCH_MEMBER ? o->operation->input->members[f.index].shape : NULL;
	enum option_takes takes = f.match == MATCH_GLOBAL ? globals[f.index].takes :
				  shape && shape->kind == SHAPE_BOOLEAN ? OPTION_FLAG : OPTION_TEXT;
	struct given *g;

	o->ignored = (struct given){ .name = f.name, .at = w->origin[0] };
	if (f.match == MATCH_NONE) {
		unknown_option(o, w, f.name);
		take_values(o, &o->ignored, at, true, true);
		return;
	}
	g = note(o, &f, w);
	if (takes == OPTION_FLAG && f.value)
		command_find(o->p, w->origin[f.value], "command.value", "--%.*s takes no value%s", STR_ARG(f.name),
			     shape ? "; it says true, and with no- in front false" : "");
	else if (takes != OPTION_FLAG && f.value)
		take_assigned(o, g, w, f.value);
	else if (takes != OPTION_FLAG)
		take_values(o, g, at, shape && shape->kind == SHAPE_LIST, takes == OPTION_MAYBE_TEXT);
	if (f.match == MATCH_GLOBAL && globals[f.index].refused)
		command_find(o->p, w->origin[0], "command.refused", "--%s cannot be used here: %s",
			     globals[f.index].name, globals[f.index].refused);
	else if ((shape || f.index == GLOBAL_CLI_INPUT_JSON) && g->count == 1 &&
		 names_a_file(o, g, &g->values[0]))
		g->count = 0;
}

/* ---- words without dashes ---- */

static void unknown_operation(struct options *o, const struct word *w)
{
	struct nearest nearest = nearest_to(w->text);
	const struct operation *by_name = operation_by_name(w->text);
	const struct operation *all;
	char hint[96];
	size_t count;

	all = operations(&count);
	for (size_t i = 0; i < count; i++)
		nearest_offer(&nearest, all[i].command);
	if (by_name)
		snprintf(hint, sizeof(hint), "; on the command line it is %.*s", STR_ARG(by_name->command));
	command_find(o->p, w->origin[0], "command.operation", "'%.*s' is no operation on items or tables that is known "
		     "here%s", STR_ARG(command_shown(w->text)), by_name ? hint :
		     nearest_text(&nearest, hint, sizeof(hint)));
}

static bool take_operation(struct options *o, const struct word *w)
{
	o->operation = operation_by_command(w->text);
	if (!o->operation)
		unknown_operation(o, w);
	return o->operation != NULL;
}

/* "aws", "dynamodb", operation, with general options between them. */
static bool take_head(struct options *o, size_t *at)
{
	struct parsing *p = o->p;
	bool service = false;

	while (*at < p->count) {
		const struct word *w = &p->words[*at];

		if (is_option(o, w->text)) {
			if (find(o, w->text).match == MATCH_NONE && service)
				return command_find(p, w->origin[0], "command.operation", "'%.*s' stands where the "
						    "operation is expected, as in 'aws dynamodb query'",
						    STR_ARG(command_shown(w->text)));
			take_option(o, at);
			continue;
		}
		++*at;
		if (service)
			return take_operation(o, w);
		service = str_eq(w->text, STR("dynamodb"));
		if (!service)
			return command_find(p, w->origin[0], "command.program", "'%.*s' stands where 'dynamodb' is "
					    "expected: calls of DynamoDB are all that is known here",
					    STR_ARG(command_shown(w->text)));
	}
	return command_find(p, p->words[p->count - 1].origin[p->words[p->count - 1].text.len], "command.operation",
			    "%s is missing; write 'aws dynamodb <operation> --options…'", service ? "the operation" :
			    "'dynamodb'");
}

static void unexpected(struct options *o, const struct word *w)
{
	struct str word = command_shown(w->text);

	if (str_eq(w->text, STR("help")))
		command_find(o->p, w->origin[0], "command.refused", "'help' shows a page and calls nothing; take it "
			     "away");
	else if (str_eq_nocase(w->text, STR("true")) || str_eq_nocase(w->text, STR("false")))
		command_find(o->p, w->origin[0], "command.value", "'%.*s' belongs to no option: --consistent-read and "
			     "the like take no value, and say false with no- in front", STR_ARG(word));
	else
		command_find(o->p, w->origin[0], "command.value", "'%.*s' belongs to no option; a value with blanks "
			     "stands in quotes", STR_ARG(word));
}

static bool take_program(struct parsing *p, size_t *at)
{
	const struct word *w = p->words;

	if (!p->count)
		return command_find(p, 0, "command.program", "the command is empty; write 'aws dynamodb <operation> "
				    "--options…'");
	if (str_eq(w->text, STR("aws"))) {
		*at = 1;
		return true;
	}
	if (str_find_char(w->text, '=') != SIZE_MAX)
		return command_find(p, w->origin[0], "command.shell", "'%.*s' sets a variable for the command, which "
				    "only a shell does; use --profile and --region", STR_ARG(command_shown(w->text)));
	return command_find(p, w->origin[0], "command.program", "'%.*s' stands where 'aws' is expected",
			    STR_ARG(command_shown(w->text)));
}

bool options_read(struct options *o)
{
	size_t at = 0, before = o->p->findings->count;

	if (!take_program(o->p, &at) || !take_head(o, &at))
		return false;
	while (at < o->p->count) {
		if (is_option(o, o->p->words[at].text))
			take_option(o, &at);
		else
			unexpected(o, &o->p->words[at++]);
	}
	return o->p->findings->count == before;
}
