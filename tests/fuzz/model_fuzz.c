/* Data models of any bytes: read, linted, printed, made into templates and pictures; every finding has a
 * code and its count, every template is JSON, every SVG is XML. */
#include "sluice/app/model_settings.h"
#include "sluice/core/buf.h"
#include "sluice/core/json_write.h"
#include "sluice/core/scan.h"
#include "sluice/core/xml.h"
#include "sluice/model/resources.h"
#include "sluice/model/show.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool condition)
{
	if (!condition)
		abort();
}

static void check(struct findings_list *f)
{
	size_t kept = 0, errors = 0;
	struct json_writer w;
	struct buf out;

	for (const struct model_finding *it = f->first; it; it = it->next, kept++) {
		expect(it->code && it->text.len > 0);
		errors += it->severity == FINDING_ERROR;
	}
	expect(kept == f->kept && kept <= MODEL_FINDINGS_MAX && errors <= f->errors && f->errors + f->warnings <= f->count);
	buf_init(&out, 4 << 20);
	expect(findings_list_print(f, &out));
	buf_clear(&out);
	json_write_init(&w, &out);
	findings_list_write(f, &w);
	expect(scan_check(buf_str(&out), NULL));
	buf_release(&out);
}

static void write_all(const struct model *m)
{
	struct arena arena;
	struct buf out;
	struct err err;

	buf_init(&out, 4 << 20); /* larger XML is not read */
	for (int format = 0; format < RESOURCES_FORMATS; format++) {
		buf_clear(&out);
		expect(!model_resources(m, (enum resources_format)format, &out, NULL, &err) || scan_check(str_trim(buf_str(&out)), NULL));
	}
	for (int format = 0; format < SHOW_FORMATS; format++) {
		buf_clear(&out);
		arena_init(&arena, 64 << 20);
		expect(!model_show(m, (enum show_format)format, &out, &err) || format != SHOW_SVG ||
		       xml_parse(buf_str(&out), &arena, &err) || err_is(&err, "xml.memory"));
		arena_release(&arena);
	}
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct findings_list findings;
	struct arena arena;
	struct model model;

	arena_init(&arena, 8 << 20);
	findings_list_init(&findings, &arena, "model.json");
	if (model_parse(&model, str_of((const char *)data, size), "model.json", &findings))
		model_lint(&model, &model_daemon_kinds, &findings);
	else
		expect(findings.errors > 0);
	findings_list_sort(&findings);
	check(&findings);
	write_all(&model);
	model_release(&model);
	arena_release(&arena);
	return 0;
}
