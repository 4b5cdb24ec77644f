/* The connection over what a client may give: pipes, sockets, files, nothing. */
#include "support/tasks.h"
#include "support/test.h"

#include "sluice/core/mem.h"
#include "sluice/mcp/stdio.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MUCH = 1 << 20 };

struct ends {
	int in[2], out[2];   /* ours are in[1] and out[0] */
};

static bool open_pipes(struct ends *e)
{
	return pipe(e->in) == 0 && pipe(e->out) == 0;
}

static bool open_sockets(struct ends *e)
{
	int one[2], other[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, one) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, other) != 0)
		return false;
	*e = (struct ends){ { one[0], one[1] }, { other[0], other[1] } };
	return true;
}

static void close_ends(struct ends *e)
{
	close(e->in[0]);
	close(e->in[1]);
	close(e->out[0]);
	close(e->out[1]);
}

struct writer {
	struct mcp_stdio *s;
	char *bytes;
	bool ok;
	struct err err;
};

static void write_much(void *arg)
{
	struct writer *w = arg;

	w->ok = w->s->transport.write(&w->s->transport, str_of(w->bytes, MUCH), &w->err);
}

/* The far side reads slowly: nothing is lost, and other tasks run meanwhile. */
static void much_is_written(struct loop *loop, void *arg)
{
	bool (*open)(struct ends *e) = *(bool (**)(struct ends *))arg;
	struct mcp_stdio s;
	struct writer w = { .s = &s, .bytes = mem_alloc(MUCH) };
	struct scope scope;
	struct ends e;
	size_t got = 0;

	CHECK(open(&e));
	for (size_t i = 0; i < MUCH; i++)
		w.bytes[i] = (char)(i * 31);
	mcp_stdio_init(&s, loop, e.in[0], e.out[1]);
	scope_init(&scope, loop);
	scope_spawn(&scope, "test.write", write_much, &w);
	while (got < MUCH) {
		char chunk[5000];
		ssize_t n;

		CHECK(task_wait_fd(loop, e.out[0], 1 /* EPOLLIN */, -1, NULL, NULL));
		n = read(e.out[0], chunk, sizeof(chunk));
		CHECK(n > 0 && memcmp(chunk, w.bytes + got, (size_t)n) == 0);
		got += (size_t)n;
	}
	scope_wait(&scope);
	CHECK(w.ok);
	CHECK((fcntl(e.out[1], F_GETFL) & O_NONBLOCK) == 0);
	close_ends(&e);
	mem_free(w.bytes);
}

static void test_much_is_written(void **state)
{
	bool (*pipes)(struct ends *) = open_pipes, (*sockets)(struct ends *) = open_sockets;

	(void)state;
	run_real(much_is_written, &pipes);
	run_real(much_is_written, &sockets);
}

static void what_is_there_is_read_until_the_end(struct loop *loop, void *arg)
{
	bool (*open)(struct ends *e) = *(bool (**)(struct ends *))arg;
	struct mcp_stdio s;
	struct err err = { 0 };
	struct ends e;
	char chunk[16];
	size_t got;

	CHECK(open(&e));
	mcp_stdio_init(&s, loop, e.in[0], e.out[1]);
	CHECK(write(e.in[1], "hello", 5) == 5);
	CHECK_OK(s.transport.read(&s.transport, chunk, sizeof(chunk), &got, &err), &err);
	CHECK_STR(str_of(chunk, got), "hello");
	close(e.in[1]);
	CHECK_OK(s.transport.read(&s.transport, chunk, sizeof(chunk), &got, &err), &err);
	CHECK_EQ(got, 0);
	close(e.out[0]);
	CHECK_CLASS(s.transport.write(&s.transport, STR("x"), &err), &err, ERR_FATAL);
	close(e.in[0]);
	close(e.out[1]);
}

static void test_what_is_there_is_read_until_the_end(void **state)
{
	bool (*pipes)(struct ends *) = open_pipes, (*sockets)(struct ends *) = open_sockets;

	(void)state;
	run_real(what_is_there_is_read_until_the_end, &pipes);
	run_real(what_is_there_is_read_until_the_end, &sockets);
}

static void plain_files_and_nothing_at_all(struct loop *loop, void *arg)
{
	char name[] = "/tmp/sluice-stdio-XXXXXX", chunk[16];
	int file = mkstemp(name), null = open("/dev/null", O_RDWR);
	struct err err = { 0 };
	struct mcp_stdio s;
	size_t got;

	(void)arg;
	CHECK(file >= 0 && null >= 0 && unlink(name) == 0);
	mcp_stdio_init(&s, loop, file, file);
	CHECK_OK(s.transport.write(&s.transport, STR("text"), &err), &err);
	CHECK(lseek(file, 0, SEEK_SET) == 0);
	CHECK_OK(s.transport.read(&s.transport, chunk, sizeof(chunk), &got, &err), &err);
	CHECK_STR(str_of(chunk, got), "text");
	CHECK_OK(s.transport.read(&s.transport, chunk, sizeof(chunk), &got, &err), &err);
	CHECK_EQ(got, 0);
	mcp_stdio_init(&s, loop, null, null);
	CHECK_OK(s.transport.write(&s.transport, STR("text"), &err), &err);
	CHECK_OK(s.transport.read(&s.transport, chunk, sizeof(chunk), &got, &err), &err);
	CHECK_EQ(got, 0);
	CHECK_EQ(err.class, ERR_NONE);
	close(file);
	close(null);
	mcp_stdio_init(&s, loop, file, file); /* closed now */
	CHECK_OK(s.transport.read(&s.transport, chunk, sizeof(chunk), &got, &err), &err);
	CHECK_EQ(got, 0);
	CHECK_CLASS(s.transport.write(&s.transport, STR("text"), &err), &err, ERR_FATAL);
}

static void test_plain_files_and_nothing_at_all(void **state)
{
	(void)state;
	run_real(plain_files_and_nothing_at_all, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_much_is_written),
		cmocka_unit_test(test_what_is_there_is_read_until_the_end),
		cmocka_unit_test(test_plain_files_and_nothing_at_all),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
