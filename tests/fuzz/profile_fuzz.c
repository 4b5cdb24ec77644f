/* The reader of ~/.aws/config and ~/.aws/credentials on any bytes: the config
 * file, and behind the first zero byte the credentials file. What it refuses must
 * have a reason with a line; reading the same files once more changes nothing.
 * Then every profile's way to credentials.
 */
#include "sluice/aws/profile_chain.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool held)
{
	if (!held)
		abort();
}

static bool read_both(struct profile_set *set, struct str config, struct str credentials)
{
	struct err err = { 0 };
	bool ok = profile_set_parse(set, PROFILE_FILE_CONFIG, config, "config", &err) &&
		  profile_set_parse(set, PROFILE_FILE_CREDENTIALS, credentials, "credentials", &err);

	require(ok || (err.class == ERR_AUTH && (err_is(&err, "profile.syntax") || err_is(&err, "profile.size")) &&
		       strstr(err.text, " line ")));
	return ok;
}

static void require_same(const struct profile_set *once, const struct profile_set *twice)
{
	require(once->n_sections == twice->n_sections);
	for (const struct profile_section *s = once->sections; s; s = s->next) {
		const struct profile_section *t = profile_set_find(twice, s->kind, buf_str(&s->name));

		require(t && t->n_properties == s->n_properties && s->name.len);
		for (const struct profile_property *p = s->properties; p; p = p->next)
			require(str_eq(profile_get(t, p->name.ptr), buf_str(&p->value)));
	}
}

/* Wherever a profile leads: to a base and at most 64 roles, or to an error. */
static void resolve_all(const struct profile_set *set)
{
	struct profile_chain *chain = malloc(sizeof(*chain));
	size_t n = 0;

	require(chain != NULL);
	for (const struct profile_section *s = set->sections; s && n < 100; s = s->next, n++) {
		struct err err = { 0 };

		if (!profile_chain_resolve(set, buf_str(&s->name), chain, &err)) {
			require(err.class == ERR_AUTH && str_starts(str_c(err.code), STR("credentials.")) && err.text[0]);
			continue;
		}
		require(chain->n_roles <= PROFILE_MOST_ROLES && chain->section && chain->section->kind == SECTION_PROFILE);
		for (size_t i = 0; i < chain->n_roles; i++)
			require(chain->roles[i].role_arn.len != 0);
	}
	free(chain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str all = str_of((const char *)data, size);
	size_t zero = str_find_char(all, '\0');
	struct str config = str_sub(all, 0, zero), credentials = str_from(all, zero == SIZE_MAX ? size : zero + 1);
	struct profile_set once, twice;

	profile_set_init(&once);
	profile_set_init(&twice);
	if (read_both(&once, config, credentials)) {
		require(read_both(&twice, config, credentials));
		require_same(&once, &twice);
		require(read_both(&twice, config, credentials));
		require(twice.n_sections == once.n_sections);
		resolve_all(&once);
	}
	profile_set_release(&once);
	profile_set_release(&twice);
	return 0;
}
