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
	INDEX_GENERATION_LEN = 7,  /* "-000001" of the physical index */
};

struct index_settings {
	struct str sink, index, alias, id, routing, pipeline, mapping_file;
	const struct node *document, *where;
};

const struct index_settings *index_settings(const struct handler *h);

/* What readers query: alias, or index where that is not set. */
struct str index_alias(const struct handler *h);

/* Which physical index effects name from now on (<index>-NNNNNN; 1 before the
 * first call), and what an index that must be made is made of: a JSON object with
 * "mappings" and "settings", the content of mapping_file, borrowed for the
 * handler's life; empty: none. */
void index_target(struct handler *h, uint32_t generation, struct str definition);

#endif
