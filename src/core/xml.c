#include "sluice/core/xml.h"

#include "sluice/core/buf.h"
#include "sluice/core/mem.h"

#include <expat.h>

enum { MAX_DEPTH = 32, MAX_BYTES = 4 << 20 };

struct reading {
	XML_Parser parser;
	struct arena *arena;
	struct xml *root, *at;
	struct xml *last[MAX_DEPTH];   /* last child of each open element, by depth */
	struct buf text[MAX_DEPTH];    /* of each open element */
	size_t depth;
	struct err *err;
	bool failed;
};

static void fail(struct reading *r, const char *code, const char *what)
{
	if (r->failed)
		return;
	r->failed = true;
	err_set(r->err, ERR_DATA, code, "line %lu: %s", (unsigned long)XML_GetCurrentLineNumber(r->parser), what);
	XML_StopParser(r->parser, XML_FALSE);
}

static void on_begin(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
	struct reading *r = ctx;
	struct xml *x = ARENA_NEW(r->arena, struct xml);

	(void)attributes;
	if (r->depth == MAX_DEPTH) {
		fail(r, "xml.depth", "elements are nested deeper than 32 levels");
		return;
	}
	if (x)
		x->name = arena_dup(r->arena, str_c(name));
	if (!x || !x->name.ptr) {
		fail(r, "xml.memory", "the document takes more memory than it may");
		return;
	}
	x->parent = r->at;
	if (!r->at)
		r->root = x;
	else if (r->last[r->depth - 1])
		r->last[r->depth - 1]->next = x;
	else
		r->at->first = x;
	if (r->at)
		r->last[r->depth - 1] = x;
	r->last[r->depth] = NULL;
	buf_clear(&r->text[r->depth]);
	r->depth++;
	r->at = x;
}

static void on_text(void *ctx, const XML_Char *text, int len)
{
	struct reading *r = ctx;

	if (r->depth && !r->failed)
		buf_put(&r->text[r->depth - 1], str_of(text, (size_t)len));
}

static void on_end(void *ctx, const XML_Char *name)
{
	struct reading *r = ctx;
	struct str text;

	(void)name;
	if (r->failed)
		return;
	r->depth--;
	text = str_trim(buf_str(&r->text[r->depth]));
	if (text.len) {
		r->at->text = arena_dup(r->arena, text);
		if (!r->at->text.ptr)
			fail(r, "xml.memory", "the document takes more memory than it may");
	}
	r->at = r->at->parent;
}

static void on_doctype(void *ctx, const XML_Char *name, const XML_Char *system, const XML_Char *public, int internal)
{
	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	fail(ctx, "xml.doctype", "a document type is declared; no answer of a service has one");
}

const struct xml *xml_parse(struct str text, struct arena *arena, struct err *err)
{
	struct reading r = { .arena = arena, .err = err };

	if (text.len > MAX_BYTES) {
		err_set(err, ERR_DATA, "xml.size", "the document is larger than 4 MiB");
		return NULL;
	}
	r.parser = XML_ParserCreate(NULL);
	if (!r.parser) {
		err_set(err, ERR_DATA, "xml.memory", "there is no memory for an XML parser");
		return NULL;
	}
	for (size_t i = 0; i < MAX_DEPTH; i++)
		buf_init(&r.text[i], MAX_BYTES);
	XML_SetUserData(r.parser, &r);
	XML_SetElementHandler(r.parser, on_begin, on_end);
	XML_SetCharacterDataHandler(r.parser, on_text);
	XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
	if (XML_Parse(r.parser, text.len ? text.ptr : "", (int)text.len, 1) != XML_STATUS_OK)
		fail(&r, "xml.syntax", XML_ErrorString(XML_GetErrorCode(r.parser)));
	XML_ParserFree(r.parser);
	for (size_t i = 0; i < MAX_DEPTH; i++)
		buf_release(&r.text[i]);
	return r.failed ? NULL : r.root;
}

const struct xml *xml_child(const struct xml *x, const char *name)
{
	for (x = x ? x->first : NULL; x; x = x->next)
		if (str_eq(x->name, str_c(name)))
			return x;
	return NULL;
}

struct str xml_text(const struct xml *x, const char *name)
{
	x = xml_child(x, name);
	return x ? x->text : str_of(NULL, 0);
}
