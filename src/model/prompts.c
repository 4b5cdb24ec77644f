#include "sluice/model/prompts.h"

/* The files as they are; make runs where their paths begin. */
#define EMBED(name)                                         \
	__asm__(".section .rodata\n"                        \
		".global prompt_" #name "_begin\n"          \
		".global prompt_" #name "_end\n"            \
		"prompt_" #name "_begin:\n"                 \
		".incbin \"prompts/" #name ".md\"\n"        \
		"prompt_" #name "_end:\n"                   \
		".byte 0\n"                                 \
		".previous\n");                             \
	extern const char prompt_##name##_begin[], prompt_##name##_end[]

EMBED(dynamodb_data_modeling);
EMBED(review_model);
EMBED(design_stream_handlers);

#define TEXT(name) .file = #name ".md", .begin = prompt_##name##_begin, .end = prompt_##name##_end

static const struct prompt_argument modeling_arguments[] = {
	{ "application", "What the application is for, in a sentence or two.", false },
	{ "workspace_dir", "The folder that holds, or shall hold, the requirements and the model.", false },
	{ 0 },
};

static const struct prompt_argument review_arguments[] = {
	{ "model", "The model's file or its folder. Default: dynamodb_data_model.json where you are.", false },
	{ "focus", "What to look at first: keys, indexes, cost, handlers, operation.", false },
	{ 0 },
};

static const struct prompt_argument handlers_arguments[] = {
	{ "model", "The model's file or its folder. Default: dynamodb_data_model.json where you are.", false },
	{ "need", "What shall follow from a change: who is told, what is counted, copied or searched.", false },
	{ 0 },
};

const struct prompt prompts[] = {
	{ .name = "dynamodb-data-modeling", .title = "Design a DynamoDB data model",
	  .description = "The expert guide: from access patterns to a DynamoDB data model that has been run and priced.",
	  .arguments = modeling_arguments, TEXT(dynamodb_data_modeling) },
	{ .name = "review-model", .title = "Review a DynamoDB data model",
	  .description = "Judge a DynamoDB data model that exists: what breaks, what is dear, what is missing, what to change first.",
	  .arguments = review_arguments, TEXT(review_model) },
	{ .name = "design-stream-handlers", .title = "Design stream handlers",
	  .description = "Derive notifications, counters, views and searches from a DynamoDB table's stream, with guarantees and cost.",
	  .arguments = handlers_arguments, TEXT(design_stream_handlers) },
	{ 0 },
};

const struct prompt *prompt_named(struct str name)
{
	for (const struct prompt *p = prompts; p->name; p++)
		if (str_eq(name, str_c(p->name)))
			return p;
	return NULL;
}

struct str prompt_text(const struct prompt *p)
{
	return str_of(p->begin, (size_t)(p->end - p->begin));
}

bool prompt_put_given(const struct prompt *p, const struct str *values, struct buf *out)
{
	bool any = false;

	for (size_t i = 0; p->arguments[i].name; i++) {
		if (values[i].len == 0)
			continue;
		buf_putf(out, "%s- %s: %.*s\n", any ? "" : "\n## Given with this prompt\n\n", p->arguments[i].name,
			 STR_ARG(values[i]));
		any = true;
	}
	return buf_ok(out);
}

/* --- chapters --------------------------------------------------------------- */

/* Backquotes that open or close a block of code; 0: the line does neither. */
static size_t fence(struct str line)
{
	size_t n = 0;

	while (n < line.len && line.ptr[n] == '`')
		n++;
	return n >= 3 ? n : 0;
}

/* Without "## " and its number: "6. ". */
static struct str title_of(struct str line)
{
	struct str title = str_trim(str_from(line, str_starts(line, STR("## ")) ? 3 : 0));
	size_t digits = 0;

	while (digits < title.len && title.ptr[digits] >= '0' && title.ptr[digits] <= '9')
		digits++;
	return digits && str_starts(str_from(title, digits), STR(". ")) ? str_from(title, digits + 2) : title;
}

static struct str slug_of(struct str title, struct arena *a)
{
	char *slug = arena_alloc(a, title.len + 1);
	size_t n = 0;

	for (size_t i = 0; slug && i < title.len; i++) {
		char c = title.ptr[i];

		c = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			slug[n++] = c;
		else if (n && slug[n - 1] != '-')
			slug[n++] = '-';
	}
	while (n && slug[n - 1] == '-')
		n--;
	return n ? str_of(slug, n) : STR("chapter");
}

static bool taken(const struct prompt_chapter *chapters, size_t count, struct str slug)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(chapters[i].slug, slug))
			return true;
	return false;
}

static struct prompt_chapter chapter_from(const struct prompt_chapter *before, size_t count, struct str title, struct arena *a)
{
	struct str slug = slug_of(title, a), unique = slug;

	for (int i = 2; taken(before, count, unique); i++)
		unique = arena_putf(a, "%.*s-%d", STR_ARG(slug), i);
	return (struct prompt_chapter){ .title = title, .slug = unique };
}

struct prompt_chapter *prompt_chapters(struct str text, struct arena *a, size_t *count)
{
	struct prompt_chapter *chapters = arena_array(a, PROMPT_CHAPTERS_MAX, sizeof(*chapters));
	size_t open = 0, n = 0, begin = 0;

	*count = 0;
	if (!chapters)
		return NULL;
	for (struct str rest = text; rest.len;) {
		size_t at = (size_t)(rest.ptr - text.ptr);
		struct str line = str_split(&rest, '\n');
		size_t marks = fence(line);

		if (marks && (open == 0 || marks >= open))
			open = open ? 0 : marks;
		if (open || n == PROMPT_CHAPTERS_MAX || (at && !str_starts(line, STR("## "))))
			continue;
		if (n)
			chapters[n - 1].text = str_sub(text, begin, at - begin);
		chapters[n] = chapter_from(chapters, n, str_starts(line, STR("## ")) ? title_of(line) : STR("Introduction"), a);
		begin = at;
		n++;
	}
	if (n)
		chapters[n - 1].text = str_from(text, begin);
	*count = n;
	return chapters;
}
