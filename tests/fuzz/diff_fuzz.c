/* Two data models of any bytes, with a NUL between them, compared: steps stand in order, requests and the result are
 * JSON, and a model does not differ from itself. */
#include "sluice/core/buf.h"
#include "sluice/core/json_write.h"
#include "sluice/core/scan.h"
#include "sluice/model/diff.h"
#include "sluice/model/lint.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool condition)
{
	if (!condition)
		abort();
}

static void check_steps(const struct model_diff *d)
{
	size_t n = 0;

	for (const struct diff_step *s = d->steps; s; s = s->next, n++) {
		expect(s->what.len && s->why.len && s->code);
		expect(!s->next || s->phase <= s->next->phase);
		expect(!s->operation || scan_check(s->request, NULL));
		expect(!s->makes || (s->operation && s->of));
	}
	expect(n == d->n_steps);
}

static void check_texts(const struct model_diff *d)
{
	struct json_writer w;
	struct buf out;

	buf_init(&out, 64 << 20);
	expect(model_diff_print(d, &out));
	for (size_t i = 0; i < out.len; i++)
		expect((unsigned char)out.ptr[i] >= 0x20 || out.ptr[i] == '\n');
	buf_clear(&out);
	json_write_init(&w, &out);
	json_begin_object(&w);
	model_diff_write(d, &w);
	json_end_object(&w);
	expect(buf_ok(&out) && scan_check(buf_str(&out), NULL));
	buf_release(&out);
}

static size_t compare(const struct model *was, const struct model *is, bool described)
{
	const struct diff_options options = { .described = described };
	struct model_diff d;
	struct arena arena;
	struct err err;

	arena_init(&arena, DIFF_BYTES);
	if (model_diff(&d, was, is, &options, &arena, &err)) {
		check_steps(&d);
		check_texts(&d);
	} else {
		expect(err_is(&err, "diff.memory"));
	}
	arena_release(&arena);
	return d.n_changes;
}

static bool parse(struct str text, struct arena *arena, struct model *m, size_t *errors)
{
	struct findings_list findings;
	bool ok;

	findings_list_init(&findings, arena, "model.json");
	ok = model_parse(m, text, "model.json", &findings);
	if (ok)
		model_lint(m, NULL, &findings);
	*errors = findings.errors;
	return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str was = str_of((const char *)data, size), is = { 0 };
	size_t cut = str_find_char(was, '\0'), errors, more;
	bool first, second;
	struct model a, b;
	struct arena arena;

	if (cut != SIZE_MAX) {
		is = str_from(was, cut + 1);
		was = str_sub(was, 0, cut);
	}
	arena_init(&arena, 8 << 20);
	first = parse(was, &arena, &a, &errors);
	second = parse(is, &arena, &b, &more);
	if (first && second) {
		compare(&a, &b, false);
		compare(&b, &a, true);
	}
	expect(errors || compare(&a, &a, false) == 0);
	model_release(&a);
	model_release(&b);
	arena_release(&arena);
	return 0;
}
