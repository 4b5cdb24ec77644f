#include "sluice/aws/profile_chain.h"

/* One walk from profile to profile. */
struct walk {
	const struct profile_set *set;
	struct profile_chain *out;
	const struct profile_section *seen[PROFILE_MOST_ROLES + 1];
	size_t n_seen;
	struct err *err;
};

#define NAME_OF(section) STR_ARG(buf_str(&(section)->name))

static bool has(const struct profile_section *section, const char *property)
{
	return profile_get(section, property).len != 0;
}

static bool wrong(const struct profile_section *s, const char *what, struct err *err)
{
	return err_set(err, ERR_AUTH, "credentials.profile", "profile '%.*s': %s", NAME_OF(s), what);
}

/* ---- the base ---- */

static bool take_keys(const struct walk *w, const struct profile_section *s)
{
	bool id = has(s, "aws_access_key_id"), secret = has(s, "aws_secret_access_key");

	w->out->base = PROFILE_KEYS;
	if (id && secret)
		return true;
	if (id || secret)
		return err_set(w->err, ERR_AUTH, "credentials.partial", "profile '%.*s' has %s but no %s", NAME_OF(s),
			       id ? "aws_access_key_id" : "aws_secret_access_key",
			       id ? "aws_secret_access_key" : "aws_access_key_id");
	if (w->n_seen > 1)
		return wrong(s, "it is the source of a role, and holds neither keys nor another way to credentials", w->err);
	return err_set(w->err, ERR_AUTH, "credentials.absent",
		       "profile '%.*s' has no aws_access_key_id, and no other way to credentials", NAME_OF(s));
}

static bool take_named_source(const struct walk *w, const struct profile_section *s)
{
	static const struct { struct str name; enum profile_base base; } sources[] = {
		{ STR_INIT("Environment"), PROFILE_ENVIRONMENT },
		{ STR_INIT("EcsContainer"), PROFILE_CONTAINER },
		{ STR_INIT("Ec2InstanceMetadata"), PROFILE_IMDS },
	};
	struct str source = profile_get(s, "credential_source");

	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++)
		if (str_eq_nocase(source, sources[i].name)) {
			w->out->base = sources[i].base;
			return true;
		}
	return wrong(s, "credential_source is none of Environment, EcsContainer, Ec2InstanceMetadata", w->err);
}

static bool read_role(const struct profile_section *s, struct assume_role *role, struct err *err)
{
	struct str duration = profile_get(s, "duration_seconds");
	bool taken;

	*role = (struct assume_role){
		.role_arn = profile_get(s, "role_arn"), .session_name = profile_get(s, "role_session_name"),
		.external_id = profile_get(s, "external_id"),
	};
	taken = str_to_i64(duration, &role->duration_s) && role->duration_s >= 900 && role->duration_s <= 43200;
	return !duration.len || taken || wrong(s, "duration_seconds must be a number from 900 to 43200", err);
}

static bool take_web_identity(const struct walk *w, const struct profile_section *s)
{
	w->out->base = PROFILE_WEB_IDENTITY;
	if (!has(s, "role_arn"))
		return wrong(s, "web_identity_token_file is given, and role_arn is missing", w->err);
	if (!read_role(s, &w->out->web_identity, w->err))
		return false;
	w->out->web_identity.web_identity_token_file = profile_get(s, "web_identity_token_file");
	return true;
}

static bool uses_sso(const struct profile_section *s)
{
	static const char *const properties[] = {
		"sso_session", "sso_start_url", "sso_region", "sso_account_id", "sso_role_name",
	};

	for (size_t i = 0; i < sizeof(properties) / sizeof(*properties); i++)
		if (has(s, properties[i]))
			return true;
	return false;
}

/* Start URL and region stand in the session's section, and nowhere else. */
static bool take_sso_session(const struct walk *w, const struct profile_section *s, struct sso_role *sso)
{
	const struct profile_section *session = profile_set_find(w->set, SECTION_SSO_SESSION, sso->session);

	if (sso->start_url.len)
		return wrong(s, "sso_start_url belongs into the [sso-session] section when sso_session is given", w->err);
	if (sso->region.len)
		return wrong(s, "sso_region belongs into the [sso-session] section when sso_session is given", w->err);
	if (!session)
		return err_set(w->err, ERR_AUTH, "credentials.profile",
			       "there is no [sso-session %.*s], which profile '%.*s' refers to", STR_ARG(sso->session),
			       NAME_OF(s));
	sso->start_url = profile_get(session, "sso_start_url");
	sso->region = profile_get(session, "sso_region");
	if (!sso->start_url.len || !sso->region.len)
		return err_set(w->err, ERR_AUTH, "credentials.profile", "[sso-session %.*s] must have %s",
			       STR_ARG(sso->session), sso->region.len ? "sso_start_url" : "sso_region");
	return true;
}

static bool take_sso(const struct walk *w, const struct profile_section *s)
{
	struct sso_role *sso = &w->out->sso;

	w->out->base = PROFILE_SSO;
	*sso = (struct sso_role){
		.session = profile_get(s, "sso_session"), .start_url = profile_get(s, "sso_start_url"),
		.region = profile_get(s, "sso_region"), .account_id = profile_get(s, "sso_account_id"),
		.role_name = profile_get(s, "sso_role_name"),
	};
	if (sso->session.len && !take_sso_session(w, s, sso))
		return false;
	if (!sso->start_url.len)
		return wrong(s, "sso_start_url is missing", w->err);
	if (!sso->region.len)
		return wrong(s, "sso_region is missing", w->err);
	if (!sso->account_id.len)
		return wrong(s, "sso_account_id is missing: credentials are those of a role in an account", w->err);
	if (!sso->role_name.len)
		return wrong(s, "sso_role_name is missing: credentials are those of a role in an account", w->err);
	return true;
}

static bool take_base(const struct walk *w, const struct profile_section *s)
{
	w->out->section = s;
	if (has(s, "credential_source"))
		return take_named_source(w, s);
	if (has(s, "web_identity_token_file"))
		return take_web_identity(w, s);
	if (uses_sso(s))
		return take_sso(w, s);
	if (has(s, "login_session"))
		return err_set(w->err, ERR_AUTH, "credentials.unsupported",
			       "profile '%.*s' has a login_session ('aws login'), which sluice cannot renew: give "
			       "credential_process = aws configure export-credentials --profile %.*s in a profile of its own",
			       NAME_OF(s), NAME_OF(s));
	w->out->process = profile_get(s, "credential_process");
	if (w->out->process.len) {
		w->out->base = PROFILE_PROCESS;
		return true;
	}
	return take_keys(w, s);
}

/* ---- the roles ---- */

static bool is_role(const struct profile_section *s)
{
	return has(s, "role_arn") && !has(s, "web_identity_token_file");
}

static bool refuse_mfa(const struct profile_section *s, struct err *err)
{
	return err_set(err, ERR_AUTH, "credentials.mfa",
		       "profile '%.*s' has mfa_serial: its role wants a code that somebody types in, at each renewal. Use a "
		       "role without MFA, or a profile with credential_process = aws configure export-credentials --profile %.*s, "
		       "which lasts as long as the CLI's session", NAME_OF(s), NAME_OF(s));
}

static bool refuse_loop(const struct walk *w, const struct profile_section *again)
{
	struct buf way;
	size_t first = 0;

	while (w->seen[first] != again)
		first++;
	buf_init(&way, 300);
	for (size_t i = first; i < w->n_seen; i++)
		if (!buf_putf(&way, "%.*s -> ", NAME_OF(w->seen[i])))
			break;
	err_set(w->err, ERR_AUTH, "credentials.profile", "source_profile leads in a circle: %.*s%.*s",
		STR_ARG(buf_str(&way)), NAME_OF(again));
	buf_release(&way);
	return false;
}

static bool add_role(struct walk *w, const struct profile_section *s)
{
	bool source = has(s, "source_profile"), named = has(s, "credential_source");

	if (source && named)
		return wrong(s, "it has both source_profile and credential_source: which of them signs for the role?", w->err);
	if (!source && !named)
		return wrong(s, "its role_arn needs source_profile or credential_source", w->err);
	if (has(s, "mfa_serial"))
		return refuse_mfa(s, w->err);
	if (w->out->n_roles == PROFILE_MOST_ROLES)
		return wrong(s, "more than 64 roles stand one behind another", w->err);
	return read_role(s, &w->out->roles[w->out->n_roles++], w->err);
}

static bool walk_on(struct walk *w, const struct profile_section *s)
{
	for (;;) {
		const struct profile_section *next;
		struct str source = profile_get(s, "source_profile");

		for (size_t i = 0; i < w->n_seen; i++)
			if (w->seen[i] == s)
				return refuse_loop(w, s);
		w->seen[w->n_seen++] = s;
		/* Keys of the profile that was asked for only stand for its own source; those of a source count. */
		if (w->n_seen > 1 && has(s, "aws_access_key_id") && has(s, "aws_secret_access_key")) {
			w->out->section = s;
			return take_keys(w, s);
		}
		if (!is_role(s))
			return take_base(w, s);
		if (!add_role(w, s))
			return false;
		if (!source.len || str_eq(source, buf_str(&s->name)))
			return take_base(w, s);
		next = profile_set_find(w->set, SECTION_PROFILE, source);
		if (!next)
			return err_set(w->err, ERR_AUTH, "credentials.profile",
				       "there is no profile '%.*s', which is source_profile of '%.*s'", STR_ARG(source),
				       NAME_OF(s));
		s = next;
	}
}

bool profile_chain_resolve(const struct profile_set *set, struct str name, struct profile_chain *out, struct err *err)
{
	const struct profile_section *s = profile_set_find(set, SECTION_PROFILE, name);
	struct walk w = { .set = set, .out = out, .err = err };

	*out = (struct profile_chain){ 0 };
	if (!s)
		return err_set(err, ERR_AUTH, "credentials.absent",
			       "there is no profile '%.*s' in the shared config and credentials files", STR_ARG(name));
	if (!walk_on(&w, s))
		return false;
	for (size_t i = 0; i < out->n_roles / 2; i++) {
		struct assume_role role = out->roles[i];

		out->roles[i] = out->roles[out->n_roles - 1 - i];
		out->roles[out->n_roles - 1 - i] = role;
	}
	return true;
}
