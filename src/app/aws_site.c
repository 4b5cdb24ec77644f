#include "sluice/app/aws_site.h"

#include "sluice/app/clients.h"
#include "sluice/aws/imds.h"
#include "sluice/core/loop.h"

enum { REGION_BYTES = 256 };

/* Nobody names one: on an EC2 instance it is the instance's. Elsewhere whoever needs it
 * says what to do. */
static bool ask_for_region(struct aws_site *s, const struct credentials_site *site, struct err *err)
{
	struct err why = { 0 };
	struct buf region;

	if (s->config.region.len)
		return true;
	buf_init(&region, REGION_BYTES);
	if (aws_imds_region(site, &region, &why)) {
		s->config.region = arena_dup(&s->config.arena, buf_str(&region));
		s->config.region_from = "the instance's metadata";
	}
	buf_release(&region);
	if (why.class == ERR_NONE || err_is(&why, "credentials.absent"))
		return true;
	*err = why;
	return err_prefix(err, "no region is set (aws.region, AWS_REGION), and the instance's cannot be had");
}

bool aws_site_open(struct aws_site *s, struct loop *loop, const struct settings *settings, struct err *err)
{
	const struct aws_choices choices = { .region = settings->aws.region, .profile = settings->aws.profile,
					     .ca_bundle = settings->aws.ca_bundle };
	struct credentials_site site;

	*s = (struct aws_site){ .loop = loop, .settings = settings };
	if (!aws_config_load(&s->config, &process_env_real, &choices, err))
		return false;
	s->http = clients_new(settings, loop, s->config.ca_bundle, err);
	if (!s->http)
		return false;
	site = (struct credentials_site){
		.env = &process_env_real, .loop = loop, .transport = http_client_transport(s->http), .config = &s->config,
	};
	if (!ask_for_region(s, &site, err))
		return false;
	s->credentials = credentials_cached_new(credentials_default_chain_new(&site), &site);
	return true;
}

void aws_site_close(struct aws_site *s)
{
	credentials_provider_free(s->credentials);
	http_client_free(s->http);
	aws_config_release(&s->config);
}
