#include "sluice/sinks/kinds.h"
#include "support/effects.h"
#include "support/tasks.h"
#include "support/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>

struct file_settings {
	struct str path;
	bool fsync;
};

struct place {
	char folder[64], path[96], other[112];
};

static int make_place(void **state)
{
	struct place *p = test_calloc(1, sizeof(*p));

	snprintf(p->folder, sizeof(p->folder), "/tmp/sluice-file-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->path, sizeof(p->path), "%s/lines.jsonl", p->folder);
	snprintf(p->other, sizeof(p->other), "%s/lines.1", p->folder);
	*state = p;
	return 0;
}

static int remove_place(void **state)
{
	struct place *p = *state;

	unlink(p->path);
	unlink(p->other);
	rmdir(p->folder);
	test_free(p);
	return 0;
}

static struct sink *open_sink(struct loop *loop, struct place *p, struct err *err)
{
	const struct file_settings settings = { .path = str_c(p->path), .fsync = true };
	const struct sink_site site = { .name = STR("failures"), .loop = loop };

	return file_sink.open(&settings, &site, err);
}

static char *content(const char *path, char *buffer, size_t size)
{
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(buffer, 1, size - 1, f) : 0;

	buffer[n] = '\0';
	if (f)
		fclose(f);
	return buffer;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void send_lines(struct sink *s, const char *const *lines, size_t n, struct made_batch *m)
{
	made_batch_init(m, 1, n);
	for (size_t i = 0; i < n; i++)
		made_message(m, (uint32_t)i, "", "", lines[i]);
	s->ops->send(s, m->batch.effects, n);
}

static void lines_body(struct loop *loop, void *arg)
{
	static const char *const lines[] = { "{\"n\":1}", "{\"n\":\n2}" };
	struct place *p = arg;
	struct made_batch m;
	struct err err = { 0 };
	struct stat st;
	char text[256];
	struct sink *s = open_sink(loop, p, &err);

	CHECK(s);
	send_lines(s, lines, 2, &m);
	CHECK_EQ(made_count(&m, EFFECT_DONE), 2);
	CHECK_STR(str_c(content(p->path, text, sizeof(text))), "{\"n\":1}\n{\"n\": 2}\n");
	CHECK(stat(p->path, &st) == 0);
	CHECK_EQ(st.st_mode & 07137, 0);
	made_batch_release(&m);
	s->ops->close(s);
}

static void test_messages_become_lines(void **state)
{
	run_real(lines_body, *state);
}

static void torn_body(struct loop *loop, void *arg)
{
	static const char *const lines[] = { "{\"n\":1}" };
	struct place *p = arg;
	struct made_batch m;
	struct sink *s = open_sink(loop, p, NULL);

	CHECK(s);
	send_lines(s, lines, 1, &m);
	CHECK_EQ(made_count(&m, EFFECT_DONE), 1);
	made_batch_release(&m);
	s->ops->close(s);
}

static void test_what_is_behind_the_last_newline_is_cut_off(void **state)
{
	static const struct {
		const char *before, *after;
	} cases[] = {
		{ "{\"half", "{\"n\":1}\n" },
		{ "{}\n{\"n\":0}\n{\"half", "{}\n{\"n\":0}\n{\"n\":1}\n" },
		{ "{}\n\n", "{}\n\n{\"n\":1}\n" },
		{ "{}\n", "{}\n{\"n\":1}\n" },
		{ "\n", "\n{\"n\":1}\n" },
		{ "", "{\"n\":1}\n" },
	};
	struct place *p = *state;
	char text[256];

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		put(p->path, cases[i].before);
		run_real(torn_body, p);
		assert_string_equal(content(p->path, text, sizeof(text)), cases[i].after);
	}
}

/* A file of `size` bytes: "{}", a newline, then the begin of a line of ours. */
static void put_tail(const char *path, off_t size)
{
	put(path, "{}\n{\"half");
	assert_int_equal(truncate(path, size), 0);
}

/* What we did not write is not ours to cut. */
static void test_a_foreign_last_line_is_ended_not_cut(void **state)
{
	static const char *const foreign[] = { "no newline in this file", "{\"whole\": true}", "a\nb" };
	struct place *p = *state;
	char text[256];

	for (size_t i = 0; i < COUNT_OF(foreign); i++) {
		put(p->path, foreign[i]);
		run_real(torn_body, p);
		content(p->path, text, sizeof(text));
		assert_true(strncmp(text, foreign[i], strlen(foreign[i])) == 0 && text[strlen(foreign[i])] == '\n');
	}
}

static void test_a_tail_is_cut_only_as_far_as_a_write_reaches(void **state)
{
	static const struct {
		off_t size, after;
	} cases[] = {
		{ 100000, 3 + 8 },
		{ 3 + (8 << 20) - 1, 3 + 8 },
		{ 20 << 20, (20 << 20) + 1 + 8 }, /* no torn write of ours: its line is ended */
	};
	struct place *p = *state;
	struct stat st;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		put_tail(p->path, cases[i].size);
		run_real(torn_body, p);
		assert_int_equal(stat(p->path, &st), 0);
		assert_int_equal(st.st_size, cases[i].after);
	}
}

static void locked_body(struct loop *loop, void *arg)
{
	static const char *const lines[] = { "{\"n\":1}" };
	struct place *p = arg;
	struct made_batch m;
	char text[256];
	struct sink *s = open_sink(loop, p, NULL);
	int other;

	put(p->path, "{\"half");
	other = open(p->path, O_RDWR | O_CLOEXEC);
	CHECK(s && other >= 0 && flock(other, LOCK_EX) == 0);
	send_lines(s, lines, 1, &m);
	CHECK_EQ(made_count(&m, EFFECT_FAILED), 1);
	CHECK_STR(str_c(m.batch.effects[0]->err->code), "file.locked");
	CHECK_EQ(m.batch.effects[0]->err->class, ERR_RETRY);
	CHECK_STR(str_c(content(p->path, text, sizeof(text))), "{\"half");
	close(other);
	CHECK_EQ(made_retry(&m), 1);
	s->ops->send(s, m.batch.effects, 1);
	CHECK_STR(str_c(content(p->path, text, sizeof(text))), "{\"n\":1}\n");
	made_batch_release(&m);
	s->ops->close(s);
}

static void test_what_another_process_is_writing_is_not_cut(void **state)
{
	run_real(locked_body, *state);
}

static void pipe_body(struct loop *loop, void *arg)
{
	static const char *const lines[] = { "{\"n\":1}" };
	struct place *p = arg;
	struct made_batch m;
	char text[64];
	int reader;
	struct sink *s;

	CHECK(mkfifo(p->path, 0600) == 0);
	reader = open(p->path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	s = open_sink(loop, p, NULL);
	CHECK(s && reader >= 0);
	send_lines(s, lines, 1, &m);
	CHECK_EQ(made_count(&m, EFFECT_DONE), 1);
	CHECK_EQ(read(reader, text, sizeof(text)), 8);
	close(reader);
	made_batch_release(&m);
	s->ops->close(s);
}

static void test_a_pipe_gets_lines_too(void **state)
{
	run_real(pipe_body, *state);
}

static void rotated_body(struct loop *loop, void *arg)
{
	static const char *const first[] = { "{\"n\":1}" }, *const second[] = { "{\"n\":2}" };
	struct place *p = arg;
	struct made_batch a, b;
	char text[256];
	struct sink *s = open_sink(loop, p, NULL);

	CHECK(s);
	send_lines(s, first, 1, &a);
	CHECK(rename(p->path, p->other) == 0);
	send_lines(s, second, 1, &b);
	CHECK_STR(str_c(content(p->other, text, sizeof(text))), "{\"n\":1}\n");
	CHECK_STR(str_c(content(p->path, text, sizeof(text))), "{\"n\":2}\n");
	made_batch_release(&a);
	made_batch_release(&b);
	s->ops->close(s);
}

static void test_a_rotated_file_is_opened_anew(void **state)
{
	run_real(rotated_body, *state);
}

static void full_body(struct loop *loop, void *arg)
{
	static const char *const before[] = { "{}" }, *const lines[] = { "{\"n\":12}", "{\"n\":123456789}" };
	struct place *p = arg;
	struct rlimit was, small = { 3 + 9 + 7, RLIM_INFINITY };
	struct made_batch m;
	char text[256];
	struct sink *s = open_sink(loop, p, NULL);

	CHECK(s);
	send_lines(s, before, 1, &m);
	CHECK_EQ(made_count(&m, EFFECT_DONE), 1);
	made_batch_release(&m);
	CHECK(getrlimit(RLIMIT_FSIZE, &was) == 0);
	signal(SIGXFSZ, SIG_IGN);
	small.rlim_max = was.rlim_max;
	CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
	send_lines(s, lines, 2, &m);
	CHECK(setrlimit(RLIMIT_FSIZE, &was) == 0);
	CHECK_EQ(made_count(&m, EFFECT_FAILED), 2);
	CHECK_EQ(m.batch.effects[0]->err->class, ERR_RETRY);
	CHECK_STR(str_c(content(p->path, text, sizeof(text))), "{}\n");
	CHECK_EQ(made_retry(&m), 2);
	s->ops->send(s, m.batch.effects, 2);
	CHECK_EQ(made_count(&m, EFFECT_DONE), 2);
	CHECK_STR(str_c(content(p->path, text, sizeof(text))), "{}\n{\"n\":12}\n{\"n\":123456789}\n");
	made_batch_release(&m);
	s->ops->close(s);
}

static void test_of_a_write_that_a_full_disk_cut_nothing_stays(void **state)
{
	run_real(full_body, *state);
}

struct turns {
	struct sink *s;
	struct made_batch m;
};

static void send_turn(void *arg)
{
	struct turns *t = arg;

	t->s->ops->send(t->s, t->m.batch.effects, t->m.batch.count);
}

static void together_body(struct loop *loop, void *arg)
{
	struct turns turns[4];
	struct place *p = arg;
	struct scope scope;
	char text[256];
	struct sink *s = open_sink(loop, p, NULL);

	CHECK(s);
	scope_init(&scope, loop);
	for (size_t i = 0; i < COUNT_OF(turns); i++) {
		turns[i].s = s;
		made_batch_init(&turns[i].m, 1, 1);
		made_message(&turns[i].m, 0, "", "", "{}");
		scope_spawn(&scope, "turn", send_turn, &turns[i]);
	}
	scope_wait(&scope);
	for (size_t i = 0; i < COUNT_OF(turns); i++) {
		CHECK_EQ(made_count(&turns[i].m, EFFECT_DONE), 1);
		made_batch_release(&turns[i].m);
	}
	CHECK_STR(str_c(content(p->path, text, sizeof(text))), "{}\n{}\n{}\n{}\n");
	s->ops->close(s);
}

static void test_several_senders_take_turns(void **state)
{
	run_real(together_body, *state);
}

static void no_folder_body(struct loop *loop, void *arg)
{
	static const char *const line[] = { "{}" };
	struct place *p = arg, below = { 0 };
	struct made_batch m;
	struct err err = { 0 };
	struct sink *s;

	snprintf(below.path, sizeof(below.path), "%s/x/y.jsonl", p->folder);
	snprintf(below.folder, sizeof(below.folder), "%.60s/x", p->folder);
	s = open_sink(loop, &below, &err);
	CHECK(s);
	CHECK_CLASS(s->ops->probe(s, &err), &err, ERR_RETRY);
	CHECK(str_starts(str_c(err.text), STR("cannot open ")));
	CHECK(strstr(err.text, below.path) && strstr(err.text, "its folder must be there: make it, or change `path`"));
	send_lines(s, line, 1, &m);
	CHECK_EQ(m.batch.effects[0]->err->class, ERR_RETRY);
	CHECK(mkdir(below.folder, 0700) == 0);
	CHECK_OK(s->ops->probe(s, &err), &err);
	made_retry(&m);
	s->ops->send(s, m.batch.effects, 1);
	CHECK_EQ(made_count(&m, EFFECT_DONE), 1);
	made_batch_release(&m);
	s->ops->close(s);
	CHECK(unlink(below.path) == 0 && rmdir(below.folder) == 0);
}

static void test_a_missing_folder_is_named_and_waited_for(void **state)
{
	run_real(no_folder_body, *state);
}

static void forbidden_body(struct loop *loop, void *arg)
{
	struct place *p = arg;
	const uid_t was = geteuid();
	struct err err = { 0 };
	struct sink *s = open_sink(loop, p, NULL);
	bool ok;

	CHECK(s);
	CHECK(chmod(p->folder, 0) == 0);
	CHECK(was != 0 || seteuid(65534) == 0); /* nothing is forbidden to root */
	ok = s->ops->probe(s, &err);
	CHECK(was != 0 || seteuid(was) == 0);
	CHECK(chmod(p->folder, 0700) == 0);
	CHECK_CLASS(ok, &err, ERR_AUTH);
	CHECK(strstr(err.text, "give the user that runs sluice the right to write there"));
	CHECK_OK(s->ops->probe(s, &err), &err);
	s->ops->close(s);
}

static void test_a_folder_that_may_not_be_written_is_named_and_waited_for(void **state)
{
	run_real(forbidden_body, *state);
}

static void gone_body(struct loop *loop, void *arg)
{
	static const char *const line[] = { "{}" };
	struct place *p = arg;
	struct made_batch m;
	struct sink *s = open_sink(loop, p, NULL);

	CHECK(s);
	send_lines(s, line, 1, &m);
	CHECK_EQ(made_count(&m, EFFECT_DONE), 1);
	made_batch_release(&m);
	CHECK(unlink(p->path) == 0 && rmdir(p->folder) == 0);
	send_lines(s, line, 1, &m);
	CHECK_EQ(made_count(&m, EFFECT_FAILED), 1);
	CHECK_EQ(m.batch.effects[0]->err->class, ERR_RETRY);
	CHECK(mkdir(p->folder, 0700) == 0);
	made_retry(&m);
	s->ops->send(s, m.batch.effects, 1);
	CHECK_EQ(made_count(&m, EFFECT_DONE), 1);
	made_batch_release(&m);
	s->ops->close(s);
}

static void test_a_folder_that_went_away_is_waited_for(void **state)
{
	run_real(gone_body, *state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_messages_become_lines, make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_what_is_behind_the_last_newline_is_cut_off, make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_a_foreign_last_line_is_ended_not_cut, make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_a_tail_is_cut_only_as_far_as_a_write_reaches, make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_what_another_process_is_writing_is_not_cut, make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_a_pipe_gets_lines_too, make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_a_rotated_file_is_opened_anew, make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_of_a_write_that_a_full_disk_cut_nothing_stays, make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_several_senders_take_turns, make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_a_missing_folder_is_named_and_waited_for, make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_a_folder_that_may_not_be_written_is_named_and_waited_for, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(test_a_folder_that_went_away_is_waited_for, make_place, remove_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
