/* The reader of ~/.aws/config and ~/.aws/credentials on any bytes: the config
 * file, and behind the first zero byte the credentials file. What it refuses must
 * have a reason with a line; reading the same files once more changes nothing.
 */
#include "sluice/aws/profile_file.h"

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
	}
	profile_set_release(&once);
	profile_set_release(&twice);
	return 0;
}
