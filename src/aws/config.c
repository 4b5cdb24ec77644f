#include "sluice/aws/config.h"

#include <stdarg.h>
#include <stdio.h>

enum {
	MAX_TEXT_BYTES = 256 * 1024,
	MAX_VARIABLE_BYTES = 64,
	MOST_ATTEMPTS = 1000000,
	MOST_SECONDS = 3600,
	SHOWN_BYTES = 100,
	DEFAULT_IMDS_TIMEOUT_MS = 1000,
};

/* While it is loaded. */
struct loading {
	struct aws_config *c;
	const struct aws_choices *choices;
	struct profile_set set;
	const struct profile_section *profile;   /* NULL: there is none */
	struct err *err;
};

/* What somebody set, and who; len 0: nobody. */
struct found {
	struct str value;
	const char *from;      /* "AWS_REGION", "region in profile 'dev'" */
};

static bool refuse(struct loading *l, const struct found *f, const char *expected)
{
	return err_set(l->err, ERR_FATAL, "aws.config", "%s is '%.*s'; expected %s", f->from,
		       STR_ARG(str_sub(f->value, 0, SHOWN_BYTES)), expected);
}

static bool too_long(struct loading *l)
{
	return err_set(l->err, ERR_FATAL, "aws.config",
		       "what the environment and profile '%.*s' say of AWS takes more than %d bytes",
		       STR_ARG(str_sub(l->c->profile, 0, SHOWN_BYTES)), MAX_TEXT_BYTES);
}

/* ---- where values stand ---- */

/* Text in the arena; where it is full, which the value will report, `instead`. */
__attribute__((format(printf, 3, 4)))
static const char *said(struct loading *l, const char *instead, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	struct str kept;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	kept = arena_dup(&l->c->arena, str_c(text));
	return kept.ptr ? kept.ptr : instead;
}

static bool in_environment(struct loading *l, const char *variable, struct found *f)
{
	*f = (struct found){ process_env_value(l->c->env, variable), variable };
	return f->value.len != 0;
}

static bool in_profile(struct loading *l, const char *property, struct found *f)
{
	f->value = str_trim(profile_get(l->profile, property));
	if (!f->value.len)
		return false;
	f->from = said(l, property, "%s in profile '%.*s'", property, STR_ARG(l->c->profile));
	return true;
}

static bool look_up(struct loading *l, const char *variable, const char *property, struct found *f)
{
	return (variable && in_environment(l, variable, f)) || (property && in_profile(l, property, f));
}

/* ---- kinds of values ---- */

static bool keep(struct loading *l, struct str text, struct str *to)
{
	*to = arena_dup(&l->c->arena, text);
	return to->ptr || too_long(l);
}

static bool read_text(struct loading *l, const struct found *f, void *to)
{
	return keep(l, f->value, to);
}

static bool read_bool(struct loading *l, const struct found *f, void *to)
{
	bool yes = str_eq_nocase(f->value, STR("true"));

	*(bool *)to = yes;
	return yes || str_eq_nocase(f->value, STR("false")) || refuse(l, f, "true or false");
}

/* AWS_EC2_METADATA_DISABLED: every SDK takes whatever is not true for false. */
static bool read_lenient_bool(struct loading *l, const struct found *f, void *to)
{
	(void)l;
	*(bool *)to = str_eq_nocase(f->value, STR("true"));
	return true;
}

static bool read_attempts(struct loading *l, const struct found *f, void *to)
{
	uint64_t n;

	if (!str_to_u64(f->value, &n) || n < 1 || n > MOST_ATTEMPTS)
		return refuse(l, f, "a whole number from 1 to 1000000");
	*(unsigned *)to = (unsigned)n;
	return true;
}

static bool read_seconds(struct loading *l, const struct found *f, void *to)
{
	uint64_t n;

	if (!str_to_u64(f->value, &n) || n < 1 || n > MOST_SECONDS)
		return refuse(l, f, "a whole number of seconds from 1 to 3600");
	*(int64_t *)to = (int64_t)n * 1000;
	return true;
}

static bool read_account_id_mode(struct loading *l, const struct found *f, void *to)
{
	static const struct str names[] = {
		[ACCOUNT_ID_PREFERRED] = STR_INIT("preferred"), [ACCOUNT_ID_DISABLED] = STR_INIT("disabled"),
		[ACCOUNT_ID_REQUIRED] = STR_INIT("required"),
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_eq_nocase(f->value, names[i])) {
			*(enum account_id_mode *)to = (enum account_id_mode)i;
			return true;
		}
	return refuse(l, f, "preferred, required or disabled");
}

static bool read_sts_mode(struct loading *l, const struct found *f, void *to)
{
	bool legacy = str_eq_nocase(f->value, STR("legacy"));

	*(bool *)to = legacy;
	return legacy || str_eq_nocase(f->value, STR("regional")) || refuse(l, f, "regional or legacy");
}

static bool read_ip_mode(struct loading *l, const struct found *f, void *to)
{
	bool ipv6 = str_eq_nocase(f->value, STR("IPv6"));

	*(bool *)to = ipv6;
	return ipv6 || str_eq_nocase(f->value, STR("IPv4")) || refuse(l, f, "IPv4 or IPv6");
}

static bool read_url(struct loading *l, const struct found *f, void *to)
{
	struct aws_endpoint e;
	bool ok;

	aws_endpoint_init(&e);
	ok = aws_endpoint_parse(&e, f->value, l->err) || err_prefix(l->err, "%s", f->from);
	aws_endpoint_release(&e);
	return ok && keep(l, f->value, to);
}

/* AWS SDKs and Tools Reference Guide, "Settings reference"; the two of
 * metadata_service_… are those of the CLI's own list. */
static const struct setting {
	const char *variable, *property;
	bool (*read)(struct loading *l, const struct found *f, void *to);
	size_t offset;
} settings[] = {
#define IN_CONFIG(member) offsetof(struct aws_config, member)
	{ "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", read_bool, IN_CONFIG(use_fips) },
	{ "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint", read_bool, IN_CONFIG(use_dual_stack) },
	{ "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls", read_bool,
	  IN_CONFIG(ignore_endpoint_urls) },
	{ "AWS_ACCOUNT_ID_ENDPOINT_MODE", "account_id_endpoint_mode", read_account_id_mode, IN_CONFIG(account_id_mode) },
	{ "AWS_STS_REGIONAL_ENDPOINTS", "sts_regional_endpoints", read_sts_mode, IN_CONFIG(sts_global) },
	{ "AWS_MAX_ATTEMPTS", "max_attempts", read_attempts, IN_CONFIG(max_attempts) },
	{ "AWS_CA_BUNDLE", "ca_bundle", read_text, IN_CONFIG(ca_bundle) },
	{ "AWS_SDK_UA_APP_ID", "sdk_ua_app_id", read_text, IN_CONFIG(app_id) },
	{ "AWS_EC2_METADATA_DISABLED", NULL, read_lenient_bool, IN_CONFIG(imds.disabled) },
	{ "AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled", read_bool, IN_CONFIG(imds.v1_disabled) },
	{ "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint", read_url, IN_CONFIG(imds.endpoint) },
	{ "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode", read_ip_mode,
	  IN_CONFIG(imds.ipv6) },
	{ "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout", read_seconds, IN_CONFIG(imds.timeout_ms) },
	{ "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts", read_attempts, IN_CONFIG(imds.attempts) },
#undef IN_CONFIG
};

static bool read_settings(struct loading *l)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		const struct setting *s = &settings[i];
		struct found f;

		if (look_up(l, s->variable, s->property, &f) && !s->read(l, &f, (char *)l->c + s->offset))
			return false;
	}
	return !str_trim(l->choices->ca_bundle).len || keep(l, str_trim(l->choices->ca_bundle), &l->c->ca_bundle);
}

static bool read_region(struct loading *l)
{
	struct found f = { str_trim(l->choices->region), "the setting aws.region" };

	if (!f.value.len && !look_up(l, "AWS_REGION", NULL, &f) && !look_up(l, "AWS_DEFAULT_REGION", "region", &f))
		return true;
	if (!aws_region_valid(f.value))
		return err_set(l->err, ERR_FATAL, "aws.region", "%s names '%.*s', which is no region (eu-central-1 is one)",
			       f.from, STR_ARG(str_sub(f.value, 0, SHOWN_BYTES)));
	l->c->region_from = f.from;
	return keep(l, f.value, &l->c->region);
}

/* ---- endpoint URLs ---- */

/* A property of a group: of the lines "name = value" that the value consists of. */
static struct str in_group(struct str lines, struct str name)
{
	while (lines.ptr) {
		struct str line = str_split(&lines, '\n');
		size_t equals = str_find_char(line, '=');

		if (equals != SIZE_MAX && str_eq_nocase(str_trim(str_sub(line, 0, equals)), name))
			return str_trim(str_from(line, equals + 1));
	}
	return str_of(NULL, 0);
}

/* What the section says that the profile's `services` names. */
static bool in_services(struct loading *l, const char *id, struct found *f)
{
	struct str name = str_trim(profile_get(l->profile, "services"));

	f->value = in_group(profile_get(profile_set_find(&l->set, SECTION_SERVICES, name), id), STR("endpoint_url"));
	if (!f->value.len)
		return false;
	f->from = said(l, id, "endpoint_url of %s in section 'services %.*s'", id, STR_ARG(name));
	return true;
}

static bool in_service_variable(struct loading *l, const char *id, struct found *f)
{
	char name[MAX_VARIABLE_BYTES] = "AWS_ENDPOINT_URL_";
	size_t at = strlen(name);

	for (; *id && at + 1 < sizeof(name); id++)
		name[at++] = *id >= 'a' && *id <= 'z' ? (char)(*id - 'a' + 'A') : *id;
	name[at] = '\0';
	if (!in_environment(l, name, f))
		return false;
	f->from = said(l, "AWS_ENDPOINT_URL_…", "%s", name);
	return true;
}

/* A section that is named and missing would send calls to AWS that were meant for elsewhere. */
static bool check_services(struct loading *l)
{
	struct str name = str_trim(profile_get(l->profile, "services"));

	return !name.len || profile_set_find(&l->set, SECTION_SERVICES, name) ||
	       err_set(l->err, ERR_FATAL, "aws.config",
		       "profile '%.*s' names the section 'services %.*s', which the shared config file does not have",
		       STR_ARG(l->c->profile), STR_ARG(str_sub(name, 0, SHOWN_BYTES)));
}

/* Whether they are URLs is looked at where they are used: one that is wrong for a
 * service that nobody calls does no harm. */
static bool read_endpoint_urls(struct loading *l)
{
	struct aws_config *c = l->c;
	struct found general;

	if (c->ignore_endpoint_urls)
		return true;
	if (!in_environment(l, "AWS_ENDPOINT_URL", &general) && !check_services(l))
		return false;
	for (int i = 0; i < AWS_SERVICES; i++) {
		const char *id = aws_service_info((enum aws_service)i)->id;
		struct found f;

		if (!in_service_variable(l, id, &f) && !in_environment(l, "AWS_ENDPOINT_URL", &f) &&
		    !in_services(l, id, &f) && !in_profile(l, "endpoint_url", &f))
			continue;
		if (!keep(l, f.value, &c->endpoint_urls[i]))
			return false;
		c->endpoint_urls_from[i] = f.from;
	}
	return true;
}

/* ---- the files ---- */

/* Files that nobody asked for and that may not be read (another user's home) are as
 * if they were not there; all else that is wrong with them is said. */
static bool load_files(struct loading *l)
{
	struct err why = { 0 };

	if (profile_set_load(&l->set, l->c->env, &why))
		return true;
	if (err_is(&why, "file.open") && !l->c->profile_named && !profile_files_named(l->c->env))
		return true;
	if (l->err) {
		*l->err = why;
		l->err->class = ERR_FATAL; /* nobody mends it while this waits */
	}
	return false;
}

static bool find_profile(struct loading *l)
{
	struct aws_config *c = l->c;
	struct str wanted = str_trim(l->choices->profile);

	c->profile_chosen = wanted.len != 0;
	c->profile_named = wanted.len || process_env_value(c->env, "AWS_PROFILE").len;
	if (!keep(l, profile_name(c->env, wanted), &c->profile) || !load_files(l))
		return false;
	l->profile = profile_set_find(&l->set, SECTION_PROFILE, c->profile);
	return l->profile || !c->profile_named ||
	       err_set(l->err, ERR_FATAL, "aws.profile",
		       "%s names the profile '%.*s', which stands neither in the shared config nor in the credentials "
		       "file; see 'aws configure list-profiles'",
		       wanted.len ? "the setting aws.profile" : "AWS_PROFILE", STR_ARG(str_sub(c->profile, 0, SHOWN_BYTES)));
}

bool aws_config_load(struct aws_config *c, const struct process_env *env, const struct aws_choices *choices,
		     struct err *err)
{
	struct loading l = { .c = c, .choices = choices, .err = err };
	bool ok;

	*c = (struct aws_config){ .env = env, .imds = { .timeout_ms = DEFAULT_IMDS_TIMEOUT_MS, .attempts = 1 } };
	arena_init(&c->arena, MAX_TEXT_BYTES);
	profile_set_init(&l.set);
	ok = find_profile(&l) && read_settings(&l) && read_region(&l) && read_endpoint_urls(&l);
	profile_set_release(&l.set);
	return ok;
}

void aws_config_release(struct aws_config *c)
{
	arena_release(&c->arena);
}
