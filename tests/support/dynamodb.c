#include "support/dynamodb.h"

#include "sluice/aws/credentials.h"
#include "sluice/core/mem.h"
#include "sluice/sinks/kinds.h"

#include <stdio.h>

static bool get_static(struct credentials_provider *p, struct credentials *out, struct err *err)
{
	(void)p;
	return credentials_set(out, STR("AKIDEXAMPLE"), STR("secret"), STR(""), err);
}

static void free_static(struct credentials_provider *p)
{
	mem_free(p);
}

static enum sim_fault draw(void *ctx, const char *operation)
{
	struct made_dynamodb *m = ctx;
	struct rng *rng = &loop_env(m->sim->loop)->rng;
	size_t n = 0;

	(void)operation;
	while (m->faults && m->faults[n] != SIM_NO_FAULT)
		n++;
	if (n == 0 || rng_unit(rng) >= m->p_fault)
		return SIM_NO_FAULT;
	return m->faults[rng_below(rng, n)];
}

bool made_dynamodb_init(struct made_dynamodb *m, struct loop *loop)
{
	struct aws_settings settings = { .loop = loop,
					 .region = STR("us-east-1"),
					 .endpoint_url = STR("http://dynamodb.test") };
	struct sink_site site = { .app = STR("test"), .name = STR("dynamo"), .loop = loop };
	struct err err = { 0 };

	*m = (struct made_dynamodb){ .sim = sim_dynamodb_new(loop, NULL) };
	m->sim->fault = draw;
	m->sim->fault_ctx = m;
	m->sim->latency_ms = 20;
	m->credentials = mem_alloc(sizeof(*m->credentials));
	*m->credentials = (struct credentials_provider){ .get = get_static, .free = free_static, .name = "static" };
	settings.transport = &m->sim->transport;
	settings.credentials = m->credentials;
	m->client = aws_client_new(AWS_DYNAMODB, &settings, &err);
	site.dynamodb = m->client;
	m->sink = m->client ? dynamodb_sink.open(NULL, &site, &err) : NULL;
	if (!m->sink)
		fprintf(stderr, "made_dynamodb: %s\n", err.text);
	return m->sink != NULL;
}

void made_dynamodb_release(struct made_dynamodb *m)
{
	if (m->sink)
		m->sink->ops->close(m->sink);
	aws_client_free(m->client);
	credentials_provider_free(m->credentials);
	sim_dynamodb_free(m->sim);
}

void made_dynamodb_faults(struct made_dynamodb *m, double p, const enum sim_fault *faults)
{
	m->p_fault = p;
	m->faults = faults;
}

void made_dynamodb_send(struct made_dynamodb *m, struct made_batch *batch)
{
	struct effect **pending = mem_array(batch->batch.count, sizeof(struct effect *));
	size_t n = 0;

	for (size_t i = 0; i < batch->batch.count; i++)
		if (batch->batch.effects[i]->state == EFFECT_PENDING)
			pending[n++] = batch->batch.effects[i];
	m->sink->ops->send(m->sink, pending, n);
	mem_free(pending);
}

bool made_dynamodb_deliver(struct made_dynamodb *m, struct made_batch *batch, int most)
{
	for (int round = 0; round < most; round++) {
		made_dynamodb_send(m, batch);
		if (batch->batch.pending > 0)
			return false;
		for (size_t i = 0; i < batch->batch.count; i++) {
			struct effect *e = batch->batch.effects[i];

			if (e->state == EFFECT_FAILED && err_can_wait(e->err))
				effect_retry(e);
		}
		if (batch->batch.pending == 0)
			return true;
		if (!task_sleep_ms(m->sim->loop, 100, NULL))
			return false;
	}
	return false;
}

struct str made_dynamodb_text(struct made_dynamodb *m, const char *table, const char *key, const char *attribute)
{
	const struct sim_item *item = sim_table_get(sim_table_named(m->sim, str_c(table)), key);

	return item ? sim_item_get(item, str_c(attribute)).raw : STR("");
}
