#include "support/stores.h"

#include "sim/env.h"
#include "sluice/aws/credentials.h"
#include "support/tasks.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool get_credentials(struct credentials_provider *p, struct credentials *out, struct err *err)
{
	(void)p;
	(void)err;
	return buf_puts(&out->access_key_id, "AKIDEXAMPLE") && buf_puts(&out->secret_access_key, "secret");
}

static bool make_table(struct store *s)
{
	struct aws_settings set = { .loop = s->loop, .credentials = &s->credentials, .region = STR("us-east-1") };
	struct err err;

	s->credentials.get = get_credentials;
	s->far = sim_dynamodb_new(s->loop, NULL);
	s->far->latency_ms = 20;
	set.transport = &s->far->transport;
	s->client = aws_client_new(AWS_DYNAMODB, &set, &err);
	return s->client != NULL;
}

static bool make_file(struct store *s)
{
	snprintf(s->folder, sizeof(s->folder), "/tmp/sluice-store-XXXXXX");
	if (!mkdtemp(s->folder))
		return false;
	snprintf(s->path, sizeof(s->path), "%s/state.db", s->folder);
	return true;
}

static const struct store_kind {
	const char *name;
	bool real;                       /* also on helper threads */
	bool (*make)(struct store *s);
} kinds[] = {
	{ .name = "table", .make = make_table },
	{ .name = "file", .make = make_file, .real = true },
};

static struct state *new_state(struct store *s, struct str app)
{
	return s->far ? state_table_new(s->client, s->loop, app, STR("state")) :
			state_file_new(s->loop, app, str_c(s->path));
}

void store_reopen(struct store *s, struct str app)
{
	state_free(s->state);
	s->state = new_state(s, app);
}

/* False when something is left beside the file. */
static bool drop(struct store *s)
{
	if (s->far) {
		aws_client_free(s->client);
		sim_dynamodb_free(s->far);
		return true;
	}
	return unlink(s->path) == 0 && rmdir(s->folder) == 0;
}

struct run {
	const struct store_kind *kind;
	void (*body)(struct store *s);
};

static void run_store(struct loop *loop, void *arg)
{
	const struct run *run = arg;
	struct store s = { .name = run->kind->name, .loop = loop };
	struct err err = { 0 };

	CHECK(run->kind->make(&s));
	s.state = new_state(&s, STR("app"));
	CHECK_OK(state_open(s.state, &err), &err);
	run->body(&s);
	state_free(s.state);
	CHECK(drop(&s));
}

void with_each_store(void (*body)(struct store *s), uint64_t seeds)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct run run = { &kinds[i], body };

		for (uint64_t seed = 1; seed <= seeds; seed++)
			run_simulated(seed, run_store, &run);
		if (kinds[i].real)
			run_real(run_store, &run);
	}
}
