/* gzip: compresses what sinks send (RFC 1952). The only file that touches zlib. */
#ifndef SLUICE_SINKS_GZIP_H
#define SLUICE_SINKS_GZIP_H

#include "sluice/core/buf.h"

/* Appends the compressed text; false when out has no room for it. Needs no loop:
 * it may run on a helper thread. */
bool gzip_text(struct str text, struct buf *out);

/* A gzip file that grows over a long time and takes little memory beside its bytes:
 * text is gathered and compressed in pieces that know nothing of each other, so no
 * compressor is kept in between. One member; the same appends make the same bytes
 * (no time, no name in the header; as long as zlib stays the same). */
struct gzip_stream {
	struct buf pending;        /* not compressed yet */
	struct buf out;
	uint32_t crc, bytes;       /* of all the text */
};

/* max_bytes caps what it becomes, and what it is made of. */
void gzip_stream_init(struct gzip_stream *z, size_t max_bytes);
void gzip_stream_release(struct gzip_stream *z);

/* Appends a text; pieces are cut between texts. False: there is no room; it is of no
 * use then. */
bool gzip_stream_add(struct gzip_stream *z, struct str text);

/* Afterwards `out` is the whole file. Once. */
bool gzip_stream_end(struct gzip_stream *z);

static inline size_t gzip_stream_memory(const struct gzip_stream *z)
{
	return z->pending.cap + z->out.cap;
}

/* As gzip, zip and S3's x-amz-checksum-crc32 know it. */
uint32_t gzip_crc32(struct str bytes);

#endif
