#include "support/test.h"

#include "sluice/core/file.h"
#include "sluice/core/xml.h"
#include "sluice/model/show.h"

#include <stdio.h>

enum { WHOLE = 16 << 20 };

static const char *const documents[] = {
	"conf/examples/deals.json", "conf/examples/photos.json", "conf/examples/photos-multi-table.json", "tests/models/chat.json",
	"tests/models/ecommerce.json", "tests/models/iot.json", "tests/models/leaderboard.json", "tests/models/saas.json",
};

enum { N_DOCUMENTS = sizeof(documents) / sizeof(*documents) };

struct shown {
	struct buf text;
	struct arena arena, findings;
	struct model model;
	struct show_graph graph;
	struct show_layout layout;
};

static void show_text_of(struct shown *x, struct str text)
{
	struct findings_list list;

	arena_init(&x->findings, 64 << 20);
	arena_init(&x->arena, 64 << 20);
	findings_list_init(&list, &x->findings, "m.json");
	assert_true(model_parse(&x->model, text, "m.json", &list));
	assert_true(show_graph_make(&x->graph, &x->model, &x->arena));
	assert_true(show_layout_make(&x->layout, &x->graph, &x->arena));
}

static void show_document(struct shown *x, const char *path)
{
	struct err err;

	*x = (struct shown){ .layout = { 0 } };
	buf_init(&x->text, MODEL_MAX_BYTES);
	assert_true(file_read(path, &x->text, &err));
	show_text_of(x, buf_str(&x->text));
}

static void release(struct shown *x)
{
	model_release(&x->model);
	arena_release(&x->arena);
	arena_release(&x->findings);
	buf_release(&x->text);
}

static struct buf written(const struct shown *x, enum show_format format)
{
	struct err err;
	struct buf out;

	buf_init(&out, WHOLE);
	assert_true(model_show(&x->model, format, &out, &err));
	return out;
}

/* --- layout ---------------------------------------------------------------- */

static bool overlap(const struct show_box *a, const struct show_box *b)
{
	return a->x < b->x + b->w && b->x < a->x + a->w && a->y < b->y + b->h && b->y < a->y + a->h;
}

static bool inside(const struct show_box *inner, const struct show_box *outer)
{
	return inner->x > outer->x && inner->y > outer->y && inner->x + inner->w < outer->x + outer->w &&
	       inner->y + inner->h < outer->y + outer->h;
}

static void check_boxes(const struct show_layout *l)
{
	for (size_t i = 0; i < l->n_boxes; i++) {
		const struct show_box *a = &l->boxes[i];

		assert_true(a->x >= 0 && a->y >= 0 && a->w > 0 && a->h > 0);
		assert_true(a->x + a->w <= l->width && a->y + a->h <= l->height);
		for (size_t k = i + 1; k < l->n_boxes; k++) {
			const struct show_box *b = &l->boxes[k];

			if (b->shape == SHOW_BOX_INDEX && b->node == a->node && a->shape == SHOW_BOX_TABLE)
				assert_true(inside(b, a));
			else
				assert_false(overlap(a, b));
		}
	}
}

/* Each text stands in a box, or above all of them. */
static void check_runs(const struct show_layout *l)
{
	for (size_t i = 0; i < l->n_runs; i++) {
		const struct show_run *r = &l->runs[i];
		bool found = r->style == SHOW_TITLE || r->style == SHOW_CAPTION;

		for (size_t k = 0; k < l->n_boxes && !found; k++) {
			const struct show_box *b = &l->boxes[k];

			found = r->x > b->x && r->x < b->x + b->w && r->y > b->y + 8 && r->y < b->y + b->h - 2;
		}
		if (!found)
			fail_msg("\"%.*s\" stands outside", STR_ARG(r->text));
	}
}

/* An arrow begins and ends at the side of its boxes, and has no box between. */
static void check_lines(const struct show_layout *l)
{
	assert_int_equal(l->n_lines, l->graph->n_edges);
	for (size_t i = 0; i < l->n_lines; i++) {
		const struct show_line *line = &l->lines[i];
		int left = line->x1 < line->x2 ? line->x1 : line->x2, right = line->x1 < line->x2 ? line->x2 : line->x1;
		unsigned ends = 0;

		for (size_t k = 0; k < l->n_boxes; k++) {
			const struct show_box *b = &l->boxes[k];

			if (b->shape == SHOW_BOX_INDEX)
				continue;
			ends += b->node == l->graph->edges[line->edge].from && line->y1 >= b->y && line->y1 <= b->y + b->h &&
				(line->x1 == b->x || line->x1 == b->x + b->w);
			ends += b->node == l->graph->edges[line->edge].to && line->y2 >= b->y && line->y2 <= b->y + b->h &&
				(line->x2 == b->x || line->x2 == b->x + b->w);
			if (b->y < (line->y1 > line->y2 ? line->y1 : line->y2) && b->y + b->h > (line->y1 < line->y2 ? line->y1 : line->y2))
				assert_false(b->x < right && b->x + b->w > left);
		}
		assert_int_equal(ends, 2);
		for (size_t k = 0; k < i; k++) /* no two meet at one point */
			assert_false(l->lines[k].x1 == line->x1 && l->lines[k].y1 == line->y1);
	}
}

static void nothing_overlaps_in_the_documents(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_DOCUMENTS; i++) {
		struct shown x;

		show_document(&x, documents[i]);
		check_boxes(&x.layout);
		check_runs(&x.layout);
		check_lines(&x.layout);
		release(&x);
	}
}

static void each_pattern_and_index_is_shown_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_DOCUMENTS; i++) {
		size_t patterns = 0, indexes = 0, numbers = 0;
		struct shown x;

		show_document(&x, documents[i]);
		for (size_t k = 0; k < x.graph.n_nodes; k++)
			patterns += x.graph.nodes[k].n_patterns;
		for (size_t k = 0; k < x.layout.n_boxes; k++)
			indexes += x.layout.boxes[k].shape == SHOW_BOX_INDEX;
		for (size_t k = 0; k < x.layout.n_runs; k++)
			numbers += x.layout.runs[k].style == SHOW_NUMBER;
		assert_int_equal(patterns, x.model.n_patterns);
		assert_int_equal(numbers, x.model.n_patterns);
		assert_int_equal(indexes, x.graph.n_indexes);
		release(&x);
	}
}

/* --- the writers ----------------------------------------------------------- */

static void each_writer_names_everything(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_DOCUMENTS; i++) {
		struct shown x;

		show_document(&x, documents[i]);
		for (int format = 0; format < SHOW_FORMATS; format++) {
			struct buf out = written(&x, (enum show_format)format), again = written(&x, (enum show_format)format);

			for (size_t k = 0; k < x.graph.n_nodes; k++)
				assert_true(str_find(buf_str(&out), x.graph.nodes[k].name) != SIZE_MAX);
			for (size_t k = 0; k < x.model.n_tables; k++)
				for (size_t n = 0; n < x.model.tables[k].n_indexes; n++)
					assert_true(str_find(buf_str(&out), x.model.tables[k].indexes[n].name) != SIZE_MAX);
			assert_true(str_eq(buf_str(&out), buf_str(&again)));
			buf_release(&out);
			buf_release(&again);
		}
		release(&x);
	}
}

static void svg_is_well_formed_and_refers_to_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_DOCUMENTS; i++) {
		struct arena arena;
		struct shown x;
		struct buf out;
		struct err err;

		show_document(&x, documents[i]);
		out = written(&x, SHOW_SVG);
		arena_init(&arena, 64 << 20);
		if (!xml_parse(buf_str(&out), &arena, &err))
			fail_msg("%s: %s", documents[i], err.text);
		assert_true(str_find(buf_str(&out), STR("href")) == SIZE_MAX && str_find(buf_str(&out), STR("url(")) == SIZE_MAX);
		assert_true(str_find(buf_str(&out), STR("<script")) == SIZE_MAX && str_find(buf_str(&out), STR("@import")) == SIZE_MAX);
		arena_release(&arena);
		buf_release(&out);
		release(&x);
	}
}

static void text_fits_a_hundred_columns(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_DOCUMENTS; i++) {
		struct shown x;
		struct buf out;
		struct str rest;

		show_document(&x, documents[i]);
		out = written(&x, SHOW_TEXT);
		for (rest = buf_str(&out); rest.ptr;) {
			struct str line = str_split(&rest, '\n');
			size_t columns = 0;

			for (size_t at = 0; at < line.len; columns++)
				show_character(line, &at);
			assert_in_range(columns, 0, 100);
		}
		buf_release(&out);
		release(&x);
	}
}

/* --- hostile input --------------------------------------------------------- */

#define LONG "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define BAD "\\\"]; <script>alert('1')</script> & ]]> --> `md` %% end\\n\\u0000\\u0007\\u202egnp\\u2066 \\u200b\\ufffe #quot; \\ud83d\\ude00" LONG LONG LONG

static const char hostile[] =
	"{\"tables\":[{\"TableName\":\"" BAD "\",\"AttributeDefinitions\":[{\"AttributeName\":\"" BAD "\",\"AttributeType\":\"S\"}],"
	"\"KeySchema\":[{\"AttributeName\":\"" BAD "\",\"KeyType\":\"HASH\"}],\"TimeToLiveSpecification\":{\"Enabled\":true,"
	"\"AttributeName\":\"" BAD "\"},\"StreamSpecification\":{\"StreamEnabled\":true,\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"},"
	"\"GlobalSecondaryIndexes\":[{\"IndexName\":\"" BAD "\",\"KeySchema\":[{\"AttributeName\":\"" BAD "\",\"KeyType\":\"HASH\"}],"
	"\"Projection\":{\"ProjectionType\":\"INCLUDE\",\"NonKeyAttributes\":[\"" BAD "\",\"" BAD "\"]}}]}],"
	"\"access_patterns\":[{\"pattern\":\"" BAD "\",\"description\":\"" BAD "\",\"dynamodb_operation\":\"" BAD "\",\"table\":\"" BAD "\"},"
	"{\"pattern\":\"" BAD "\",\"description\":\"" BAD "\"}],"
	"\"stream_sinks\":[{\"name\":\"" BAD "\",\"kind\":\"" BAD "\"}],"
	"\"stream_handlers\":[{\"kind\":\"" BAD "\",\"name\":\"" BAD "\",\"source\":\"" BAD "\",\"sink\":\"" BAD "\",\"topic\":\"" BAD "\"},"
	"{\"kind\":\"counter\",\"name\":\"\",\"source\":\"nowhere\",\"table\":\"" BAD "\",\"add\":[\"" BAD "\",7,{}]}]}";

/* The text with U+0000 escapes taken out, which no reader of JSON here takes. */
static struct str hostile_text(struct buf *room)
{
	struct str rest = str_c(hostile), nul = STR("\\u0000");

	buf_init(room, 1 << 20);
	for (size_t at; (at = str_find(rest, nul)) != SIZE_MAX; rest = str_from(rest, at + nul.len))
		buf_put(room, str_sub(rest, 0, at));
	buf_put(room, rest);
	return buf_str(room);
}

static void hostile_names_stay_text(void **state)
{
	static const char *const bad[] = { "<script", "\xe2\x80\xae", "\xe2\x81\xa6", "\x07", "\xe2\x80\x8b", "\xef\xbf\xbe" };
	struct arena arena;
	struct buf text;
	struct shown x = { .layout = { 0 } };
	struct err err;

	(void)state;
	show_text_of(&x, hostile_text(&text));
	check_boxes(&x.layout);
	check_runs(&x.layout);
	for (int format = 0; format < SHOW_FORMATS; format++) {
		struct buf out = written(&x, (enum show_format)format);

		for (size_t i = format == SHOW_TEXT; i < sizeof(bad) / sizeof(*bad); i++)
			assert_true(str_find(buf_str(&out), str_c(bad[i])) == SIZE_MAX);
		arena_init(&arena, 64 << 20);
		if (format == SHOW_SVG && !xml_parse(buf_str(&out), &arena, &err))
			fail_msg("%s", err.text);
		if (format == SHOW_MERMAID) /* its own tags and quotes alone */
			for (struct str rest = buf_str(&out); rest.ptr;) {
				struct str line = str_split(&rest, '\n');
				size_t quotes = 0;

				for (size_t i = 0; i < line.len; i++)
					quotes += line.ptr[i] == '"';
				assert_true(quotes == 0 || quotes == 2);
				assert_true(str_find_char(line, '`') == SIZE_MAX && str_find_char(line, '\'') == SIZE_MAX);
			}
		arena_release(&arena);
		buf_release(&out);
	}
	buf_release(&text);
	release(&x);
}

static void a_full_buffer_is_an_error(void **state)
{
	struct shown x;
	struct err err;
	struct buf out;

	(void)state;
	show_document(&x, documents[0]);
	for (int format = 0; format < SHOW_FORMATS; format++) {
		buf_init(&out, 1000);
		assert_false(model_show(&x.model, (enum show_format)format, &out, &err));
		assert_true(err_is(&err, "show.size"));
		buf_release(&out);
	}
	release(&x);
}

static unsigned one(uint32_t c)
{
	(void)c;
	return 1;
}

static void keys_tell_what_is_sorted_by(void **state)
{
	struct shown x;
	struct buf out;

	(void)state;
	show_document(&x, "tests/models/saas.json");
	for (int format = 0; format < SHOW_FORMATS; format++) {
		out = written(&x, (enum show_format)format);
		assert_true(str_find(buf_str(&out), STR("tenant_id (S), assignee_id (S) → task_state (S), due_on (S)")) != SIZE_MAX);
		buf_release(&out);
	}
	release(&x);
}

static void text_is_cut_at_characters(void **state)
{
	static const struct {
		const char *text;
		unsigned room;
		const char *cut;
	} cases[] = {
		{ "abc", 3, "abc" }, { "abcd", 3, "ab…" }, { "äöüß", 3, "äö…" }, { "ab cd", 4, "ab…" }, { "", 0, "" }, { "a", 0, "…" },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str cut = show_cut(str_c(cases[i].text), cases[i].room, one, &arena);

		assert_true(str_eq(cut, str_c(cases[i].cut)));
	}
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_overlaps_in_the_documents),
		cmocka_unit_test(each_pattern_and_index_is_shown_once),
		cmocka_unit_test(each_writer_names_everything),
		cmocka_unit_test(svg_is_well_formed_and_refers_to_nothing),
		cmocka_unit_test(text_fits_a_hundred_columns),
		cmocka_unit_test(hostile_names_stay_text),
		cmocka_unit_test(a_full_buffer_is_an_error),
		cmocka_unit_test(keys_tell_what_is_sorted_by),
		cmocka_unit_test(text_is_cut_at_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
