#include "sluice/aws/sigv4.h"

#include "sluice/core/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	MAX_SIGNED_HEADERS = HTTP_MAX_HEADERS + 3,
	MAX_QUERY_PARAMETERS = 256,
	MAX_CANONICAL_BYTES = 256 * 1024,
	MAX_PATH_BYTES = 16 * 1024,
};

void sigv4_result_init(struct sigv4_result *r)
{
	*r = (struct sigv4_result){ 0 };
	buf_init(&r->authorization, 16 * 1024);
	buf_init(&r->query, 64 * 1024);
	buf_init(&r->canonical_request, MAX_CANONICAL_BYTES);
	buf_init(&r->string_to_sign, 1024);
}

void sigv4_result_release(struct sigv4_result *r)
{
	buf_release(&r->authorization);
	/* These hold the session token. */
	buf_wipe(&r->query);
	buf_wipe(&r->canonical_request);
	buf_release(&r->string_to_sign);
}

void sigv4_key_release(struct sigv4_key *k)
{
	mem_wipe(k, sizeof(*k));
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
	       c == '_' || c == '~';
}

static void put_encoded(struct buf *out, struct str text, bool keep_slash)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (unreserved((char)c) || (keep_slash && c == '/'))
			buf_putc(out, (char)c);
		else
			buf_put(out, str_of((char[]){ '%', digits[c >> 4], digits[c & 15] }, 3));
	}
}

/* Removes . and .. segments and empty ones (RFC 3986, 5.2.4, and what AWS adds). */
static void put_normalized_path(struct buf *out, struct str path)
{
	bool ends_in_slash = path.len && path.ptr[path.len - 1] == '/';

	while (path.ptr) {
		struct str segment = str_split(&path, '/');

		if (segment.len == 0 || str_eq(segment, STR(".")))
			continue;
		if (str_eq(segment, STR(".."))) {
			while (out->len && out->ptr[out->len - 1] != '/')
				buf_truncate(out, out->len - 1);
			if (out->len)
				buf_truncate(out, out->len - 1);
			continue;
		}
		buf_putc(out, '/');
		buf_put(out, segment);
	}
	if (out->len == 0 || ends_in_slash)
		buf_putc(out, '/');
}

static bool put_path(struct buf *out, const struct sigv4_request *r)
{
	struct buf normal;
	bool ok;

	buf_init(&normal, MAX_PATH_BYTES);
	if (r->normalize_path)
		put_normalized_path(&normal, r->path);
	else
		buf_put(&normal, r->path.len ? r->path : STR("/"));
	if (r->double_encode_path)
		put_encoded(out, buf_str(&normal), true);
	else
		buf_put(out, buf_str(&normal));
	ok = buf_ok(&normal);
	buf_release(&normal);
	return ok;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Whatever of the parameter was escaped on the wire, the canonical form escapes
 * everything but unreserved characters, once. */
static void put_query_part(struct buf *out, struct str wire)
{
	for (size_t i = 0; i < wire.len; i++) {
		char c = wire.ptr[i];

		if (c == '%' && i + 2 < wire.len && hex_digit(wire.ptr[i + 1]) >= 0 && hex_digit(wire.ptr[i + 2]) >= 0) {
			c = (char)(hex_digit(wire.ptr[i + 1]) * 16 + hex_digit(wire.ptr[i + 2]));
			i += 2;
		}
		put_encoded(out, str_of(&c, 1), false);
	}
}

struct parameter {
	struct str name, value;   /* canonical */
	size_t name_at, value_at, end;
};

static int compare_parameters(const void *a, const void *b)
{
	const struct parameter *x = a, *y = b;
	int order = str_cmp(x->name, y->name);

	return order ? order : str_cmp(x->value, y->value);
}

static bool put_query(struct buf *out, struct str query)
{
	struct parameter *list;
	struct buf text;
	size_t n = 0;
	bool ok = false;

	if (!query.len)
		return true;
	list = mem_array(MAX_QUERY_PARAMETERS, sizeof(*list));
	buf_init(&text, MAX_CANONICAL_BYTES);
	while (query.ptr) {
		struct str piece = str_split(&query, '&');
		size_t equals = str_find_char(piece, '=');

		if (piece.len == 0)
			continue;
		if (n == MAX_QUERY_PARAMETERS)
			goto out;
		list[n].name_at = text.len;
		put_query_part(&text, str_sub(piece, 0, equals));
		list[n].value_at = text.len;
		if (equals != SIZE_MAX)
			put_query_part(&text, str_from(piece, equals + 1));
		list[n++].end = text.len;
	}
	for (size_t i = 0; i < n; i++) {
		struct str all = buf_str(&text);

		list[i].name = str_sub(all, list[i].name_at, list[i].value_at - list[i].name_at);
		list[i].value = str_sub(all, list[i].value_at, list[i].end - list[i].value_at);
	}
	qsort(list, n, sizeof(*list), compare_parameters);
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_putc(out, '&');
		buf_put(out, list[i].name);
		buf_putc(out, '=');
		buf_put(out, list[i].value);
	}
	ok = buf_ok(&text);
out:
	buf_release(&text);
	mem_free(list);
	return ok;
}

struct signed_header {
	struct http_header header;
	size_t order;   /* of arrival, so that sorting is stable */
};

static int compare_headers(const void *a, const void *b)
{
	const struct signed_header *x = a, *y = b;
	struct str p = x->header.name, q = y->header.name;

	for (size_t i = 0; i < p.len && i < q.len; i++)
		if (lower(p.ptr[i]) != lower(q.ptr[i]))
			return (unsigned char)lower(p.ptr[i]) - (unsigned char)lower(q.ptr[i]);
	if (p.len != q.len)
		return p.len < q.len ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

static void put_lower(struct buf *out, struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		buf_putc(out, lower(name.ptr[i]));
}

/* Trimmed, and runs of white space as one space. */
static void put_header_value(struct buf *out, struct str value)
{
	bool space = false;

	value = str_trim(value);
	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];
		bool is_space = c == ' ' || (c >= '\t' && c <= '\r');

		if (is_space && space)
			continue;
		buf_putc(out, is_space ? ' ' : c);
		space = is_space;
	}
}

struct header_list {
	struct signed_header at[MAX_SIGNED_HEADERS];
	size_t n;
};

static void add_header(struct header_list *list, struct str name, struct str value)
{
	list->at[list->n] = (struct signed_header){ { name, value }, list->n };
	list->n++;
}

static void put_headers(struct buf *out, const struct header_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct http_header *h = &list->at[i].header;

		if (i && str_eq_nocase(h->name, list->at[i - 1].header.name)) {
			buf_truncate(out, out->len - 1);
			buf_putc(out, ',');
		} else {
			put_lower(out, h->name);
			buf_putc(out, ':');
		}
		put_header_value(out, h->value);
		buf_putc(out, '\n');
	}
}

static void put_signed_names(struct buf *out, const struct header_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		if (i && str_eq_nocase(list->at[i].header.name, list->at[i - 1].header.name))
			continue;
		if (i)
			buf_putc(out, ';');
		put_lower(out, list->at[i].header.name);
	}
}

static bool too_long(struct err *err, const char *what)
{
	return err_set(err, ERR_FATAL, "sigv4.size", "signing a request: its %s passes what a request may hold", what);
}

static void collect_headers(const struct sigv4_request *r, struct header_list *list)
{
	list->n = 0;
	for (size_t i = 0; i < r->n_headers; i++)
		add_header(list, r->headers[i].name, r->headers[i].value);
}

static void collect_signing_headers(const struct sigv4_request *r, const struct credentials *who,
				    const struct sigv4_result *out, struct header_list *list)
{
	add_header(list, STR("x-amz-date"), str_c(out->amz_date));
	if (r->sign_body_header)
		add_header(list, STR("x-amz-content-sha256"), str_c(out->content_sha256));
	if (who->session_token.len && !r->omit_session_token)
		add_header(list, STR("x-amz-security-token"), buf_str(&who->session_token));
}

static void sort_headers(struct header_list *list)
{
	qsort(list->at, list->n, sizeof(list->at[0]), compare_headers);
}

static bool write_canonical_request(const struct sigv4_request *r, struct str query, const struct header_list *list,
				    size_t token_bytes, struct sigv4_result *out, struct err *err)
{
	struct buf *canonical = &out->canonical_request;

	/* Room for all of it at once, or growing would leave copies of the token. */
	buf_reserve(canonical, 4096 + token_bytes);
	buf_puts(canonical, r->method);
	buf_putc(canonical, '\n');
	if (!put_path(canonical, r))
		return too_long(err, "path");
	buf_putc(canonical, '\n');
	if (!put_query(canonical, query))
		return too_long(err, "query");
	buf_putc(canonical, '\n');
	put_headers(canonical, list);
	buf_putc(canonical, '\n');
	put_signed_names(canonical, list);
	buf_putc(canonical, '\n');
	buf_puts(canonical, out->content_sha256);
	return buf_ok(canonical) || too_long(err, "head");
}

/* The IAM User Guide's chain of four codes. */
static bool derive_key(struct str secret, const char *date, const struct sigv4_request *r, struct sha256 *key,
		       struct err *err)
{
	const struct str steps[] = { str_of(date, 8), r->region, r->service, STR("aws4_request") };
	struct sha256 mac;
	struct buf start;
	bool ok = true;

	buf_init(&start, secret.len + 4);
	buf_puts(&start, "AWS4");
	buf_put(&start, secret);

	struct str by = buf_str(&start);

	for (size_t i = 0; ok && i < sizeof(steps) / sizeof(*steps); i++) {
		ok = sha256_hmac(by, steps[i], &mac, err);
		*key = mac;
		by = sha256_str(key);
	}
	mem_wipe(&mac, sizeof(mac));
	buf_wipe(&start);
	return ok;
}

static bool signing_key(const struct sigv4_request *r, const struct credentials *who, const char *date,
			const char *scope, struct sha256 *key, struct err *err)
{
	struct str secret = buf_str(&who->secret_access_key);
	struct sigv4_key *kept = r->key;
	struct sha256 digest;

	if (!sha256_sum(secret, &digest, err))
		return false;
	if (kept && kept->valid && strcmp(kept->scope, scope) == 0 &&
	    memcmp(&kept->secret, &digest, sizeof(digest)) == 0) {
		*key = kept->key;
		return true;
	}
	if (!derive_key(secret, date, r, key, err))
		return false;
	if (kept && strlen(scope) < sizeof(kept->scope)) {
		*kept = (struct sigv4_key){ .secret = digest, .key = *key, .valid = true };
		strcpy(kept->scope, scope);
	}
	return true;
}

/* "20150830/us-east-1/service/aws4_request" */
struct scope_text {
	char text[160];
};

static bool write_scope(const struct sigv4_request *r, const struct sigv4_result *out, struct scope_text *scope,
			struct err *err)
{
	int n = snprintf(scope->text, sizeof(scope->text), "%.8s/%.*s/%.*s/aws4_request", out->amz_date,
			 STR_ARG(r->region), STR_ARG(r->service));

	return (n >= 0 && (size_t)n < sizeof(scope->text)) || too_long(err, "region or service");
}

/* Of the canonical request, as lower-case hex. */
static bool make_signature(const struct sigv4_request *r, const struct credentials *who, const struct scope_text *scope,
			   struct sigv4_result *out, char *hex, struct err *err)
{
	struct sha256 digest, key;
	bool ok;

	if (!sha256_sum(buf_str(&out->canonical_request), &digest, err))
		return false;
	sha256_hex(&digest, hex);
	buf_putf(&out->string_to_sign, "AWS4-HMAC-SHA256\n%s\n%s\n%s", out->amz_date, scope->text, hex);
	if (!signing_key(r, who, out->amz_date, scope->text, &key, err))
		return false;
	ok = sha256_hmac(sha256_str(&key), buf_str(&out->string_to_sign), &digest, err);
	mem_wipe(&key, sizeof(key));
	if (ok)
		sha256_hex(&digest, hex);
	return ok;
}

/* Empties the result, and writes the time and the body's digest into it. */
static bool begin(const struct sigv4_request *r, struct sigv4_result *out, struct err *err)
{
	time_t seconds = (time_t)r->time_s;
	struct sha256 body;
	struct tm at;

	buf_clear(&out->authorization);
	buf_clear(&out->query);
	buf_clear(&out->canonical_request);
	buf_clear(&out->string_to_sign);
	if (r->n_headers > HTTP_MAX_HEADERS)
		return too_long(err, "number of headers");
	if (!gmtime_r(&seconds, &at) || at.tm_year < 70 || at.tm_year > 8099)
		return err_set(err, ERR_FATAL, "sigv4.time",
			       "signing a request: the time is outside 1970 to 9999; look at the machine's clock");
	strftime(out->amz_date, sizeof(out->amz_date), "%Y%m%dT%H%M%SZ", &at);
	if (r->unsigned_body) {
		strcpy(out->content_sha256, "UNSIGNED-PAYLOAD");
		return true;
	}
	if (!sha256_sum(r->body, &body, err))
		return false;
	sha256_hex(&body, out->content_sha256);
	return true;
}

bool sigv4_sign(const struct sigv4_request *r, const struct credentials *who, struct sigv4_result *out,
		struct err *err)
{
	char hex[SHA256_HEX + 1];
	struct header_list list;
	struct scope_text scope;

	if (!begin(r, out, err))
		return false;
	collect_headers(r, &list);
	collect_signing_headers(r, who, out, &list);
	sort_headers(&list);
	if (!write_canonical_request(r, r->query, &list, who->session_token.len, out, err) ||
	    !write_scope(r, out, &scope, err) || !make_signature(r, who, &scope, out, hex, err))
		return false;
	buf_puts(&out->authorization, "AWS4-HMAC-SHA256 Credential=");
	buf_put(&out->authorization, buf_str(&who->access_key_id));
	buf_putf(&out->authorization, "/%s, SignedHeaders=", scope.text);
	put_signed_names(&out->authorization, &list);
	buf_putf(&out->authorization, ", Signature=%s", hex);
	return buf_ok(&out->authorization) || too_long(err, "Authorization header");
}

static void put_parameter(struct buf *query, const char *name, struct str value)
{
	buf_putf(query, "%s%s=", query->len ? "&" : "", name);
	put_encoded(query, value, false);
}

static void put_token(struct buf *query, const struct credentials *who)
{
	if (who->session_token.len)
		put_parameter(query, "X-Amz-Security-Token", buf_str(&who->session_token));
}

/* The parameters that are signed themselves, behind the request's own. */
static void put_signing_parameters(const struct sigv4_request *r, int64_t expires_s, const struct credentials *who,
				   const struct scope_text *scope, const struct header_list *list,
				   struct sigv4_result *out)
{
	struct buf *query = &out->query, text;

	/* At once: see write_canonical_request(). A token may grow to three times its length. */
	buf_reserve(query, r->query.len + 4096 + 3 * who->session_token.len);
	buf_init(&text, 16 * 1024);
	buf_put(query, r->query);
	put_parameter(query, "X-Amz-Algorithm", STR("AWS4-HMAC-SHA256"));
	buf_putf(&text, "%.*s/%s", STR_ARG(buf_str(&who->access_key_id)), scope->text);
	put_parameter(query, "X-Amz-Credential", buf_str(&text));
	put_parameter(query, "X-Amz-Date", str_c(out->amz_date));
	buf_clear(&text);
	put_signed_names(&text, list);
	put_parameter(query, "X-Amz-SignedHeaders", buf_str(&text));
	buf_putf(query, "&X-Amz-Expires=%lld", (long long)expires_s);
	if (!r->omit_session_token)
		put_token(query, who);
	query->full = query->full || text.full;
	buf_release(&text);
}

bool sigv4_presign(const struct sigv4_request *r, int64_t expires_s, const struct credentials *who,
		   struct sigv4_result *out, struct err *err)
{
	char hex[SHA256_HEX + 1];
	struct header_list list;
	struct scope_text scope;

	if (expires_s < 1 || expires_s > SIGV4_MOST_EXPIRES_S)
		return err_set(err, ERR_FATAL, "sigv4.expires",
			       "signing a URL: it can be good for 1 second to 7 days, not for %lld s", (long long)expires_s);
	if (!begin(r, out, err) || !write_scope(r, out, &scope, err))
		return false;
	collect_headers(r, &list);
	sort_headers(&list);
	put_signing_parameters(r, expires_s, who, &scope, &list, out);
	if (!buf_ok(&out->query))
		return too_long(err, "query");
	if (!write_canonical_request(r, buf_str(&out->query), &list, 3 * who->session_token.len, out, err) ||
	    !make_signature(r, who, &scope, out, hex, err))
		return false;
	if (r->omit_session_token)
		put_token(&out->query, who);
	buf_putf(&out->query, "&X-Amz-Signature=%s", hex);
	return buf_ok(&out->query) || too_long(err, "query");
}
