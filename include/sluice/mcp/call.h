/* call: what the function of a tool, prompt or resource has in its hands: the checked
 * arguments, the way to say how far it is, and the result that it makes.
 *
 *   static void run_get_item(struct mcp_call *call)
 *   {
 *           struct str table = mcp_arg_str(call, "table_name");
 *           …
 *           if (!get_it(…, &err)) {
 *                   mcp_fail_err(call, &err);
 *                   return;
 *           }
 *           mcp_structured(call, buf_str(&json));
 *   }
 *
 * A call lives until its function returns. Whatever is given to it is copied. None of
 * these functions yields but those that say so, and none can fail but those with err.
 * Text that comes from outside need not be valid UTF-8: what is not becomes U+FFFD.
 */
#ifndef SLUICE_MCP_CALL_H
#define SLUICE_MCP_CALL_H

#include "sluice/core/node.h"

struct loop;
struct mcp_tool;
struct mcp_options;

struct mcp_call;

enum {
	MCP_RESULT_MAX_BYTES = 32 * 1024,  /* of a whole result as it is sent; one over it is replaced by an error */
	MCP_OBJECT_MAX_BYTES = 14 * 1024,  /* of a structured result, which is sent twice (the second time as text,
	                                      with its quotes escaped): a tool cuts at this and gives the key to go on */
};

/* ---- where it runs ---- */

struct loop *mcp_call_loop(const struct mcp_call *call);

/* Memory for as long as the call lives, at most MCP_CALL_ARENA_BYTES besides the
 * arguments. */
enum { MCP_CALL_ARENA_BYTES = 32 << 20 };
struct arena *mcp_call_arena(struct mcp_call *call);

/* What app gave the server (mcp_setup.site): AWS clients and the like. */
void *mcp_call_site(const struct mcp_call *call);

const struct mcp_options *mcp_call_options(const struct mcp_call *call);

/* The row that was called; NULL in a prompt or resource. */
const struct mcp_tool *mcp_call_tool(const struct mcp_call *call);

/* --allow-writes was given, and DDB-MCP-READONLY does not deny it. */
bool mcp_writes_allowed(const struct mcp_call *call);

/* The client has cancelled the request, or the server stops. Every wait is refused
 * then, too; this is for loops that do not wait. */
bool mcp_cancelled(const struct mcp_call *call);

/* ---- arguments ----
 *
 * Already what the row says: {"limit": "10"} is a NODE_INT here. null counts as absent.
 * In a prompt all are strings; in a resource template they are what stands in the URI's
 * {variables}, decoded. Strings may hold any character, also U+0000. */

/* NULL: absent. An OBJECT or ARRAY is a tree (core/node.h), in the call's memory. */
const struct node *mcp_arg(const struct mcp_call *call, const char *name);

/* {NULL, 0}: absent. */
struct str mcp_arg_str(const struct mcp_call *call, const char *name);

/* What to take when it is absent stands last. */
int64_t mcp_arg_int(const struct mcp_call *call, const char *name, int64_t otherwise);
double mcp_arg_real(const struct mcp_call *call, const char *name, double otherwise);
bool mcp_arg_bool(const struct mcp_call *call, const char *name, bool otherwise);

/* All of them, an object (maybe empty). */
const struct node *mcp_args(const struct mcp_call *call);

/* ---- meanwhile ---- */

/* How far it is, for clients that asked to be told; total 0: unknown. `done` must grow:
 * what does not is not sent. */
void mcp_progress(struct mcp_call *call, double done, double total, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

enum mcp_level {
	MCP_DEBUG, MCP_INFO, MCP_NOTICE, MCP_WARNING, MCP_ERROR, MCP_CRITICAL, MCP_ALERT, MCP_EMERGENCY,
};

/* A log message to the client, where it wants that level. Both this and progress are
 * dropped while the client does not read. */
void mcp_log(struct mcp_call *call, enum mcp_level level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* ---- the result ----
 *
 * In a tool each adds an item of its content; in a prompt each adds a message (of the
 * user, or by mcp_role()); in a resource only the two mcp_resource_ are of use, and add to
 * its contents. */

void mcp_text(struct mcp_call *call, struct str text);
void mcp_textf(struct mcp_call *call, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The structured result, the text of a JSON object (valid: asserted in debug builds).
 * It is the text, too, where the function adds none. Once. */
void mcp_structured(struct mcp_call *call, struct str object);

/* Bytes in base64. */
void mcp_image(struct mcp_call *call, struct str base64, const char *mime_type);
void mcp_audio(struct mcp_call *call, struct str base64, const char *mime_type);

/* What is at a URI, itself. */
void mcp_resource_text(struct mcp_call *call, struct str uri, const char *mime_type, struct str text);
void mcp_resource_blob(struct mcp_call *call, struct str uri, const char *mime_type, struct str base64);

/* A pointer to what resources/read would give. Clients of versions before 2025-06-18 get
 * a text that names it. */
void mcp_resource_link(struct mcp_call *call, struct str uri, const char *name, const char *mime_type);

/* It failed, and why: what happened, where, what was expected, what to try. In a tool
 * the result is this sentence with isError (what was added before is dropped); in a
 * prompt an error −32602, in a resource what the version has for "not found". The first failure stays. */
void mcp_fail(struct mcp_call *call, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same with an err's text. Also how a function ends after mcp_ask() or
 * mcp_path_allowed() said no: the server knows when that was no failure. */
void mcp_fail_err(struct mcp_call *call, const struct err *err);
bool mcp_failed(const struct mcp_call *call);

/* Prompts: who says what is added from here on. The user, until told. */
enum mcp_role { MCP_USER, MCP_ASSISTANT };
void mcp_role(struct mcp_call *call, enum mcp_role role);

/* What is at the URI is another now: tells those who have subscribed to it. */
void mcp_resource_changed(struct mcp_call *call, struct str uri);

/* ---- asking the client ---- */

enum mcp_ask { MCP_ASK_SAMPLING, MCP_ASK_ELICITATION, MCP_ASK_ROOTS };

/* The client has said that it can be asked that. */
bool mcp_can_ask(const struct mcp_call *call, enum mcp_ask what);

/* Asks; the result that the client gave, in the call's memory, an object. `key` names the
 * question within the call ("confirm"); params is JSON text, an object, by the protocol's
 * schema of the request. Yields, up to five minutes.
 *
 * Clients of the current era are not asked while they wait: the call ends with "input
 * required" and comes again, from its begin, with the answer. So a function asks before
 * it does anything that may not be done twice, and on NULL does nothing but
 * mcp_fail_err() and return.
 * NULL with err: DATA "mcp.input_required" (as said), "mcp.incapable" (the client cannot
 * be asked that), "mcp.refused" (it answered with an error, or nonsense), RETRY
 * "mcp.silent", CANCELLED. */
const struct node *mcp_ask(struct mcp_call *call, const char *key, enum mcp_ask what, struct str params,
			   struct err *err);

/* ---- the workspace ---- */

/* Is the path inside a folder that the server may touch? *resolved gets the real path
 * (absolute, no symlinks, NUL-terminated, in the call's memory); a relative one is meant
 * from the first folder. The file itself need not exist, nor folders on the way to it;
 * what exists on the way is resolved. Open *resolved with O_NOFOLLOW, and never the path
 * that was asked for. *resolved is the folder itself for "" and ".".
 * May ask the client for its roots, see mcp_ask(): yields. Blocks for the look at the
 * file system.
 * False with err DATA: "mcp.path" (outside, or a symlink leads out; names the folders),
 * "mcp.no_workspace" (there is none: says how to add one), or what mcp_ask() says. */
bool mcp_path_allowed(struct mcp_call *call, struct str path, struct str *resolved, struct err *err);

/* The folders, real paths, NUL-terminated, in the call's memory, as many as there are
 * (maybe 0; 0 also where a list or completion may not ask). Yields as
 * mcp_path_allowed(); false with what mcp_ask() says. */
bool mcp_roots(struct mcp_call *call, const struct str **roots, size_t *n, struct err *err);

#endif
