#include "derive_parts.h"

enum { NOTE_BYTES = 400 };

/* --- what the parts tell ---------------------------------------------------- */

void derive_place(struct derivation *d, const struct node *at)
{
	struct model_derive_place *place = ARENA_NEW(d->arena, struct model_derive_place);

	for (; d->counted < d->out->len; d->counted++)
		d->line += d->out->ptr[d->counted] == '\n';
	if (!place)
		return;
	*place = (struct model_derive_place){ .line = d->line, .at = at };
	*d->end_of_places = place;
	d->end_of_places = &place->next;
}

void derive_note(struct derivation *d, const struct node *at, const char *fmt, ...)
{
	struct model_derive_note *note = ARENA_NEW(d->arena, struct model_derive_note);
	struct buf text;
	va_list ap;

	if (!note)
		return;
	buf_init(&text, NOTE_BYTES);
	va_start(ap, fmt);
	buf_vputf(&text, fmt, ap);
	va_end(ap);
	*note = (struct model_derive_note){ .at = at, .text = arena_dup(d->arena, buf_str(&text)) };
	buf_release(&text);
	*d->end_of_notes = note;
	d->end_of_notes = &note->next;
}

static void add_variable(struct derivation *d, struct str inner)
{
	size_t dash = str_find(inner, STR(":-"));
	struct str name = dash == SIZE_MAX ? inner : str_sub(inner, 0, dash);
	struct model_derive_variable *v;

	for (v = d->result->variables; v; v = v->next)
		if (str_eq(v->name, name)) {
			v->has_fallback &= dash != SIZE_MAX;
			return;
		}
	v = ARENA_NEW(d->arena, struct model_derive_variable);
	if (!v)
		return;
	*v = (struct model_derive_variable){ .name = name, .has_fallback = dash != SIZE_MAX };
	if (v->has_fallback)
		v->fallback = str_from(inner, dash + 2);
	*d->end_of_variables = v;
	d->end_of_variables = &v->next;
}

void derive_variables(struct derivation *d, struct str text)
{
	for (size_t at; (at = str_find(text, STR("$("))) != SIZE_MAX;) {
		struct str rest = str_from(text, at);
		size_t length = at && text.ptr[at - 1] == '$' ? 0 : derive_reference(rest);

		if (length)
			add_variable(d, str_sub(rest, 2, length - 3));
		text = str_from(rest, length ? length : 2);
	}
}

struct str derive_table(const struct derivation *d, struct str table)
{
	return d->options->table_name ? d->options->table_name(d->options->ctx, table) : table;
}

const struct node *model_derive_at(const struct model_derivation *d, int line)
{
	const struct node *at = NULL;

	for (const struct model_derive_place *p = d->places; p && p->line <= line; p = p->next)
		at = p->at;
	return at;
}

/* --- the upper part --------------------------------------------------------- */

static bool put_sinks(struct derivation *d)
{
	const struct node *sinks = d->model->sinks;

	if (!sinks || !sinks->first)
		return true;
	buf_puts(d->out, "sinks = (\n");
	for (const struct node *n = sinks->first; n; n = n->next) {
		if (n->kind != NODE_OBJECT)
			return err_set(d->err, ERR_DATA, "derive.value", "stream_sinks[%u] is no object; expected {\"name\": …, "
				       "\"kind\": …}", n->index);
		derive_place(d, n);
		derive_explain_sink(d, n, 2);
		buf_puts(d->out, "  {\n");
		if (!derive_sink_settings(d, n, 4))
			return false;
		buf_puts(d->out, n->next ? "  },\n" : "  }\n");
		d->result->n_sinks++;
	}
	buf_puts(d->out, ");\n\n");
	return true;
}

static bool put_handler(struct derivation *d, const struct model_handler *h, unsigned indent, bool more)
{
	derive_indent(d->out, indent);
	buf_puts(d->out, "{ kind = ");
	derive_put_string(d->out, h->kind, TEXT_PLAIN);
	buf_puts(d->out, "; name = ");
	derive_put_string(d->out, h->name, TEXT_PLAIN);
	buf_puts(d->out, ";\n");
	if (!derive_handler_settings(d, h, indent + 2))
		return false;
	derive_indent(d->out, indent);
	buf_puts(d->out, more ? "},\n" : "}\n");
	return true;
}

/* As it would stand there, behind "#". Strings hold no newlines, so each line of it gets one. */
static bool put_not_run(struct derivation *d, const struct model_handler *h, struct str why, unsigned indent)
{
	struct buf text, *out = d->out;
	struct str rest;
	bool ok;

	derive_note(d, h->at, "the handler \"%s\" is not run by this version: %.*s", derive_shown(d, h->name),
		    STR_ARG(why));
	derive_indent(out, indent);
	buf_putf(out, "# Not run by this version: %.*s.\n", STR_ARG(why));
	buf_init(&text, MODEL_DERIVE_BYTES);
	d->out = &text;
	ok = put_handler(d, h, 0, false);
	d->out = out;
	rest = buf_str(&text);
	while (ok && rest.len) {
		struct str line = str_split(&rest, '\n');

		derive_indent(out, indent);
		buf_putf(out, "# %.*s\n", STR_ARG(line));
	}
	buf_release(&text);
	d->result->not_run++;
	return ok;
}

/* Handlers that run first in their order, then the others: commas stand between those that run. */
static bool put_handlers(struct derivation *d, const struct derive_pipeline *p, const struct str *reasons, size_t running)
{
	size_t left = running;

	for (size_t i = 0; i < p->n_handlers; i++) {
		if (i || !d->options->plain)
			buf_puts(d->out, i ? "\n" : "");
		derive_place(d, p->handlers[i]->at);
		derive_explain_handler(d, p->handlers[i], 6);
		if (reasons[i].len ? !put_not_run(d, p->handlers[i], reasons[i], 6) :
				     !put_handler(d, p->handlers[i], 6, --left > 0))
			return false;
	}
	d->result->n_handlers += running;
	return true;
}

static bool put_running(struct derivation *d, const struct derive_pipeline *p, const struct str *reasons, size_t running,
			bool more)
{
	derive_explain_pipeline(d, p, 2);
	buf_puts(d->out, "  {\n");
	if (!derive_pipeline_settings(d, p, 4))
		return false;
	buf_puts(d->out, "    handlers = (\n");
	if (!put_handlers(d, p, reasons, running))
		return false;
	buf_puts(d->out, "    );\n");
	buf_puts(d->out, more ? "  },\n\n" : "  }\n");
	d->result->n_pipelines++;
	return true;
}

/* A pipeline of which nothing runs cannot stand in the file; it is kept as a comment. */
static bool put_idle(struct derivation *d, const struct derive_pipeline *p, const struct str *reasons)
{
	const char *why = p->n_handlers ? "none of its handlers is run by this version" : "no handler belongs to it";

	derive_note(d, p->at, "the pipeline \"%s\" is left out: %s", derive_shown(d, p->name), why);
	buf_putf(d->out, "  # The pipeline \"%s\" of the table %s is left out: %s.\n", derive_shown(d, p->name),
		 derive_shown(d, p->table), why);
	for (size_t i = 0; i < p->n_handlers; i++)
		if (!put_not_run(d, p->handlers[i], reasons[i], 2))
			return false;
	buf_putc(d->out, '\n');
	return true;
}

struct judged {
	struct str *reasons;
	size_t running;
};

static bool judge(struct derivation *d, struct judged *all)
{
	for (size_t i = 0; i < d->n_pipelines; i++) {
		const struct derive_pipeline *p = &d->pipelines[i];

		all[i].reasons = arena_array(d->arena, p->n_handlers + 1, sizeof(*all[i].reasons));
		if (!all[i].reasons)
			return false;
		for (size_t j = 0; j < p->n_handlers; j++) {
			all[i].reasons[j] = derive_not_run(d, p->handlers[j]);
			all[i].running += all[i].reasons[j].len == 0;
		}
	}
	return true;
}

static bool put_pipelines(struct derivation *d)
{
	struct judged *all = arena_array(d->arena, d->n_pipelines + 1, sizeof(*all));
	size_t left = 0;

	if (!all || !judge(d, all))
		return err_set(d->err, ERR_DATA, "derive.memory", "the configuration takes more than %zu bytes of memory",
			       d->arena->max);
	for (size_t i = 0; i < d->n_pipelines; i++)
		left += all[i].running > 0;
	if (left == 0)
		return err_set(d->err, ERR_DATA, "derive.nothing",
			       "the model has no stream_handlers that this version runs; there is nothing to derive");
	derive_say(d, 0, "Each pipeline reads one table's stream. A handler's position moves on only when all that it made was "
			 "acknowledged: after a crash it goes on there, and no change is left out.");
	buf_puts(d->out, "pipelines = (\n");
	for (size_t i = 0; i < d->n_pipelines; i++) {
		const struct derive_pipeline *p = &d->pipelines[i];

		derive_place(d, p->at ? p->at : p->handlers[0]->at);
		if (all[i].running ? !put_running(d, p, all[i].reasons, all[i].running, --left > 0) :
				     !put_idle(d, p, all[i].reasons))
			return false;
	}
	derive_place(d, NULL);
	buf_puts(d->out, ");\n\n");
	return true;
}

static void put_head(struct derivation *d)
{
	if (d->options->plain)
		return;
	buf_puts(d->out, "# Written by sluice model derive");
	if (d->options->file)
		buf_putf(d->out, " from \"%s\"", derive_shown(d, str_c(d->options->file)));
	buf_puts(d->out, ".\n# All above the line that says \"yours below\" is written anew each time: change the model, and derive\n"
			 "# again. Own settings stand below that line and are kept. `sluice check -c FILE` proves the file.\n\n");
}

static void say_variables(struct derivation *d)
{
	for (const struct model_derive_variable *v = d->result->variables; v; v = v->next)
		derive_say(d, 0, v->has_fallback ? "Filled in from the environment: %s (without it: %s)." :
						   "Filled in from the environment: %s, which must be set.%s",
			   derive_shown(d, v->name), derive_shown(d, v->fallback));
	if (d->result->variables && !d->options->plain)
		buf_putc(d->out, '\n');
}

/* --- the lower part --------------------------------------------------------- */

/* Where the line begins; SIZE_MAX: it is not there. */
static size_t find_line(struct str text)
{
	const struct str line = STR(MODEL_DERIVE_YOURS);

	for (struct str rest = text; rest.ptr;) {
		size_t at = (size_t)(rest.ptr - text.ptr);
		struct str one = str_split(&rest, '\n');

		if (str_starts(one, line) && str_trim(one).len == line.len)
			return at;
	}
	return SIZE_MAX;
}

/* A name of the settings: 1 to 64 letters, digits, '_', '.' or '-' that begins with a letter or digit. */
static struct str name_of(struct derivation *d, struct str from)
{
	struct buf name;
	struct str made;

	buf_init(&name, 64);
	for (size_t i = 0; i < from.len; i++) {
		char c = from.ptr[i];

		c = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (name.len && strchr("_.-", c)))
			buf_putc(&name, c);
		else if (name.len && name.ptr[name.len - 1] != '-')
			buf_putc(&name, '-');
	}
	made = name.len ? arena_dup(d->arena, buf_str(&name)) : STR("sluice");
	buf_release(&name);
	return made;
}

static void put_state(struct derivation *d)
{
	const struct model_derive_options *o = d->options;
	bool file = o->state_file.len;

	derive_say(d, 0, "Where positions and leases are kept: in a table, which is made when it is missing and which several "
			 "workers and machines share, or in a file, for a worker that is alone: "
			 "state: { file = \"/var/lib/sluice/state.db\"; };");
	buf_puts(d->out, file ? "state: { file = " : "state: { table = ");
	derive_put_string(d->out, file ? o->state_file : o->state_table.len ? o->state_table : STR("sluice-state"), TEXT_PLAIN);
	buf_puts(d->out, "; };\n");
}

static void put_yours(struct derivation *d)
{
	const struct model_derive_options *o = d->options;

	buf_puts(d->out, MODEL_DERIVE_YOURS "\n");
	if (o->yours.len) {
		buf_put(d->out, o->yours);
		return;
	}
	buf_puts(d->out, "\nversion = 1;\n\n");
	derive_say(d, 0, "Begins every key under which positions are kept. Under another name all handlers start anew.");
	buf_puts(d->out, "app = ");
	derive_put_string(d->out, name_of(d, o->app.len ? o->app : d->pipelines[0].table), TEXT_PLAIN);
	buf_puts(d->out, ";\n\n");
	put_state(d);
	if (!o->plain)
		buf_puts(d->out, "\n# Region and credentials are found as the AWS CLI finds them. For DynamoDB Local:\n"
				 "# aws: { region = \"us-east-1\"; endpoint_url = \"http://127.0.0.1:8000\"; };\n"
				 "\n# Threads that share the work; the log's form. These are the defaults:\n"
				 "# workers = 1;\n# log: { format = \"logfmt\"; level = \"info\"; };\n");
}

static bool put_lower(struct derivation *d, struct str existing)
{
	size_t line = find_line(existing);

	d->result->first = str_trim(existing).len == 0;
	if (d->result->first)
		put_yours(d);
	else if (line != SIZE_MAX)
		buf_put(d->out, str_from(existing, line));
	else
		return err_set(d->err, ERR_DATA, "derive.foreign",
			       "the file has no line \"" MODEL_DERIVE_YOURS "\", so nobody knows what in it is made by hand; put that "
			       "line above the settings that are to stay (all but sinks and pipelines), or write to another file");
	return true;
}

/* --- the whole --------------------------------------------------------------- */

bool model_derive(const struct model *m, const struct model_derive_options *options, struct str existing,
		  struct buf *out, struct model_derivation *result, struct err *err)
{
	struct arena *arena = result->arena;
	struct derivation d = {
		.model = m, .options = options, .result = result, .arena = arena, .out = out, .err = err, .line = 1,
		.counted = out->len,
	};

	*result = (struct model_derivation){ .arena = arena };
	d.end_of_notes = &result->notes;
	d.end_of_variables = &result->variables;
	d.end_of_places = &result->places;
	put_head(&d);
	if (!derive_plan(&d) || !put_sinks(&d) || !put_pipelines(&d))
		return false;
	say_variables(&d);
	if (!put_lower(&d, existing))
		return false;
	if (!buf_ok(out))
		return err_set(err, ERR_DATA, "derive.size", "the file would be larger than the %zu bytes that sluice reads", out->max);
	return true;
}
