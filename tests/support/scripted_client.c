#include "support/scripted_client.h"

static bool keys_get(struct credentials_provider *base, struct credentials *out, struct err *err)
{
	struct scripted_keys *k = (struct scripted_keys *)base;

	if (k->absent)
		return err_set(err, ERR_AUTH, "credentials.absent", "no AWS credentials found (environment: none)");
	if (!credentials_set(out, str_c(k->id), str_c(k->secret ? k->secret : SCRIPTED_SECRET), STR(SCRIPTED_TOKEN), err))
		return false;
	buf_puts(&out->source, "test");
	return true;
}

static void keys_forget(struct credentials_provider *base)
{
	struct scripted_keys *k = (struct scripted_keys *)base;

	k->forgotten++;
	if (k->after_forget)
		k->id = k->after_forget;
}

void scripted_client_init(struct scripted_client *f, struct loop *loop, enum aws_service service,
			  const struct aws_config *config, const struct script_step *steps, size_t n)
{
	*f = (struct scripted_client){ .loop = loop, .keys = { { .get = keys_get, .forget = keys_forget }, .id = "AKID1" } };
	transport_script_init(&f->script, loop, steps, n);
	buf_init(&f->answer, 1 << 20);

	const struct aws_settings settings = {
		.loop = loop, .transport = &f->script.transport, .credentials = &f->keys.base, .region = STR("eu-west-1"),
		.endpoint_url = STR("http://127.0.0.1:8000"), .config = config,
	};

	f->client = aws_client_new(service, &settings, NULL);
}

void scripted_client_release(struct scripted_client *f)
{
	aws_client_free(f->client);
	transport_script_release(&f->script);
	buf_release(&f->answer);
}

bool scripted_client_call(struct scripted_client *f, struct aws_request how)
{
	how.operation = "GetRecords";
	how.body = STR("{\"a\":\"\xc3\xa9\"}");
	return aws_call(f->client, &how, &f->answer, &f->err);
}
