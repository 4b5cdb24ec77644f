/* command_cases: command lines and what becomes of them, in one line of text: "Operation
 * {request}" or the findings, "code@byte code@byte". */
#ifndef SLUICE_UNIT_MODEL_COMMAND_CASES_H
#define SLUICE_UNIT_MODEL_COMMAND_CASES_H

#include "support/test.h"

#include "sluice/core/buf.h"
#include "sluice/model/command.h"

struct command_case {
	const char *command, *expected;
};

static inline void command_print(struct str text, struct buf *out)
{
	struct command_findings findings;
	struct aws_command command;
	struct arena arena;

	arena_init(&arena, COMMAND_ARENA_BYTES);
	if (command_parse(text, &arena, &command, &findings)) {
		buf_putf(out, "%.*s ", STR_ARG(command.operation->name));
		buf_put(out, command.request);
	}
	for (size_t i = 0; i < command_findings_kept(&findings); i++)
		buf_putf(out, "%s%s@%zu", i ? " " : "", findings.items[i].code, findings.items[i].at);
	arena_release(&arena);
}

static inline void check_command(const char *command, const char *expected)
{
	struct buf got;

	buf_init(&got, 1 << 20);
	command_print(str_c(command), &got);
	if (!str_eq(buf_str(&got), str_c(expected)))
		print_error("command: %s\n", command);
	assert_str_equal(buf_str(&got), expected);
	buf_release(&got);
}

static inline void check_commands(const struct command_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_command(cases[i].command, cases[i].expected);
}

/* One of the findings must say these words. */
static inline void check_sentence(const char *command, const char *words)
{
	struct command_findings findings;
	struct aws_command parsed;
	struct arena arena;
	bool said = false;

	arena_init(&arena, COMMAND_ARENA_BYTES);
	assert_false(command_parse(str_c(command), &arena, &parsed, &findings));
	for (size_t i = 0; i < command_findings_kept(&findings); i++)
		said = said || strstr(findings.items[i].text, words);
	if (!said)
		print_error("command: %s\nsaid: %s\n", command, findings.items[0].text);
	assert_true(said);
	arena_release(&arena);
}

/* The text as one word of a shell, in single quotes. */
static inline void put_quoted(struct buf *out, struct str text)
{
	buf_putc(out, '\'');
	for (size_t i = 0; i < text.len; i++)
		text.ptr[i] == '\'' ? buf_puts(out, "'\\''") : buf_putc(out, text.ptr[i]);
	buf_putc(out, '\'');
}

#endif
