#include "sluice/model/show.h"

enum { ARENA_BYTES = 256 << 20, REPLACEMENT = 0xfffd };

static const char *const format_names[] = { [SHOW_TEXT] = "text", [SHOW_MERMAID] = "mermaid", [SHOW_SVG] = "svg" };

enum show_format show_format_named(struct str name)
{
	for (int i = 0; i < SHOW_FORMATS; i++)
		if (str_eq(name, str_c(format_names[i])))
			return (enum show_format)i;
	return SHOW_FORMATS;
}

/* --- text ------------------------------------------------------------------ */

uint32_t show_character(struct str text, size_t *at)
{
	unsigned char first = (unsigned char)text.ptr[*at];
	size_t more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
	uint32_t c = more == 0 ? first : first & (0x3fu >> more);

	++*at;
	for (; more && *at < text.len; more--)
		c = c << 6 | ((unsigned char)text.ptr[(*at)++] & 0x3f);
	return c;
}

/* Line ends, control characters, what turns the direction of writing or cannot be seen, what XML does not take. */
static bool is_unwanted(uint32_t c)
{
	static const struct {
		uint32_t from, to;
	} ranges[] = {
		{ 0x00, 0x1f }, { 0x7f, 0x9f }, { 0x00ad, 0x00ad }, { 0x061c, 0x061c }, { 0x180e, 0x180e }, { 0x200b, 0x200f },
		{ 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xfff0, 0xfffb }, { 0xfffe, 0xffff },
		{ 0xe0000, 0xe0fff },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		if (c >= ranges[i].from && c <= ranges[i].to)
			return true;
	return false;
}

struct str show_clean(struct str text, struct arena *a)
{
	struct str whole = str_utf8_valid(text) ? text : STR("\xef\xbf\xbd");
	char *out = arena_alloc(a, whole.len + 1);
	size_t n = 0;

	if (!out)
		return str_of(NULL, 0);
	for (size_t at = 0; at < whole.len;) {
		size_t from = at;

		if (!is_unwanted(show_character(whole, &at))) {
			memcpy(out + n, whole.ptr + from, at - from);
			n += at - from;
		} else if (n == 0 || out[n - 1] != ' ') {
			out[n++] = ' ';
		}
	}
	return str_of(out, n);
}

struct str show_cut(struct str text, unsigned room, unsigned (*width)(uint32_t character), struct arena *a)
{
	unsigned used = 0, dots = width(0x2026);
	size_t end = 0;

	for (size_t at = 0; at < text.len;) {
		used += width(show_character(text, &at));
		if (used > room)
			return arena_putf(a, "%.*s…", STR_ARG(str_trim(str_sub(text, 0, end))));
		if (used + dots <= room)
			end = at;
	}
	return text;
}

/* --- parts of the model ---------------------------------------------------- */

static struct str put_attribute(struct str before, const char *between, const struct model_attribute *attribute, struct arena *a)
{
	struct str name = show_clean(attribute->name, a);

	return arena_putf(a, "%.*s%s%.*s (%c)", STR_ARG(before), before.len ? between : "", STR_ARG(name),
			  attribute->type ? attribute->type : '?');
}

struct str show_key(const struct model_key *key, struct arena *a)
{
	struct str text = STR("");

	for (size_t i = 0; i < key->n_hash; i++)
		text = put_attribute(text, ", ", key->hash[i], a);
	for (size_t i = 0; i < key->n_range; i++)
		text = put_attribute(text, i ? ", " : " → ", key->range[i], a);
	return text;
}

struct str show_projection(const struct model_index *index, struct arena *a)
{
	static const char *const names[] = { "ALL", "KEYS_ONLY", "INCLUDE" };
	struct buf text;
	struct str whole;

	buf_init(&text, 64 << 10);
	buf_puts(&text, names[index->projection]);
	for (size_t i = 0; i < index->n_included; i++)
		buf_putf(&text, "%s%.*s", i ? ", " : " ", STR_ARG(index->included[i]));
	whole = show_clean(buf_str(&text), a);
	buf_release(&text);
	return whole;
}

/* --- all ------------------------------------------------------------------- */

static bool write_svg(const struct show_graph *g, struct arena *a, struct buf *out)
{
	struct show_layout l;

	return show_layout_make(&l, g, a) && show_write_svg(&l, out);
}

bool model_show(const struct model *m, enum show_format format, struct buf *out, struct err *err)
{
	static bool (*const writers[])(const struct show_graph *g, struct arena *a, struct buf *out) = {
		[SHOW_TEXT] = show_write_text, [SHOW_MERMAID] = show_write_mermaid, [SHOW_SVG] = write_svg,
	};
	struct show_graph g;
	struct arena arena;
	bool ok;

	arena_init(&arena, ARENA_BYTES);
	ok = show_graph_make(&g, m, &arena) && writers[format](&g, &arena, out) && buf_ok(out);
	arena_release(&arena);
	return ok || err_set(err, ERR_DATA, "show.size", "the model is too large for a picture");
}
