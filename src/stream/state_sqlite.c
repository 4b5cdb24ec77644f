/* WAL with synchronous=FULL: a write is one append and one sync, and what has
 * returned stays through a power cut. (A rollback journal needs three syncs, and
 * its removal is only synced with EXTRA.) An exclusive lock from the first access
 * on keeps others out, and the WAL's index in memory: no third file.
 */
#include "state_sqlite.h"

#include "sluice/core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	APPLICATION_ID = 0x534c5549,     /* "SLUI" */
	BUSY_MS = 1000,                  /* somebody looks into the file, or makes a copy */
	PURGE_S = 3600,
};

enum statement { GET, INSERT, UPDATE, REMOVE, LIST, PURGE, STATEMENTS };

static const char *const texts[STATEMENTS] = {
	[GET] = "SELECT counter, item, id FROM rows WHERE app = ?1 AND kind = ?2 AND id = ?3",
	[INSERT] = "INSERT INTO rows (app, kind, id, counter, item, ttl) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
		   " ON CONFLICT DO NOTHING",
	[UPDATE] = "UPDATE rows SET counter = ?4, item = ?5, ttl = ?6"
		   " WHERE app = ?1 AND kind = ?2 AND id = ?3 AND counter = ?4 - 1",
	[REMOVE] = "DELETE FROM rows WHERE app = ?1 AND kind = ?2 AND id = ?3 AND counter = ?4",
	[LIST] = "SELECT counter, item, id FROM rows WHERE app = ?1 AND kind = ?2 AND id > ?3 ORDER BY id LIMIT ?4",
	[PURGE] = "DELETE FROM rows WHERE ttl < ?1",
};

struct state_sqlite {
	char *path, *folder;
	sqlite3 *db;                     /* NULL: not open */
	sqlite3_stmt *statements[STATEMENTS];
	int64_t purge_at_s;
};

/* ---- what can go wrong ---- */

static bool fail_system(const struct state_sqlite *q, int number, struct err *err)
{
	switch (number) {
	case ENOENT:
		return err_set(err, ERR_RETRY, "state.io",
			       "state file %s: its folder is not there; make it, or change state.file", q->path);
	case EACCES:
	case EPERM:
		return err_set(err, ERR_AUTH, "state.denied",
			       "state file %s: %s; the user that runs sluice needs the right to write the file and its "
			       "folder", q->path, strerror(number));
	case EROFS:
		return err_set(err, ERR_AUTH, "state.denied",
			       "state file %s: %s; mount it for writing, or change state.file", q->path, strerror(number));
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return err_set(err, ERR_RETRY, "state.disk_full",
			       "state file %s: %s; make room on the disk, nothing is acknowledged until it can be written",
			       q->path, strerror(number));
	case EISDIR:
	case ENOTDIR:
	case ENAMETOOLONG:
	case ELOOP:
		return err_set(err, ERR_FATAL, "state.path", "state file %s: %s; state.file must name a file", q->path,
			       strerror(number));
	default:
		return err_set(err, ERR_RETRY, "state.io", "state file %s: %s", q->path,
			       number ? strerror(number) : "input/output error");
	}
}

static bool fail_corrupt(const struct state_sqlite *q, const char *why, struct err *err)
{
	return err_set(err, ERR_FATAL, "state.corrupt",
		       "state file %s is damaged or no SQLite file (%s); keep a copy of it and of %s-wal, then put a backup "
		       "in its place, or move both away to begin anew as a new app would", q->path, why, q->path);
}

static bool fail_moved(const struct state_sqlite *q, struct err *err)
{
	return err_set(err, ERR_FATAL, "state.moved",
		       "state file %s was removed or replaced while sluice had it open; put it back before the next start, "
		       "or sluice begins with what is there then", q->path);
}

/* What SQLite said, in our classes. It does not keep the system's word for a
 * commit that failed; errno, cleared before the call, still has it. */
static bool fail(const struct state_sqlite *q, int code, struct err *err)
{
	const int number = errno;
	const char *why = q->db ? sqlite3_errmsg(q->db) : sqlite3_errstr(code);

	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(err, ERR_FATAL, "state.locked",
			       "state file %s is held by another process; a state file has one worker: end the other one "
			       "(fuser %s shows it), give this one a file of its own, or share a table (state.table)",
			       q->path, q->path);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return fail_corrupt(q, why, err);
	case SQLITE_FULL:
		return fail_system(q, ENOSPC, err);
	case SQLITE_READONLY:
		return code == SQLITE_READONLY_DBMOVED ? fail_moved(q, err) : fail_system(q, EACCES, err);
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return fail_system(q, EACCES, err);
	case SQLITE_CANTOPEN:
		return fail_system(q, q->db ? sqlite3_system_errno(q->db) : number, err);
	case SQLITE_IOERR:
		return fail_system(q, number, err);
	default:
		return err_set(err, ERR_FATAL, "state.sqlite", "state file %s: SQLite says: %s (code %d)", q->path, why, code);
	}
}

/* ---- opening ---- */

static void shut(struct state_sqlite *q)
{
	for (size_t i = 0; i < STATEMENTS; i++) {
		sqlite3_finalize(q->statements[i]);
		q->statements[i] = NULL;
	}
	sqlite3_close(q->db);
	q->db = NULL;
}

static bool execute(const struct state_sqlite *q, const char *sql, struct err *err)
{
	int code = sqlite3_exec(q->db, sql, NULL, NULL, NULL);

	return code == SQLITE_OK || fail(q, code, err);
}

/* The first column of the first row, in the arena. */
static bool ask(const struct state_sqlite *q, const char *sql, struct arena *a, struct str *out, struct err *err)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(q->db, sql, -1, &statement, NULL);

	*out = STR("");
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		*out = arena_dup(a, str_c((const char *)sqlite3_column_text(statement, 0)));
	sqlite3_finalize(statement);
	return code == SQLITE_ROW || code == SQLITE_DONE || fail(q, code, err);
}

static bool ask_number(const struct state_sqlite *q, const char *sql, int64_t *out, struct err *err)
{
	struct arena arena;
	struct str text;
	bool ok;

	arena_init(&arena, 1 << 16);
	ok = ask(q, sql, &arena, &text, err);
	if (ok && !str_to_i64(text, out))
		ok = fail_corrupt(q, sql, err);
	arena_release(&arena);
	return ok;
}

/* SQLite would make it with the rights that the umask leaves. An existing file is
 * only asked about: closing a descriptor of it would drop this process's locks. */
static bool make_file(const struct state_sqlite *q, struct err *err)
{
	int fd = open(q->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, S_IRUSR | S_IWUSR);
	struct stat st;

	if (fd >= 0) {
		close(fd);
		return true;
	}
	if (errno != EEXIST || stat(q->path, &st) != 0)
		return fail_system(q, errno, err);
	if (!S_ISREG(st.st_mode))
		return fail_system(q, EISDIR, err);
	if (faccessat(AT_FDCWD, q->path, R_OK | W_OK, AT_EACCESS) != 0 ||
	    faccessat(AT_FDCWD, q->folder, W_OK | X_OK, AT_EACCESS) != 0)
		return fail_system(q, errno, err);
	return true;
}

static bool make_rows(const struct state_sqlite *q, struct err *err)
{
	char pragmas[128];

	snprintf(pragmas, sizeof(pragmas), "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID,
		 STATE_SCHEMA_VERSION);
	return execute(q, "CREATE TABLE rows (app TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,"
			  " counter INTEGER NOT NULL, item TEXT NOT NULL, ttl INTEGER, PRIMARY KEY (app, kind, id));"
			  "CREATE INDEX rows_ttl ON rows (ttl) WHERE ttl IS NOT NULL", err) &&
	       execute(q, pragmas, err);
}

/* A file of somebody else's is left as it is. */
static bool recognise(const struct state_sqlite *q, bool *made, struct err *err)
{
	int64_t application, version, tables;

	if (!ask_number(q, "PRAGMA application_id", &application, err) ||
	    !ask_number(q, "PRAGMA user_version", &version, err) ||
	    !ask_number(q, "SELECT count(*) FROM sqlite_schema", &tables, err))
		return false;
	if (application == 0 && version == 0 && tables == 0) {
		*made = true;
		return make_rows(q, err);
	}
	if (application != APPLICATION_ID)
		return err_set(err, ERR_FATAL, "state.foreign",
			       "%s is a SQLite file that sluice did not make; name another one in state.file", q->path);
	return version == STATE_SCHEMA_VERSION ||
	       err_set(err, ERR_FATAL, "state.schema",
		       "state file %s was written by a version of sluice with schema %lld, this one knows %d; run the "
		       "newer version", q->path, (long long)version, STATE_SCHEMA_VERSION);
}

/* Damage is found now and not by the row that it hit. */
static bool check_whole(const struct state_sqlite *q, struct err *err)
{
	struct arena arena;
	struct str text;
	bool ok;

	arena_init(&arena, 1 << 16);
	ok = ask(q, "PRAGMA quick_check(1)", &arena, &text, err);
	if (ok && !str_eq(text, STR("ok")))
		ok = fail_corrupt(q, text.ptr, err);
	arena_release(&arena);
	return ok;
}

static bool keep_a_log(const struct state_sqlite *q, struct err *err)
{
	struct arena arena;
	struct str mode;
	bool ok;

	arena_init(&arena, 1 << 16);
	ok = ask(q, "PRAGMA journal_mode = WAL", &arena, &mode, err);
	if (ok && !str_eq(mode, STR("wal")))
		ok = err_set(err, ERR_FATAL, "state.sqlite", "state file %s: SQLite keeps no write-ahead log there",
			     q->path);
	arena_release(&arena);
	return ok;
}

static bool prepare(struct state_sqlite *q, struct err *err)
{
	for (size_t i = 0; i < STATEMENTS; i++) {
		int code = sqlite3_prepare_v3(q->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &q->statements[i], NULL);

		if (code != SQLITE_OK)
			return fail(q, code, err);
	}
	return true;
}

/* The lock comes before the first look, so that of two that start at once one has
 * the file. */
static bool open_locked(struct state_sqlite *q, bool *made, struct err *err)
{
	int code;

	errno = 0;
	code = sqlite3_open_v2(q->path, &q->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (code != SQLITE_OK)
		return fail(q, code, err);
	sqlite3_extended_result_codes(q->db, 1);
	sqlite3_busy_timeout(q->db, BUSY_MS);
	return execute(q, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF;"
			  "BEGIN EXCLUSIVE", err) &&
	       recognise(q, made, err) && execute(q, "COMMIT", err) && keep_a_log(q, err) && check_whole(q, err) &&
	       prepare(q, err);
}

bool state_sqlite_open(struct state_sqlite *q, bool *made, struct err *err)
{
	int moved = 0;

	*made = false;
	if (!q->db) {
		if (make_file(q, err) && open_locked(q, made, err))
			return true;
		shut(q);
		return false;
	}
	sqlite3_file_control(q->db, NULL, SQLITE_FCNTL_HAS_MOVED, &moved);
	return !moved || fail_moved(q, err);
}

/* ---- statements ---- */

static void bind_text(sqlite3_stmt *statement, int at, struct str text)
{
	sqlite3_bind_text64(statement, at, text.ptr ? text.ptr : "", text.len, SQLITE_STATIC, SQLITE_UTF8);
}

static sqlite3_stmt *bind_key(const struct state_sqlite *q, enum statement which, const struct state_key *key)
{
	sqlite3_stmt *statement = q->statements[which];

	bind_text(statement, 1, key->app);
	bind_text(statement, 2, str_c(key->kind));
	bind_text(statement, 3, key->id);
	return statement;
}

/* Ends a statement of which the last step gave `code`. */
static bool end(const struct state_sqlite *q, sqlite3_stmt *statement, int code, struct err *err)
{
	bool ok = code == SQLITE_DONE || code == SQLITE_ROW || fail(q, code, err);

	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return ok;
}

static bool run_write(const struct state_sqlite *q, sqlite3_stmt *statement, int *changed, struct err *err)
{
	bool ok;

	errno = 0;
	ok = end(q, statement, sqlite3_step(statement), err);
	*changed = ok ? sqlite3_changes(q->db) : 0;
	return ok;
}

static bool conflict(struct err *err)
{
	return err_set(err, ERR_DATA, "state.conflict", "somebody else wrote the row");
}

static struct str column(sqlite3_stmt *statement, int at)
{
	const char *text = (const char *)sqlite3_column_text(statement, at);

	return str_of(text, (size_t)sqlite3_column_bytes(statement, at));
}

static bool read_row(sqlite3_stmt *statement, struct arena *a, struct state_row *out, struct err *err)
{
	out->counter = (uint64_t)sqlite3_column_int64(statement, 0);
	out->item = value_image(arena_dup(a, column(statement, 1)));
	out->id = arena_dup(a, column(statement, 2));
	return (out->id.ptr && out->item.raw.ptr) ||
	       err_set(err, ERR_FATAL, "state.memory", "a state row is larger than the memory set aside for it");
}

bool state_sqlite_get(struct state_sqlite *q, const struct state_key *key, struct arena *a, struct state_row *out,
		      struct err *err)
{
	sqlite3_stmt *statement = bind_key(q, GET, key);
	bool ok;
	int code;

	errno = 0;
	code = sqlite3_step(statement);
	ok = code != SQLITE_ROW || read_row(statement, a, out, err);
	return end(q, statement, code, err) && ok;
}

static bool purge(struct state_sqlite *q, int64_t now_s, struct err *err)
{
	sqlite3_stmt *statement = q->statements[PURGE];
	int changed;

	if (now_s < q->purge_at_s)
		return true;
	sqlite3_bind_int64(statement, 1, now_s);
	if (!run_write(q, statement, &changed, err))
		return false;
	q->purge_at_s = now_s + PURGE_S;
	return true;
}

bool state_sqlite_put(struct state_sqlite *q, const struct state_key *key, uint64_t seen,
		      const struct state_content *content, int64_t now_s, struct err *err)
{
	sqlite3_stmt *statement;
	int changed;

	if (!purge(q, now_s, err))
		return false;
	statement = bind_key(q, seen ? UPDATE : INSERT, key);
	sqlite3_bind_int64(statement, 4, (int64_t)seen + 1);
	bind_text(statement, 5, content->item);
	if (content->ttl_s)
		sqlite3_bind_int64(statement, 6, content->ttl_s);
	return run_write(q, statement, &changed, err) && (changed == 1 || conflict(err));
}

static bool check_absent(struct state_sqlite *q, const struct state_key *key, struct err *err)
{
	sqlite3_stmt *statement = bind_key(q, GET, key);
	int code;

	errno = 0;
	code = sqlite3_step(statement);
	return end(q, statement, code, err) && (code == SQLITE_DONE || conflict(err));
}

bool state_sqlite_remove(struct state_sqlite *q, const struct state_key *key, uint64_t seen, struct err *err)
{
	sqlite3_stmt *statement;
	int changed;

	if (seen == 0)
		return check_absent(q, key, err);
	statement = bind_key(q, REMOVE, key);
	sqlite3_bind_int64(statement, 4, (int64_t)seen);
	return run_write(q, statement, &changed, err) && (changed == 1 || conflict(err));
}

bool state_sqlite_list(struct state_sqlite *q, const struct state_key *behind, struct state_page *page, struct err *err)
{
	sqlite3_stmt *statement = bind_key(q, LIST, behind);
	bool ok = true;
	int code;

	errno = 0;
	page->n_rows = 0;
	sqlite3_bind_int64(statement, 4, STATE_PAGE_ROWS);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		ok = read_row(statement, &page->arena, &page->rows[page->n_rows++], err);
		if (!ok || page->arena.used >= STATE_PAGE_BYTES)
			break;
	}
	page->more = code == SQLITE_ROW || page->n_rows == STATE_PAGE_ROWS;
	return end(q, statement, code, err) && ok;
}

/* ---- its life ---- */

/* SQLite gives names like ":memory:" a meaning; "./:memory:" is a file. */
static char *path_of(struct str path)
{
	struct buf text;
	char *copy;

	buf_init(&text, path.len + 2);
	buf_putf(&text, "%s%.*s", str_starts(path, STR("/")) ? "" : "./", STR_ARG(path));
	copy = mem_dup(text.ptr, text.len);
	buf_release(&text);
	return copy;
}

struct state_sqlite *state_sqlite_new(struct str path)
{
	struct state_sqlite *q = mem_alloc(sizeof(*q));
	const char *slash;

	q->path = path_of(path);
	slash = strrchr(q->path, '/');
	q->folder = mem_dup(q->path, slash == q->path ? 1 : (size_t)(slash - q->path));
	return q;
}

void state_sqlite_free(struct state_sqlite *q)
{
	shut(q);
	mem_free(q->path);
	mem_free(q->folder);
	mem_free(q);
}

const char *state_sqlite_path(const struct state_sqlite *q)
{
	return q->path;
}
