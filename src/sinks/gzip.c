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
