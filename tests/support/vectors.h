/* vectors: public test data in ../shared/vectors, which a checkout alone does not
 * have. A test that reads it says that it skips where the folder is absent.
 */
#ifndef SLUICE_SUPPORT_VECTORS_H
#define SLUICE_SUPPORT_VECTORS_H

#include "sluice/core/buf.h"

/* True when ../shared/vectors/<name> is there; else prints that the caller skips. */
bool vectors_have(const char *name);

/* Reads ../shared/vectors/<path> whole; false when there is no such file. */
bool vectors_read(const char *path, struct buf *out);

#endif
