/* support/tasks: tests of code that waits.
 *
 * cmocka's asserts leave by longjmp, which must not cross a task's stack. A
 * task body uses CHECK…(), which records file, line and values of the first
 * failure, shows it, and returns from the function it stands in; run_…() then
 * fails the test on the main stack, at the file and line of that CHECK.
 *
 *   static void body(struct loop *loop, void *arg) { CHECK(task_sleep_ms(loop, 10, NULL)); }
 *   static void test_sleeps(void **state) { (void)state; run_both(body, NULL); }
 *
 * CHECK…() is for functions that return void; CHECK_OR(value, …) for others.
 */
#ifndef SLUICE_SUPPORT_TASKS_H
#define SLUICE_SUPPORT_TASKS_H

#include "sluice/core/loop.h"

typedef void test_body(struct loop *loop, void *arg);

/* body as the first task of a loop in the real, a simulated (by seed), or first
 * the one and then the other env; fails the test when a CHECK did or when
 * anything is left over (tasks, watches). */
void run_real(test_body *body, void *arg);
void run_simulated(uint64_t seed, test_body *body, void *arg);
void run_both(test_body *body, void *arg);

/* The same in an env (borrowed) that the test has prepared. */
void run_in(struct env *env, test_body *body, void *arg);

/* loop_run() in a loop of the test's own, and the verdict. */
void run_tasks(struct loop *loop, task_fn *fn, void *arg);

/* Called in a task: lets all others run until they wait for something. */
void settle(struct loop *loop);

/* Any thread. True when cond holds. */
bool check_true(bool cond, const char *text, const char *file, int line);
bool check_eq(int64_t got, int64_t want, const char *text, const char *file, int line);
bool check_str(struct str got, struct str want, const char *text, const char *file, int line);
bool check_class(bool ok, const struct err *err, enum err_class want, const char *file, int line);

#define CHECK_OR(value, cond)                                                                    \
	do {                                                                                     \
		if (!check_true((cond), #cond, __FILE__, __LINE__))                              \
			return value;                                                            \
	} while (0)
#define CHECK(cond) CHECK_OR(, cond)
#define CHECK_EQ(got, want)                                                                      \
	do {                                                                                     \
		if (!check_eq((int64_t)(got), (int64_t)(want), #got, __FILE__, __LINE__))        \
			return;                                                                  \
	} while (0)

/* got: a struct str; want: a C string. */
#define CHECK_STR(got, want)                                                                     \
	do {                                                                                     \
		if (!check_str((got), str_c(want), #got, __FILE__, __LINE__))                    \
			return;                                                                  \
	} while (0)

/* A call that must succeed, else the err's text is shown; one that must fail. */
#define CHECK_OK(call, err) CHECK_CLASS(call, err, ERR_NONE)
#define CHECK_CLASS(call, err, class)                                                            \
	do {                                                                                     \
		if (!check_class((call), (err), (class), __FILE__, __LINE__))                    \
			return;                                                                  \
	} while (0)

#endif
