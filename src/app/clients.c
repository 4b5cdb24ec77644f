#include "sluice/app/clients.h"

#include "sluice/aws/credentials.h"
#include "sluice/core/mem.h"

enum { STATE_CONNECTIONS = 16 };

static struct http_client *open_client(struct loop *loop, struct http_client_settings *set, struct str ca_file,
				       struct err *err)
{
	char *file = ca_file.len ? mem_dup(ca_file.ptr, ca_file.len) : NULL;
	struct http_client *client;

	set->ca_file = file;
	set->getenv = process_env_real.get;
	set->getenv_ctx = process_env_real.ctx;
	client = http_client_new(loop, set, err);
	mem_free(file);
	return client;
}

struct http_client *clients_new(const struct settings *s, struct loop *loop, struct str ca_file, struct err *err)
{
	struct http_client_settings set = {
		.max_connections = (size_t)s->limits.connections, .max_per_host = (size_t)s->limits.connections_per_host,
	};

	if (!set.max_per_host)
		set.max_per_host = (set.max_connections + 1) / 2;
	return open_client(loop, &set, ca_file, err);
}

struct http_client *clients_new_state(struct loop *loop, struct str ca_file, struct err *err)
{
	struct http_client_settings set = { .max_connections = STATE_CONNECTIONS };

	return open_client(loop, &set, ca_file, err);
}
