#include "sluice/aws/credentials_document.h"

#include "document.h"

#include <stdio.h>

static const struct {
	const char *what, *token;
	enum document_need temporary;   /* token and expiry */
} kinds[] = {
	[CREDENTIALS_DOCUMENT_INSTANCE] = { "the instance metadata service's answer", "Token", DOCUMENT_NEEDED },
	[CREDENTIALS_DOCUMENT_CONTAINER] = { "the container credentials' answer", "Token", DOCUMENT_OPTIONAL },
	[CREDENTIALS_DOCUMENT_PROCESS] = { "the output of credential_process", "SessionToken", DOCUMENT_OPTIONAL },
};

void credentials_document_refusal(struct str text, char *out, size_t size)
{
	static const char *const names[][2] = { { "Code", "Message" }, { "code", "message" } };
	char code[64] = "", message[180] = "";
	struct document d;

	out[0] = '\0';
	if (!document_begin(&d, text, "", NULL))
		return;
	for (size_t i = 0; i < 2 && !code[0] && !message[0]; i++) {
		document_say(&d, names[i][0], code, sizeof(code));
		document_say(&d, names[i][1], message, sizeof(message));
	}
	snprintf(out, size, "%s%s%s", code, code[0] && message[0] ? ": " : "", message);
}

/* An answer with status 200 may still say that there are no keys. */
static void check_code(struct document *d)
{
	char code[64], said[256];

	document_say(d, "Code", code, sizeof(code));
	if (!d->ok || !code[0] || str_eq_nocase(str_c(code), STR("Success")))
		return;
	credentials_document_refusal(d->object, said, sizeof(said));
	d->ok = err_set(d->err, ERR_AUTH, "credentials.refused",
			"the instance has a role but no credentials of it (%s): see whether the role exists and its trust "
			"policy allows ec2.amazonaws.com", said);
}

static void check_version(struct document *d)
{
	int64_t version;

	document_int(d, "Version", DOCUMENT_NEEDED, &version);
	if (d->ok && version != 1)
		document_wrong(d, "its Version is %lld, and 1 is the only one known", (long long)version);
}

/* It becomes part of endpoints' names. */
static void check_account(struct document *d, struct str id)
{
	for (size_t i = 0; i < id.len; i++)
		if (id.ptr[i] < '0' || id.ptr[i] > '9') {
			document_wrong(d, "its AccountId holds more than digits");
			return;
		}
}

static bool read_keys(struct document *d, enum credentials_document kind, struct credentials *in, struct credentials *out)
{
	enum document_need temporary = kinds[kind].temporary;
	int64_t expires_ms = 0;

	document_text(d, "AccessKeyId", DOCUMENT_NEEDED, &in->access_key_id);
	document_text(d, "SecretAccessKey", DOCUMENT_NEEDED, &in->secret_access_key);
	document_text(d, kinds[kind].token, temporary, &in->session_token);
	document_time(d, "Expiration", temporary, &expires_ms);
	document_text(d, "AccountId", DOCUMENT_OPTIONAL, &in->account_id);
	check_account(d, buf_str(&in->account_id));
	if (!d->ok)
		return false;
	if (!credentials_set(out, buf_str(&in->access_key_id), buf_str(&in->secret_access_key),
			     buf_str(&in->session_token), d->err))
		return err_prefix(d->err, "%s", d->what);
	buf_put(&out->account_id, buf_str(&in->account_id));
	out->expires_ms = expires_ms;
	return true;
}

bool credentials_document_read(struct str text, enum credentials_document kind, struct credentials *out, struct err *err)
{
	struct credentials in;
	struct document d;
	bool ok;

	credentials_init(&in);
	if (document_begin(&d, text, kinds[kind].what, err)) {
		if (kind == CREDENTIALS_DOCUMENT_INSTANCE)
			check_code(&d);
		if (kind == CREDENTIALS_DOCUMENT_PROCESS)
			check_version(&d);
	}
	ok = d.ok && read_keys(&d, kind, &in, out);
	credentials_release(&in);
	return ok;
}
