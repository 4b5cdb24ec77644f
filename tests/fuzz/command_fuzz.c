/* Command lines from anybody, and any text as a value in one. What is accepted is JSON
 * that means the same again as --cli-input-json; what is refused says where and why.
 */
#include "sluice/core/buf.h"
#include "sluice/core/scan.h"
#include "sluice/model/command.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const before[] = {
	"", "aws dynamodb put-item --table-name T --item ",
	"aws dynamodb create-table --table-name T --global-secondary-indexes ",
	"aws dynamodb create-table --table-name T --tags ", "aws dynamodb batch-execute-statement --statements ",
	"aws dynamodb query --cli-input-json ",
};

static void require(bool held)
{
	if (!held)
		abort();
}

static void put_quoted(struct buf *out, struct str text)
{
	buf_putc(out, '\'');
	for (size_t i = 0; i < text.len; i++)
		text.ptr[i] == '\'' ? buf_puts(out, "'\\''") : buf_putc(out, text.ptr[i]);
	buf_putc(out, '\'');
}

static void check_findings(const struct command_findings *f, size_t size)
{
	require(f->count > 0);
	for (size_t i = 0; i < command_findings_kept(f); i++) {
		struct str text = str_c(f->items[i].text);

		require(f->items[i].at <= size && f->items[i].code && text.len > 10 && str_utf8_valid(text));
		require(!i || f->items[i - 1].at <= f->items[i].at);
		require(strcmp(f->items[i].code, "command.memory") != 0);
		for (size_t k = 0; k < text.len; k++)
			require((unsigned char)text.ptr[k] >= ' ');
	}
}

/* The request as the input of the same operation is the same request. */
static void check_again(const struct aws_command *command)
{
	struct command_findings findings;
	struct aws_command again;
	struct arena arena;
	struct buf line;

	arena_init(&arena, COMMAND_ARENA_BYTES);
	buf_init(&line, 1 << 22);
	buf_putf(&line, "aws dynamodb %.*s --cli-input-json ", STR_ARG(command->operation->command));
	put_quoted(&line, command->request);
	if (line.len <= COMMAND_MAX_BYTES) {
		require(command_parse(buf_str(&line), &arena, &again, &findings));
		require(str_eq(again.request, command->request));
	}
	buf_release(&line);
	arena_release(&arena);
}

static void run(struct str text)
{
	struct command_findings findings;
	struct aws_command command;
	struct arena arena;

	arena_init(&arena, COMMAND_ARENA_BYTES);
	if (command_parse(text, &arena, &command, &findings)) {
		require(command.operation && findings.count == 0 && command.max_items >= 0);
		require(scan_check(command.request, NULL));
		check_again(&command);
	} else {
		require(!command.request.ptr);
		check_findings(&findings, text.len);
	}
	arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_of((const char *)data, size);

	for (size_t i = 0; i < sizeof(before) / sizeof(*before); i++) {
		struct buf line;

		buf_init(&line, 1 << 23);
		buf_puts(&line, before[i]);
		i ? put_quoted(&line, text) : (void)buf_put(&line, text);
		if (buf_ok(&line))
			run(line.ptr ? buf_str(&line) : STR(""));
		buf_release(&line);
	}
	return 0;
}
