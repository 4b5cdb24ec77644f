/* prompts: what assistants are told, the files of prompts/, embedded in the program.
 *
 * A text is Markdown. Its chapters begin at headings of the second level ("## 6. Keys"), outside of
 * code blocks; what stands before the first one is a chapter of its own, "introduction".
 */
#ifndef SLUICE_MODEL_PROMPTS_H
#define SLUICE_MODEL_PROMPTS_H

#include "sluice/core/arena.h"
#include "sluice/core/buf.h"

enum { PROMPT_MAX_BYTES = 1 << 20, PROMPT_CHAPTERS_MAX = 200 };

/* What a person may give with it; always text. */
struct prompt_argument {
	const char *name;            /* NULL ends the list */
	const char *description;
	bool required;
};

struct prompt {
	const char *name;            /* "review-model"; NULL ends the table */
	const char *title;
	const char *description;     /* one sentence, for lists */
	const char *file;            /* "review_model.md", in prompts/ or a folder that stands in for it */
	const struct prompt_argument *arguments;
	const char *begin, *end;     /* the embedded text; NUL-terminated */
};

/* All of them; the first is the guide. */
extern const struct prompt prompts[];

/* NULL: there is none of that name. */
const struct prompt *prompt_named(struct str name);

/* The embedded text. Static. */
struct str prompt_text(const struct prompt *p);

/* Appends what was given with a prompt, as the text's last lines; nothing where nothing was given.
 * values: one for each argument in its order, empty where it was not given. False: out is full. */
bool prompt_put_given(const struct prompt *p, const struct str *values, struct buf *out);

struct prompt_chapter {
	struct str title;            /* "Keys", without its number */
	struct str slug;             /* "keys": a-z, 0-9 and '-', each one once; in the arena */
	struct str text;             /* with its heading, borrowed from the whole */
};

/* The chapters in their order, in the arena; NULL at its cap. At most PROMPT_CHAPTERS_MAX: the last one
 * holds the rest. */
struct prompt_chapter *prompt_chapters(struct str text, struct arena *a, size_t *count);

#endif
