/* What a client may send, over a connection in memory: the first byte says which version it has
 * agreed on and in what pieces the rest comes. Every line that is answered is a JSON-RPC message. */
#include "sim/env.h"
#include "support/mcp_peer.h"

#include "sluice/core/loop.h"
#include "sluice/core/scan.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool condition)
{
	if (!condition)
		abort();
}

struct input {
	struct loop *loop;
	const uint8_t *data;
	size_t size;
};

static void check_message(struct str line)
{
	struct str version;

	expect(scan_check(line, NULL));
	expect(line.ptr[0] == '[' || (scan_member(line, STR("jsonrpc"), &version) && str_eq(version, STR("\"2.0\""))));
}

static void serve(void *arg)
{
	static const char *const versions[] = { NULL, "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25" };
	const struct input *in = arg;
	uint8_t first = in->size ? in->data[0] : 0;
	struct mcp_peer p;
	struct str line;

	peer_init(&p, in->loop);
	p.chunk = first / 5;
	p.setup.page = 3;
	peer_open(&p);
	if (versions[first % 5])
		peer_initialize(&p, versions[first % 5], "{\"sampling\":{},\"elicitation\":{},\"roots\":{}}");
	if (in->size)
		peer_send_bytes(&p, str_of((const char *)in->data + 1, in->size - 1));
	p.ended = true;
	event_set(&p.more);
	while ((line = peer_next(&p)).ptr)
		check_message(line);
	expect(p.done && p.ok);
	peer_close(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct env *env = sim_env_new(1);
	struct input in = { loop_new(env, NULL), data, size };

	loop_run(in.loop, serve, &in);
	loop_free(in.loop);
	env_free(env);
	return 0;
}
