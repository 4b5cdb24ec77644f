/* xml: small XML documents as trees: what AWS's older APIs answer with. The only
 * file that touches expat, and the wall around it: no document type (so no
 * entities but the five), at most 32 levels, 4 MiB; names without their prefix's
 * meaning, as they stand; attributes and comments are passed over.
 */
#ifndef SLUICE_CORE_XML_H
#define SLUICE_CORE_XML_H

#include "sluice/core/arena.h"
#include "sluice/core/err.h"

struct xml {
	struct str name;
	struct str text;               /* all text directly in it, without white space at both ends */
	struct xml *first, *next, *parent;
};

/* The root element; everything lives in the arena. NULL: DATA "xml.syntax" with
 * the line, "xml.depth", "xml.size", "xml.doctype"; "xml.memory" at the arena's cap. */
const struct xml *xml_parse(struct str text, struct arena *arena, struct err *err);

/* The first child of that name, or NULL; NULL gives NULL, so that lookups chain. */
const struct xml *xml_child(const struct xml *x, const char *name);

/* Its text; empty when there is none. */
struct str xml_text(const struct xml *x, const char *name);

#endif
