/* AWS's configuration from any environment ("NAME=value" lines) and, behind the first
 * zero byte, any config file; then every service's endpoint by it. What is taken
 * keeps its promises, what is refused is FATAL with a word about it.
 */
#include "sluice/aws/config.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_VARIABLES = 16, MAX_LINE_BYTES = 4096 };

struct input {
	char variables[MOST_VARIABLES][MAX_LINE_BYTES];
	size_t n;
	struct str file;
};

static void require(bool held)
{
	if (!held)
		abort();
}

static const char *get(void *ctx, const char *name)
{
	struct input *in = ctx;
	size_t len = strlen(name);

	if (strcmp(name, "AWS_CONFIG_FILE") == 0)
		return "/config";
	for (size_t i = 0; i < in->n; i++)
		if (strncmp(in->variables[i], name, len) == 0 && in->variables[i][len] == '=')
			return in->variables[i] + len + 1;
	return NULL;
}

static bool read_file(void *ctx, const char *path, struct buf *out, struct err *err)
{
	struct input *in = ctx;

	if (strcmp(path, "/config") == 0)
		return buf_put(out, in->file) || err_set(err, ERR_AUTH, "file.size", "%s is too large", path);
	return err_set(err, ERR_AUTH, "file.absent", "no %s", path);
}

static void split(struct input *in, struct str all)
{
	size_t zero = str_find_char(all, '\0');
	struct str lines = str_sub(all, 0, zero);

	in->file = str_from(all, zero == SIZE_MAX ? all.len : zero + 1);
	while (lines.ptr && in->n < MOST_VARIABLES) {
		struct str line = str_sub(str_split(&lines, '\n'), 0, MAX_LINE_BYTES - 1);

		if (line.len)
			memcpy(in->variables[in->n], line.ptr, line.len);
		in->variables[in->n++][line.len] = '\0';
	}
}

static bool is_refusal(const struct err *err)
{
	return err->class == ERR_FATAL && err->code[0] && err->text[0];
}

static void check_config(const struct aws_config *c)
{
	require(!c->region.len || (aws_region_valid(c->region) && c->region_from));
	require(c->profile.len && c->imds.attempts >= 1 && c->imds.timeout_ms >= 1000);
	for (int i = 0; i < AWS_SERVICES; i++)
		require((c->endpoint_urls[i].len != 0) == (c->endpoint_urls_from[i] != NULL) &&
			!(c->endpoint_urls[i].len && c->ignore_endpoint_urls));
}

/* What a request is sent to: no byte in it may end a line or a header. */
static void check_endpoint(const struct aws_endpoint *e)
{
	require(str_starts(buf_str(&e->url), STR("http://")) || str_starts(buf_str(&e->url), STR("https://")));
	require(e->host.len && str_ends(buf_str(&e->url), STR("/")) && str_find_char(buf_str(&e->host), '@') == SIZE_MAX);
	for (size_t i = 0; i < e->url.len; i++)
		require((unsigned char)e->url.ptr[i] > ' ' && e->url.ptr[i] != 0x7f && !strchr("?#", e->url.ptr[i]));
}

static void resolve_all(const struct aws_config *c, struct str account)
{
	for (int i = 0; i < AWS_SERVICES; i++) {
		const struct aws_endpoint_params p = {
			.region = c->region, .use_fips = c->use_fips, .use_dual_stack = c->use_dual_stack,
			.custom = c->endpoint_urls[i], .account_id_mode = c->account_id_mode, .account_id = account,
			.resource_arn = account, .sts_global = c->sts_global,
		};
		struct aws_endpoint e;
		struct err err = { 0 };

		aws_endpoint_init(&e);
		if (aws_endpoint_resolve(&e, (enum aws_service)i, &p, &err))
			check_endpoint(&e);
		else
			require(is_refusal(&err));
		aws_endpoint_release(&e);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input *in = calloc(1, sizeof(*in));
	const struct process_env env = { .get = get, .read_file = read_file, .ctx = in };
	const struct aws_choices choices = { 0 };
	struct err err = { 0 };
	struct aws_config c;

	require(in != NULL);
	split(in, str_of((const char *)data, size));
	if (aws_config_load(&c, &env, &choices, &err)) {
		check_config(&c);
		resolve_all(&c, str_c(get(in, "ACCOUNT")));
	} else {
		require(is_refusal(&err));
	}
	aws_config_release(&c);
	free(in);
	return 0;
}
