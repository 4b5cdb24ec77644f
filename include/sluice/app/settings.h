/* settings: the whole settings file (conf/README.md), read, checked and owned.
 *
 * settings_load() finds every mistake it can before it gives up: syntax, names,
 * types, ranges, references, and what each handler and sink says of its own
 * settings. `sluice check` and `sluice run` both begin here.
 *
 * Everything lives in one arena that the caller keeps.
 */
#ifndef SLUICE_APP_SETTINGS_H
#define SLUICE_APP_SETTINGS_H

#include "sluice/app/conf_file.h"
#include "sluice/core/log.h"
#include "sluice/handlers/handler.h"
#include "sluice/sinks/sink.h"

enum {
	SETTINGS_NAME_MAX = 64,
	SETTINGS_BYTES_MAX = 64 << 20,  /* a good cap for the arena */
};

struct settings_aws {
	struct str region, endpoint_url, profile;  /* empty: by the default chain */
	struct str ca_bundle;                      /* a file's name; empty: the system's store */
};

struct settings_state {
	struct str table;
	struct str file;       /* instead of the table; empty: none */
};

struct settings_limits {
	int64_t memory_bytes, page_bytes, window_bytes, connections;
	int64_t connections_per_host;              /* 0: half of connections */
};

struct settings_log {
	int format;  /* enum log_format */
	int level;   /* enum log_level */
};

struct settings_sink {
	struct str name;
	const struct sink_ops *ops;
	const void *settings;     /* read by ops->options */
	struct str path;          /* whole, of the file that is this sink's alone; empty: none */
	const struct node *node;
};

struct settings_dead_letter {
	const struct settings_sink *sink;  /* NULL: none; DATA then counts as FATAL */
	struct str address;                /* topic, …; empty where the sink has one place */
};

struct settings_failure {
	int64_t retries;
	int64_t max_age_s;                 /* 0: wait for ever */
	bool bisect;
	const struct node *dead_letter_node;
	struct settings_dead_letter dead_letter;
};

struct settings_batch {
	int64_t records, bytes, window_ms;
};

struct settings_handler {
	struct str name;
	const struct handler_ops *ops;
	const void *settings;              /* read by ops->options */
	bool enabled;
	const struct node *filter;         /* NULL: every record */
	struct option_names changed;
	struct settings_failure failure;
	struct settings_batch batch;
	const struct settings_sink *sink;  /* NULL: the tables' own DynamoDB */
	struct str mapping;                /* content of an index's mapping_file, or empty */
	const struct node *node;
};

enum settings_start { START_TRIM_HORIZON, START_LATEST, START_TIME };
enum settings_on_trim { ON_TRIM_HALT, ON_TRIM_SKIP };
enum settings_on_new_stream { ON_NEW_STREAM_STOP, ON_NEW_STREAM_CONTINUE };

struct settings_pipeline {
	struct str name, table;
	enum settings_start start;
	int64_t start_ms;                  /* START_TIME: Unix milliseconds */
	int64_t poll_min_ms, poll_max_ms;
	int on_trim;                       /* enum settings_on_trim */
	int on_new_stream;                 /* enum settings_on_new_stream */
	struct settings_handler *handlers;
	size_t n_handlers;
	const struct node *node;
};

struct settings {
	int64_t version;
	struct str app;
	struct settings_aws aws;
	struct settings_state state;
	int64_t workers;
	struct settings_limits limits;
	struct settings_log log;
	int64_t drain_s, failover_s, checkpoint_ms;
	struct settings_sink *sinks;
	size_t n_sinks;
	struct settings_pipeline *pipelines;
	size_t n_pipelines;
};

/* The kinds that may stand in the file, NULL-terminated. */
struct settings_kinds {
	const struct handler_ops *const *handlers;
	const struct sink_ops *const *sinks;
};

/* All that this program has. */
extern const struct settings_kinds settings_all_kinds;

/* Reads and checks `path`. `source` NULL: files and the process's environment. The
 * settings live in the arena of
 * *problems. NULL when there were problems, sorted by file and line. Blocks. */
struct settings *settings_load(const struct settings_kinds *kinds, const struct conf_source *source, const char *path,
			       struct problems *problems);

/* The same of a tree that was written elsewhere (app/model_settings.h): the root with `sinks` and
 * `pipelines`, which may be empty. Files that settings name are not read, and whether tables
 * feed each other is the caller's business. Does no I/O. Unsorted problems. */
struct settings *settings_of_tree(const struct settings_kinds *kinds, const struct node *root,
				  struct problems *problems);

/* How a handler stands in the settings, for ops->new(). */
struct handler_site settings_site(const struct settings *s, const struct settings_pipeline *p,
				  const struct settings_handler *h);

/* The sink of that name, or NULL. */
const struct settings_sink *settings_sink_named(const struct settings *s, struct str name);

const char *settings_start_name(enum settings_start start);

/* The option tables as Markdown, for conf/README.md: `section` is "file",
 * "pipelines", "handlers" (what all kinds have), "handlers.<kind>", "sinks" or
 * "sinks.<kind>". False when there is no such section. */
bool settings_print_section(const struct settings_kinds *kinds, struct str section, struct buf *out);

#endif
