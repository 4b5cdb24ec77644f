#include "sluice/app/aws_site.h"

#include "sluice/core/loop.h"

enum { CREDENTIAL_CONNECTIONS = 4 };

struct http_client *aws_site_http(const struct aws_site *s, struct loop *loop, size_t connections, struct err *err)
{
	const struct http_client_settings set = {
		.max_connections = connections,
		.ca_file = s->config.ca_bundle.len ? s->config.ca_bundle.ptr : NULL,
	};

	return http_client_new(loop, &set, err);
}

bool aws_site_open(struct aws_site *s, struct loop *loop, const struct settings *settings, struct err *err)
{
	const struct aws_choices choices = { .region = settings->aws.region, .profile = settings->aws.profile };
	struct credentials_site site;

	*s = (struct aws_site){ .loop = loop, .settings = settings };
	if (!aws_config_load(&s->config, &process_env_real, &choices, err))
		return false;
	s->http = aws_site_http(s, loop, CREDENTIAL_CONNECTIONS, err);
	if (!s->http)
		return false;
	site = (struct credentials_site){
		.env = &process_env_real, .loop = loop, .transport = http_client_transport(s->http), .config = &s->config,
	};
	s->credentials = credentials_cached_new(credentials_default_chain_new(&site), &site);
	return true;
}

void aws_site_close(struct aws_site *s)
{
	credentials_provider_free(s->credentials);
	http_client_free(s->http);
	aws_config_release(&s->config);
}
