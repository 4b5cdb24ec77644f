/* gzip: compresses request bodies (RFC 1952). The only file that touches zlib. */
#ifndef SLUICE_SINKS_GZIP_H
#define SLUICE_SINKS_GZIP_H

#include "sluice/core/buf.h"

/* Appends the compressed text; false when out has no room for it. Needs no loop:
 * it may run on a helper thread. */
bool gzip_text(struct str text, struct buf *out);

#endif
