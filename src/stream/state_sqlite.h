/* state_sqlite: state rows in a SQLite file. Its calls block on the disk: they are
 * for a helper thread, one at a time. Errors as state_file_new() tells them.
 */
#ifndef SLUICE_STREAM_STATE_SQLITE_H
#define SLUICE_STREAM_STATE_SQLITE_H

#include "sluice/stream/state.h"

enum {
	STATE_ROW_BYTES = 3 << 20,       /* as a table's row: 400 KB of attributes as JSON, escaped */
	STATE_PAGE_ROWS = 256,
	STATE_PAGE_BYTES = 1 << 20,      /* a page is cut behind the row that passes it */
};

struct state_sqlite;

struct state_key {
	struct str app;
	const char *kind;
	struct str id;
};

struct state_content {
	struct str item;                 /* attribute-value JSON object, validated */
	int64_t ttl_s;                   /* 0: none */
};

struct state_page {
	struct arena arena;
	struct state_row rows[STATE_PAGE_ROWS];
	size_t n_rows;
	bool more;                       /* there may be rows behind the last one */
};

/* A path without a slash at its begin counts from the working directory. */
struct state_sqlite *state_sqlite_new(struct str path);
void state_sqlite_free(struct state_sqlite *q);
const char *state_sqlite_path(const struct state_sqlite *q);

/* Before each of the others: opens the file unless it is open, and misses it when
 * it was taken away. *made: it was empty or not there. */
bool state_sqlite_open(struct state_sqlite *q, bool *made, struct err *err);

/* *out stays as it is when there is no such row. Its item is not looked at. */
bool state_sqlite_get(struct state_sqlite *q, const struct state_key *key, struct arena *a, struct state_row *out,
		      struct err *err);

/* Now and then drops rows whose ttl has passed at now_s (epoch s). */
bool state_sqlite_put(struct state_sqlite *q, const struct state_key *key, uint64_t seen,
		      const struct state_content *content, int64_t now_s, struct err *err);
bool state_sqlite_remove(struct state_sqlite *q, const struct state_key *key, uint64_t seen, struct err *err);

/* The rows with an id above behind->id, in order, into the page, whose arena is
 * empty. */
bool state_sqlite_list(struct state_sqlite *q, const struct state_key *behind, struct state_page *page, struct err *err);

#endif
