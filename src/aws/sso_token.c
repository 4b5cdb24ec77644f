#include "sluice/aws/sso_token.h"

#include "document.h"

#include "sluice/core/json_write.h"
#include "sluice/core/scan.h"
#include "sluice/core/sha1.h"

#include <stdio.h>
#include <time.h>

enum {
	MAX_TEXT_BYTES = 16 * 1024,    /* of one member; registrations are the longest, some 4 KiB */
	MAX_PATH_BYTES = 4096,
	LONGEST_S = 366 * 24 * 3600,   /* a token's life, as a bound for sums */
};

static const char cache_file[] = "the cached token of IAM Identity Center";

void sso_token_init(struct sso_token *t)
{
	*t = (struct sso_token){ 0 };
	buf_init(&t->access_token, MAX_TEXT_BYTES);
	buf_init(&t->refresh_token, MAX_TEXT_BYTES);
	buf_init(&t->client_id, MAX_TEXT_BYTES);
	buf_init(&t->client_secret, MAX_TEXT_BYTES);
}

void sso_token_release(struct sso_token *t)
{
	buf_wipe(&t->access_token);
	buf_wipe(&t->refresh_token);
	buf_wipe(&t->client_id);
	buf_wipe(&t->client_secret);
	t->expires_ms = t->registration_expires_ms = 0;
}

bool sso_token_path(const struct process_env *env, struct str key, struct buf *out, struct err *err)
{
	struct str home = process_env_value(env, "HOME");
	struct err why = { 0 };
	char hex[SHA1_HEX + 1];

	if (!home.len)
		return err_set(err, ERR_AUTH, "credentials.sso",
			       "HOME is not set: the tokens of 'aws sso login' lie in ~/.aws/sso/cache");
	if (!sha1_hex(key, hex, &why))
		return err_set(err, ERR_AUTH, "credentials.sso", "the cached token's file cannot be named: %s", why.text);
	if (home.len > 1 && str_ends(home, STR("/")))
		home.len--;
	buf_clear(out);
	buf_putf(out, "%.*s/.aws/sso/cache/%s.json", STR_ARG(home), hex);
	return buf_ok(out) || err_set(err, ERR_AUTH, "credentials.sso", "HOME is longer than %d bytes", MAX_PATH_BYTES);
}

/* What goes into a header. */
static void check_token(struct document *d, struct str token)
{
	for (size_t i = 0; i < token.len; i++)
		if (token.ptr[i] < 0x21 || token.ptr[i] > 0x7e) {
			document_wrong(d, "its accessToken holds white space or control characters");
			return;
		}
}

bool sso_token_read(struct str text, struct sso_token *out, struct err *err)
{
	struct document d;

	sso_token_release(out);
	document_begin(&d, text, cache_file, err);
	document_text(&d, "accessToken", DOCUMENT_NEEDED, &out->access_token);
	check_token(&d, buf_str(&out->access_token));
	document_time(&d, "expiresAt", DOCUMENT_NEEDED, &out->expires_ms);
	document_text(&d, "refreshToken", DOCUMENT_OPTIONAL, &out->refresh_token);
	document_text(&d, "clientId", DOCUMENT_OPTIONAL, &out->client_id);
	document_text(&d, "clientSecret", DOCUMENT_OPTIONAL, &out->client_secret);
	document_time(&d, "registrationExpiresAt", DOCUMENT_OPTIONAL, &out->registration_expires_ms);
	if (!d.ok)
		sso_token_release(out);
	return d.ok;
}

bool sso_token_renew(struct str answer, int64_t now_ms, struct sso_token *t, struct err *err)
{
	struct sso_token in;
	struct document d;
	int64_t expires_s;

	sso_token_init(&in);
	document_begin(&d, answer, "the answer to CreateToken", err);
	document_text(&d, "accessToken", DOCUMENT_NEEDED, &in.access_token);
	check_token(&d, buf_str(&in.access_token));
	document_int(&d, "expiresIn", DOCUMENT_NEEDED, &expires_s);
	document_text(&d, "refreshToken", DOCUMENT_OPTIONAL, &in.refresh_token);
	if (d.ok && (expires_s <= 0 || expires_s > LONGEST_S))
		document_wrong(&d, "its expiresIn is no number of seconds up to a year");
	if (d.ok) {
		buf_wipe(&t->access_token);
		buf_put(&t->access_token, buf_str(&in.access_token));
		t->expires_ms = now_ms + expires_s * 1000;
		if (in.refresh_token.len) {
			buf_wipe(&t->refresh_token);
			buf_put(&t->refresh_token, buf_str(&in.refresh_token));
		}
	}
	sso_token_release(&in);
	return d.ok;
}

static void write_ours(struct json_writer *w, const struct sso_token *t)
{
	time_t seconds = (time_t)(t->expires_ms / 1000);
	char text[64];
	struct tm at;

	gmtime_r(&seconds, &at);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &at);
	json_member_str(w, STR("accessToken"), buf_str(&t->access_token));
	json_member_str(w, STR("expiresAt"), str_c(text));
	if (t->refresh_token.len)
		json_member_str(w, STR("refreshToken"), buf_str(&t->refresh_token));
}

static bool is_ours(struct str name)
{
	return scan_content_eq(name, STR("accessToken")) || scan_content_eq(name, STR("expiresAt")) ||
	       scan_content_eq(name, STR("refreshToken"));
}

bool sso_token_write(struct str before, const struct sso_token *t, struct buf *out)
{
	struct scan_token name;
	struct json_writer w;
	struct str value;
	struct scan s;

	json_write_init(&w, out);
	json_begin_object(&w);
	write_ours(&w, t);
	scan_init_trusted(&s, str_trim(before));
	scan_next(&s, &name); /* the object's begin */
	while (scan_next_member(&s, &name, &value) == SCAN_KEY) {
		if (is_ours(name.text))
			continue;
		json_key_escaped(&w, name.text);
		json_raw(&w, value);
	}
	json_end_object(&w);
	return buf_ok(out);
}
