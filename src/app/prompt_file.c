#include "sluice/app/prompt_file.h"

#include "sluice/core/file.h"

#include <limits.h>
#include <stdio.h>

static void name_files(struct buf *out)
{
	for (const struct prompt *p = prompts; p->name; p++)
		buf_putf(out, "%s%s", p == prompts ? "" : p[1].name ? ", " : " and ", p->file);
}

static bool refuse(const char *folder, const struct prompt *p, const char *why, struct err *err)
{
	struct buf files;

	buf_init(&files, 1000);
	name_files(&files);
	err_set(err, ERR_DATA, "prompt.file",
		"the prompt %s is the built-in one, since %s/%s %s; a folder of prompts holds %.*s, each a text in UTF-8 of up to "
		"%d bytes", p->name, folder, p->file, why, STR_ARG(buf_str(&files)), PROMPT_MAX_BYTES);
	buf_release(&files);
	return false;
}

/* What is wrong with the file, NULL: nothing. */
static const char *read_text(const char *folder, const struct prompt *p, struct buf *text)
{
	char path[PATH_MAX];
	struct err err = { 0 };

	if (snprintf(path, sizeof(path), "%s/%s", folder, p->file) >= (int)sizeof(path))
		return "has too long a path";
	if (!file_read(path, text, &err))
		return err_is(&err, "file.size") ? "is too large" : "cannot be read";
	if (!str_utf8_valid(buf_str(text)) || (text->len && memchr(text->ptr, '\0', text->len)))
		return "is not UTF-8 text";
	return str_trim(buf_str(text)).len ? NULL : "is empty";
}

bool prompt_read(const char *folder, const struct prompt *p, struct buf *out, struct err *err)
{
	const char *why = NULL;
	struct buf text;

	buf_init(&text, PROMPT_MAX_BYTES);
	if (folder)
		why = read_text(folder, p, &text);
	buf_put(out, folder && !why ? buf_str(&text) : prompt_text(p));
	buf_release(&text);
	return why ? refuse(folder, p, why, err) : true;
}

bool prompts_check(const char *folder, struct err *err)
{
	bool ok = true;
	struct buf text;

	buf_init(&text, PROMPT_MAX_BYTES);
	for (const struct prompt *p = prompts; p->name && ok; p++) {
		buf_clear(&text);
		ok = prompt_read(folder, p, &text, err);
	}
	buf_release(&text);
	return ok;
}
