#include "support/tasks.h"

#include "sim/env.h"
#include "support/test.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

/* The one piece of state in the tests: a CHECK may stand in any depth, in any
 * thread, and has nobody to hand its verdict to. */
static struct {
	pthread_mutex_t lock;
	size_t failures;
	char text[512];  /* of the first */
	const char *file;
	int line;
} verdict = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool record(const char *file, int line, const char *text)
{
	pthread_mutex_lock(&verdict.lock);
	fprintf(stderr, "%s:%d: %s\n", file, line, text);
	if (verdict.failures++ == 0) {
		snprintf(verdict.text, sizeof(verdict.text), "%s", text);
		verdict.file = file;
		verdict.line = line;
	}
	pthread_mutex_unlock(&verdict.lock);
	return false;
}

bool check_true(bool cond, const char *text, const char *file, int line)
{
	char said[400];

	if (cond)
		return true;
	snprintf(said, sizeof(said), "not so: %s", text);
	return record(file, line, said);
}

bool check_eq(int64_t got, int64_t want, const char *text, const char *file, int line)
{
	char said[400];

	if (got == want)
		return true;
	snprintf(said, sizeof(said), "%s is %" PRId64 ", expected %" PRId64, text, got, want);
	return record(file, line, said);
}

bool check_str(struct str got, struct str want, const char *text, const char *file, int line)
{
	char said[400];

	if (str_eq(got, want))
		return true;
	snprintf(said, sizeof(said), "%s is \"%.*s\", expected \"%.*s\"", text, STR_ARG(got), STR_ARG(want));
	return record(file, line, said);
}

bool check_class(bool ok, const struct err *err, enum err_class want, const char *file, int line)
{
	char said[400];

	if (ok ? want == ERR_NONE : err->class == want)
		return true;
	if (ok)
		snprintf(said, sizeof(said), "it succeeded, expected %s", err_class_name(want));
	else
		snprintf(said, sizeof(said), "failed with %s (%s: %.300s), expected %s", err_class_name(err->class), err->code,
			 err->text, want == ERR_NONE ? "success" : err_class_name(want));
	return record(file, line, said);
}

void run_tasks(struct loop *loop, task_fn *fn, void *arg)
{
	verdict.failures = 0;
	loop_run(loop, fn, arg);
	if (verdict.failures) {
		print_error("%s (%zu failed checks)\n", verdict.text, verdict.failures);
		_fail(verdict.file, verdict.line);
	}
	assert_int_equal(loop_stats(loop).tasks, 0);
}

void settle(struct loop *loop)
{
	if (loop_env(loop)->simulated) {
		task_sleep_ms(loop, 1, NULL); /* time moves only when nothing else can */
		return;
	}
	for (int i = 0; i < 100; i++)
		task_yield(loop, NULL);
}

struct run {
	struct loop *loop;
	test_body *body;
	void *arg;
};

static void run_body(void *arg)
{
	struct run *run = arg;

	run->body(run->loop, run->arg);
}

void run_in(struct env *env, test_body *body, void *arg)
{
	struct err err = { 0 };
	struct run run = { .loop = loop_new(env, &err), .body = body, .arg = arg };

	assert_non_null(run.loop);
	run_tasks(run.loop, run_body, &run);
	loop_free(run.loop);
}

void run_real(test_body *body, void *arg)
{
	struct err err = { 0 };
	struct env *env = env_real(NULL, &err);

	assert_non_null(env);
	run_in(env, body, arg);
	env_free(env);
}

void run_simulated(uint64_t seed, test_body *body, void *arg)
{
	struct env *env = sim_env_new(seed);

	run_in(env, body, arg);
	env_free(env);
}

void run_both(test_body *body, void *arg)
{
	run_real(body, arg);
	run_simulated(1, body, arg);
}
