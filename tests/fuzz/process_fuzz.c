/* The splitter of commands on any bytes: words lie one behind another and are no
 * longer than the command; quoting each of them and splitting again gives the same.
 */
#include "sluice/core/buf.h"
#include "sluice/core/process.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool held)
{
	if (!held)
		abort();
}

static void put_quoted(struct buf *out, const char *word)
{
	buf_putc(out, '\'');
	for (; *word; word++)
		*word == '\'' ? buf_puts(out, "'\\''") : buf_putc(out, *word);
	buf_puts(out, "' ");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { 0 };
	struct arena arena;
	struct buf quoted;
	char **words, **again;
	size_t total = 0;

	arena_init(&arena, 1 << 20);
	buf_init(&quoted, 1 << 20);
	words = process_split(str_of((const char *)data, size), &arena, &err);
	require(words || err_is(&err, "process.command"));
	for (size_t i = 0; words && words[i]; i++) {
		total += strlen(words[i]) + 1;
		put_quoted(&quoted, words[i]);
	}
	require(total <= size + 1);
	again = words && quoted.len <= 32 * 1024 ? process_split(buf_str(&quoted), &arena, &err) : NULL;
	for (size_t i = 0; again && words[i]; i++)
		require(again[i] && strcmp(again[i], words[i]) == 0);
	buf_release(&quoted);
	arena_release(&arena);
	return 0;
}
