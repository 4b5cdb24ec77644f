#include "s3_layout.h"

#include "sluice/core/digest.h"

#include <time.h>

enum { LONGEST_KEY = 1024, LONGEST_LABEL = 63, LONGEST_BUCKET = 255, SHORTEST_BUCKET = 3 };

void s3_extent_begin(struct s3_extent *x, const struct s3_rule *rule, struct str address, int64_t created_s)
{
	int64_t into_s = created_s % rule->interval_s;

	if (into_s < 0)
		into_s += rule->interval_s;
	*x = (struct s3_extent){
		.address = address, .begins_s = created_s - into_s, .ends_s = created_s - into_s + rule->interval_s,
	};
}

bool s3_extent_takes(const struct s3_extent *x, const struct s3_rule *rule, struct str address, int64_t created_s,
		     size_t line_bytes)
{
	if (x->records == 0)
		return true;
	return created_s < x->ends_s && line_bytes <= rule->object_bytes && x->bytes <= rule->object_bytes - line_bytes &&
	       str_eq(address, x->address);
}

void s3_extent_add(struct s3_extent *x, size_t line_bytes)
{
	x->bytes += line_bytes;
	x->records++;
}

/* ---- names ---- */

struct str s3_bucket_of(struct str address)
{
	return str_sub(address, 0, str_find_char(address, '/'));
}

struct str s3_prefix_of(struct str address)
{
	struct str prefix = str_from(address, s3_bucket_of(address).len);

	while (str_starts(prefix, STR("/")))
		prefix = str_from(prefix, 1);
	while (str_ends(prefix, STR("/")))
		prefix = str_sub(prefix, 0, prefix.len - 1);
	return prefix;
}

static bool is_lower(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_letter(char c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z');
}

bool s3_bucket_ok(struct str bucket)
{
	for (size_t i = 0; i < bucket.len; i++)
		if (!is_letter(bucket.ptr[i]) && (!bucket.ptr[i] || !strchr(".-_", bucket.ptr[i])))
			return false;
	return bucket.len >= SHORTEST_BUCKET && bucket.len <= LONGEST_BUCKET && is_letter(bucket.ptr[0]);
}

bool s3_bucket_is_label(struct str bucket)
{
	for (size_t i = 0; i < bucket.len; i++)
		if (!is_lower(bucket.ptr[i]) && bucket.ptr[i] != '-')
			return false;
	return bucket.len && bucket.len <= LONGEST_LABEL && bucket.ptr[0] != '-' && bucket.ptr[bucket.len - 1] != '-';
}

static void put_prefix(struct buf *out, struct str address)
{
	struct str prefix = s3_prefix_of(address);

	if (prefix.len)
		buf_putf(out, "%.*s/", STR_ARG(prefix));
}

void s3_put_key(struct buf *out, const struct s3_extent *x, enum s3_partition partition, struct str shard_id,
		const struct sequence *first)
{
	time_t begins = (time_t)x->begins_s;
	char text[64];
	struct tm tm;

	put_prefix(out, x->address);
	if (partition != S3_BY_NOTHING && gmtime_r(&begins, &tm)) {
		strftime(text, sizeof(text), partition == S3_BY_HOUR ? "dt=%Y-%m-%d/hour=%H/" : "dt=%Y-%m-%d/", &tm);
		buf_puts(out, text);
	}
	buf_putf(out, "%.*s-%.*s.json.gz", STR_ARG(shard_id), STR_ARG(sequence_str(first)));
}

void s3_put_letter_key(struct buf *out, struct str address, struct str id)
{
	struct digest digest;

	if (s3_prefix_of(address).len + id.len + sizeof("/.json") > LONGEST_KEY) {
		digest_fields(&id, 1, &digest);
		id = str_c(digest.hex);
	}
	put_prefix(out, address);
	buf_putf(out, "%.*s.json", STR_ARG(id));
}

void s3_put_path(struct buf *out, struct str key)
{
	for (size_t i = 0; i < key.len; i++) {
		char c = key.ptr[i];

		if (is_letter(c) || (c && strchr("-_.~/", c)))
			buf_putc(out, c);
		else
			buf_putf(out, "%%%02X", (unsigned char)c);
	}
}
