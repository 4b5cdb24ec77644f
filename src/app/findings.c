#include "sluice/app/findings.h"

#include "sluice/core/buf.h"

#include <stdio.h>

enum { TEXT_BYTES = 1024, WHAT_COLUMNS = 26 };

static const char *const state_names[] = { [FINDING_OK] = "ok", [FINDING_NOTE] = "note", [FINDING_FAILED] = "failed" };
static const char *const state_marks[] = { [FINDING_OK] = "✓", [FINDING_NOTE] = "–", [FINDING_FAILED] = "✗" };

/* What services say when IAM does not allow it. */
static const char *const denials[] = {
	"AccessDeniedException", "AccessDenied", "AuthorizationError", "AuthorizationErrorException",
	"UnauthorizedOperation", "NotAuthorized",
};

void findings_init(struct findings *f, struct arena *arena)
{
	*f = (struct findings){ .arena = arena };
	f->end = &f->first;
}

void findings_group(struct findings *f, const char *fmt, ...)
{
	char text[TEXT_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	f->group = arena_dup(f->arena, str_c(text));
}

static struct finding *append(struct findings *f, enum finding_state state, struct str what, struct str text)
{
	struct finding *one = ARENA_NEW(f->arena, struct finding);

	if (!one) /* the arena is the process's own mistake: nothing that is looked at is so large */
		return NULL;
	*one = (struct finding){
		.group = f->group, .what = arena_dup(f->arena, what), .text = arena_dup(f->arena, text), .state = state,
	};
	*f->end = one;
	f->end = &one->next;
	f->count++;
	f->failed += state == FINDING_FAILED;
	return one;
}

void findings_add(struct findings *f, enum finding_state state, const char *what, const char *fmt, ...)
{
	char text[TEXT_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	append(f, state, str_c(what), str_c(text));
}

bool findings_denied(const struct err *err)
{
	for (size_t i = 0; i < sizeof(denials) / sizeof(*denials); i++)
		if (err_is(err, denials[i]))
			return true;
	return false;
}

/* "dynamodb:Query" at the begin of what was looked at. */
static struct str action_of(struct str what)
{
	struct str word = str_sub(what, 0, str_find_char(what, ' '));

	return str_find_char(word, ':') == SIZE_MAX ? str_of(NULL, 0) : word;
}

void findings_fail(struct findings *f, const char *what, const struct err *err)
{
	struct finding *one = append(f, FINDING_FAILED, str_c(what), str_c(err->text));

	if (!one)
		return;
	one->code = arena_dup(f->arena, str_c(err->code));
	if (findings_denied(err))
		one->missing = action_of(one->what);
}

/* ---- what is missing, each once ---- */

static bool said_before(const struct findings *f, const struct finding *until)
{
	for (const struct finding *one = f->first; one != until; one = one->next)
		if (str_eq(one->missing, until->missing))
			return true;
	return false;
}

static bool is_news(const struct findings *f, const struct finding *one)
{
	return one->missing.len && !said_before(f, one);
}

/* ---- for people ---- */

static void print_one(const struct finding *one, struct buf *out)
{
	int pad = WHAT_COLUMNS - (int)one->what.len;

	buf_putf(out, "  %s %.*s%*s %.*s\n", state_marks[one->state], STR_ARG(one->what), pad > 0 ? pad : 0, "",
		 STR_ARG(one->text));
}

static void print_missing(const struct findings *f, struct buf *out)
{
	bool any = false;

	for (const struct finding *one = f->first; one; one = one->next) {
		if (!is_news(f, one))
			continue;
		buf_putf(out, "%s%.*s", any ? ", " : "; missing IAM actions: ", STR_ARG(one->missing));
		any = true;
	}
}

void findings_print(const struct findings *f, struct buf *out)
{
	struct str group = { NULL, 0 };

	for (const struct finding *one = f->first; one; one = one->next) {
		if (!str_eq(one->group, group))
			buf_putf(out, "%.*s\n", STR_ARG(one->group));
		group = one->group;
		print_one(one, out);
	}
	if (f->failed == 0)
		buf_putf(out, "all %zu are well", f->count);
	else
		buf_putf(out, "%zu of %zu failed", f->failed, f->count);
	print_missing(f, out);
	buf_putc(out, '\n');
}

/* ---- for machines ---- */

static void write_one(const struct finding *one, struct json_writer *w)
{
	json_begin_object(w);
	json_member_str(w, STR("group"), one->group);
	json_member_str(w, STR("what"), one->what);
	json_member_str(w, STR("state"), str_c(state_names[one->state]));
	json_member_str(w, STR("text"), one->text);
	if (one->code.len)
		json_member_str(w, STR("code"), one->code);
	if (one->missing.len)
		json_member_str(w, STR("missing_action"), one->missing);
	json_end_object(w);
}

void findings_write(const struct findings *f, struct json_writer *w)
{
	json_key(w, STR("findings"));
	json_begin_array(w);
	for (const struct finding *one = f->first; one; one = one->next)
		write_one(one, w);
	json_end_array(w);
	json_key(w, STR("missing_actions"));
	json_begin_array(w);
	for (const struct finding *one = f->first; one; one = one->next)
		if (is_news(f, one))
			json_str(w, one->missing);
	json_end_array(w);
}
