#include "derive_parts.h"

#include "sluice/core/digest.h"
#include "sluice/model/limits.h"

enum { NAME_MAX_BYTES = 64, NAME_HASH_DIGITS = 8 };   /* a name in the daemon's settings */

static bool no_memory(struct derivation *d)
{
	return err_set(d->err, ERR_DATA, "derive.memory", "the configuration takes more than %zu bytes of memory",
		       d->arena->max);
}

static struct derive_pipeline *add(struct derivation *d, struct str name, struct str table, const struct node *at)
{
	struct derive_pipeline *p = &d->pipelines[d->n_pipelines++];

	*p = (struct derive_pipeline){ .name = name, .table = table, .at = at };
	p->handlers = arena_array(d->arena, d->model->n_handlers + 1, sizeof(*p->handlers));
	return p;
}

/* A table's name that is no name of a pipeline (too long, begins with a sign) is cut, with a digest of the
 * whole. */
static struct str name_after(struct derivation *d, struct str table)
{
	struct digest digest;
	struct str head = table;

	while (head.len && strchr("_.-", head.ptr[0]))
		head = str_from(head, 1);
	if (head.len == table.len && table.len <= NAME_MAX_BYTES)
		return table;
	digest_fields(&table, 1, &digest);
	head = str_sub(head, 0, NAME_MAX_BYTES - NAME_HASH_DIGITS - 1);
	return arena_putf(d->arena, "%.*s%s%.*s", STR_ARG(head), head.len ? "-" : "", NAME_HASH_DIGITS, digest.hex);
}

static bool declared(struct derivation *d)
{
	const struct node *list = d->model->pipelines;

	for (const struct node *n = list ? list->first : NULL; n; n = n->next) {
		struct str name = derive_text_at(n, "name"), table = derive_text_at(n, "table");

		if (table.len == 0)
			return err_set(d->err, ERR_DATA, "derive.value",
				       "stream_pipelines[%u] does not say which table it reads; give it a \"table\"", n->index);
		if (!add(d, name.len ? name : name_after(d, table), table, n)->handlers)
			return no_memory(d);
	}
	return true;
}

/* The pipeline a handler belongs to: the one it names, else the first of its table. */
static struct derive_pipeline *pipeline_of(struct derivation *d, const struct model_handler *h)
{
	for (size_t i = 0; i < d->n_pipelines; i++) {
		struct derive_pipeline *p = &d->pipelines[i];

		if (str_eq(p->table, h->source) && (h->pipeline.len == 0 || str_eq(p->name, h->pipeline)))
			return p;
	}
	return add(d, h->pipeline.len ? h->pipeline : name_after(d, h->source), h->source, NULL);
}

static bool names_differ(struct derivation *d)
{
	for (size_t i = 0; i < d->n_pipelines; i++)
		for (size_t j = 0; j < i; j++) {
			const struct derive_pipeline *one = &d->pipelines[j], *other = &d->pipelines[i];

			if (str_eq(one->name, other->name))
				return err_set(d->err, ERR_DATA, "derive.name",
					       "two pipelines would be called \"%s\", of the tables %s and %s; name them in "
					       "stream_pipelines", derive_shown(d, one->name),
					       derive_shown(d, one->table), derive_shown(d, other->table));
		}
	return true;
}

/* Each pipeline reads its table's stream for itself, and a shard bears two readers. */
static void note_readers(struct derivation *d)
{
	for (size_t i = 0; i < d->n_pipelines; i++) {
		size_t readers = 0;

		for (size_t j = 0; j <= i; j++)
			readers += d->pipelines[j].n_handlers && str_eq(d->pipelines[j].table, d->pipelines[i].table);
		if (readers == LIMIT_STREAM_READERS + 1 && d->pipelines[i].n_handlers)
			derive_note(d, d->pipelines[i].at, "more than %d pipelines read the stream of %s, and its shards throttle more "
				    "readers than that; put handlers into one pipeline", LIMIT_STREAM_READERS,
				    derive_shown(d, d->pipelines[i].table));
	}
}

bool derive_plan(struct derivation *d)
{
	const struct model *m = d->model;
	size_t most = (m->pipelines ? m->pipelines->count : 0) + m->n_handlers;

	d->pipelines = arena_array(d->arena, most + 1, sizeof(*d->pipelines));
	if (!d->pipelines)
		return no_memory(d);
	if (!declared(d))
		return false;
	for (size_t i = 0; i < m->n_handlers; i++) {
		const struct model_handler *h = &m->handlers[i];
		struct derive_pipeline *p;

		if (d->options->takes && !d->options->takes(d->options->ctx, h))
			continue;
		p = pipeline_of(d, h);
		if (!p->handlers)
			return no_memory(d);
		p->handlers[p->n_handlers++] = h;
	}
	note_readers(d);
	return names_differ(d);
}
