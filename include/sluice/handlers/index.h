/* index: an OpenSearch index that equals the table: one document an item that
 * matches `where`, under external versions.
 *
 * Readers query the alias; documents are written to the physical index
 * <index>-000001, counting up with each rebuild.
 */
#ifndef SLUICE_HANDLERS_INDEX_H
#define SLUICE_HANDLERS_INDEX_H

#include "sluice/handlers/handler.h"

enum {
	INDEX_ID_MAX = 512,    /* bytes of a document id (OpenSearch, "Index document") */
	INDEX_NAME_MAX = 255,  /* bytes of an index name */
	INDEX_GENERATION_LEN = 7,  /* "-000001" */
};

struct index_settings {
	struct str sink, index, alias, id, routing, pipeline, mapping_file;
	const struct node *document, *where;
};

const struct index_settings *index_settings(const struct handler *h);

/* What readers query: alias, or index where that is not set. */
struct str index_alias(const struct handler *h);

/* The physical index that effects name from now on; text is borrowed for the
 * handler's life. Before the first call it is generation 1. */
void index_target(struct handler *h, struct str physical);

/* Writes "<index>-NNNNNN". */
bool index_physical_name(struct str index, uint32_t generation, struct buf *out);

#endif
