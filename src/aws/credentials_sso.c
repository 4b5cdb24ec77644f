#include "sluice/aws/client.h"
#include "sluice/aws/credentials.h"
#include "sluice/aws/endpoint.h"
#include "sluice/aws/sso_token.h"
#include "sluice/core/json_write.h"
#include "sluice/core/loop.h"
#include "sluice/core/mem.h"

#include "document.h"

#include <stdio.h>

enum {
	MAX_NAME_BYTES = 2048,
	MAX_PATH_BYTES = 4096,
	MAX_FILE_BYTES = 128 * 1024,
	MAX_ANSWER_BYTES = 64 * 1024,
	TELLING_BYTES = 16,
	RENEW_BEFORE_MS = 5 * 60 * 1000,   /* as the SDKs do */
};

struct sso_provider {
	struct credentials_provider base;
	struct credentials_site site;
	struct credentials_provider nobody;    /* the calls are not signed */
	struct buf session, start_url, region, account_id, role_name;
	struct sso_token renewed;              /* one that could not be written into the file */
};

/* One get(). */
struct inquiry {
	struct sso_provider *p;
	struct buf path, file;
	struct sso_token token;
};

static int64_t now_ms(const struct sso_provider *p)
{
	return env_wall_ms(loop_env(p->site.loop));
}

/* What a person does about it. A session has a login of its own; the older form's
 * goes by profile. */
static void say_login(const struct sso_provider *p, char *out, size_t size)
{
	if (p->session.len)
		snprintf(out, size, "run 'aws sso login --sso-session %.*s'", STR_ARG(buf_str(&p->session)));
	else if (p->site.config && p->site.config->profile.len)
		snprintf(out, size, "run 'aws sso login --profile %.*s'", STR_ARG(p->site.config->profile));
	else
		snprintf(out, size, "run 'aws sso login'");
}

/* By how it begins: a message is cut where it ends. */
static bool holds(const struct err *err, const struct buf *secret)
{
	return secret->len && str_find(str_c(err->text), str_sub(buf_str(secret), 0, TELLING_BYTES)) != SIZE_MAX;
}

/* Of what a service said nothing is kept that repeats what it was sent. */
static void clean(const struct inquiry *q, struct err *err)
{
	const struct err why = *err;

	if (holds(err, &q->token.access_token) || holds(err, &q->token.refresh_token) ||
	    holds(err, &q->token.client_secret))
		err_set(err, why.class, why.code, "%s", why.code);
}

static bool call(struct sso_provider *p, enum aws_service service, const struct aws_request *request, struct buf *answer,
		 struct err *err)
{
	const struct aws_settings settings = {
		.loop = p->site.loop, .transport = p->site.transport, .credentials = &p->nobody, .config = p->site.config,
		.region = buf_str(&p->region),
	};
	struct aws_client *client = aws_client_new(service, &settings, err);
	bool ok = client && aws_call(client, request, answer, err);

	aws_client_free(client);
	return ok;
}

/* ---- the token ---- */

static bool read_token(struct inquiry *q, struct err *err)
{
	const struct sso_provider *p = q->p;
	const struct process_env *env = p->site.env;
	struct str key = p->session.len ? buf_str(&p->session) : buf_str(&p->start_url);
	struct err why = { 0 };
	char login[256];

	buf_clear(&q->file);
	if (!sso_token_path(env, key, &q->path, err))
		return false;
	say_login(p, login, sizeof(login));
	if (!env->read_file(env->ctx, q->path.ptr, &q->file, &why))
		return err_set(err, ERR_AUTH, "credentials.sso_login", "no token of IAM Identity Center: %s; %s", why.text, login);
	if (!sso_token_read(buf_str(&q->file), &q->token, &why))
		return err_set(err, ERR_AUTH, why.code, "%s: %s; %s", q->path.ptr, why.text, login);
	return true;
}

static bool can_renew(const struct inquiry *q)
{
	const struct sso_token *t = &q->token;

	return q->p->session.len && t->refresh_token.len && t->client_id.len && t->client_secret.len &&
	       (!t->registration_expires_ms || now_ms(q->p) < t->registration_expires_ms);
}

static void write_question(const struct sso_token *t, struct buf *body)
{
	struct json_writer w;

	buf_reserve(body, body->max); /* so that no outgrown memory keeps a secret */
	json_write_init(&w, body);
	json_begin_object(&w);
	json_member_str(&w, STR("clientId"), buf_str(&t->client_id));
	json_member_str(&w, STR("clientSecret"), buf_str(&t->client_secret));
	json_member_str(&w, STR("grantType"), STR("refresh_token"));
	json_member_str(&w, STR("refreshToken"), buf_str(&t->refresh_token));
	json_end_object(&w);
}

static bool create_token(struct inquiry *q, struct err *err)
{
	struct aws_request request = { .operation = "CreateToken", .path = STR("/token"), .anonymous = true };
	struct buf body, answer;
	bool ok;

	buf_init(&body, MAX_FILE_BYTES);
	buf_init(&answer, MAX_ANSWER_BYTES);
	write_question(&q->token, &body);
	request.body = buf_str(&body);
	ok = call(q->p, AWS_SSO_OIDC, &request, &answer, err);
	if (!ok)
		clean(q, err);
	ok = ok && sso_token_renew(buf_str(&answer), now_ms(q->p), &q->token, err);
	buf_wipe(&body);
	buf_wipe(&answer);
	return ok;
}

static void copy_buf(struct buf *to, const struct buf *from)
{
	buf_wipe(to);
	buf_put(to, buf_str(from));
}

static void copy_token(struct sso_token *to, const struct sso_token *from)
{
	copy_buf(&to->access_token, &from->access_token);
	copy_buf(&to->refresh_token, &from->refresh_token);
	copy_buf(&to->client_id, &from->client_id);
	copy_buf(&to->client_secret, &from->client_secret);
	to->expires_ms = from->expires_ms;
	to->registration_expires_ms = from->registration_expires_ms;
}

/* For the CLI and whoever else uses the session. That it cannot be written is no
 * reason to do without it here. */
static void save_token(struct inquiry *q)
{
	const struct process_env *env = q->p->site.env;
	struct err err = { 0 };
	struct buf text;

	sso_token_release(&q->p->renewed);
	buf_init(&text, MAX_FILE_BYTES);
	buf_reserve(&text, MAX_FILE_BYTES);
	if (!env->write_file)
		err_set(&err, ERR_AUTH, "file.write", "nothing can be written");
	else if (!sso_token_write(buf_str(&q->file), &q->token, &text))
		err_set(&err, ERR_AUTH, "file.size", "it would have more than %d bytes", MAX_FILE_BYTES);
	else
		env->write_file(env->ctx, q->path.ptr, buf_str(&text), &err);
	if (err.class != ERR_NONE) {
		copy_token(&q->p->renewed, &q->token);
		log_warn(loop_env(q->p->site.loop)->log, "sso.save", LOG_STR("file", buf_str(&q->path)), LOG_ERR(&err));
	}
	buf_wipe(&text);
}

/* Another process may have renewed it a moment before: a refresh token serves once. */
static bool renewed_elsewhere(struct inquiry *q)
{
	struct inquiry again = *q;
	bool newer;

	buf_init(&again.path, MAX_PATH_BYTES);
	buf_init(&again.file, MAX_FILE_BYTES);
	sso_token_init(&again.token);
	newer = read_token(&again, NULL) && again.token.expires_ms > q->token.expires_ms;
	if (newer)
		copy_token(&q->token, &again.token);
	sso_token_release(&again.token);
	buf_wipe(&again.file);
	buf_release(&again.path);
	return newer;
}

/* False: cancelled, or there is none that can still be used. */
static bool have_token(struct inquiry *q, struct err *err)
{
	struct sso_provider *p = q->p;
	struct err why = { 0 };
	char login[256];

	if (!read_token(q, err))
		return false;
	if (p->renewed.expires_ms > q->token.expires_ms)
		copy_token(&q->token, &p->renewed);
	if (q->token.expires_ms > now_ms(p) + RENEW_BEFORE_MS)
		return true;
	if (can_renew(q)) {
		if (create_token(q, &why)) {
			save_token(q);
		} else if (why.class == ERR_CANCELLED) {
			*err = why;
			return false;
		} else if (!renewed_elsewhere(q)) {
			log_warn(loop_env(p->site.loop)->log, "sso.renew", LOG_STR("file", buf_str(&q->path)), LOG_ERR(&why));
		}
	}
	if (q->token.expires_ms > now_ms(p))
		return true;
	say_login(p, login, sizeof(login));
	return err_set(err, ERR_AUTH, "credentials.sso_login", "the token of IAM Identity Center has expired%s%.200s%s; %s",
		       why.text[0] ? ", and a new one was refused (" : "", why.text, why.text[0] ? ")" : "", login);
}

/* ---- the role ---- */

static void put_encoded(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			     (c != '\0' && strchr("-_.~", c));

		if (plain)
			buf_putc(out, c);
		else
			buf_putf(out, "%%%02X", (unsigned char)c);
	}
}

static bool read_keys(const struct sso_provider *p, struct str answer, struct credentials *out, struct err *err)
{
	struct document d, keys;
	struct credentials in;
	bool ok;

	credentials_init(&in);
	document_begin(&d, answer, "the answer to GetRoleCredentials", err);
	keys = document_object(&d, "roleCredentials");
	document_text(&keys, "accessKeyId", DOCUMENT_NEEDED, &in.access_key_id);
	document_text(&keys, "secretAccessKey", DOCUMENT_NEEDED, &in.secret_access_key);
	document_text(&keys, "sessionToken", DOCUMENT_NEEDED, &in.session_token);
	document_int(&keys, "expiration", DOCUMENT_NEEDED, &in.expires_ms);
	if (keys.ok && in.expires_ms <= 0)
		document_wrong(&keys, "its expiration is no time");
	ok = keys.ok && credentials_set(out, buf_str(&in.access_key_id), buf_str(&in.secret_access_key),
					buf_str(&in.session_token), err);
	if (ok) {
		out->expires_ms = in.expires_ms;
		buf_put(&out->account_id, buf_str(&p->account_id));
		buf_putf(&out->source, "IAM Identity Center: role %.*s in account %.*s", STR_ARG(buf_str(&p->role_name)),
			 STR_ARG(buf_str(&p->account_id)));
	}
	credentials_release(&in);
	return ok;
}

static bool explain(const struct inquiry *q, int status, struct err *err)
{
	const struct sso_provider *p = q->p;
	struct err why;
	char login[256];

	if (err->class == ERR_CANCELLED)
		return false;
	clean(q, err);
	why = *err;
	say_login(p, login, sizeof(login));
	if (status == 401)
		return err_set(err, ERR_AUTH, "credentials.sso_login", "IAM Identity Center refuses the token: %s (%s)", login,
			       why.code);
	if (status == 403 || status == 404)
		return err_set(err, ERR_AUTH, "credentials.sso_role",
			       "IAM Identity Center gives no role %.*s in account %.*s to whoever logged in (%s): is it assigned, "
			       "and are sso_account_id and sso_role_name right?", STR_ARG(buf_str(&p->role_name)),
			       STR_ARG(buf_str(&p->account_id)), why.code);
	return err_set(err, ERR_AUTH, "credentials.sso", "IAM Identity Center gave no credentials: %s", why.text);
}

static bool get_role_credentials(struct inquiry *q, struct credentials *out, struct err *err)
{
	const struct http_header token = { STR("x-amz-sso_bearer_token"), buf_str(&q->token.access_token) };
	struct aws_answer_head head = { 0 };
	struct aws_request request = {
		.operation = "GetRoleCredentials", .method = "GET", .path = STR("/federation/credentials"), .headers = &token,
		.n_headers = 1, .anonymous = true, .head = &head,
	};
	struct buf query, answer;
	bool ok;

	buf_init(&query, 2 * MAX_NAME_BYTES);
	buf_init(&answer, MAX_ANSWER_BYTES);
	buf_puts(&query, "account_id=");
	put_encoded(&query, buf_str(&q->p->account_id));
	buf_puts(&query, "&role_name=");
	put_encoded(&query, buf_str(&q->p->role_name));
	request.query = buf_str(&query);
	ok = call(q->p, AWS_SSO, &request, &answer, err) ? read_keys(q->p, buf_str(&answer), out, err)
							 : explain(q, head.status, err);
	buf_release(&query);
	buf_wipe(&answer);
	return ok;
}

/* ---- the provider ---- */

static bool is_account(struct str id)
{
	for (size_t i = 0; i < id.len; i++)
		if (id.ptr[i] < '0' || id.ptr[i] > '9')
			return false;
	return id.len != 0 && id.len <= 32;
}

static bool check(const struct sso_provider *p, struct err *err)
{
	const char *wrong = !p->session.len && !p->start_url.len ? "sso_session or sso_start_url"
			    : !aws_region_valid(buf_str(&p->region)) ? "sso_region"
			    : !is_account(buf_str(&p->account_id)) ? "sso_account_id"
			    : !p->role_name.len ? "sso_role_name" : NULL;

	return !wrong || err_set(err, ERR_AUTH, "credentials.sso", "the profile's %s is missing or cannot be right; "
				 "'aws configure sso' sets all that is needed", wrong);
}

static bool sso_get(struct credentials_provider *base, struct credentials *out, struct err *err)
{
	struct sso_provider *p = (struct sso_provider *)base;
	struct inquiry q = { .p = p };
	struct err why = { 0 };
	bool ok;

	buf_init(&q.path, MAX_PATH_BYTES);
	buf_init(&q.file, MAX_FILE_BYTES);
	sso_token_init(&q.token);
	ok = check(p, &why) && have_token(&q, &why) && get_role_credentials(&q, out, &why);
	if (!ok && err)
		*err = why;
	sso_token_release(&q.token);
	buf_wipe(&q.file);
	buf_release(&q.path);
	return ok;
}

static void sso_free(struct credentials_provider *base)
{
	struct sso_provider *p = (struct sso_provider *)base;

	buf_release(&p->session);
	buf_release(&p->start_url);
	buf_release(&p->region);
	buf_release(&p->account_id);
	buf_release(&p->role_name);
	sso_token_release(&p->renewed);
	mem_free(p);
}

static bool nobody_get(struct credentials_provider *base, struct credentials *out, struct err *err)
{
	(void)base;
	(void)out;
	return err_set(err, ERR_AUTH, "credentials.absent", "calls to IAM Identity Center are not signed");
}

static void keep(struct buf *to, struct str text)
{
	buf_init(to, MAX_NAME_BYTES);
	buf_put(to, text);
}

struct credentials_provider *credentials_sso_new(const struct credentials_site *site, const struct sso_role *role)
{
	struct sso_provider *p = mem_alloc(sizeof(*p));

	p->base = (struct credentials_provider){ .get = sso_get, .free = sso_free, .name = "SSO" };
	p->nobody = (struct credentials_provider){ .get = nobody_get, .name = "nobody" };
	p->site = *site;
	keep(&p->session, role->session);
	keep(&p->start_url, role->start_url);
	keep(&p->region, role->region);
	keep(&p->account_id, role->account_id);
	keep(&p->role_name, role->role_name);
	sso_token_init(&p->renewed);
	return &p->base;
}
