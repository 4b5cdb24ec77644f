/* aws_call ENDPOINT dynamodb|streams OPERATION <BODY: one call as the program makes
 * it, with credentials and region of the environment, for judges outside: the
 * answer, an error's too, goes to stdout; an error's class, code and text to stderr. JUDGE_CA_FILE
 * names the certificates to trust.
 */
#include "sluice/aws/client.h"
#include "sluice/core/loop.h"
#include "sluice/http/client.h"

#include <stdio.h>
#include <stdlib.h>

struct job {
	struct loop *loop;
	char **argv;
	struct buf body, answer;
	struct aws_config config;
	struct err err;
	bool ok;
};

static void read_body(struct buf *body)
{
	char chunk[4096];
	size_t n;

	while ((n = fread(chunk, 1, sizeof(chunk), stdin)) > 0)
		buf_put(body, str_of(chunk, n));
}

static bool call(struct job *j, struct http_client *http, struct credentials_provider *keys)
{
	const struct aws_settings settings = {
		.loop = j->loop, .transport = http_client_transport(http), .credentials = keys,
		.config = &j->config, .endpoint_url = str_c(j->argv[1]), .max_attempts = 1,
	};
	const struct aws_request request = { .operation = j->argv[3], .body = buf_str(&j->body) };
	enum aws_service service = strcmp(j->argv[2], "streams") == 0 ? AWS_DYNAMODB_STREAMS : AWS_DYNAMODB;
	struct aws_client *client = aws_client_new(service, &settings, &j->err);
	bool ok = client && aws_call(client, &request, &j->answer, &j->err);

	aws_client_free(client);
	return ok;
}

static void run(void *arg)
{
	struct job *j = arg;
	const struct credentials_site site = { .env = &process_env_real, .loop = j->loop, .config = &j->config };
	const struct aws_choices choices = { 0 };
	bool loaded = aws_config_load(&j->config, &process_env_real, &choices, &j->err);
	struct credentials_provider *keys = credentials_default_chain_new(&site);
	const struct http_client_settings settings = { .ca_file = getenv("JUDGE_CA_FILE") };
	struct http_client *http = loaded ? http_client_new(j->loop, &settings, &j->err) : NULL;

	j->ok = http && call(j, http, keys);
	http_client_free(http);
	credentials_provider_free(keys);
	aws_config_release(&j->config);
}

int main(int argc, char **argv)
{
	struct job j = { .argv = argv };
	struct env *env = env_real(NULL, &j.err);

	if (argc != 4 || !env || !http_global_init(&j.err)) {
		fprintf(stderr, "usage: aws_call ENDPOINT dynamodb|streams OPERATION <BODY\n%s\n", j.err.text);
		return 2;
	}
	buf_init(&j.body, 1 << 24);
	buf_init(&j.answer, 1 << 24);
	read_body(&j.body);
	j.loop = loop_new(env, &j.err);
	loop_run(j.loop, run, &j);
	if (j.answer.len)
		fwrite(j.answer.ptr, 1, j.answer.len, stdout);
	if (!j.ok)
		fprintf(stderr, "%s %s\n%s\n", err_class_name(j.err.class), j.err.code, j.err.text);
	loop_free(j.loop);
	env_free(env);
	buf_release(&j.body);
	buf_release(&j.answer);
	http_global_cleanup();
	return j.ok ? 0 : 1;
}
