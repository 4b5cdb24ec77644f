/* conf_readme: conf/README.md's generated parts. Between
 *
 *   <!-- options:begin sinks.kafka -->
 *   <!-- options:end -->
 *
 * stands what the option tables say of that section (app/settings.h); the rest is
 * written by hand. `make conf-readme` brings them up to date, a unit test proves
 * that they are. (In a header, since it needs every kind and support/ is linked
 * with every test.)
 */
#ifndef SLUICE_TOOLS_CONF_README_H
#define SLUICE_TOOLS_CONF_README_H

#include "sluice/app/settings.h"
#include "sluice/core/buf.h"

#include <stdio.h>

#define CONF_README "conf/README.md"

enum { CONF_README_MAX = 1 << 20 };

static const struct str conf_readme_begin = STR_INIT("<!-- options:begin ");
static const struct str conf_readme_end = STR_INIT("<!-- options:end -->");

static bool fill_section(struct str *rest, struct buf *out, struct err *err)
{
	size_t close = str_find(*rest, STR(" -->\n")), stop;
	struct str section;

	if (close == SIZE_MAX)
		return err_set(err, ERR_DATA, "readme.marker", "a marker does not end with -->");
	section = str_sub(*rest, conf_readme_begin.len, close - conf_readme_begin.len);
	buf_put(out, str_sub(*rest, 0, close + 5));
	if (!settings_print_section(&settings_all_kinds, section, out))
		return err_set(err, ERR_DATA, "readme.section", "there are no settings '%.*s'", STR_ARG(section));
	stop = str_find(*rest, conf_readme_end);
	if (stop == SIZE_MAX)
		return err_set(err, ERR_DATA, "readme.marker", "the section '%.*s' does not end", STR_ARG(section));
	*rest = str_from(*rest, stop);
	return true;
}

static bool check_kind(struct str text, const char *what, const char *kind, struct err *err)
{
	char marker[128];

	snprintf(marker, sizeof(marker), "<!-- options:begin %s.%s -->\n", what, kind);
	if (str_find(text, str_c(marker)) != SIZE_MAX)
		return true;
	return err_set(err, ERR_DATA, "readme.kind", "the kind '%s' of %s has no section: expected %s", kind, what, marker);
}

/* Appends `text` with every marked part replaced by what the tables say. DATA when
 * a section is unknown, does not end, or a kind has none. */
static bool conf_readme_fill(struct str text, struct buf *out, struct err *err)
{
	struct str rest = text;
	size_t at;

	for (size_t i = 0; handler_kinds[i]; i++)
		if (!check_kind(text, "handlers", handler_kinds[i]->kind, err))
			return false;
	for (size_t i = 0; sink_kinds[i]; i++)
		if (!check_kind(text, "sinks", sink_kinds[i]->kind, err))
			return false;
	while ((at = str_find(rest, conf_readme_begin)) != SIZE_MAX) {
		buf_put(out, str_sub(rest, 0, at));
		rest = str_from(rest, at);
		if (!fill_section(&rest, out, err))
			return false;
	}
	return buf_put(out, rest) || err_set(err, ERR_DATA, "readme.size", "the text is too long");
}

#endif
