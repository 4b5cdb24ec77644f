#include "sluice/aws/profile_file.h"

#include "sluice/core/mem.h"

enum {
	MAX_FILE_BYTES = 1024 * 1024,
	MAX_SECTIONS = 10000,
	MAX_PROPERTIES = 1000,     /* in one section */
	MAX_PATH_BYTES = 4096,
};

void profile_set_init(struct profile_set *set)
{
	*set = (struct profile_set){ 0 };
}

static void free_properties(struct profile_section *section)
{
	while (section->properties) {
		struct profile_property *p = section->properties;

		section->properties = p->next;
		buf_release(&p->name);
		buf_wipe(&p->value);
		mem_free(p);
	}
	section->n_properties = 0;
}

void profile_set_release(struct profile_set *set)
{
	while (set->sections) {
		struct profile_section *s = set->sections;

		set->sections = s->next;
		free_properties(s);
		buf_release(&s->name);
		mem_free(s);
	}
	set->n_sections = 0;
}

static struct profile_section *find_section(const struct profile_set *set, enum profile_section_kind kind,
					    struct str name)
{
	for (struct profile_section *s = set->sections; s; s = s->next)
		if (s->kind == kind && str_eq(buf_str(&s->name), name))
			return s;
	return NULL;
}

const struct profile_section *profile_set_find(const struct profile_set *set, enum profile_section_kind kind,
					       struct str name)
{
	return find_section(set, kind, name);
}

static struct profile_property *find_property(const struct profile_section *section, struct str name)
{
	for (struct profile_property *p = section->properties; p; p = p->next)
		if (str_eq(buf_str(&p->name), name))
			return p;
	return NULL;
}

struct str profile_get(const struct profile_section *section, const char *name)
{
	const struct profile_property *p = section ? find_property(section, str_c(name)) : NULL;

	if (!p)
		return str_of(NULL, 0);
	return p->value.ptr ? buf_str(&p->value) : STR("");
}

struct parser {
	struct profile_set *set;
	enum profile_file file;
	const char *path;
	unsigned line;
	struct profile_section *section;    /* NULL: none yet, or one that is passed over */
	struct profile_property *property;  /* NULL: none yet, or one that is passed over */
	bool in_section, in_property;       /* also true for what is passed over */
	bool in_group;                      /* the property began empty: its lines are sub-properties */
	struct err *err;
};

static bool parse_error(const struct parser *p, const char *code, const char *what)
{
	return err_set(p->err, ERR_AUTH, code, "%s line %u: %s", p->path, p->line, what);
}

static bool syntax(const struct parser *p, const char *what)
{
	return parse_error(p, "profile.syntax", what);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_comment(char c)
{
	return c == '#' || c == ';';
}


static bool valid_name(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if (!letter && !(c != '\0' && strchr("-_/.%@:+", c)))
			return false;
	}
	return name.len != 0;
}

/* "profile foo" -> true and "foo"; the word must be followed by white space. */
static bool cut_word(struct str *text, struct str word)
{
	if (text->len <= word.len || !str_starts(*text, word) || !is_blank(text->ptr[word.len]))
		return false;
	*text = str_trim(str_from(*text, word.len));
	return true;
}

/* What section the text between the brackets opens; false: none that counts. */
static bool read_section_name(enum profile_file file, struct str *name, enum profile_section_kind *kind,
			      bool *prefixed)
{
	*kind = SECTION_PROFILE;
	*prefixed = false;
	if (file == PROFILE_FILE_CONFIG) {
		if (cut_word(name, STR("profile")))
			*prefixed = true;
		else if (cut_word(name, STR("sso-session")))
			*kind = SECTION_SSO_SESSION;
		else if (cut_word(name, STR("services")))
			*kind = SECTION_SERVICES;
		else if (!str_eq(*name, STR("default")))
			return false;
	}
	return valid_name(*name);
}

static struct profile_section *add_section(struct parser *p, enum profile_section_kind kind, struct str name)
{
	struct profile_section *s = mem_alloc(sizeof(*s));

	s->kind = kind;
	buf_init(&s->name, name.len);
	buf_put(&s->name, name);
	s->next = p->set->sections;
	p->set->sections = s;
	p->set->n_sections++;
	return s;
}

/* In the config file [profile default] wins over [default], whichever is first. */
static bool open_section(struct parser *p, enum profile_section_kind kind, struct str name, bool prefixed)
{
	struct profile_section *s = find_section(p->set, kind, name);
	bool is_default = p->file == PROFILE_FILE_CONFIG && kind == SECTION_PROFILE && str_eq(name, STR("default"));

	if (!s) {
		if (p->set->n_sections == MAX_SECTIONS)
			return parse_error(p, "profile.size", "more than 10,000 sections");
		s = add_section(p, kind, name);
	} else if (is_default && s->prefixed && !prefixed) {
		return true;
	} else if (is_default && !s->prefixed && prefixed) {
		free_properties(s);
	}
	if (p->file == PROFILE_FILE_CONFIG)
		s->prefixed = prefixed;
	p->section = s;
	return true;
}

static bool parse_section(struct parser *p, struct str line)
{
	size_t close = str_find_char(line, ']');
	struct str name = str_trim(str_sub(line, 1, close == SIZE_MAX ? 0 : close - 1));
	struct str rest = close == SIZE_MAX ? line : str_trim(str_from(line, close + 1));
	enum profile_section_kind kind;
	bool prefixed;

	p->section = NULL;
	p->property = NULL;
	p->in_section = true;
	p->in_property = false;
	if (close == SIZE_MAX || (rest.len && !is_comment(rest.ptr[0])))
		return syntax(p, "profile definition must end with ']'");
	if (!read_section_name(p->file, &name, &kind, &prefixed))
		return true;
	return open_section(p, kind, name, prefixed);
}

/* A comment begins where white space is followed by # or ;. */
static struct str without_comment(struct str value)
{
	for (size_t i = 0; i < value.len; i++)
		if (is_comment(value.ptr[i]) && (i == 0 || is_blank(value.ptr[i - 1])))
			return str_sub(value, 0, i);
	return value;
}

static bool start_property(struct parser *p, struct str name, struct str value)
{
	struct profile_property *property;
	struct buf lower;

	buf_init(&lower, name.len);
	for (size_t i = 0; i < name.len; i++)
		buf_putc(&lower, name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? (char)(name.ptr[i] + 32) : name.ptr[i]);
	property = find_property(p->section, buf_str(&lower));
	if (property) {
		buf_release(&lower);
		buf_wipe(&property->value);
	} else {
		if (p->section->n_properties == MAX_PROPERTIES) {
			buf_release(&lower);
			return parse_error(p, "profile.size", "more than 1,000 properties in one section");
		}
		property = mem_alloc(sizeof(*property));
		property->name = lower;
		buf_init(&property->value, MAX_FILE_BYTES);
		property->next = p->section->properties;
		p->section->properties = property;
		p->section->n_properties++;
	}
	buf_put(&property->value, value);
	p->property = property;
	return true;
}

static bool parse_property(struct parser *p, struct str line)
{
	size_t equals = str_find_char(line, '=');
	struct str name = str_trim(str_sub(line, 0, equals));
	struct str value;

	if (!p->in_section)
		return syntax(p, "expected a profile definition ([default] or [profile NAME]) before this");
	if (equals == SIZE_MAX)
		return syntax(p, "expected an '=' sign defining a property");
	if (name.len == 0)
		return syntax(p, "property did not have a name");
	value = str_trim(without_comment(str_from(line, equals + 1)));
	p->in_property = true;
	p->in_group = value.len == 0;
	p->property = NULL;
	if (!p->section || !valid_name(name))
		return true;
	return start_property(p, name, value);
}

static bool parse_continuation(struct parser *p, struct str line)
{
	struct str text = str_trim(line);
	size_t equals = str_find_char(text, '=');

	if (is_comment(text.ptr[0]) && (!p->in_property || p->in_group)) /* a group's lines are no running text */
		return true;
	if (!p->in_section)
		return syntax(p, "expected a profile definition ([default] or [profile NAME]) before this");
	if (!p->in_property)
		return syntax(p, "expected a property definition, found continuation (the line begins with white space)");
	if (p->in_group && equals == SIZE_MAX)
		return syntax(p, "expected an '=' sign defining a sub-property");
	if (p->in_group && str_trim(str_sub(text, 0, equals)).len == 0)
		return syntax(p, "sub-property did not have a name");
	if (p->property) {
		buf_putc(&p->property->value, '\n');
		buf_put(&p->property->value, text);
	}
	return true;
}

static bool parse_line(struct parser *p, struct str line)
{
	if (str_trim(line).len == 0 || is_comment(line.ptr[0]))
		return true;
	if (is_blank(line.ptr[0]))
		return parse_continuation(p, line);
	if (line.ptr[0] == '[')
		return parse_section(p, line);
	return parse_property(p, line);
}

bool profile_set_parse(struct profile_set *set, enum profile_file file, struct str text, const char *path,
		       struct err *err)
{
	struct parser p = { .set = set, .file = file, .path = path, .err = err };

	if (str_starts(text, STR("\xef\xbb\xbf")))
		text = str_from(text, 3);
	if (text.len > MAX_FILE_BYTES)
		return parse_error(&p, "profile.size", "the file is larger than 1 MiB");
	while (text.ptr) {
		struct str line = str_split(&text, '\n');

		p.line++;
		if (line.len && line.ptr[line.len - 1] == '\r')
			line.len--;
		if (!parse_line(&p, line))
			return false;
	}
	return true;
}

bool profile_file_path(const struct process_env *env, enum profile_file file, struct buf *out)
{
	bool config = file == PROFILE_FILE_CONFIG;
	struct str named = process_env_value(env, config ? "AWS_CONFIG_FILE" : "AWS_SHARED_CREDENTIALS_FILE");
	struct str home = process_env_value(env, "HOME");

	if (named.len && !str_starts(named, STR("~/")))
		return buf_put(out, named);
	if (!home.len)
		return false;
	if (home.len > 1 && str_ends(home, STR("/")))
		home.len--;
	buf_put(out, home);
	if (named.len)
		return buf_put(out, str_from(named, 1));
	return buf_puts(out, config ? "/.aws/config" : "/.aws/credentials");
}

bool profile_files_named(const struct process_env *env)
{
	return process_env_value(env, "AWS_CONFIG_FILE").len || process_env_value(env, "AWS_SHARED_CREDENTIALS_FILE").len;
}

struct str profile_name(const struct process_env *env, struct str wanted)
{
	if (!wanted.len)
		wanted = process_env_value(env, "AWS_PROFILE");
	return wanted.len ? wanted : STR("default");
}

static bool load_file(struct profile_set *set, const struct process_env *env, enum profile_file file, struct err *err)
{
	struct err why = { 0 };
	struct buf path, text;
	bool ok = true;

	buf_init(&path, MAX_PATH_BYTES);
	buf_init(&text, MAX_FILE_BYTES + 1);
	if (!profile_file_path(env, file, &path))
		goto out;
	if (env->read_file(env->ctx, path.ptr, &text, &why)) {
		ok = profile_set_parse(set, file, buf_str(&text), path.ptr, err);
	} else if (!err_is(&why, "file.absent")) {
		ok = false;
		if (err)
			*err = why;
	}
out:
	buf_wipe(&text);
	buf_release(&path);
	return ok;
}

bool profile_set_load(struct profile_set *set, const struct process_env *env, struct err *err)
{
	return load_file(set, env, PROFILE_FILE_CONFIG, err) && load_file(set, env, PROFILE_FILE_CREDENTIALS, err);
}
