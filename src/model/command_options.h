/* command_options: which options of a command stand there. */
#ifndef SLUICE_MODEL_COMMAND_OPTIONS_H
#define SLUICE_MODEL_COMMAND_OPTIONS_H

#include "command_impl.h"

enum global {
	GLOBAL_REGION, GLOBAL_ENDPOINT_URL, GLOBAL_PROFILE, GLOBAL_OUTPUT, GLOBAL_QUERY, GLOBAL_CLI_BINARY_FORMAT,
	GLOBAL_CLI_INPUT_JSON, GLOBAL_NO_PAGINATE, GLOBAL_MAX_ITEMS, GLOBAL_PAGE_SIZE, GLOBAL_COLOR, GLOBAL_CA_BUNDLE,
	GLOBAL_CLI_READ_TIMEOUT, GLOBAL_CLI_CONNECT_TIMEOUT, GLOBAL_NO_CLI_PAGER, GLOBAL_NO_CLI_AUTO_PROMPT,
	GLOBAL_DEBUG, GLOBAL_NO_VERIFY_SSL, GLOBAL_NO_SIGN_REQUEST, GLOBAL_STARTING_TOKEN, GLOBAL_CLI_INPUT_YAML,
	GLOBAL_GENERATE_CLI_SKELETON, GLOBAL_CLI_AUTO_PROMPT, GLOBAL_VERSION, GLOBALS,
};

enum option_takes { OPTION_TEXT, OPTION_FLAG, OPTION_MAYBE_TEXT };

struct global_option {
	const char *name;
	enum option_takes takes;
	const char *refused;     /* why, and what to do instead; NULL: it is taken */
};

/* An option that stands there; name.ptr NULL: it does not. */
struct given {
	struct str name;         /* without the dashes */
	size_t at;
	bool negative;           /* --no-x */
	const struct word *values;
	size_t count;
};

enum { COMMAND_MAX_MEMBERS = 40 };  /* of an operation's input */

struct options {
	struct parsing *p;
	const struct operation *operation;
	struct given members[COMMAND_MAX_MEMBERS];  /* in the order of operation->input */
	struct given globals[GLOBALS];
	struct given ignored;    /* one that is unknown, or stands there twice */
};

/* Sorts the words of p into options; false with findings. */
bool options_read(struct options *o);

#endif
