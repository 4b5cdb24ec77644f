/* The state store in a SQLite file.
 *
 * WAL with synchronous=FULL: a write is one append and one sync, and what has
 * returned stays through a power cut. (A rollback journal needs three syncs, and
 * its removal is only synced with EXTRA.) An exclusive lock from the first access
 * on keeps others out, and the WAL's index in memory: no third file.
 */
#include "sluice/core/loop.h"
#include "sluice/core/mem.h"
#include "sluice/stream/state.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	APPLICATION_ID = 0x534c5549,     /* "SLUI" */
	LARGEST_ROW_BYTES = 3 << 20,     /* as a table's row: 400 KB of attributes as JSON, escaped */
	PAGE_ROWS = 256,                 /* of a listing */
	PAGE_BYTES = 1 << 20,
	BUSY_MS = 1000,                  /* somebody looks into the file, or makes a copy */
	PURGE_S = 3600,
};

enum statement { GET, INSERT, UPDATE, REMOVE, LIST, PURGE, STATEMENTS };

static const char *const texts[STATEMENTS] = {
	[GET] = "SELECT counter, item FROM rows WHERE app = ?1 AND kind = ?2 AND id = ?3",
	[INSERT] = "INSERT INTO rows (app, kind, id, counter, item, ttl) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
		   " ON CONFLICT DO NOTHING",
	[UPDATE] = "UPDATE rows SET counter = ?4, item = ?5, ttl = ?6"
		   " WHERE app = ?1 AND kind = ?2 AND id = ?3 AND counter = ?4 - 1",
	[REMOVE] = "DELETE FROM rows WHERE app = ?1 AND kind = ?2 AND id = ?3 AND counter = ?4",
	[LIST] = "SELECT counter, item, id FROM rows WHERE app = ?1 AND kind = ?2 AND id > ?3 ORDER BY id LIMIT ?4",
	[PURGE] = "DELETE FROM rows WHERE ttl < ?1",
};

struct state_file {
	struct state state;
	struct loop *loop;
	char *path, *folder;
	bool busy;                       /* a call is under way */
	struct waiting *first;           /* in order of arrival */

	/* Touched by one call at a time, on its helper thread. */
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS];
	int64_t purge_at_s;
};

/* A call that waits for its turn; on the stack of its task. */
struct waiting {
	struct waiting *next;
	struct event turn;
};

/* One call, on the stack of the task that waits for it. */
struct call {
	struct state_file *f;
	bool (*run)(struct call *c);     /* on the helper thread */
	int64_t now_s;
	const char *kind;
	struct str id;
	uint64_t seen;
	struct str item;
	int64_t ttl_s;                   /* 0: none */
	struct arena *arena;             /* for what is read */
	struct state_row *rows;
	size_t n_rows;                   /* in: room; out: how many */
	bool more;                       /* rows behind the last one */
	bool made;                       /* the file is new */
	bool ok;
	struct err err;
};

static struct state_file *file_of(struct state *s)
{
	return (struct state_file *)s;
}

/* ---- what can go wrong ---- */

static bool fail_system(const struct state_file *f, int number, struct err *err)
{
	switch (number) {
	case ENOENT:
		return err_set(err, ERR_RETRY, "state.io",
			       "state file %s: its folder is not there; make it, or change state.file", f->path);
	case EACCES:
	case EPERM:
		return err_set(err, ERR_AUTH, "state.denied",
			       "state file %s: %s; the user that runs sluice needs the right to write the file and its "
			       "folder", f->path, strerror(number));
	case EROFS:
		return err_set(err, ERR_AUTH, "state.denied",
			       "state file %s: %s; mount it for writing, or change state.file", f->path, strerror(number));
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return err_set(err, ERR_RETRY, "state.disk_full",
			       "state file %s: %s; make room on the disk, nothing is acknowledged until it can be written",
			       f->path, strerror(number));
	case EISDIR:
	case ENOTDIR:
	case ENAMETOOLONG:
	case ELOOP:
		return err_set(err, ERR_FATAL, "state.path", "state file %s: %s; state.file must name a file", f->path,
			       strerror(number));
	default:
		return err_set(err, ERR_RETRY, "state.io", "state file %s: %s", f->path,
			       number ? strerror(number) : "input/output error");
	}
}

static bool fail_corrupt(const struct state_file *f, const char *why, struct err *err)
{
	return err_set(err, ERR_FATAL, "state.corrupt",
		       "state file %s is damaged or no SQLite file (%s); keep a copy of it and of %s-wal, then put a backup "
		       "in its place, or move both away to begin anew as a new app would", f->path, why, f->path);
}

static bool fail_moved(const struct state_file *f, struct err *err)
{
	return err_set(err, ERR_FATAL, "state.moved",
		       "state file %s was removed or replaced while sluice had it open; put it back before the next start, "
		       "or sluice begins with what is there then", f->path);
}

/* What SQLite said, in our classes. It does not keep the system's word for a
 * commit that failed; errno, cleared before the call, still has it. */
static bool fail(const struct state_file *f, int code, struct err *err)
{
	const int number = errno;
	const char *why = f->db ? sqlite3_errmsg(f->db) : sqlite3_errstr(code);

	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(err, ERR_FATAL, "state.locked",
			       "state file %s is held by another process; a state file has one worker: end the other one "
			       "(fuser %s shows it), give this one a file of its own, or share a table (state.table)",
			       f->path, f->path);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return fail_corrupt(f, why, err);
	case SQLITE_FULL:
		return fail_system(f, ENOSPC, err);
	case SQLITE_READONLY:
		return code == SQLITE_READONLY_DBMOVED ? fail_moved(f, err) : fail_system(f, EACCES, err);
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return fail_system(f, EACCES, err);
	case SQLITE_CANTOPEN:
		return fail_system(f, f->db ? sqlite3_system_errno(f->db) : number, err);
	case SQLITE_IOERR:
		return fail_system(f, number, err);
	default:
		return err_set(err, ERR_FATAL, "state.sqlite", "state file %s: SQLite says: %s (code %d)", f->path, why, code);
	}
}

/* ---- opening; on the helper thread ---- */

static void shut(struct state_file *f)
{
	for (size_t i = 0; i < STATEMENTS; i++) {
		sqlite3_finalize(f->statements[i]);
		f->statements[i] = NULL;
	}
	sqlite3_close(f->db);
	f->db = NULL;
}

static bool execute(const struct state_file *f, const char *sql, struct err *err)
{
	int code = sqlite3_exec(f->db, sql, NULL, NULL, NULL);

	return code == SQLITE_OK || fail(f, code, err);
}

/* The first column of the first row, in the arena. */
static bool ask(const struct state_file *f, const char *sql, struct arena *a, struct str *out, struct err *err)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(f->db, sql, -1, &statement, NULL);

	*out = STR("");
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		*out = arena_dup(a, str_c((const char *)sqlite3_column_text(statement, 0)));
	sqlite3_finalize(statement);
	return code == SQLITE_ROW || code == SQLITE_DONE || fail(f, code, err);
}

static bool ask_number(const struct state_file *f, const char *sql, int64_t *out, struct err *err)
{
	struct arena arena;
	struct str text;
	bool ok;

	arena_init(&arena, 1 << 16);
	ok = ask(f, sql, &arena, &text, err);
	if (ok && !str_to_i64(text, out))
		ok = fail_corrupt(f, sql, err);
	arena_release(&arena);
	return ok;
}

/* SQLite would make it with the rights that the umask leaves. An existing file is
 * only asked about: closing a descriptor of it would drop this process's locks. */
static bool make_file(const struct state_file *f, struct err *err)
{
	int fd = open(f->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, S_IRUSR | S_IWUSR);
	struct stat st;

	if (fd >= 0) {
		close(fd);
		return true;
	}
	if (errno != EEXIST || stat(f->path, &st) != 0)
		return fail_system(f, errno, err);
	if (!S_ISREG(st.st_mode))
		return fail_system(f, EISDIR, err);
	if (faccessat(AT_FDCWD, f->path, R_OK | W_OK, AT_EACCESS) != 0 ||
	    faccessat(AT_FDCWD, f->folder, W_OK | X_OK, AT_EACCESS) != 0)
		return fail_system(f, errno, err);
	return true;
}

static bool make_rows(const struct state_file *f, struct err *err)
{
	char pragmas[128];

	snprintf(pragmas, sizeof(pragmas), "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID,
		 STATE_SCHEMA_VERSION);
	return execute(f, "CREATE TABLE rows (app TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,"
			  " counter INTEGER NOT NULL, item TEXT NOT NULL, ttl INTEGER, PRIMARY KEY (app, kind, id));"
			  "CREATE INDEX rows_ttl ON rows (ttl) WHERE ttl IS NOT NULL", err) &&
	       execute(f, pragmas, err);
}

/* A file of somebody else's is left as it is. */
static bool recognise(struct call *c)
{
	const struct state_file *f = c->f;
	int64_t application, version, tables;

	if (!ask_number(f, "PRAGMA application_id", &application, &c->err) ||
	    !ask_number(f, "PRAGMA user_version", &version, &c->err) ||
	    !ask_number(f, "SELECT count(*) FROM sqlite_schema", &tables, &c->err))
		return false;
	if (application == 0 && version == 0 && tables == 0) {
		c->made = true;
		return make_rows(f, &c->err);
	}
	if (application != APPLICATION_ID)
		return err_set(&c->err, ERR_FATAL, "state.foreign",
			       "%s is a SQLite file that sluice did not make; name another one in state.file", f->path);
	return version == STATE_SCHEMA_VERSION ||
	       err_set(&c->err, ERR_FATAL, "state.schema",
		       "state file %s was written by a version of sluice with schema %lld, this one knows %d; run the "
		       "newer version", f->path, (long long)version, STATE_SCHEMA_VERSION);
}

/* Damage is found now and not by the row that it hit. */
static bool check_whole(const struct state_file *f, struct err *err)
{
	struct arena arena;
	struct str text;
	bool ok;

	arena_init(&arena, 1 << 16);
	ok = ask(f, "PRAGMA quick_check(1)", &arena, &text, err);
	if (ok && !str_eq(text, STR("ok")))
		ok = fail_corrupt(f, text.ptr, err);
	arena_release(&arena);
	return ok;
}

static bool keep_a_log(const struct state_file *f, struct err *err)
{
	struct arena arena;
	struct str mode;
	bool ok;

	arena_init(&arena, 1 << 16);
	ok = ask(f, "PRAGMA journal_mode = WAL", &arena, &mode, err);
	if (ok && !str_eq(mode, STR("wal")))
		ok = err_set(err, ERR_FATAL, "state.sqlite", "state file %s: SQLite keeps no write-ahead log there",
			     f->path);
	arena_release(&arena);
	return ok;
}

static bool prepare(struct state_file *f, struct err *err)
{
	for (size_t i = 0; i < STATEMENTS; i++) {
		int code = sqlite3_prepare_v3(f->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &f->statements[i], NULL);

		if (code != SQLITE_OK)
			return fail(f, code, err);
	}
	return true;
}

/* The lock comes before the first look, so that of two that start at once one has
 * the file. */
static bool open_locked(struct call *c)
{
	struct state_file *f = c->f;
	int code = sqlite3_open_v2(f->path, &f->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	if (code != SQLITE_OK)
		return fail(f, code, &c->err);
	sqlite3_extended_result_codes(f->db, 1);
	sqlite3_busy_timeout(f->db, BUSY_MS);
	return execute(f, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF;"
			  "BEGIN EXCLUSIVE", &c->err) &&
	       recognise(c) && execute(f, "COMMIT", &c->err) && keep_a_log(f, &c->err) && check_whole(f, &c->err) &&
	       prepare(f, &c->err);
}

static bool be_open(struct call *c)
{
	struct state_file *f = c->f;
	int moved = 0;

	if (!f->db) {
		if (make_file(f, &c->err) && open_locked(c))
			return true;
		shut(f);
		return false;
	}
	sqlite3_file_control(f->db, NULL, SQLITE_FCNTL_HAS_MOVED, &moved);
	return !moved || fail_moved(f, &c->err);
}

/* ---- statements; on the helper thread ---- */

static void bind_text(sqlite3_stmt *statement, int at, struct str text)
{
	sqlite3_bind_text64(statement, at, text.ptr ? text.ptr : "", text.len, SQLITE_STATIC, SQLITE_UTF8);
}

static sqlite3_stmt *bind_key(struct call *c, enum statement which)
{
	sqlite3_stmt *statement = c->f->statements[which];

	bind_text(statement, 1, c->f->state.app);
	bind_text(statement, 2, str_c(c->kind));
	bind_text(statement, 3, c->id);
	return statement;
}

/* Ends a statement: its reset says what the last step said. */
static bool end(struct call *c, sqlite3_stmt *statement, int code)
{
	bool ok = code == SQLITE_DONE || code == SQLITE_ROW || fail(c->f, code, &c->err);

	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return ok;
}

static bool run_write(struct call *c, sqlite3_stmt *statement, int64_t *changed)
{
	bool ok = end(c, statement, sqlite3_step(statement));

	*changed = ok ? sqlite3_changes(c->f->db) : 0;
	return ok;
}

static bool conflict(struct call *c)
{
	return err_set(&c->err, ERR_DATA, "state.conflict", "somebody else wrote the row");
}

/* counter, item and, where `keyed`, id. */
static bool read_row(struct call *c, sqlite3_stmt *statement, bool keyed)
{
	struct state_row *row = &c->rows[c->n_rows];
	struct str item = str_of((const char *)sqlite3_column_text(statement, 1), (size_t)sqlite3_column_bytes(statement, 1));
	struct str id = c->id;

	if (keyed)
		id = str_of((const char *)sqlite3_column_text(statement, 2), (size_t)sqlite3_column_bytes(statement, 2));
	row->id = keyed ? arena_dup(c->arena, id) : id;
	row->item = value_image(arena_dup(c->arena, item));
	row->counter = (uint64_t)sqlite3_column_int64(statement, 0);
	if (!row->id.ptr || !row->item.raw.ptr)
		return err_set(&c->err, ERR_FATAL, "state.memory", "a state row is larger than the memory set aside for it");
	c->n_rows++;
	return true;
}

static bool run_get(struct call *c)
{
	sqlite3_stmt *statement = bind_key(c, GET);
	int code = sqlite3_step(statement);
	bool ok;

	c->n_rows = 0;
	ok = code != SQLITE_ROW || read_row(c, statement, false);
	return end(c, statement, code) && ok;
}

static bool purge(struct call *c)
{
	sqlite3_stmt *statement = c->f->statements[PURGE];
	int64_t changed;

	if (c->now_s < c->f->purge_at_s)
		return true;
	sqlite3_bind_int64(statement, 1, c->now_s);
	if (!run_write(c, statement, &changed))
		return false;
	c->f->purge_at_s = c->now_s + PURGE_S;
	return true;
}

static bool run_put(struct call *c)
{
	sqlite3_stmt *statement;
	int64_t changed;

	if (!purge(c))
		return false;
	statement = bind_key(c, c->seen ? UPDATE : INSERT);
	sqlite3_bind_int64(statement, 4, (int64_t)c->seen + 1);
	bind_text(statement, 5, c->item);
	if (c->ttl_s)
		sqlite3_bind_int64(statement, 6, c->ttl_s);
	return run_write(c, statement, &changed) && (changed == 1 || conflict(c));
}

static bool run_remove(struct call *c)
{
	sqlite3_stmt *statement = bind_key(c, c->seen ? REMOVE : GET);
	int64_t changed;

	if (c->seen == 0) {
		int code = sqlite3_step(statement);

		return end(c, statement, code) && (code == SQLITE_DONE || conflict(c));
	}
	sqlite3_bind_int64(statement, 4, (int64_t)c->seen);
	return run_write(c, statement, &changed) && (changed == 1 || conflict(c));
}

/* The rows behind c->id, as many as fit a page. */
static bool run_list(struct call *c)
{
	sqlite3_stmt *statement = bind_key(c, LIST);
	const size_t room = c->n_rows;
	int code;
	bool ok = true;

	c->n_rows = 0;
	sqlite3_bind_int64(statement, 4, (int64_t)room);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		ok = read_row(c, statement, true);
		if (!ok || c->arena->used >= PAGE_BYTES)
			break;
	}
	c->more = code == SQLITE_ROW || c->n_rows == room;
	return end(c, statement, code) && ok;
}

/* ---- calls; on the loop ---- */

static void run_call(void *arg)
{
	struct call *c = arg;

	errno = 0;
	c->ok = be_open(c) && (!c->run || c->run(c));
}

static void give_turn(struct state_file *f)
{
	struct waiting *next = f->first;

	f->busy = next != NULL;
	if (!next)
		return;
	f->first = next->next;
	event_set(&next->turn);
}

static void leave_line(struct state_file *f, struct waiting *w)
{
	struct waiting **at = &f->first;

	if (w->turn.set) { /* cancelled, but it was its turn before it ran */
		give_turn(f);
		return;
	}
	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
}

static void stand_in_line(struct state_file *f, struct waiting *w)
{
	struct waiting **at = &f->first;

	while (*at)
		at = &(*at)->next;
	*at = w;
}

/* In order of arrival: a task that makes many calls in a row holds up no heartbeat. */
static bool take_turn(struct state_file *f, struct err *err)
{
	struct waiting w = { 0 };

	event_init(&w.turn, f->loop);
	if (f->busy) {
		stand_in_line(f, &w);
	} else {
		f->busy = true;
		event_set(&w.turn);
	}
	if (event_wait(&w.turn, -1, NULL, err))
		return true;
	leave_line(f, &w);
	return false;
}

static bool do_call(struct state *s, struct call *c, struct err *err)
{
	struct state_file *f = file_of(s);

	c->f = f;
	c->now_s = env_wall_ms(loop_env(f->loop)) / 1000;
	if (!take_turn(f, err))
		return false;
	task_offload(f->loop, run_call, c);
	give_turn(f);
	if (!c->ok && err)
		*err = c->err;
	return c->ok;
}

/* What was written went through the same, so it was not sluice that wrote this. */
static bool check_row(const struct state_file *f, struct state_row *row, struct err *err)
{
	struct value item;

	if (row->counter > 0 && value_parse_image(row->item.raw, &item, err))
		return true;
	return err_set(err, ERR_FATAL, "state.row", "a row of the state file %s cannot be read; was it edited?", f->path);
}

static bool file_get(struct state *s, const char *kind, struct str id, struct arena *a, struct state_row *out,
		     struct err *err)
{
	struct call c = { .run = run_get, .kind = kind, .id = id, .arena = a, .rows = out };

	*out = (struct state_row){ .id = id };
	if (!do_call(s, &c, err))
		return false;
	return c.n_rows == 0 || check_row(file_of(s), out, err);
}

static int64_t ttl_of(struct value item)
{
	struct value ttl;
	int64_t s = 0;

	return value_get(item, STR("ttl"), &ttl) && ttl.type == VALUE_N && str_to_i64(ttl.raw, &s) && s > 0 ? s : 0;
}

static bool file_put(struct state *s, const char *kind, struct str id, uint64_t seen, struct str attributes,
		     struct err *err)
{
	struct call c = { .run = run_put, .kind = kind, .id = id, .seen = seen };
	struct value item;
	struct buf text;
	bool ok;

	buf_init(&text, LARGEST_ROW_BYTES);
	buf_putf(&text, "{%.*s}", STR_ARG(attributes));
	c.item = buf_str(&text);
	if (!buf_ok(&text)) {
		ok = err_set(err, ERR_DATA, "state.row_size", "a row of the state file %s would pass %d bytes",
			     file_of(s)->path, LARGEST_ROW_BYTES);
	} else {
		ok = value_parse_image(c.item, &item, err);
		c.ttl_s = ok ? ttl_of(item) : 0;
		ok = ok && do_call(s, &c, err);
	}
	buf_release(&text);
	return ok;
}

static bool file_remove(struct state *s, const char *kind, struct str id, uint64_t seen, struct err *err)
{
	struct call c = { .run = run_remove, .kind = kind, .id = id, .seen = seen };

	return do_call(s, &c, err);
}

/* ---- listing ---- */

struct listing {
	struct state *state;
	const char *kind;
	struct arena arena;              /* of a page */
	struct state_row rows[PAGE_ROWS];
	struct buf last;                 /* id of the last row that was handed on */
	bool more, stopped;
};

static bool read_page(struct listing *l, size_t *n_rows, struct err *err)
{
	struct call c = { .run = run_list, .kind = l->kind, .id = buf_str(&l->last), .arena = &l->arena, .rows = l->rows,
			  .n_rows = PAGE_ROWS };

	arena_reset(&l->arena);
	if (!do_call(l->state, &c, err))
		return false;
	*n_rows = c.n_rows;
	l->more = c.more && c.n_rows > 0;
	if (c.n_rows) {
		buf_clear(&l->last);
		buf_put(&l->last, l->rows[c.n_rows - 1].id);
	}
	return true;
}

static bool list(struct listing *l, bool (*fn)(void *ctx, const struct state_row *row), void *ctx, struct err *err)
{
	size_t n_rows;

	do {
		if (!read_page(l, &n_rows, err))
			return false;
		for (size_t i = 0; i < n_rows && !l->stopped; i++) {
			if (!check_row(file_of(l->state), &l->rows[i], err))
				return false;
			l->stopped = !fn(ctx, &l->rows[i]);
		}
	} while (l->more && !l->stopped);
	return true;
}

static bool file_each(struct state *s, const char *kind, bool (*fn)(void *ctx, const struct state_row *row), void *ctx,
		      struct err *err)
{
	struct listing *l = mem_alloc(sizeof(*l));
	bool ok;

	l->state = s;
	l->kind = kind;
	arena_init(&l->arena, 2 * (PAGE_BYTES + LARGEST_ROW_BYTES));
	buf_init(&l->last, LARGEST_ROW_BYTES);
	ok = list(l, fn, ctx, err);
	buf_release(&l->last);
	arena_release(&l->arena);
	mem_free(l);
	return ok;
}

/* ---- its life ---- */

static bool file_open(struct state *s, struct err *err)
{
	struct state_file *f = file_of(s);
	struct call c = { 0 };
	struct buf name;
	bool ok;

	if (!do_call(s, &c, err))
		return false;
	if (c.made)
		log_info(loop_env(f->loop)->log, "state.create", LOG_TEXT("file", f->path));
	buf_init(&name, 8192);
	buf_putf(&name, "the state file %s", f->path);
	ok = state_check_schema(s, buf_str(&name), err);
	buf_release(&name);
	return ok;
}

static void file_free(struct state *s)
{
	struct state_file *f = file_of(s);

	shut(f);
	mem_free(f->path);
	mem_free(f->folder);
	mem_free(f);
}

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

struct state *state_file_new(struct loop *loop, struct str app, struct str path)
{
	static const struct state_ops ops = {
		.open = file_open, .get = file_get, .put = file_put, .remove = file_remove, .each = file_each,
		.free = file_free,
	};
	struct state_file *f = mem_alloc(sizeof(*f));
	const char *slash;

	f->state = (struct state){ .ops = &ops, .app = app };
	f->loop = loop;
	f->path = path_of(path);
	slash = strrchr(f->path, '/');
	f->folder = mem_dup(f->path, slash == f->path ? 1 : (size_t)(slash - f->path));
	return &f->state;
}
