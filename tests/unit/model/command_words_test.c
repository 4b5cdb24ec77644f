/* Words of random lines are compared with those of sh in tests/e2e/test_commands.py. */
#include "command_cases.h"

#include "sluice/core/rng.h"

/* Words joined by "|", or the findings. */
static void check_words(const char *command, const char *expected)
{
	struct command_findings findings;
	struct arena arena;
	struct str *words;
	struct buf got;
	size_t count;

	arena_init(&arena, COMMAND_ARENA_BYTES);
	buf_init(&got, 4096);
	words = command_words(str_c(command), &arena, &count, &findings);
	assert_true(!words == (findings.count > 0));
	for (size_t i = 0; i < count; i++)
		buf_putf(&got, "%s%.*s", i ? "|" : "", STR_ARG(words[i]));
	if (!words)
		buf_putf(&got, "%s@%zu", findings.items[0].code, findings.items[0].at);
	assert_str_equal(buf_str(&got), expected);
	buf_release(&got);
	arena_release(&arena);
}

static void test_words_are_split_as_a_shell_splits_them(void **state)
{
	static const struct command_case cases[] = {
		{ "aws a b", "aws|a|b" },
		{ "  aws\ta  b \n \n", "aws|a|b" },
		{ "aws 'a b' \"c d\" e\\ f", "aws|a b|c d|e f" },
		{ "aws a'b'\"c\"\\d", "aws|abcd" },
		{ "aws '' \"\"", "aws||" },
		{ "aws 'a\\b' \"a\\b\" \"\\\"\\\\\\$\\`\" \\\"", "aws|a\\b|a\\b|\"\\$`|\"" },
		{ "aws a\\\nb \\\n c", "aws|ab|c" },
		{ "aws \"a\\\nb\" 'a\\\nb'", "aws|ab|a\\\nb" },
		{ "aws 'two\nlines'", "aws|two\nlines" },
		{ "aws $ a$ \"$\" \"$ x\" $=", "aws|$|a$|$|$ x|$=" },
		{ "aws a#b a~b {} {a} a,b a..b {a}{b},", "aws|a#b|a~b|{}|{a}|a,b|a..b|{a}{b}," },
		{ "aws '#;|&<>()*?[$`~{a,b}'", "aws|#;|&<>()*?[$`~{a,b}" },
		{ "aws \\# \\* \\; \\{a,b}", "aws|#|*|;|{a,b}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		check_words(cases[i].command, cases[i].expected);
}

static void test_what_only_a_shell_could_do_is_refused_where_it_stands(void **state)
{
	static const struct command_case cases[] = {
		{ "aws | b", "command.shell@4" }, { "aws a|b", "command.shell@5" }, { "aws; b", "command.shell@3" },
		{ "aws && b", "command.shell@4" }, { "aws > b", "command.shell@4" }, { "aws 2>b", "command.shell@5" },
		{ "aws < b", "command.shell@4" }, { "(aws)", "command.shell@0" }, { "aws )", "command.shell@4" },
		{ "aws $A", "command.shell@4" }, { "aws \"x$A\"", "command.shell@6" }, { "aws ${A}", "command.shell@4" },
		{ "aws $1", "command.shell@4" }, { "aws \"$@\"", "command.shell@5" }, { "aws $(b)", "command.shell@4" },
		{ "aws `b`", "command.shell@4" }, { "aws \"`b`\"", "command.shell@5" }, { "aws $'a'", "command.shell@4" },
		{ "aws $\"a\"", "command.shell@4" }, { "aws a*", "command.shell@5" }, { "aws a?", "command.shell@5" },
		{ "aws [a]", "command.shell@4" }, { "aws #x", "command.shell@4" }, { "aws ~/x", "command.shell@4" },
		{ "aws {a,b}", "command.shell@8" }, { "aws {1..3}", "command.shell@9" }, { "aws {a{b},c}", "command.shell@11" },
		{ "aws a\nb", "command.shell@5" }, { "aws a\rb", "command.shell@5" }, { "aws \\\r\nb", "command.shell@5" },
		{ "$ aws a", "command.shell@0" }, { "aws 'a", "command.quote@4" }, { "aws \"a", "command.quote@4" },
		{ "aws \"a\\", "command.quote@4" }, { "aws a\\", "command.quote@5" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		check_words(cases[i].command, cases[i].expected);
}

static void test_refusals_name_what_they_refuse(void **state)
{
	(void)state;
	check_sentence("aws a | jq .", "pipes into another command");
	check_sentence("aws $'a'", "$'…' are quotes of bash");
	check_sentence("aws \"$TABLE\"", "a variable's value");
	check_sentence("aws --key {a,b}", "several words in bash");
	check_sentence("aws # x", "comment");
	check_sentence("aws a\nb", "the line ends here");
	check_sentence("aws 'a", "single quote that opens here is never closed");
}

/* Random words, each quoted in a way of its own, come out as they were. */
static void test_quoted_words_come_out_again(void **state)
{
	static const char chars[] = "ab '\"\\$`\n#;|&<>()*?[]{},~!=-:\t";
	struct rng rng;

	(void)state;
	rng_seed(&rng, 7);
	for (int round = 0; round < 500; round++) {
		struct buf line, words;

		buf_init(&line, 4096);
		buf_init(&words, 4096);
		for (uint64_t n = 1 + rng_below(&rng, 6), i = 0; i < n; i++) {
			char word[16];
			size_t len = (size_t)rng_below(&rng, sizeof(word));

			for (size_t k = 0; k < len; k++)
				word[k] = chars[rng_below(&rng, sizeof(chars) - 1)];
			buf_puts(&line, i ? " " : "");
			put_quoted(&line, str_of(word, len));
			buf_puts(&words, i ? "|" : "");
			buf_put(&words, str_of(word, len));
		}
		check_words(line.ptr, words.ptr ? words.ptr : "");
		buf_release(&line);
		buf_release(&words);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_are_split_as_a_shell_splits_them),
		cmocka_unit_test(test_what_only_a_shell_could_do_is_refused_where_it_stands),
		cmocka_unit_test(test_refusals_name_what_they_refuse),
		cmocka_unit_test(test_quoted_words_come_out_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
