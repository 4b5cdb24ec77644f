#include "gzip.h"

#define ZLIB_CONST
#include <zlib.h>

/* 16 more than the window's bits asks zlib for gzip's header. */
enum { LEVEL = 1, WINDOW_BITS = 15 + 16, MEMORY_LEVEL = 8 };

bool gzip_text(struct str text, struct buf *out)
{
	z_stream z = { 0 };
	uLong most;
	char *to;
	int status;

	if (text.len > UINT32_MAX / 2 ||
	    deflateInit2(&z, LEVEL, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	most = deflateBound(&z, (uLong)text.len);
	to = buf_reserve(out, most);
	if (!to) {
		deflateEnd(&z);
		return false;
	}
	z.next_in = (const Bytef *)text.ptr;
	z.avail_in = (uInt)text.len;
	z.next_out = (Bytef *)to;
	z.avail_out = (uInt)most;
	status = deflate(&z, Z_FINISH);
	buf_commit(out, most - z.avail_out);
	deflateEnd(&z);
	return status == Z_STREAM_END;
}

/* ---- a file that grows ---- */

enum {
	PIECE_BYTES = 128 << 10,
	RAW_WINDOW_BITS = -15,     /* no header: that is ours */
	STREAM_LEVEL = 6,
};

void gzip_stream_init(struct gzip_stream *z, size_t max_bytes)
{
	*z = (struct gzip_stream){ 0 };
	buf_init(&z->pending, max_bytes);
	buf_init(&z->out, max_bytes);
}

void gzip_stream_release(struct gzip_stream *z)
{
	buf_release(&z->pending);
	buf_release(&z->out);
}

/* Deflate blocks that end on a byte's boundary can be put one behind the other. */
static bool compress_piece(struct gzip_stream *z, int flush)
{
	static const char header[10] = { 0x1f, (char)0x8b, 8, 0, 0, 0, 0, 0, 0, (char)0xff };
	struct str piece = buf_str(&z->pending);
	z_stream s = { 0 };
	uLong most;
	char *to;
	int status;

	if (z->out.len == 0 && !buf_put(&z->out, str_of(header, sizeof(header))))
		return false;
	if (piece.len > UINT32_MAX / 2 ||
	    deflateInit2(&s, STREAM_LEVEL, Z_DEFLATED, RAW_WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	most = deflateBound(&s, (uLong)piece.len) + 16; /* and the empty block of a flush */
	to = buf_reserve(&z->out, most);
	if (!to) {
		deflateEnd(&s);
		return false;
	}
	s.next_in = (const Bytef *)piece.ptr;
	s.avail_in = (uInt)piece.len;
	s.next_out = (Bytef *)to;
	s.avail_out = (uInt)most;
	status = deflate(&s, flush);
	buf_commit(&z->out, most - s.avail_out);
	deflateEnd(&s);
	z->crc = (uint32_t)crc32_z(z->crc, (const Bytef *)(piece.ptr ? piece.ptr : ""), piece.len);
	z->bytes += (uint32_t)piece.len;
	if (z->pending.cap > 2 * PIECE_BYTES) /* one huge text */
		buf_release(&z->pending);
	buf_clear(&z->pending);
	return status == (flush == Z_FINISH ? Z_STREAM_END : Z_OK);
}

bool gzip_stream_add(struct gzip_stream *z, struct str text)
{
	if (!buf_put(&z->pending, text))
		return false;
	return z->pending.len < PIECE_BYTES || compress_piece(z, Z_SYNC_FLUSH);
}

static void put_le32(char *to, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		to[i] = (char)(n >> 8 * i & 0xff);
}

bool gzip_stream_end(struct gzip_stream *z)
{
	char trailer[8];

	if (!compress_piece(z, Z_FINISH))
		return false;
	buf_release(&z->pending);
	put_le32(trailer, z->crc);
	put_le32(trailer + 4, z->bytes);
	return buf_put(&z->out, str_of(trailer, sizeof(trailer)));
}

uint32_t gzip_crc32(struct str bytes)
{
	return (uint32_t)crc32_z(0, (const Bytef *)(bytes.ptr ? bytes.ptr : ""), bytes.len);
}
