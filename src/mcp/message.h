/* message: one JSON-RPC message, read from its text. Spans of the text, nothing owned.
 * Known to src/mcp only.
 */
#ifndef SLUICE_MCP_MESSAGE_H
#define SLUICE_MCP_MESSAGE_H

#include "sluice/core/str.h"

enum message_kind {
	MESSAGE_REQUEST,
	MESSAGE_NOTIFICATION,
	MESSAGE_ANSWER,        /* of the client, to a request of ours */
	MESSAGE_WRONG,
};

struct message {
	enum message_kind kind;
	struct str id;         /* as written: a string in its quotes, or a whole number; {NULL, 0}: none that can be
	                          given back */
	struct str method;     /* between its quotes, still escaped */
	struct str params;     /* an object as written; {NULL, 0}: absent or null */
	struct str result, error;  /* of an ANSWER, as written; one is {NULL, 0} */
	const char *wrong;     /* of a WRONG one: what is (static) */
};

/* `json` is valid JSON of any kind. */
void message_read(struct message *m, struct str json);

/* Are the ids, as written, the same? */
bool message_same_id(struct str a, struct str b);

/* True for a string or a whole number that is short enough to be given back. */
bool message_id_fits(struct str json);

/* The content of a string as written, between its quotes; {NULL, 0} for what is no string. */
struct str message_string(struct str json);

#endif
