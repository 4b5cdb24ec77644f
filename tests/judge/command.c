/* command: what command_parse() makes of command lines, for judges outside. Commands
 * stand on stdin with a zero byte behind each; the answer to each is a line of JSON:
 * {"operation", "request", "pages", "max_items", "findings": [{"at", "code", "text"}]}; with the argument
 * "words" {"words": […]} or {"findings"}. With "operations" the table of operations instead.
 */
#include "sluice/core/json_write.h"
#include "sluice/core/mem.h"
#include "sluice/model/command.h"

#include <stdio.h>

enum { MAX_INPUT_BYTES = 16 << 20, SHOWN_SHAPES = 512 };

/* Each structure once; where it comes again, its number. */
struct printing {
	struct json_writer w;
	const struct shape *seen[SHOWN_SHAPES];
	size_t count;
};

static void print_shape(struct printing *p, const struct shape *shape);

static bool print_number(struct printing *p, const struct shape *shape)
{
	size_t i = 0;

	while (i < p->count && p->seen[i] != shape)
		i++;
	json_member_int(&p->w, STR("number"), (int64_t)i);
	if (i < p->count || p->count == SHOWN_SHAPES)
		return false;
	p->seen[p->count++] = shape;
	return true;
}

static void print_members(struct printing *p, const struct shape *shape)
{
	json_key(&p->w, STR("members"));
	json_begin_array(&p->w);
	for (size_t i = 0; i < shape->count; i++) {
		char option[OPTION_NAME_BYTES];

		json_begin_object(&p->w);
		json_member_str(&p->w, STR("name"), shape->members[i].name);
		json_member_str(&p->w, STR("option"), option_name(shape->members[i].name, option));
		json_member_bool(&p->w, STR("required"), shape->members[i].required);
		json_key(&p->w, STR("shape"));
		print_shape(p, shape->members[i].shape);
		json_end_object(&p->w);
	}
	json_end_array(&p->w);
}

static void print_shape(struct printing *p, const struct shape *shape)
{
	static const char *const kinds[] = { "string", "integer", "boolean", "blob", "list", "map", "structure" };

	json_begin_object(&p->w);
	if (print_number(p, shape)) {
		json_member_str(&p->w, STR("kind"), str_c(kinds[shape->kind]));
		json_member_int(&p->w, STR("min"), shape->min);
		json_member_int(&p->w, STR("max"), shape->max);
		json_key(&p->w, STR("values"));
		json_begin_array(&p->w);
		for (size_t i = 0; shape->values && shape->values[i]; i++)
			json_str(&p->w, str_c(shape->values[i]));
		json_end_array(&p->w);
		if (shape->of) {
			json_key(&p->w, STR("of"));
			print_shape(p, shape->of);
		}
		if (shape->key) {
			json_key(&p->w, STR("key"));
			print_shape(p, shape->key);
		}
		if (shape->members)
			print_members(p, shape);
	}
	json_end_object(&p->w);
}

static void print_operations(struct buf *out)
{
	struct printing p = { .count = 0 };
	const struct operation *all;
	size_t count;

	all = operations(&count);
	json_write_init(&p.w, out);
	json_begin_array(&p.w);
	for (size_t i = 0; i < count; i++) {
		json_begin_object(&p.w);
		json_member_str(&p.w, STR("name"), all[i].name);
		json_member_str(&p.w, STR("command"), all[i].command);
		json_member_str(&p.w, STR("start"), str_c(all[i].start));
		json_key(&p.w, STR("input"));
		print_shape(&p, all[i].input);
		json_end_object(&p.w);
	}
	json_end_array(&p.w);
}

static void print_findings(struct json_writer *w, const struct command_findings *f)
{
	json_key(w, STR("findings"));
	json_begin_array(w);
	for (size_t i = 0; i < command_findings_kept(f); i++) {
		json_begin_object(w);
		json_member_int(w, STR("at"), (int64_t)f->items[i].at);
		json_member_str(w, STR("code"), str_c(f->items[i].code));
		json_member_str(w, STR("text"), str_c(f->items[i].text));
		json_end_object(w);
	}
	json_end_array(w);
}

static void print_words(struct json_writer *w, struct str text, struct arena *arena)
{
	struct command_findings findings;
	struct str *words;
	size_t count;

	words = command_words(text, arena, &count, &findings);
	json_key(w, STR("words"));
	json_begin_array(w);
	for (size_t i = 0; words && i < count; i++)
		json_str(w, words[i]);
	json_end_array(w);
	print_findings(w, &findings);
}

static void print_command(struct json_writer *w, struct str text, struct arena *arena)
{
	struct command_findings findings;
	struct aws_command command;

	if (command_parse(text, arena, &command, &findings)) {
		json_member_raw(w, STR("request"), command.request);
		json_member_bool(w, STR("pages"), command.pages);
		json_member_int(w, STR("max_items"), command.max_items);
	}
	json_member_str(w, STR("operation"), command.operation ? command.operation->name : STR(""));
	print_findings(w, &findings);
}

static void answer(struct str text, bool words)
{
	struct json_writer w;
	struct arena arena;
	struct buf out;

	arena_init(&arena, COMMAND_ARENA_BYTES);
	buf_init(&out, MAX_INPUT_BYTES);
	json_write_init(&w, &out);
	json_begin_object(&w);
	words ? print_words(&w, text, &arena) : print_command(&w, text, &arena);
	json_end_object(&w);
	printf("%.*s\n", STR_ARG(buf_str(&out)));
	buf_release(&out);
	arena_release(&arena);
}

int main(int argc, char **argv)
{
	struct str rest;
	struct buf in;
	size_t n;

	buf_init(&in, MAX_INPUT_BYTES);
	if (argc == 2 && strcmp(argv[1], "operations") == 0) {
		print_operations(&in);
		printf("%.*s\n", STR_ARG(buf_str(&in)));
		buf_release(&in);
		return 0;
	}
	do {
		char *room = buf_reserve(&in, 65536);

		n = room ? fread(room, 1, 65536, stdin) : 0;
		buf_commit(&in, n);
	} while (n);
	rest = buf_str(&in);
	for (struct str each = str_split(&rest, '\0'); rest.ptr; each = str_split(&rest, '\0'))
		answer(each, argc == 2 && strcmp(argv[1], "words") == 0);
	buf_release(&in);
	return 0;
}
