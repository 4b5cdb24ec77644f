/* impl: the server and its calls from inside. Known to src/mcp only.
 */
#ifndef SLUICE_MCP_IMPL_H
#define SLUICE_MCP_IMPL_H

#include "lines.h"
#include "message.h"
#include "output.h"

#include "sluice/core/json_write.h"
#include "sluice/core/loop.h"
#include "sluice/core/mem.h"
#include "sluice/mcp/server.h"

#include <stdarg.h>
#include <stdio.h>

/* Protocol versions, oldest first; all but the last are legacy. */
enum version {
	VERSION_NONE,
	V_2024_11_05,
	V_2025_03_26,
	V_2025_06_18,
	V_2025_11_25,
	V_2026_07_28,
	VERSION_LEGACY = V_2025_11_25,
	VERSION_CURRENT = V_2026_07_28,
};

struct str version_name(enum version v);
enum version version_of(struct str content);  /* VERSION_NONE: unknown */

enum error_code {
	ERROR_PARSE = -32700,
	ERROR_REQUEST = -32600,
	ERROR_METHOD = -32601,
	ERROR_PARAMS = -32602,
	ERROR_INTERNAL = -32603,
	ERROR_BUSY = -32000,
	ERROR_RESOURCE = -32002,       /* legacy; the current era says ERROR_PARAMS */
	ERROR_CAPABILITY = -32021,
	ERROR_VERSION = -32022,
};

enum {
	CALLS_RUNNING = 64,
	CALLS_WAITING = 4096,
	CALLS_WAITING_BYTES = 32 << 20,
	CALLS_RUNNING_BYTES = 32 << 20,  /* of their texts; one may be larger when it is alone */
	URI_MAX_BYTES = 4096,
	BATCH_MAX = 100,
	SUBSCRIPTIONS_MAX = 1000,
	LISTENS_MAX = 64,
	COMPLETIONS_MAX = 100,
	LISTED_MAX = 200,
	PAGE = 100,
	FAILURE_BYTES = 8 << 10,
	CONTENT_BYTES = 16 << 20,
	END_GRACE_MS = 500,
	FLUSH_MS = 300,
	ASK_MS = 5 * 60 * 1000,
	STATE_BYTES = 64 << 10,
};

/* ---- a method ---- */

enum method_when {
	IN_LEGACY = 1,
	IN_CURRENT = 2,
	BEFORE = 4,        /* also without an initialize */
	AS_TASK = 8,       /* may wait; the others are answered as they are read */
	UNANSWERED = 16,   /* answers later, by itself (subscriptions/listen) */
};

struct method {
	const char *name;
	unsigned when;                     /* enum method_when */
	void (*run)(struct mcp_call *c);   /* writes the members of the result into c->w, or call_error() */
	unsigned ttl_ms;                   /* current era */
	bool cacheable;                    /* its result has ttlMs and cacheScope */
};

const struct method *method_find(struct str content);

/* The methods, each where it belongs. */
void run_initialize(struct mcp_call *c);
void run_discover(struct mcp_call *c);
void run_ping(struct mcp_call *c);
void run_set_level(struct mcp_call *c);
void run_tools_list(struct mcp_call *c);
void run_tools_call(struct mcp_call *c);
void run_prompts_list(struct mcp_call *c);
void run_prompts_get(struct mcp_call *c);
void run_resources_list(struct mcp_call *c);
void run_templates_list(struct mcp_call *c);
void run_resources_read(struct mcp_call *c);
void run_subscribe(struct mcp_call *c);
void run_unsubscribe(struct mcp_call *c);
void run_listen(struct mcp_call *c);
void run_complete(struct mcp_call *c);

/* ---- a request while it is served ---- */

struct batch;

struct page {
	size_t from, to, seen;
};

struct mcp_call {
	struct mcp_server *server;
	struct mcp_call *prev, *next;      /* in the server's list */
	const struct method *method;
	enum version version;
	char *text;                        /* the request's own copy; NULL: spans of what was read */
	size_t text_bytes;
	struct message message;
	struct str progress_token;         /* as written, or {NULL, 0} */
	struct str capabilities;           /* current era: the client's, as written; legacy: the server keeps them */
	int log_level;                     /* current era: from which on; -1: none */
	struct batch *batch;               /* or NULL */
	bool running;                      /* no longer in line */
	bool cancelled;
	struct scope *scope;               /* of its function, while it runs */

	struct arena arena;
	struct node *params;               /* NULL: none */
	struct node *args;                 /* never NULL once checked */
	const struct mcp_tool *tool;
	const void *data;
	double progress;

	/* What comes of it. */
	struct buf content;                /* items, with commas */
	struct buf structured;
	struct buf failure;
	bool failed;
	enum mcp_role role;
	enum content_in { IN_LIST, IN_TOOL, IN_PROMPT, IN_RESOURCE } in;
	struct page page;
	struct buf asked;                  /* members of inputRequests */
	struct node *answers;              /* of earlier rounds: key -> result */
	struct str typed;                  /* completion: what was typed */
	size_t offered;
	const char *lacks;                 /* a capability that the client should have had, or NULL */
	int error;                         /* enum error_code; 0: none */
	struct buf error_data;             /* JSON, or empty */
	struct buf result;
	struct json_writer w;
};

struct batch {
	size_t open;                       /* without an answer yet, and one while it is read */
	struct buf answers;                /* with commas */
};

/* A request to the client that waits for its answer. */
struct ask {
	struct ask *next;
	char id[24];                       /* as written */
	struct event answered;
	char *answer;                      /* the message's text */
	size_t len;
};

/* subscriptions/listen, until it ends. */
struct listen {
	struct listen *next;
	char *id;                          /* as written */
	size_t n_uris;
	char **uris;
};

struct mcp_server {
	struct mcp_setup setup;
	struct loop *loop;
	struct output output;
	struct lines lines;
	struct event ended, idle;
	bool stopping;
	struct err err;
	struct scope io, serving;

	enum version version;              /* what was agreed by initialize */
	bool stateless;                    /* a request of the current era was seen */
	char *capabilities;                /* legacy: the client's, as written */
	enum mcp_level level;

	struct mcp_call *calls;            /* those in line and those that run, newest first */
	struct mcp_call *next;             /* the oldest in line (towards ->prev) */
	size_t n_running, n_waiting, running_bytes, waiting_bytes;

	struct ask *asks;
	unsigned n_asked;
	struct listen *listens;
	size_t n_listens;
	char *subscribed[SUBSCRIPTIONS_MAX];
	size_t n_subscribed;

	struct arena folders;              /* what follows */
	struct str roots[MCP_WORKSPACES_MAX];
	size_t n_roots;
	bool roots_known;
};

/* ---- call.c: its life ---- */

struct mcp_call *call_new(struct mcp_server *s, const struct message *m, struct batch *batch);
void call_free(struct mcp_call *c);

/* It ends with this error instead of a result; the first stays. */
void call_error(struct mcp_call *c, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Reads params into c->params; false with the error set. */
bool call_read_params(struct mcp_call *c);

/* A string of params; {NULL, 0} with an error −32602 when it is not there. */
struct str call_param(struct mcp_call *c, const char *name);

/* Runs the method and puts its result into c->result. May yield where the method does. */
void call_run(struct mcp_call *c);

/* Writes the answer. */
void call_answer(struct mcp_call *c);

/* -1: there is no such level. */
int level_of(struct str name);
struct str level_name(enum mcp_level level);

/* ---- check.c ---- */

/* Are the arguments what the table says? Takes what clients mean ("10" for 10) for it. What
 * is wrong is written into `wrong`, a line "- …" each; how many. */
size_t check_arguments(struct arena *a, const struct mcp_param *params, struct node *args, struct buf *wrong);

/* "It takes: table_name (string, required), …" */
void check_describe(const struct mcp_param *params, struct buf *out);

/* The inputSchema of a row. */
void schema_write(struct json_writer *w, const struct mcp_tool *tool);

/* ---- lists.c ---- */

bool page_begin(struct mcp_call *c, const char *list);
bool page_wants(struct mcp_call *c);
void page_end(struct mcp_call *c, const char *list);

/* --toolsets and --tools do not leave it out. */
bool tool_chosen(const struct mcp_options *o, const struct mcp_tool *tool);

const struct mcp_tool *tool_find(const struct mcp_server *s, struct str name);
const struct mcp_prompt *prompt_find(const struct mcp_server *s, struct str name);

/* ---- resources.c ---- */

/* Is there something at the URI, by the tables? */
struct resource_found {
	const struct mcp_resource *resource;
	const struct mcp_resource_template *of;
	struct node *variables;
};
bool resource_find(struct mcp_server *s, struct arena *a, struct str uri, struct resource_found *found);

const struct mcp_resource_template *template_find(const struct mcp_server *s, struct str uri_template);

/* The error of the version for that. */
void resource_missing(struct mcp_call *c, struct str uri);

/* ---- ask.c ---- */

void ask_answered(struct mcp_server *s, const struct message *m, struct str text);
void ask_forget_roots(struct mcp_server *s);
void ask_incapable(struct mcp_call *c, const struct err *err);

/* Where the function has asked (current era): writes that as the result. */
bool ask_write(struct mcp_call *c);

/* ---- server.c ---- */

/* Formatted text for people, cut at 4 KiB. */
void put_cut(struct buf *out, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* An answer, a message without an end of line: into its batch, or out. */
void server_put(struct mcp_server *s, struct batch *batch, struct str message);

/* An error without a request. */
void server_error(struct mcp_server *s, struct batch *batch, struct str id, int code, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* The id as JSON-RPC and the version want it; {NULL, 0}: there is none. */
void write_id(struct json_writer *w, const struct mcp_server *s, enum version v, struct str id);

/* ---- dispatch.c ---- */

void handle_line(struct mcp_server *s, struct str line);
void start_next(struct mcp_server *s);

/* A request out of the line, whatever came of it. */
void call_leave(struct mcp_call *c);

/* The last of a batch is there. */
void batch_close(struct mcp_server *s, struct batch *b);

/* ---- notify.c ---- */

void listens_end(struct mcp_server *s);
bool listen_cancel(struct mcp_server *s, struct str id);
bool listen_has(const struct mcp_server *s, struct str id);

/* serverInfo, as a member of that name. */
void write_server_info(struct json_writer *w, struct str name);

#endif
