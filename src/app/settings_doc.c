#include "settings_parts.h"

#include "sluice/core/buf.h"

static bool print_kind(const char *summary, const struct option *options, struct buf *out)
{
	buf_putf(out, "%s\n\n", summary);
	if (options->name)
		option_print_markdown(options, out);
	else
		buf_puts(out, "It has no settings of its own.\n");
	return true;
}

static bool print_handler_kind(const struct settings_kinds *kinds, struct str kind, struct buf *out)
{
	for (size_t i = 0; kinds->handlers[i]; i++)
		if (str_eq(str_c(kinds->handlers[i]->kind), kind))
			return print_kind(kinds->handlers[i]->summary, kinds->handlers[i]->options, out);
	return false;
}

static bool print_sink_kind(const struct settings_kinds *kinds, struct str kind, struct buf *out)
{
	for (size_t i = 0; kinds->sinks[i]; i++)
		if (str_eq(str_c(kinds->sinks[i]->kind), kind))
			return print_kind(kinds->sinks[i]->summary, kinds->sinks[i]->options, out);
	return false;
}

bool settings_print_section(const struct settings_kinds *kinds, struct str section, struct buf *out)
{
	static const struct {
		struct str name;
		const struct option *table;
	} common[] = {
		{ STR_INIT("file"), settings_file_options },
		{ STR_INIT("pipelines"), settings_pipeline_options },
		{ STR_INIT("handlers"), settings_handler_options },
		{ STR_INIT("sinks"), settings_sink_options },
	};

	for (size_t i = 0; i < sizeof(common) / sizeof(*common); i++)
		if (str_eq(common[i].name, section))
			return option_print_markdown(common[i].table, out);
	if (str_starts(section, STR("handlers.")))
		return print_handler_kind(kinds, str_from(section, strlen("handlers.")), out);
	if (str_starts(section, STR("sinks.")))
		return print_sink_kind(kinds, str_from(section, strlen("sinks.")), out);
	return false;
}
