#include "sluice/aws/client.h"

#include "sluice/core/loop.h"
#include "sluice/core/mem.h"
#include "sluice/core/rfc3339.h"
#include "sluice/core/xml.h"

#include <stdio.h>

enum {
	MAX_NAME_BYTES = 2048,           /* ARNs and session names have less, external ids 1,224: STS says so itself */
	MAX_PATH_BYTES = 4096,
	MAX_TOKEN_BYTES = 32 * 1024,     /* STS takes 20,000 characters */
	MAX_FORM_BYTES = 256 * 1024,
	MAX_ANSWER_BYTES = 256 * 1024,
	MAX_TREE_BYTES = 1024 * 1024,
	SHOWN_BYTES = 400,               /* of an ARN or a source in another's source, which has 1 KiB */
};

struct role_provider {
	struct credentials_provider base;
	struct credentials_site site;
	struct buf arn, session_name, external_id, token_file, region;
	int64_t duration_s;
	struct credentials_provider *inner;   /* NULL: by a web identity */
};

/* Stands before inner during one call: what it said is needed beside STS's answer. */
struct witness {
	struct credentials_provider base;
	struct credentials_provider *inner;
	struct buf source;
	bool failed;
};

static bool witness_get(struct credentials_provider *base, struct credentials *out, struct err *err)
{
	struct witness *w = (struct witness *)base;

	w->failed = !w->inner->get(w->inner, out, err);
	if (w->failed)
		return false;
	buf_clear(&w->source);
	buf_put(&w->source, buf_str(&out->source));
	return true;
}

static void witness_forget(struct credentials_provider *base)
{
	credentials_provider_forget(((struct witness *)base)->inner);
}

/* ---- the request ---- */

static bool by_web_identity(const struct role_provider *p)
{
	return p->token_file.len != 0;
}

static const char *operation_of(const struct role_provider *p)
{
	return by_web_identity(p) ? "AssumeRoleWithWebIdentity" : "AssumeRole";
}

/* A form's field; all but letters, digits and "-_.~" as %XX. */
static void put_field(struct buf *form, const char *name, struct str value)
{
	static const char hex[] = "0123456789ABCDEF";

	buf_putf(form, "&%s=", name);
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			     (c && strchr("-_.~", c));

		if (plain) {
			buf_putc(form, (char)c);
			continue;
		}
		buf_putc(form, '%');
		buf_putc(form, hex[c >> 4]);
		buf_putc(form, hex[c & 15]);
	}
}

/* Read each time: whoever gave it writes a new one before it expires. */
static bool put_token(const struct role_provider *p, struct buf *form, struct err *err)
{
	const struct process_env *env = p->site.env;
	struct buf token;
	struct err why = { 0 };
	bool ok;

	buf_init(&token, MAX_TOKEN_BYTES);
	ok = env->read_file(env->ctx, p->token_file.ptr, &token, &why);
	if (!ok)
		err_set(err, ERR_AUTH, "credentials.token", "the web identity token of role %.*s: %s",
			STR_ARG(buf_str(&p->arn)), why.text);
	else if (!str_trim(buf_str(&token)).len)
		ok = err_set(err, ERR_AUTH, "credentials.token", "the web identity token file %.*s of role %.*s is empty",
			     STR_ARG(buf_str(&p->token_file)), STR_ARG(buf_str(&p->arn)));
	else
		put_field(form, "WebIdentityToken", str_trim(buf_str(&token)));
	buf_wipe(&token);
	return ok;
}

static bool put_form(const struct role_provider *p, struct buf *form, struct err *err)
{
	char made_up[64];

	if (!buf_ok(&p->arn) || !buf_ok(&p->session_name) || !buf_ok(&p->external_id) || !buf_ok(&p->token_file))
		return err_set(err, ERR_AUTH, "credentials.role",
			       "the role's ARN, session name or external id is longer than %d bytes, or its token file's name "
			       "than %d", MAX_NAME_BYTES, MAX_PATH_BYTES);
	buf_reserve(form, MAX_FORM_BYTES); /* a token that moves leaves copies behind */
	snprintf(made_up, sizeof(made_up), "sluice-%lld", (long long)env_wall_ms(loop_env(p->site.loop)));
	put_field(form, "RoleArn", buf_str(&p->arn));
	put_field(form, "RoleSessionName", p->session_name.len ? buf_str(&p->session_name) : str_c(made_up));
	if (p->external_id.len && !by_web_identity(p))
		put_field(form, "ExternalId", buf_str(&p->external_id));
	if (p->duration_s)
		buf_putf(form, "&DurationSeconds=%lld", (long long)p->duration_s);
	if (by_web_identity(p) && !put_token(p, form, err))
		return false;
	return buf_ok(form) || err_set(err, ERR_AUTH, "credentials.token", "role %.*s: the web identity token is too long",
				       STR_ARG(buf_str(&p->arn)));
}

/* ---- the answer ---- */

/* "arn:aws:sts::123456789012:assumed-role/name/session" */
static struct str account_of(struct str arn)
{
	struct str account = { NULL, 0 };

	for (int part = 0; part < 5 && arn.ptr; part++)
		account = str_split(&arn, ':');
	return arn.ptr ? account : str_of(NULL, 0);
}

static bool take_credentials(const struct xml *result, struct credentials *out, struct err *err)
{
	const struct xml *keys = xml_child(result, "Credentials");
	struct str id = xml_text(keys, "AccessKeyId"), secret = xml_text(keys, "SecretAccessKey");
	struct str token = xml_text(keys, "SessionToken");
	int64_t expires_ms;

	if (!id.len || !secret.len || !token.len || !rfc3339_parse(xml_text(keys, "Expiration"), &expires_ms))
		return err_set(err, ERR_RETRY, "credentials.sts",
			       "STS's answer is not as its API says: keys, token or a valid Expiration are missing");
	if (!credentials_set(out, id, secret, token, err))
		return false;
	out->expires_ms = expires_ms;
	return credentials_set_account(out, account_of(xml_text(xml_child(result, "AssumedRoleUser"), "Arn")), err);
}

/* The tree holds secrets in pieces of its own. */
static void wipe_text(const struct xml *keys, const char *name)
{
	struct str text = xml_text(keys, name);

	if (text.len)
		mem_wipe((char *)(uintptr_t)text.ptr, text.len);
}

static bool read_answer(const struct role_provider *p, struct str body, struct credentials *out, struct err *err)
{
	const struct xml *root, *result;
	struct err why = { 0 };
	struct arena arena;
	char name[64];
	bool ok;

	snprintf(name, sizeof(name), "%sResult", operation_of(p));
	arena_init(&arena, MAX_TREE_BYTES);
	root = xml_parse(body, &arena, &why);
	result = xml_child(root, name);
	if (root)
		ok = take_credentials(result, out, err);
	else
		ok = err_set(err, ERR_RETRY, "credentials.sts", "STS's answer is no XML: %s", why.text);
	wipe_text(xml_child(result, "Credentials"), "SecretAccessKey");
	wipe_text(xml_child(result, "Credentials"), "SessionToken");
	arena_release(&arena);
	return ok;
}

/* ---- the provider ---- */

/* The classes and codes of STS's and the source's errors are not those of the call
 * that wants the credentials: there DATA would blame its own request. */
static bool fail(const struct role_provider *p, const struct witness *w, struct err *why, struct err *err)
{
	enum err_class class = why->class == ERR_RETRY || why->class == ERR_THROTTLE ? why->class : ERR_AUTH;
	const char *code = why->code;

	if (why->class == ERR_CANCELLED) {
		if (err)
			*err = *why;
		return false;
	}
	if (w->failed)
		code = err_is(why, "credentials.absent") ? "credentials.source" : code;
	else if (!str_starts(str_c(code), STR("credentials.")))
		code = "credentials.sts";
	return err_set(err, class, code, "%srole %.*s: %s", w->failed ? "nobody signs for " : "", STR_ARG(buf_str(&p->arn)),
		       why->text);
}

static struct str region_of(const struct role_provider *p)
{
	struct str region = buf_str(&p->region);

	if (!region.len && p->site.config)
		region = p->site.config->region;
	if (!region.len)
		region = process_env_value(p->site.env, "AWS_REGION");
	return region.len ? region : process_env_value(p->site.env, "AWS_DEFAULT_REGION");
}

static bool ask(const struct role_provider *p, struct witness *w, struct str form, struct buf *answer, struct err *err)
{
	const struct aws_settings settings = {
		.loop = p->site.loop, .transport = p->site.transport, .credentials = p->inner ? &w->base : NULL,
		.config = p->site.config, .region = region_of(p),
	};
	const struct aws_request request = {
		.operation = operation_of(p), .body = form, .anonymous = by_web_identity(p),
		.max_answer_bytes = MAX_ANSWER_BYTES,
	};
	struct aws_client *sts;
	bool ok;

	if (!settings.region.len)
		return err_set(err, ERR_AUTH, "credentials.region",
			       "STS is asked in a region, and nobody names one: set AWS_REGION, or region in the profile");
	sts = aws_client_new(AWS_STS, &settings, err);
	ok = sts && aws_call(sts, &request, answer, err);
	aws_client_free(sts);
	return ok;
}

static void say_source(const struct role_provider *p, const struct witness *w, struct credentials *out)
{
	struct str by = by_web_identity(p) ? buf_str(&p->token_file) : buf_str(&w->source);

	buf_clear(&out->source);
	buf_putf(&out->source, "role %.*s by %s%.*s", STR_ARG(str_sub(buf_str(&p->arn), 0, SHOWN_BYTES)),
		 by_web_identity(p) ? "the web identity token " : "", STR_ARG(str_sub(by, 0, SHOWN_BYTES)));
}

static bool role_get(struct credentials_provider *base, struct credentials *out, struct err *err)
{
	struct role_provider *p = (struct role_provider *)base;
	struct witness w = {
		.base = { .get = witness_get, .forget = witness_forget, .name = "witness" }, .inner = p->inner,
	};
	struct err why = { 0 };
	struct buf form, answer;
	bool ok;

	if (!p->site.loop || !p->site.transport)
		return err_set(err, ERR_AUTH, "credentials.unsupported",
			       "role %.*s cannot be assumed: there is no network here",
			       STR_ARG(buf_str(&p->arn)));
	buf_init(&w.source, out->source.max);
	buf_init(&form, MAX_FORM_BYTES);
	buf_init(&answer, MAX_ANSWER_BYTES);
	ok = put_form(p, &form, &why) && ask(p, &w, buf_str(&form), &answer, &why) &&
	     read_answer(p, buf_str(&answer), out, &why);
	if (ok)
		say_source(p, &w, out);
	else
		fail(p, &w, &why, err);
	buf_wipe(&form);
	buf_wipe(&answer);
	buf_release(&w.source);
	return ok;
}

static void role_forget(struct credentials_provider *base)
{
	const struct role_provider *p = (struct role_provider *)base;

	if (p->inner)
		credentials_provider_forget(p->inner);
}

static void role_free(struct credentials_provider *base)
{
	struct role_provider *p = (struct role_provider *)base;

	credentials_provider_free(p->inner);
	buf_release(&p->arn);
	buf_release(&p->session_name);
	buf_release(&p->external_id);
	buf_release(&p->token_file);
	buf_release(&p->region);
	mem_free(p);
}

static void keep(struct buf *to, size_t max_bytes, struct str text)
{
	buf_init(to, max_bytes);
	buf_put(to, text);
}

struct credentials_provider *credentials_assume_role_new(const struct credentials_site *site,
							 const struct assume_role *role, struct credentials_provider *inner)
{
	struct role_provider *p = mem_alloc(sizeof(*p));

	p->base = (struct credentials_provider){
		.get = role_get, .free = role_free, .forget = role_forget, .name = "role",
	};
	p->site = *site;
	p->inner = inner;
	p->duration_s = role->duration_s;
	keep(&p->arn, MAX_NAME_BYTES, role->role_arn);
	keep(&p->session_name, MAX_NAME_BYTES, role->session_name);
	keep(&p->external_id, MAX_NAME_BYTES, role->external_id);
	keep(&p->token_file, MAX_PATH_BYTES, role->web_identity_token_file);
	keep(&p->region, 64, role->region);
	return &p->base;
}
