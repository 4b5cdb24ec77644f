/* What a file promises beyond what every store does: kills, power cuts, full
 * disks, damage, and other processes. */
#include "sluice/stream/state.h"

#include "sim/env.h"
#include "sluice/core/mem.h"
#include "support/child.h"
#include "support/tasks.h"
#include "support/test.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct place {
	char folder[64], path[96], wal[112], copy[112], copy_wal[128];
};

static int make_place(void **state)
{
	struct place *p = test_calloc(1, sizeof(*p));

	snprintf(p->folder, sizeof(p->folder), "/tmp/sluice-state-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->path, sizeof(p->path), "%s/state.db", p->folder);
	snprintf(p->wal, sizeof(p->wal), "%s-wal", p->path);
	snprintf(p->copy, sizeof(p->copy), "%s/copy.db", p->folder);
	snprintf(p->copy_wal, sizeof(p->copy_wal), "%s-wal", p->copy);
	*state = p;
	return 0;
}

static int remove_place(void **state)
{
	struct place *p = *state;

	chmod(p->folder, 0700);
	unlink(p->path);
	unlink(p->wal);
	unlink(p->copy);
	unlink(p->copy_wal);
	assert_int_equal(rmdir(p->folder), 0);
	test_free(p);
	return 0;
}

static struct state *new_state(struct loop *loop, const char *path)
{
	return state_file_new(loop, STR("app"), str_c(path));
}

static bool opens(struct loop *loop, const char *path, struct err *err)
{
	struct state *s = new_state(loop, path);
	bool ok = state_open(s, err);

	state_free(s);
	return ok;
}

static bool put_number(struct state *s, const char *id, uint64_t seen, int64_t n, struct err *err)
{
	char text[64];

	snprintf(text, sizeof(text), "\"n\":{\"N\":\"%lld\"}", (long long)n);
	return state_put(s, STATE_LEASE, str_c(id), seen, str_c(text), err);
}

/* The attribute `n` of a row; -1: there is no such row, -2: it cannot be read. */
static int64_t number(struct state *s, const char *id)
{
	struct state_row row;
	struct arena arena;
	struct value v;
	struct err err;
	int64_t n = -2;

	arena_init(&arena, 1 << 20);
	if (state_get(s, STATE_LEASE, str_c(id), &arena, &row, &err)) {
		n = -1;
		if (row.counter && (!value_get(row.item, STR("n"), &v) || !str_to_i64(v.raw, &n)))
			n = -2;
	}
	arena_release(&arena);
	return n;
}

static size_t read_file(const char *path, char **bytes)
{
	FILE *f = fopen(path, "re");
	long size;

	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	*bytes = test_malloc((size_t)size + 1);
	assert_int_equal(fread(*bytes, 1, (size_t)size, f), size);
	fclose(f);
	return (size_t)size;
}

static void write_file(const char *path, const char *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

/* In a child: whoever is root there would be refused nothing. */
static void be_nobody(const struct place *p)
{
	enum { NOBODY = 65534 };

	if (geteuid() != 0)
		return;
	if (access(p->path, F_OK) == 0 && chown(p->path, NOBODY, NOBODY) != 0)
		_exit(1);
	if (chown(p->folder, NOBODY, NOBODY) != 0 || seteuid(NOBODY) != 0)
		_exit(1);
}

/* ---- its making ---- */

static void a_new_file(struct loop *loop, void *arg)
{
	struct place *p = arg;
	struct state *s = new_state(loop, p->path);
	mode_t before = umask(0);
	struct err err;
	struct stat st;

	CHECK_OK(state_open(s, &err), &err);
	umask(before);
	CHECK_OK(put_number(s, "a", 0, 1, &err), &err);
	CHECK(stat(p->path, &st) == 0);
	CHECK_EQ(st.st_mode & 07777, 0600);
	CHECK(stat(p->wal, &st) == 0);
	CHECK_EQ(st.st_mode & 07777, 0600);
	state_free(s);
	CHECK(access(p->wal, F_OK) != 0); /* a clean end leaves one file */
}

static void test_its_file_is_its_users_alone_and_a_clean_end_leaves_one_file(void **state)
{
	run_simulated(1, a_new_file, *state);
	assert_int_equal(unlink(((struct place *)*state)->path), 0);
	run_real(a_new_file, *state);
}

static void an_empty_file(struct loop *loop, void *arg)
{
	struct place *p = arg;
	struct err err;

	write_file(p->path, "", 0);
	CHECK_OK(opens(loop, p->path, &err), &err);
}

static void test_an_empty_file_is_a_new_one(void **state)
{
	run_simulated(1, an_empty_file, *state);
}

static void a_name_like_sqlites_own(struct loop *loop, void *arg)
{
	struct place *p = arg;
	char here[256];
	struct err err;

	CHECK(getcwd(here, sizeof(here)) && chdir(p->folder) == 0);
	CHECK_OK(opens(loop, ":memory:", &err), &err);
	CHECK(unlink(":memory:") == 0); /* a file in the working directory */
	CHECK_OK(opens(loop, "state.db", &err), &err);
	CHECK(chdir(here) == 0 && access(p->path, F_OK) == 0);
}

static void test_any_name_is_a_file_in_the_working_directory_unless_it_begins_with_a_slash(void **state)
{
	run_simulated(1, a_name_like_sqlites_own, *state);
}

static void no_folder(struct loop *loop, void *arg)
{
	struct place *p = arg;
	struct state *s = new_state(loop, p->path);
	struct err err = { 0 };

	CHECK(rmdir(p->folder) == 0);
	CHECK_CLASS(state_open(s, &err), &err, ERR_RETRY);
	CHECK(strstr(err.text, p->path) && strstr(err.text, "folder is not there"));
	CHECK(mkdir(p->folder, 0700) == 0); /* mounted late */
	CHECK_OK(state_open(s, &err), &err);
	state_free(s);
}

static void test_a_missing_folder_is_named_and_waited_for(void **state)
{
	run_simulated(1, no_folder, *state);
}

static void no_file(struct loop *loop, void *arg)
{
	struct place *p = arg;
	struct err err = { 0 };
	char path[128];

	CHECK_CLASS(opens(loop, p->folder, &err), &err, ERR_FATAL);
	CHECK(err_is(&err, "state.path") && strstr(err.text, "must name a file"));
	write_file(p->path, "", 0);
	snprintf(path, sizeof(path), "%s/in-a-file", p->path);
	CHECK_CLASS(opens(loop, path, &err), &err, ERR_FATAL);
	CHECK(err_is(&err, "state.path"));
}

static void test_a_name_that_can_be_no_file_is_refused(void **state)
{
	run_simulated(1, no_file, *state);
}

/* ---- rights ---- */

struct rights {
	struct place *p;
	mode_t file, folder;
};

static void open_in_loop(struct loop *loop, void *arg)
{
	struct place *p = arg;
	struct err err = { 0 };

	if (opens(loop, p->path, &err))
		fprintf(stderr, "opened");
	else
		fprintf(stderr, "%s %s %s", err_class_name(err.class), err.code, err.text);
}

static void open_as_nobody(void *arg)
{
	struct rights *r = arg;

	chmod(r->p->path, r->file);
	chmod(r->p->folder, r->folder);
	be_nobody(r->p);
	run_simulated(1, open_in_loop, r->p);
}

static void test_missing_rights_are_named_and_can_mend(void **state)
{
	static const mode_t modes[][2] = { { 0400, 0700 }, { 0200, 0700 }, { 0600, 0500 }, { 0600, 0 } };
	struct child_end *end = test_malloc(sizeof(*end));
	struct place *p = *state;

	for (size_t i = 0; i < COUNT_OF(modes); i++) {
		struct rights r = { p, modes[i][0], modes[i][1] };

		run_simulated(1, open_in_loop, p);
		run_child(open_as_nobody, &r, end);
		chmod(p->folder, 0700);
		chmod(p->path, 0600);
		assert_true(end->clean);
		assert_int_equal(strncmp(end->text, "AUTH state.denied", 17), 0);
		assert_non_null(strstr(end->text, p->path));
	}
	unlink(p->path);
	{
		struct rights r = { p, 0600, 0500 }; /* no file, and none can be made */

		run_child(open_as_nobody, &r, end);
		assert_int_equal(strncmp(end->text, "AUTH state.denied", 17), 0);
	}
	test_free(end);
}

/* ---- somebody else ---- */

static void open_in_child(void *arg)
{
	run_simulated(1, open_in_loop, arg);
}

static void a_second_process(struct loop *loop, void *arg)
{
	struct place *p = arg;
	struct child_end *end = mem_alloc(sizeof(*end));
	struct state *s = new_state(loop, p->path);
	struct err err = { 0 };

	CHECK_OK(state_open(s, &err), &err);
	CHECK_OK(put_number(s, "a", 0, 1, &err), &err);
	run_child(open_in_child, p, end);
	CHECK(end->clean);
	CHECK(strncmp(end->text, "FATAL state.locked", 18) == 0);
	CHECK(strstr(end->text, p->path) && strstr(end->text, "one worker") && strstr(end->text, "state.table"));
	CHECK(!opens(loop, p->path, &err)); /* nor does this process get it twice */
	CHECK(err_is(&err, "state.locked"));
	CHECK_OK(put_number(s, "a", 1, 2, &err), &err);
	run_child(open_in_child, p, end);
	CHECK(strncmp(end->text, "FATAL state.locked", 18) == 0);
	CHECK_EQ(number(s, "a"), 2);
	state_free(s);
	run_child(open_in_child, p, end);
	CHECK_STR(str_c(end->text), "opened");
	mem_free(end);
}

static void test_a_second_opener_is_refused_until_the_first_has_closed_it(void **state)
{
	run_simulated(1, a_second_process, *state);
}

static bool run_sql(const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	bool ok = sqlite3_open(path, &db) == SQLITE_OK && sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;

	sqlite3_close(db);
	return ok;
}

static void a_foreign_file(struct loop *loop, void *arg)
{
	static const char *const theirs[] = {
		"CREATE TABLE rows (app, kind, id, counter, item, ttl); INSERT INTO rows VALUES (1, 2, 3, 4, 5, 6)",
		"PRAGMA application_id = 252006673",
		"PRAGMA user_version = 1",
	};
	struct place *p = arg;
	struct err err = { 0 };

	for (size_t i = 0; i < COUNT_OF(theirs); i++) {
		char *before, *after;
		size_t len;

		CHECK(run_sql(p->path, theirs[i]));
		len = read_file(p->path, &before);
		CHECK_CLASS(opens(loop, p->path, &err), &err, ERR_FATAL);
		CHECK(err_is(&err, "state.foreign") && strstr(err.text, p->path) && strstr(err.text, "state.file"));
		CHECK_EQ(read_file(p->path, &after), len);
		CHECK(memcmp(before, after, len) == 0); /* left as it was */
		test_free(before);
		test_free(after);
		CHECK(unlink(p->path) == 0 && access(p->wal, F_OK) != 0);
	}
}

static void test_another_programs_file_is_refused_and_left_as_it_was(void **state)
{
	run_simulated(1, a_foreign_file, *state);
}

static void a_newer_file(struct loop *loop, void *arg)
{
	struct place *p = arg;
	struct err err = { 0 };

	CHECK_OK(opens(loop, p->path, &err), &err);
	CHECK(run_sql(p->path, "PRAGMA user_version = 2"));
	CHECK_CLASS(opens(loop, p->path, &err), &err, ERR_FATAL);
	CHECK(err_is(&err, "state.schema") && strstr(err.text, "schema 2"));
}

static void test_a_file_of_a_newer_version_is_refused(void **state)
{
	run_simulated(1, a_newer_file, *state);
}

static void taken_away(struct loop *loop, void *arg)
{
	struct place *p = arg;
	struct state *s = new_state(loop, p->path);
	struct err err = { 0 };

	CHECK_OK(state_open(s, &err), &err);
	CHECK_OK(put_number(s, "a", 0, 1, &err), &err);
	CHECK(rename(p->path, p->copy) == 0);
	CHECK_CLASS(put_number(s, "a", 1, 2, &err), &err, ERR_FATAL);
	CHECK(err_is(&err, "state.moved"));
	write_file(p->path, "", 0);
	CHECK_CLASS(put_number(s, "a", 1, 2, &err), &err, ERR_FATAL);
	CHECK(err_is(&err, "state.moved"));
	CHECK(rename(p->copy, p->path) == 0);
	CHECK_OK(put_number(s, "a", 1, 2, &err), &err);
	state_free(s);
}

static void test_a_file_that_was_taken_away_is_missed_at_once(void **state)
{
	run_simulated(1, taken_away, *state);
}

/* ---- damage ---- */

static bool fill(struct loop *loop, const char *path)
{
	struct state *s = new_state(loop, path);
	struct err err;
	bool ok = state_open(s, &err);

	for (int i = 0; i < 300 && ok; i++) {
		char id[32];

		snprintf(id, sizeof(id), "row-%d", i);
		ok = put_number(s, id, 0, i, &err);
	}
	state_free(s);
	return ok;
}

static void damaged(struct loop *loop, void *arg)
{
	static const char garbage[] = "This is a settings file and no state. It is long enough to be read as a page's head, "
				      "and so it is found out by what stands there and not by how short it is, in any "
				      "place that somebody may look at. ";
	struct place *p = arg;
	struct err err = { 0 };
	char *whole;
	size_t len;

	write_file(p->path, garbage, sizeof(garbage) - 1);
	CHECK_CLASS(opens(loop, p->path, &err), &err, ERR_FATAL);
	CHECK(err_is(&err, "state.corrupt") && strstr(err.text, p->path) && strstr(err.text, "backup"));
	CHECK(unlink(p->path) == 0);
	CHECK(fill(loop, p->path));
	len = read_file(p->path, &whole);
	for (size_t page = 1; page < len / 4096; page++) {
		struct stat st;

		memset(whole + page * 4096, 0xa5, 512);
		write_file(p->path, whole, len);
		CHECK_CLASS(opens(loop, p->path, &err), &err, ERR_FATAL);
		CHECK(err_is(&err, "state.corrupt"));
		CHECK(stat(p->path, &st) == 0 && (size_t)st.st_size == len); /* nothing is made anew */
	}
	write_file(p->path, whole, len / 2 / 4096 * 4096); /* cut short */
	CHECK_CLASS(opens(loop, p->path, &err), &err, ERR_FATAL);
	CHECK(err_is(&err, "state.corrupt"));
	test_free(whole);
}

static void test_a_damaged_file_is_refused_and_never_made_anew(void **state)
{
	run_simulated(1, damaged, *state);
}

static void edited(struct loop *loop, void *arg)
{
	struct place *p = arg;
	struct state *s = new_state(loop, p->path);
	struct err err = { 0 };

	CHECK(fill(loop, p->path));
	CHECK(run_sql(p->path, "UPDATE rows SET item = '{\"n\":' WHERE id = 'row-7'"));
	CHECK_OK(state_open(s, &err), &err);
	CHECK_EQ(number(s, "row-6"), 6);
	CHECK_EQ(number(s, "row-7"), -2);
	state_free(s);
}

static void test_a_row_that_was_edited_into_nonsense_is_an_error(void **state)
{
	run_simulated(1, edited, *state);
}

/* ---- power cuts ---- */

enum { WRITES = 40 };

/* Row k is made by the k-th write, and `last` says k behind it. */
static bool write_once(struct state *s, int k, struct err *err)
{
	char id[32];

	snprintf(id, sizeof(id), "row-%d", k);
	return put_number(s, id, 0, k, err) && put_number(s, "last", (uint64_t)k, k, err);
}

/* What is there is a prefix of the writes: how many. -1: it is none. */
static int prefix(struct state *s)
{
	int64_t last = number(s, "last");
	int k = 0;
	char id[32];

	for (;; k++) {
		snprintf(id, sizeof(id), "row-%d", k);
		if (number(s, id) != k)
			break;
	}
	snprintf(id, sizeof(id), "row-%d", k + 1);
	return number(s, id) == -1 && (last == k - 1 || last == k - 2) ? k : -1;
}

static void power_cuts(struct loop *loop, void *arg)
{
	struct place *p = arg;
	struct state *s = new_state(loop, p->path);
	struct rng *rng = &loop_env(loop)->rng;
	struct err err = { 0 };
	char *whole, *wal;
	size_t len, wal_len;

	CHECK_OK(state_open(s, &err), &err);
	for (int k = 0; k < WRITES; k++)
		CHECK_OK(write_once(s, k, &err), &err);
	len = read_file(p->path, &whole);
	wal_len = read_file(p->wal, &wal);
	for (int i = 0; i < 60; i++) {
		size_t kept = i == 0 ? wal_len : (size_t)rng_below(rng, wal_len);
		struct state *copy = new_state(loop, p->copy);
		int k;

		write_file(p->copy, whole, len);
		if (i % 2 && kept > 600) /* the last sector was half on its way */
			wal[kept - 300] ^= 0x5a;
		write_file(p->copy_wal, wal, kept);
		if (i % 2 && kept > 600)
			wal[kept - 300] ^= 0x5a;
		k = state_open(copy, &err) ? prefix(copy) : -1;
		CHECK(k >= 0);
		CHECK(i > 0 || k == WRITES);
		CHECK_OK(write_once(copy, 1000, &err) || err_is(&err, "state.conflict"), &err); /* it goes on */
		state_free(copy);
	}
	test_free(whole);
	test_free(wal);
	state_free(s);
}

static void test_a_power_cut_leaves_a_prefix_of_the_writes(void **state)
{
	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct place *p = *state;

		run_simulated(seed, power_cuts, p);
		unlink(p->path);
		unlink(p->copy);
		unlink(p->copy_wal);
	}
}

/* ---- kill -9 ---- */

struct victim {
	struct place *p;
	int kill_at;
	long delay_ns;
};

/* From a timer of the kernel's: it ends the process in whatever it does then. */
static void kill_soon(long delay_ns)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
	struct itimerspec when = { .it_value.tv_nsec = delay_ns };
	timer_t timer;

	if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 || timer_settime(timer, 0, &when, NULL) != 0)
		_exit(1);
}

static void write_until_killed(struct loop *loop, void *arg)
{
	struct victim *v = arg;
	struct state *s = new_state(loop, v->p->path);
	struct err err = { 0 };
	int first;

	if (!state_open(s, &err) || (first = prefix(s)) < 0) {
		fprintf(stderr, "opening: %s", err.text);
		_exit(1);
	}
	if (first && number(s, "last") == first - 2)
		put_number(s, "last", (uint64_t)first - 1, first - 1, &err);
	for (int k = first; write_once(s, k, &err); k++) {
		char line[16];
		int len = snprintf(line, sizeof(line), "%5d\n", k);

		if (write(STDERR_FILENO, line, (size_t)len) != len)
			_exit(1);
		if (k - first + 1 == v->kill_at)
			kill_soon(v->delay_ns);
	}
	fprintf(stderr, "writing: %s", err.text);
	_exit(1);
}

static void be_victim(void *arg)
{
	run_simulated(1, write_until_killed, arg);
}

struct survivor {
	struct place *p;
	int found;
};

static void count_survivors(struct loop *loop, void *arg)
{
	struct survivor *v = arg;
	struct state *s = new_state(loop, v->p->path);
	struct err err;

	CHECK_OK(state_open(s, &err), &err);
	v->found = prefix(s);
	state_free(s);
}

static void test_kill_9_in_the_middle_of_writes_loses_none_that_was_acknowledged(void **state)
{
	struct child_end *end = test_malloc(sizeof(*end));
	struct survivor after = { .p = *state };

	for (unsigned round = 0; round < 12; round++) {
		struct victim v = { .p = *state, .kill_at = 3 + (int)round, .delay_ns = 1 + round * 370000 };
		int acknowledged;

		run_child(be_victim, &v, end);
		assert_int_equal(end->signal, SIGKILL);
		acknowledged = atoi(strrchr(end->text, '\n') - 5) + 1;
		if (round % 2) /* else the next writer meets what the kill left */
			continue;
		run_simulated(1, count_survivors, &after);
		assert_true(after.found == acknowledged || after.found == acknowledged + 1);
	}
	test_free(end);
}

/* ---- a full disk ---- */

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes;
	setrlimit(RLIMIT_FSIZE, &limit);
}

static void fill_the_disk(struct loop *loop, void *arg)
{
	struct place *p = arg;
	struct state *s = new_state(loop, p->path);
	struct err err = { 0 };
	int k = 0, found;

	if (!state_open(s, &err))
		fprintf(stderr, "opening: %s", err.text);
	limit_files(200000);
	while (write_once(s, k, &err))
		k++;
	fprintf(stderr, "%s %s %s\n", err_class_name(err.class), err.code, err.text);
	if (put_number(s, "more", 0, 1, &err))
		fprintf(stderr, "still full, but written\n");
	found = prefix(s);
	fprintf(stderr, "%s\n", found == k || found == k + 1 ? "all there" : "something is missing");
	limit_files(RLIM_INFINITY);
	if (!put_number(s, "more", 0, 1, &err))
		fprintf(stderr, "room again: %s", err.text);
	state_free(s);
	s = new_state(loop, p->path);
	fprintf(stderr, "%s\n", state_open(s, &err) && prefix(s) == found && number(s, "more") == 1 ? "kept" : "lost");
	state_free(s);
}

static void be_on_a_small_disk(void *arg)
{
	signal(SIGXFSZ, SIG_IGN);
	run_simulated(1, fill_the_disk, arg);
}

static void test_a_full_disk_is_waited_for_and_costs_nothing(void **state)
{
	struct child_end *end = test_malloc(sizeof(*end));

	run_child(be_on_a_small_disk, *state, end);
	assert_true(end->clean);
	assert_int_equal(strncmp(end->text, "RETRY state.disk_full", 21), 0);
	assert_non_null(strstr(end->text, "make room"));
	assert_string_equal(strchr(end->text, '\n') + 1, "all there\nkept\n");
	test_free(end);
}

/* ---- ttl ---- */

static bool put_ttl(struct state *s, const char *id, int64_t at_s, struct err *err)
{
	char text[64];

	snprintf(text, sizeof(text), "\"n\":{\"N\":\"1\"},\"ttl\":{\"N\":\"%lld\"}", (long long)at_s);
	return state_put(s, STATE_LEASE, str_c(id), 0, str_c(text), err);
}

static void rows_expire(struct loop *loop, void *arg)
{
	struct place *p = arg;
	struct state *s = new_state(loop, p->path);
	struct err err = { 0 };
	int64_t now_s = env_wall_ms(loop_env(loop)) / 1000;

	CHECK_OK(state_open(s, &err), &err);
	CHECK_OK(put_ttl(s, "soon", now_s + 1000, &err), &err);
	CHECK_OK(put_ttl(s, "late", now_s + 100000, &err), &err);
	CHECK_OK(put_number(s, "never", 0, 1, &err), &err);
	CHECK(task_sleep_ms(loop, 900 * 1000, NULL));
	CHECK_OK(put_number(s, "tick", 0, 1, &err), &err);
	CHECK_EQ(number(s, "soon"), 1);
	CHECK(task_sleep_ms(loop, 3600 * 1000, NULL));
	CHECK_OK(put_number(s, "tick", 1, 1, &err), &err);
	CHECK_EQ(number(s, "soon"), -1);
	CHECK_EQ(number(s, "late"), 1);
	CHECK(task_sleep_ms(loop, INT64_C(200000) * 1000, NULL));
	CHECK_OK(put_number(s, "tick", 2, 1, &err), &err);
	CHECK_EQ(number(s, "late"), -1);
	CHECK_EQ(number(s, "never"), 1);
	CHECK_OK(put_ttl(s, "soon", 0, &err), &err); /* no time at all */
	CHECK(task_sleep_ms(loop, 4000 * 1000, NULL));
	CHECK_OK(put_number(s, "tick", 3, 1, &err), &err);
	CHECK_EQ(number(s, "soon"), 1);
	state_free(s);
}

static void test_rows_whose_ttl_has_passed_are_dropped(void **state)
{
	run_simulated(1, rows_expire, *state);
}

/* ---- taking turns ---- */

struct greedy {
	struct state *s;
	bool stop;
	int writes;
};

static void write_on_and_on(void *arg)
{
	struct greedy *g = arg;
	struct err err;

	while (!g->stop && put_number(g->s, "busy", (uint64_t)g->writes, 1, &err))
		g->writes++;
}

static void turns(struct loop *loop, void *arg)
{
	struct place *p = arg;
	struct greedy g = { .s = new_state(loop, p->path) };
	struct scope scope;
	struct err err = { 0 };

	CHECK_OK(state_open(g.s, &err), &err);
	scope_init(&scope, loop);
	scope_spawn(&scope, "greedy", write_on_and_on, &g);
	while (g.writes < 10)
		CHECK(task_yield(loop, NULL));
	for (int i = 0; i < 10; i++) {
		int before = g.writes;

		CHECK_OK(put_number(g.s, "beat", (uint64_t)i, i, &err), &err);
		CHECK(g.writes <= before + 2);
	}
	g.stop = true;
	scope_wait(&scope);
	state_free(g.s);
}

static void test_a_task_that_writes_all_the_time_holds_up_nobody(void **state)
{
	struct place *p = *state;

	for (uint64_t seed = 1; seed <= 5; seed++) {
		run_simulated(seed, turns, p);
		unlink(p->path);
	}
	run_real(turns, p);
}

struct leaver {
	struct state *s;
	struct scope scope;
	int done, refused;
};

static void write_or_be_refused(void *arg)
{
	struct leaver *l = arg;
	struct err err = { 0 };
	char id[32];

	snprintf(id, sizeof(id), "row-%d", l->done + l->refused);
	if (put_number(l->s, id, 0, 1, &err))
		l->done++;
	else
		l->refused += err.class == ERR_CANCELLED;
}

static void cancelled_in_line(struct loop *loop, void *arg)
{
	struct place *p = arg;
	struct leaver l = { .s = new_state(loop, p->path) };
	struct err err = { 0 };

	CHECK_OK(state_open(l.s, &err), &err);
	scope_init(&l.scope, loop);
	for (int i = 0; i < 20; i++)
		scope_spawn(&l.scope, "leaver", write_or_be_refused, &l);
	for (uint64_t n = rng_below(&loop_env(loop)->rng, 30); n; n--)
		CHECK(task_yield(loop, NULL));
	scope_cancel(&l.scope);
	scope_wait(&l.scope);
	CHECK_EQ(l.done + l.refused, 20);
	CHECK_OK(put_number(l.s, "after", 0, 1, &err), &err); /* nobody kept the turn */
	state_free(l.s);
}

static void test_who_is_cancelled_while_it_waits_leaves_the_turn_to_the_next(void **state)
{
	struct place *p = *state;

	for (uint64_t seed = 1; seed <= 40; seed++) {
		run_simulated(seed, cancelled_in_line, p);
		unlink(p->path);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_its_file_is_its_users_alone_and_a_clean_end_leaves_one_file),
		TEST(test_an_empty_file_is_a_new_one),
		TEST(test_any_name_is_a_file_in_the_working_directory_unless_it_begins_with_a_slash),
		TEST(test_a_missing_folder_is_named_and_waited_for),
		TEST(test_a_name_that_can_be_no_file_is_refused),
		TEST(test_missing_rights_are_named_and_can_mend),
		TEST(test_a_second_opener_is_refused_until_the_first_has_closed_it),
		TEST(test_another_programs_file_is_refused_and_left_as_it_was),
		TEST(test_a_file_of_a_newer_version_is_refused),
		TEST(test_a_file_that_was_taken_away_is_missed_at_once),
		TEST(test_a_damaged_file_is_refused_and_never_made_anew),
		TEST(test_a_row_that_was_edited_into_nonsense_is_an_error),
		TEST(test_a_power_cut_leaves_a_prefix_of_the_writes),
		TEST(test_kill_9_in_the_middle_of_writes_loses_none_that_was_acknowledged),
		TEST(test_a_full_disk_is_waited_for_and_costs_nothing),
		TEST(test_rows_whose_ttl_has_passed_are_dropped),
		TEST(test_a_task_that_writes_all_the_time_holds_up_nobody),
		TEST(test_who_is_cancelled_while_it_waits_leaves_the_turn_to_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
