/* derive_parts: what the files that write the daemon's settings share. Known to src/model only.
 */
#ifndef SLUICE_MODEL_DERIVE_PARTS_H
#define SLUICE_MODEL_DERIVE_PARTS_H

#include "sluice/handlers/handler.h"
#include "sluice/model/derive.h"

struct derive_pipeline {
	struct str name, table;               /* the table by its name in the model */
	const struct node *at;                /* in stream_pipelines; NULL: it has none */
	const struct model_handler **handlers;
	size_t n_handlers;
};

struct derivation {
	const struct model *model;
	const struct model_derive_options *options;
	struct model_derivation *result;
	struct arena *arena;
	struct buf *out;
	struct err *err;
	struct derive_pipeline *pipelines;
	size_t n_pipelines;
	size_t counted;                       /* of out: so many bytes are counted in `line` */
	int line;                             /* of the byte there, 1-based */
	struct model_derive_note **end_of_notes;
	struct model_derive_variable **end_of_variables;
	struct model_derive_place **end_of_places;
};

/* --- derive_value.c: the syntax -------------------------------------------- */

/* Whether "$(" in strings is a reference to the environment or plain text. */
enum derive_text { TEXT_PLAIN, TEXT_ADDRESS };

/* Can the syntax hold it as a group, list or value? */
bool derive_fits(const struct node *n);

/* Can so many settings stand in one group? */
bool derive_group_fits(const struct node *n);

/* A string in its quotes. False: it holds a zero byte or is too long. */
bool derive_put_string(struct buf *out, struct str text, enum derive_text how);

/* `name = value;` of a member at the indent and a newline; over several lines where it is long. It fits. */
void derive_put_setting(struct buf *out, unsigned indent, const struct node *value, enum derive_text how);

/* The same, with the value as JSON in a string. False: too long. */
bool derive_put_json(struct buf *out, unsigned indent, const struct node *value);

/* Bytes of the reference to the environment that the text begins with, $(NAME) or $(NAME:-text); 0: none. */
size_t derive_reference(struct str s);

/* Bytes of the character (UTF-8) that the text begins with, if it would not be seen or would turn the text
 * around it: C1 controls, zero-width and bidirectional marks, line separators; else 0. */
size_t derive_unseen(struct str s);

void derive_indent(struct buf *out, unsigned indent);

/* --- derive_handler.c: groups of settings ---------------------------------- */

/* Why this version does not run it; empty: it does. In the arena. */
struct str derive_not_run(struct derivation *d, const struct model_handler *h);

/* The settings of a sink, a pipeline (without its handlers), a handler. False with err. */
bool derive_sink_settings(struct derivation *d, const struct node *sink, unsigned indent);
bool derive_pipeline_settings(struct derivation *d, const struct derive_pipeline *p, unsigned indent);
bool derive_handler_settings(struct derivation *d, const struct model_handler *h, unsigned indent);

/* --- derive_words.c: comments ---------------------------------------------- */

/* A comment, wrapped; nothing where comments are not wanted. */
void derive_say(struct derivation *d, unsigned indent, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* A name for comments and messages: short, printable, on one line. In the arena. */
const char *derive_shown(struct derivation *d, struct str name);

void derive_explain_sink(struct derivation *d, const struct node *sink, unsigned indent);
void derive_explain_pipeline(struct derivation *d, const struct derive_pipeline *p, unsigned indent);
void derive_explain_handler(struct derivation *d, const struct model_handler *h, unsigned indent);

/* --- derive_plan.c --------------------------------------------------------- */

/* Which pipelines there are and which handlers each has. */
bool derive_plan(struct derivation *d);

/* --- derive.c -------------------------------------------------------------- */

/* From here on the lines are of that node. */
void derive_place(struct derivation *d, const struct node *at);
void derive_note(struct derivation *d, const struct node *at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Notes the variables of an address. */
void derive_variables(struct derivation *d, struct str text);
/* The table's name there. */
struct str derive_table(const struct derivation *d, struct str table);

static inline struct str derive_text_at(const struct node *group, const char *name)
{
	const struct node *n = node_get(group, str_c(name));

	return n && n->kind == NODE_STRING ? n->text : STR("");
}

#endif
