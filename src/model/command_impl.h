/* command_impl: what the files of command.h share. */
#ifndef SLUICE_MODEL_COMMAND_IMPL_H
#define SLUICE_MODEL_COMMAND_IMPL_H

#include "sluice/model/command.h"

struct json_writer;

/* One word after quotes and backslashes were taken away. */
struct word {
	struct str text;
	const uint32_t *origin;  /* where in the command each byte stood, and where the word ended: len + 1 of them */
};

/* One command's parsing. */
struct parsing {
	struct arena *arena;
	struct command_findings *findings;
	struct word *words;
	size_t count;
	bool raw_blobs;          /* --cli-binary-format raw-in-base64-out */
	bool no_memory;          /* said already */
};

/* A value as it was written, before it is known what it should be. */
enum arg_kind { ARG_STRING, ARG_NUMBER, ARG_TRUE, ARG_FALSE, ARG_NULL, ARG_LIST, ARG_MAP };

struct arg {
	enum arg_kind kind;
	struct str text;         /* STRING: plain; NUMBER: as written */
	struct str name;         /* in a map, plain */
	size_t at, name_at;      /* in the command */
	struct arg *first, *last, *next, *parent;
	size_t count;
};

/* Notes one; returns false. */
bool command_find(struct parsing *p, size_t at, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
bool command_no_memory(struct parsing *p);

/* Text for a message: its begin, cut between characters. */
struct str command_shown(struct str text);

/* Where a byte of the word (or its end) stands in the command. */
size_t word_at(const struct word *w, const char *ptr);

/* The word behind its first `from` bytes. */
struct word word_from(const struct word *w, size_t from);

/* Fills words and count; false with findings. */
bool command_split(struct parsing *p, struct str text);

struct arg *arg_new(struct parsing *p, enum arg_kind kind, size_t at);
void arg_append(struct arg *container, struct arg *child);

/* A tree from JSON, or from the CLI's shorthand; NULL with findings. `option` is for messages. */
struct arg *command_read_json(struct parsing *p, const struct word *w, struct str option);
struct arg *command_read_shorthand(struct parsing *p, const struct word *w, struct str option);

/* Checks a parameter's value against its shape and writes it; what it finds goes into the findings. `loose`: it
 * was not written as JSON, so that text stands also for numbers and for true or false, and one
 * value for a list of one. `option` is for messages: "--key", or "--cli-input-json: Key". */
void command_write_value(struct parsing *p, struct json_writer *out, const struct arg *arg, const struct shape *shape,
			 struct str option, bool loose);

#endif
