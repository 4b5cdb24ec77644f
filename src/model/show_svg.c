#include "sluice/model/show.h"

/* What a viewer needs is in the file: no scripts, nothing from elsewhere. Colours by class, so that a dark
 * scheme can have its own. */
static const char style[] =
	"text{font-family:system-ui,-apple-system,'Segoe UI','Helvetica Neue',Arial,sans-serif;font-size:12px;fill:#334155}\n"
	".page{fill:#f8fafc}.table{fill:#fff;stroke:#94a3b8}.index{fill:#f1f5f9;stroke:#cbd5e1}.handler{fill:#ecfdf5;stroke:#34d399}"
	".sink{fill:#fff7ed;stroke:#fb923c}\n"
	".title{font-size:20px;font-weight:600;fill:#0f172a}.caption{font-weight:600;fill:#475569}"
	".name{font-size:14px;font-weight:600;fill:#0f172a}\n"
	".key{font-weight:500;fill:#1d4ed8}.number{font-weight:600;fill:#0f172a}.operation{fill:#0f766e}.badge{font-size:11px;fill:#64748b}\n"
	"path{fill:none;stroke-width:1.6}.stream{stroke:#64748b}.writes{stroke:#059669}.reads{stroke:#7c3aed;stroke-dasharray:5 4}\n"
	".stream-head{fill:#64748b}.writes-head{fill:#059669}.reads-head{fill:#7c3aed}\n"
	"@media (prefers-color-scheme:dark){\n"
	"text{fill:#cbd5e1}.page{fill:#0b1220}.table{fill:#131c2e;stroke:#475569}.index{fill:#1b2740;stroke:#334155}"
	".handler{fill:#06281f;stroke:#059669}.sink{fill:#2a1a0b;stroke:#c2610c}\n"
	".title,.name,.number{fill:#f1f5f9}.caption{fill:#94a3b8}.key{fill:#93c5fd}.operation{fill:#5eead4}.badge{fill:#94a3b8}\n"
	".stream{stroke:#94a3b8}.writes{stroke:#34d399}.reads{stroke:#a78bfa}"
	".stream-head{fill:#94a3b8}.writes-head{fill:#34d399}.reads-head{fill:#a78bfa}\n"
	"}\n";

static const char *const ways[] = { [SHOW_STREAM] = "stream", [SHOW_WRITES] = "writes", [SHOW_READS] = "reads" };

static void put_text(struct str text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		switch (text.ptr[i]) {
		case '&':
			buf_puts(out, "&amp;");
			break;
		case '<':
			buf_puts(out, "&lt;");
			break;
		case '>':
			buf_puts(out, "&gt;");
			break;
		case '"':
			buf_puts(out, "&quot;");
			break;
		case '\'':
			buf_puts(out, "&#39;");
			break;
		default:
			buf_putc(out, text.ptr[i]);
		}
	}
}

static void put_title(struct str text, struct buf *out)
{
	buf_puts(out, "<title>");
	put_text(text, out);
	buf_puts(out, "</title>");
}

static void put_box(const struct show_box *b, struct buf *out)
{
	static const char *const classes[] = {
		[SHOW_BOX_TABLE] = "table", [SHOW_BOX_INDEX] = "index", [SHOW_BOX_HANDLER] = "handler", [SHOW_BOX_SINK] = "sink",
	};
	static const int corners[] = { [SHOW_BOX_TABLE] = 8, [SHOW_BOX_INDEX] = 6, [SHOW_BOX_HANDLER] = 16, [SHOW_BOX_SINK] = 8 };

	buf_putf(out, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"%d\"/>\n", classes[b->shape], b->x, b->y,
		 b->w, b->h, corners[b->shape]);
}

static void put_run(const struct show_run *r, struct buf *out)
{
	static const char *const classes[] = {
		[SHOW_TITLE] = "title", [SHOW_CAPTION] = "caption", [SHOW_NAME] = "name", [SHOW_PLAIN] = NULL, [SHOW_KEY] = "key",
		[SHOW_NUMBER] = "number", [SHOW_OPERATION] = "operation", [SHOW_BADGE] = "badge",
	};

	buf_putf(out, "<text x=\"%d\" y=\"%d\"", r->x, r->y);
	if (classes[r->style])
		buf_putf(out, " class=\"%s\"", classes[r->style]);
	buf_putf(out, "%s>", r->right ? " text-anchor=\"end\"" : "");
	if (r->whole.len)
		put_title(r->whole, out);
	put_text(r->text, out);
	buf_puts(out, "</text>\n");
}

/* A curve that leaves and arrives level, with a head that points to where it goes. */
static void put_line(const struct show_layout *l, const struct show_line *line, struct buf *out)
{
	enum { HEAD = 8, HALF = 4 };
	const struct show_edge *e = &l->graph->edges[line->edge];
	int forth = line->x1 < line->x2 ? 1 : -1, end = line->x2 - forth * HEAD, bend = (end - line->x1) / 2;

	buf_puts(out, "<g>");
	buf_puts(out, "<title>");
	put_text(l->graph->nodes[e->from].name, out);
	buf_puts(out, line->way == SHOW_READS ? " is read by " : line->way == SHOW_STREAM ? ": its stream is read by " : " writes ");
	put_text(l->graph->nodes[e->to].name, out);
	buf_puts(out, "</title>");
	buf_putf(out, "<path class=\"%s\" d=\"M%d %dC%d %d %d %d %d %d\"/>", ways[line->way], line->x1, line->y1, line->x1 + bend,
		 line->y1, end - bend, line->y2, end, line->y2);
	buf_putf(out, "<polygon class=\"%s-head\" points=\"%d,%d %d,%d %d,%d\"/></g>\n", ways[line->way], line->x2, line->y2, end,
		 line->y2 - HALF, end, line->y2 + HALF);
}

static void put_legend(const struct show_layout *l, struct buf *out)
{
	static const struct {
		const char *text;
		int x;                   /* from the right edge */
	} rows[] = {
		[SHOW_STREAM] = { "a table's stream", 462 }, [SHOW_WRITES] = { "written", 300 }, [SHOW_READS] = { "read as audience", 184 },
	};

	if (l->n_lines == 0)
		return;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int x = l->width - rows[i].x;

		buf_putf(out, "<path class=\"%s\" d=\"M%d 37h28\"/><polygon class=\"%s-head\" points=\"%d,37 %d,33 %d,41\"/>", ways[i], x,
			 ways[i], x + 36, x + 28, x + 28);
		buf_putf(out, "<text class=\"badge\" x=\"%d\" y=\"41\">%s</text>\n", x + 44, rows[i].text);
	}
}

bool show_write_svg(const struct show_layout *l, struct buf *out)
{
	buf_putf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\">\n",
		 l->width, l->height, l->width, l->height);
	put_title(STR("Data model"), out);
	buf_putf(out, "\n<style>\n%s</style>\n<rect class=\"page\" width=\"%d\" height=\"%d\"/>\n", style, l->width, l->height);
	put_legend(l, out);
	for (size_t i = 0; i < l->n_boxes; i++)
		put_box(&l->boxes[i], out);
	for (size_t i = 0; i < l->n_lines; i++)
		put_line(l, &l->lines[i], out);
	for (size_t i = 0; i < l->n_runs; i++)
		put_run(&l->runs[i], out);
	return buf_puts(out, "</svg>\n");
}
