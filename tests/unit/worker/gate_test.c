/* The last place before a request leaves. */
#include "sim/dynamodb.h"
#include "sim/env.h"
#include "support/tasks.h"
#include "support/test.h"

#include "sluice/worker/gate.h"

enum { FAILOVER_MS = 10000 };

/* What lies beyond: asks once more when the request's turn has come. */
struct beyond {
	struct transport transport;
	struct loop *loop;
	int64_t line_ms;          /* so long a request waits for a connection */
	size_t sent;
};

static bool beyond_send(struct transport *t, const struct http_request *r, struct http_response *response, struct err *err)
{
	struct beyond *b = (struct beyond *)t;

	(void)response;
	if (!task_sleep_ms(b->loop, b->line_ms, err) || (r->may_leave && !r->may_leave(r->may_leave_ctx, err)))
		return false;
	b->sent++;
	return true;
}

static bool send(struct send_gate *g, struct err *err)
{
	struct http_request request = { .method = "POST", .url = STR("http://x/") };
	struct http_response response;
	bool ok;

	http_response_init(&response);
	ok = transport_send(&g->transport, &request, &response, err);
	http_response_release(&response);
	return ok;
}

static void nothing_passes_after_the_deadline(struct loop *loop, void *arg)
{
	struct heartbeat h = { .loop = loop, .failover_ms = FAILOVER_MS };
	struct beyond b = { .transport.send = beyond_send, .loop = loop };
	struct send_gate g;
	struct err err;

	(void)arg;
	gate_init(&g, &b.transport, &h);
	CHECK_OK(send(&g, &err), &err); /* before the first heartbeat nothing can be another's */
	h.begun = h.confirmed = true;
	h.confirmed_sent_ms = env_mono_ms(loop_env(loop));
	CHECK_OK(send(&g, &err), &err);
	b.line_ms = FAILOVER_MS;
	CHECK_CLASS(send(&g, &err), &err, ERR_RETRY); /* the deadline passed in the line */
	CHECK(err_is(&err, "lease.deadline"));
	b.line_ms = 0;
	CHECK_CLASS(send(&g, &err), &err, ERR_RETRY);
	h.lapsed = true;
	h.confirmed_sent_ms = env_mono_ms(loop_env(loop)); /* confirmed again, but it has not let go */
	CHECK_CLASS(send(&g, &err), &err, ERR_RETRY);
	CHECK_EQ(b.sent, 2);
	h.lapsed = false;
	CHECK_OK(send(&g, &err), &err);
	h.begun = h.confirmed = true;
	sim_env_advance_ms(loop_env(loop), FAILOVER_MS * 9 / 10); /* the machine slept */
	CHECK_CLASS(send(&g, &err), &err, ERR_RETRY);
	CHECK_EQ(b.sent, 3);
}

static void test_t36_nothing_passes_the_gate_after_the_deadline(void **state)
{
	(void)state;
	run_simulated(1, nothing_passes_after_the_deadline, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_t36_nothing_passes_the_gate_after_the_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
