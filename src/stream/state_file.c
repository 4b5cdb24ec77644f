/* The state store in a SQLite file: calls take turns and run on a helper thread. */
#include "state_sqlite.h"

#include "sluice/core/loop.h"
#include "sluice/core/mem.h"

struct state_file {
	struct state state;
	struct loop *loop;
	struct state_sqlite *sqlite;     /* touched by one call at a time, on its helper thread */
	bool busy;                       /* a call is under way */
	struct waiting *first;           /* in order of arrival */
};

/* A call that waits for its turn; on the stack of its task. */
struct waiting {
	struct waiting *next;
	struct event turn;
};

/* One call, on the stack of the task that waits for it. */
struct call {
	struct state_sqlite *sqlite;
	bool (*run)(struct call *c);     /* on the helper thread; NULL: only open the file */
	struct state_key key;
	uint64_t seen;
	struct state_content content;
	int64_t now_s;
	struct arena *arena;
	struct state_row *row;
	struct state_page *page;
	bool made;                       /* the file is new */
	bool ok;
	struct err err;
};

static struct state_file *file_of(struct state *s)
{
	return (struct state_file *)s;
}

static const char *path_of(struct state *s)
{
	return state_sqlite_path(file_of(s)->sqlite);
}

/* ---- on the helper thread ---- */

static bool run_get(struct call *c)
{
	return state_sqlite_get(c->sqlite, &c->key, c->arena, c->row, &c->err);
}

static bool run_put(struct call *c)
{
	return state_sqlite_put(c->sqlite, &c->key, c->seen, &c->content, c->now_s, &c->err);
}

static bool run_remove(struct call *c)
{
	return state_sqlite_remove(c->sqlite, &c->key, c->seen, &c->err);
}

static bool run_list(struct call *c)
{
	return state_sqlite_list(c->sqlite, &c->key, c->page, &c->err);
}

static void run_call(void *arg)
{
	struct call *c = arg;

	c->ok = state_sqlite_open(c->sqlite, &c->made, &c->err) && (!c->run || c->run(c));
}

/* ---- taking turns ---- */

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

	c->sqlite = f->sqlite;
	c->key.app = s->app;
	c->now_s = env_wall_ms(loop_env(f->loop)) / 1000;
	if (!take_turn(f, err))
		return false;
	task_offload(f->loop, run_call, c);
	give_turn(f);
	if (!c->ok && err)
		*err = c->err;
	return c->ok;
}

/* ---- rows ---- */

/* What sluice wrote was validated, so it was not sluice that wrote this. */
static bool check_row(struct state *s, const struct state_row *row, struct err *err)
{
	struct value item;

	if (row->counter > 0 && value_parse_image(row->item.raw, &item, err))
		return true;
	return err_set(err, ERR_FATAL, "state.row", "a row of the state file %s cannot be read; was it edited?", path_of(s));
}

static bool file_get(struct state *s, const char *kind, struct str id, struct arena *a, struct state_row *out,
		     struct err *err)
{
	struct call c = { .run = run_get, .key = { .kind = kind, .id = id }, .arena = a, .row = out };

	*out = (struct state_row){ 0 };
	if (!do_call(s, &c, err))
		return false;
	if (out->id.ptr)
		return check_row(s, out, err);
	out->id = id;
	return true;
}

static int64_t ttl_of(struct value item)
{
	struct value ttl;
	int64_t s = 0;

	return value_get(item, STR("ttl"), &ttl) && ttl.type == VALUE_N && str_to_i64(ttl.raw, &s) && s > 0 ? s : 0;
}

static bool put_item(struct state *s, struct call *c, struct err *err)
{
	struct value item;

	if (!value_parse_image(c->content.item, &item, err))
		return false;
	c->content.ttl_s = ttl_of(item);
	return do_call(s, c, err);
}

static bool file_put(struct state *s, const char *kind, struct str id, uint64_t seen, struct str attributes,
		     struct err *err)
{
	struct call c = { .run = run_put, .key = { .kind = kind, .id = id }, .seen = seen };
	struct buf text;
	bool ok;

	buf_init(&text, STATE_ROW_BYTES);
	buf_putf(&text, "{%.*s}", STR_ARG(attributes));
	c.content.item = buf_str(&text);
	ok = buf_ok(&text) ? put_item(s, &c, err) :
			     err_set(err, ERR_DATA, "state.row_size", "a row of the state file %s would pass %d bytes",
				     path_of(s), STATE_ROW_BYTES);
	buf_release(&text);
	return ok;
}

static bool file_remove(struct state *s, const char *kind, struct str id, uint64_t seen, struct err *err)
{
	struct call c = { .run = run_remove, .key = { .kind = kind, .id = id }, .seen = seen };

	return do_call(s, &c, err);
}

/* ---- listing ---- */

struct listing {
	struct state *state;
	const char *kind;
	struct state_page page;
	struct buf last;                 /* id of the page's last row */
	bool stopped;
};

static bool read_page(struct listing *l, struct err *err)
{
	struct state_page *page = &l->page;
	struct call c = { .run = run_list, .key = { .kind = l->kind, .id = buf_str(&l->last) }, .page = page };

	arena_reset(&page->arena);
	if (!do_call(l->state, &c, err))
		return false;
	if (page->n_rows) {
		buf_clear(&l->last);
		buf_put(&l->last, page->rows[page->n_rows - 1].id);
	}
	return true;
}

static bool list(struct listing *l, bool (*fn)(void *ctx, const struct state_row *row), void *ctx, struct err *err)
{
	do {
		if (!read_page(l, err))
			return false;
		for (size_t i = 0; i < l->page.n_rows && !l->stopped; i++) {
			if (!check_row(l->state, &l->page.rows[i], err))
				return false;
			l->stopped = !fn(ctx, &l->page.rows[i]);
		}
	} while (l->page.more && !l->stopped);
	return true;
}

static bool file_each(struct state *s, const char *kind, bool (*fn)(void *ctx, const struct state_row *row), void *ctx,
		      struct err *err)
{
	struct listing *l = mem_alloc(sizeof(*l));
	bool ok;

	l->state = s;
	l->kind = kind;
	arena_init(&l->page.arena, 2 * (STATE_PAGE_BYTES + STATE_ROW_BYTES));
	buf_init(&l->last, STATE_ROW_BYTES);
	ok = list(l, fn, ctx, err);
	buf_release(&l->last);
	arena_release(&l->page.arena);
	mem_free(l);
	return ok;
}

/* ---- its life ---- */

static bool file_open(struct state *s, struct err *err)
{
	struct call c = { 0 };
	struct buf name;
	bool ok;

	if (!do_call(s, &c, err))
		return false;
	if (c.made)
		log_info(loop_env(file_of(s)->loop)->log, "state.create", LOG_TEXT("file", path_of(s)));
	buf_init(&name, 8192);
	buf_putf(&name, "the state file %s", path_of(s));
	ok = state_check_schema(s, buf_str(&name), err);
	buf_release(&name);
	return ok;
}

static void file_free(struct state *s)
{
	state_sqlite_free(file_of(s)->sqlite);
	mem_free(file_of(s));
}

struct state *state_file_new(struct loop *loop, struct str app, struct str path)
{
	static const struct state_ops ops = {
		.open = file_open, .get = file_get, .put = file_put, .remove = file_remove, .each = file_each,
		.free = file_free,
	};
	struct state_file *f = mem_alloc(sizeof(*f));

	*f = (struct state_file){ .state = { .ops = &ops, .app = app }, .loop = loop };
	f->sqlite = state_sqlite_new(path);
	return &f->state;
}
