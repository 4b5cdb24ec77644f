/* model_conf: the daemon's settings file from a data model (model/derive.h), proven by the reader
 * that the daemon itself uses. What `sluice model derive` and a server's tool share.
 */
#ifndef SLUICE_APP_MODEL_CONF_H
#define SLUICE_APP_MODEL_CONF_H

#include "sluice/core/problem.h"
#include "sluice/model/derive.h"

struct model_conf {
	struct arena arena;
	struct buf text;                      /* the whole file */
	struct model_derivation derivation;
	struct problems problems;             /* what the daemon would say of it here: a secret's file that is
	                                         not on this machine, a variable that is not set */
};

/* Derives into *out; `existing` is the file as it stands (empty: none), `path` where it stands or will
 * stand, for messages and for files beside it. False with err: what model_derive() says; "derive.foreign" also
 * where settings stand above the line that the tool would lose; "derive.refused": the daemon would refuse
 * it, with the place in the model. Release it all the same. Blocks. */
bool model_conf_make(struct model_conf *out, const struct model *m, const struct model_derive_options *options,
		     const char *path, struct str existing, struct err *err);
void model_conf_release(struct model_conf *c);

/* What was made, a line each for people: counts, what is not run, variables, problems. */
void model_conf_print(const struct model_conf *c, struct buf *out);
/* Members of the object that `w` is in: pipelines handlers sinks not_run notes variables problems. */
struct json_writer;
void model_conf_write(const struct model_conf *c, struct json_writer *w);

#endif
