#include "support/aws_sink.h"

#include "sluice/core/mem.h"
#include "sluice/core/node.h"

static bool keys_get(struct credentials_provider *base, struct credentials *out, struct err *err)
{
	(void)base;
	return credentials_set(out, STR("AKID1"), STR("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), STR(""), err);
}

static void keys_forget(struct credentials_provider *base)
{
	(void)base;
}

static struct credentials_provider keys = { .get = keys_get, .forget = keys_forget };

bool aws_sink_init(struct aws_sink *f, struct loop *loop, struct transport *transport, const char *kind,
		   const char *json, size_t records)
{
	const struct sink_ops *ops = sink_kind(str_c(kind));
	struct problems problems;

	memset(f, 0, sizeof(*f));
	f->loop = loop;
	arena_init(&f->arena, 1 << 20);
	problems_init(&problems, &f->arena);
	if (!option_read(ops->options, node_from_json(&f->arena, str_c(json), NULL, NULL), &f->settings, NULL,
			 &problems))
		return false;
	f->aws = (struct aws_settings){ .loop = loop, .transport = transport, .credentials = &keys,
					.region = STR("eu-west-1"), .endpoint_url = STR("http://aws.test") };

	const struct sink_site site = { .name = STR("out"), .loop = loop, .transport = transport, .aws = &f->aws };

	f->sink = ops->open(&f->settings, &site, NULL);
	made_batch_init(&f->batch, 1000, records);
	for (size_t i = 0; i < records; i++) {
		f->batch.records[i].event_id = arena_putf(&f->arena, "event-%zu", i);
		f->batch.records[i].created_s = 1767225600;
	}
	return f->sink != NULL;
}

void aws_sink_release(struct aws_sink *f)
{
	f->sink->ops->close(f->sink);
	made_batch_release(&f->batch);
	arena_release(&f->arena);
}

struct effect *aws_sink_add(struct aws_sink *f, const char *address, const char *key, const char *body)
{
	return made_message(&f->batch, (uint32_t)f->batch.batch.count, address, key, body);
}

void aws_sink_send(struct aws_sink *f)
{
	struct effect **pending = mem_array(f->batch.batch.count, sizeof(struct effect *));
	size_t n = 0;

	for (size_t i = 0; i < f->batch.batch.count; i++)
		if (f->batch.batch.effects[i]->state == EFFECT_PENDING)
			pending[n++] = f->batch.batch.effects[i];
	f->sink->ops->send(f->sink, pending, n);
	mem_free(pending);
}

struct effect *aws_sink_effect(const struct aws_sink *f, size_t nth)
{
	return f->batch.batch.effects[nth];
}

enum err_class aws_sink_class(const struct aws_sink *f, size_t nth)
{
	const struct effect *e = aws_sink_effect(f, nth);

	return e->state == EFFECT_FAILED ? e->err->class : ERR_NONE;
}
