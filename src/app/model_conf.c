#include "sluice/app/model_conf.h"

#include "sluice/app/settings.h"
#include "sluice/core/file.h"
#include "sluice/core/json_write.h"

#include <stdlib.h>

_Static_assert((int)MODEL_DERIVE_BYTES <= (int)CONF_FILE_MAX, "the daemon reads what is derived");

/* --- the daemon's reader over text in memory ------------------------------------ */

struct memory {
	const char *path;
	struct str text;
};

/* Included files are the file system's. */
static bool load(void *ctx, const char *path, struct buf *out, struct err *err)
{
	const struct memory *m = ctx;

	return strcmp(path, m->path) == 0 ? buf_put(out, m->text) : file_read(path, out, err);
}

static const char *variable(void *ctx, const char *name)
{
	(void)ctx;
	return getenv(name);
}

/* What another machine may have and this one has not. */
static bool is_of_this_machine(const struct problem *p)
{
	return p->sort == PROBLEM_UNSET || str_starts(p->text, STR("cannot open ")) ||
	       str_starts(p->text, STR("cannot read "));
}

static bool refuse(struct model_conf *c, const struct problem *p, struct err *err)
{
	const struct node *at = p->line ? model_derive_at(&c->derivation, p->line) : NULL;
	struct str place = at ? node_path(&c->arena, at) : STR("");

	if (!at)
		place = STR("the part below \"" MODEL_DERIVE_YOURS "\"");
	return err_set(err, ERR_DATA, "derive.refused", "the daemon would refuse what comes of %.*s: line %d: %.*s%s%.*s",
		       STR_ARG(place), p->line, STR_ARG(p->path), p->path.len ? ": " : "", STR_ARG(p->text));
}

static bool prove(struct model_conf *c, const char *path, struct err *err)
{
	struct memory memory = { path, buf_str(&c->text) };
	const struct conf_source source = { load, variable, &memory };

	settings_load(&settings_all_kinds, &source, path, &c->problems);
	for (const struct problem *p = c->problems.first; p; p = p->next)
		if (!is_of_this_machine(p))
			return refuse(c, p, err);
	return true;
}

/* --- what stands there already -------------------------------------------------- */

/* The part above the line is written anew: nothing but the tool's may be lost with it. A part that
 * cannot be read holds no settings. */
static bool keeps_all(struct model_conf *c, const char *path, struct str existing, struct err *err)
{
	size_t end = str_find(existing, STR("\n" MODEL_DERIVE_YOURS));
	struct memory memory = { path, str_sub(existing, 0, end == SIZE_MAX ? 0 : end + 1) };
	const struct conf_source source = { load, variable, &memory };
	struct problems ignored;
	const struct node *root;

	problems_init(&ignored, &c->arena);
	root = conf_read(&source, path, &c->arena, &ignored);
	for (const struct node *n = root ? root->first : NULL; n; n = n->next)
		if (!str_eq(n->name, STR("sinks")) && !str_eq(n->name, STR("pipelines")))
			return err_set(err, ERR_DATA, "derive.foreign",
				       "%s:%d: '%.*s' stands above the line \"" MODEL_DERIVE_YOURS "\" and would be lost; move it below "
				       "that line", path, n->line, STR_ARG(n->name));
	return true;
}

bool model_conf_make(struct model_conf *out, const struct model *m, const struct model_derive_options *options,
		     const char *path, struct str existing, struct err *err)
{
	arena_init(&out->arena, SETTINGS_BYTES_MAX + MODEL_DERIVE_ARENA_BYTES);
	buf_init(&out->text, MODEL_DERIVE_BYTES);
	problems_init(&out->problems, &out->arena);
	out->derivation = (struct model_derivation){ .arena = &out->arena };
	return model_derive(m, options, existing, &out->text, &out->derivation, err) &&
	       keeps_all(out, path, existing, err) && prove(out, path, err);
}

void model_conf_release(struct model_conf *c)
{
	buf_wipe(&c->text);
	arena_wipe(&c->arena); /* secrets may have been read */
}

/* --- what was made ---------------------------------------------------------------- */

static const char *s_of(size_t n)
{
	return n == 1 ? "" : "s";
}

void model_conf_print(const struct model_conf *c, struct buf *out)
{
	const struct model_derivation *d = &c->derivation;
	struct arena *arena = d->arena;

	buf_putf(out, "%zu sink%s, %zu pipeline%s, %zu handler%s", d->n_sinks, s_of(d->n_sinks), d->n_pipelines,
		 s_of(d->n_pipelines), d->n_handlers, s_of(d->n_handlers));
	if (d->not_run)
		buf_putf(out, "; %zu not run by this version, as comment%s", d->not_run, s_of(d->not_run));
	buf_putc(out, '\n');
	for (const struct model_derive_note *n = d->notes; n; n = n->next)
		buf_putf(out, "note: %.*s: %.*s\n", STR_ARG(n->at ? node_path(arena, n->at) : STR("stream_pipelines")),
			 STR_ARG(n->text));
	for (const struct model_derive_variable *v = d->variables; v; v = v->next)
		buf_putf(out, "environment: %.*s%s\n", STR_ARG(v->name), v->has_fallback ? " (has a default)" : " must be set");
	for (const struct problem *p = c->problems.first; p; p = p->next)
		buf_putf(out, "here, `sluice check` would say: %.*s: %.*s\n", STR_ARG(p->path), STR_ARG(p->text));
}

static void write_notes(const struct model_derivation *d, struct json_writer *w)
{
	json_key(w, STR("notes"));
	json_begin_array(w);
	for (const struct model_derive_note *n = d->notes; n; n = n->next) {
		json_begin_object(w);
		if (n->at)
			json_member_str(w, STR("path"), node_path(d->arena, n->at));
		json_member_str(w, STR("text"), n->text);
		json_end_object(w);
	}
	json_end_array(w);
}

static void write_variables(const struct model_derivation *d, struct json_writer *w)
{
	json_key(w, STR("variables"));
	json_begin_array(w);
	for (const struct model_derive_variable *v = d->variables; v; v = v->next) {
		json_begin_object(w);
		json_member_str(w, STR("name"), v->name);
		if (v->has_fallback)
			json_member_str(w, STR("default"), v->fallback);
		json_end_object(w);
	}
	json_end_array(w);
}

void model_conf_write(const struct model_conf *c, struct json_writer *w)
{
	const struct model_derivation *d = &c->derivation;

	json_member_int(w, STR("sinks"), (int64_t)d->n_sinks);
	json_member_int(w, STR("pipelines"), (int64_t)d->n_pipelines);
	json_member_int(w, STR("handlers"), (int64_t)d->n_handlers);
	json_member_int(w, STR("not_run"), (int64_t)d->not_run);
	write_notes(d, w);
	write_variables(d, w);
	json_key(w, STR("problems"));
	json_begin_array(w);
	for (const struct problem *p = c->problems.first; p; p = p->next)
		json_str(w, p->text);
	json_end_array(w);
}
