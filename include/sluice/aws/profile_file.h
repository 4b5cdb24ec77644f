/* profile_file: the files that the AWS CLI and SDKs share: ~/.aws/config and
 * ~/.aws/credentials (AWS SDKs and Tools Reference Guide, "Shared config and
 * credentials files").
 *
 * Config sections are [default], [profile NAME], [sso-session NAME] and
 * [services NAME]; credentials sections are [NAME]. Both files are read into one
 * set: a property of the credentials file wins over the same one of the config
 * file. Sections and properties whose names are not valid are passed over, as
 * every SDK does; broken syntax is an error with file and line.
 */
#ifndef SLUICE_AWS_PROFILE_FILE_H
#define SLUICE_AWS_PROFILE_FILE_H

#include "sluice/aws/credentials.h"

enum profile_file { PROFILE_FILE_CONFIG, PROFILE_FILE_CREDENTIALS };
enum profile_section_kind { SECTION_PROFILE, SECTION_SSO_SESSION, SECTION_SERVICES };

struct profile_property {
	struct buf name;                /* lower case */
	struct buf value;               /* continuation lines joined by '\n' */
	struct profile_property *next;
};

struct profile_section {
	enum profile_section_kind kind;
	struct buf name;
	bool prefixed;                  /* [profile default], which shadows [default] */
	struct profile_property *properties;
	size_t n_properties;
	struct profile_section *next;
};

/* Owns its sections; values are wiped on release. */
struct profile_set {
	struct profile_section *sections;
	size_t n_sections;
};

void profile_set_init(struct profile_set *set);
void profile_set_release(struct profile_set *set);

/* Adds one file's text. Call it for the config file first. False: AUTH
 * "profile.syntax" with path and line, "profile.size" at the caps; what was read
 * up to there stays in the set. */
bool profile_set_parse(struct profile_set *set, enum profile_file file, struct str text, const char *path,
		       struct err *err);

/* Reads both files where they are to be found; an absent one is as if empty. */
bool profile_set_load(struct profile_set *set, const struct process_env *env, struct err *err);

/* AWS_CONFIG_FILE or ~/.aws/config, AWS_SHARED_CREDENTIALS_FILE or
 * ~/.aws/credentials. False when neither variable nor HOME says where. */
bool profile_file_path(const struct process_env *env, enum profile_file file, struct buf *out);

/* Whether a variable says where a file is. Those that none does, and that may not be
 * read (another user's home), are as if absent to who asks for no profile by name. */
bool profile_files_named(const struct process_env *env);

/* wanted, or AWS_PROFILE, or "default". Borrowed from either. */
struct str profile_name(const struct process_env *env, struct str wanted);

const struct profile_section *profile_set_find(const struct profile_set *set, enum profile_section_kind kind,
					       struct str name);

/* The value; {NULL, 0} when there is no such property (or no section). */
struct str profile_get(const struct profile_section *section, const char *name);

#endif
