#include "client_address.h"

enum { MAX_REGION_BYTES = 64, MAX_ACCOUNT_BYTES = 64 };

/* Without an account. */
static bool resolve(struct client_address *a, struct err *err)
{
	struct aws_endpoint_params plain = a->params;

	plain.account_id_mode = ACCOUNT_ID_DISABLED;
	return aws_endpoint_resolve(&a->endpoint, a->service, &plain, err) ||
	       (a->given_by && err_prefix(err, "%s", a->given_by));
}

bool client_address_init(struct client_address *a, enum aws_service service, const struct aws_settings *settings,
			 struct err *err)
{
	const struct aws_config *config = settings->config;
	struct str region = settings->region.len || !config ? settings->region : config->region;
	bool ok;

	*a = (struct client_address){ .service = service };
	aws_endpoint_init(&a->endpoint);
	buf_init(&a->region, MAX_REGION_BYTES);
	for (size_t i = 0; i < CLIENT_ADDRESS_ACCOUNTS; i++) {
		buf_init(&a->accounts[i].account, MAX_ACCOUNT_BYTES);
		aws_endpoint_init(&a->accounts[i].endpoint);
	}
	if (!aws_region_check(region, err)) /* also where the address is another's: signatures name it */
		return false;
	buf_put(&a->region, region);
	a->params.region = buf_str(&a->region);
	a->params.account_id_mode = ACCOUNT_ID_DISABLED;
	if (config) {
		a->params.use_fips = config->use_fips;
		a->params.use_dual_stack = config->use_dual_stack;
		a->params.account_id_mode = config->account_id_mode;
		a->params.sts_global = config->sts_global;
		a->params.custom = config->endpoint_urls[service];
		a->given_by = config->endpoint_urls_from[service];
	}
	if (a->params.custom.len && !a->given_by)
		a->given_by = "the configured endpoint_url";
	if (settings->endpoint_url.len) {
		a->params.custom = settings->endpoint_url;
		a->given_by = settings->endpoint_from ? settings->endpoint_from : "aws.endpoint_url";
	}
	ok = resolve(a, err);
	a->params.custom = str_of(NULL, 0); /* borrowed from the settings */
	return ok;
}

void client_address_release(struct client_address *a)
{
	for (size_t i = 0; i < CLIENT_ADDRESS_ACCOUNTS; i++) {
		buf_release(&a->accounts[i].account);
		aws_endpoint_release(&a->accounts[i].endpoint);
	}
	aws_endpoint_release(&a->endpoint);
	buf_release(&a->region);
}

struct str client_address_region(const struct client_address *a)
{
	return a->endpoint.signing_region ? str_c(a->endpoint.signing_region) : buf_str(&a->region);
}

static struct account_address *find(struct client_address *a, struct str account)
{
	for (size_t i = 0; i < CLIENT_ADDRESS_ACCOUNTS; i++)
		if (a->accounts[i].known && str_eq(buf_str(&a->accounts[i].account), account))
			return &a->accounts[i];
	return NULL;
}

static const struct aws_endpoint *of_account(struct client_address *a, struct str account, struct err *err)
{
	struct aws_endpoint_params params = a->params;
	struct account_address *found = find(a, account);

	if (found)
		return &found->endpoint;
	found = &a->accounts[a->oldest];
	a->oldest = (a->oldest + 1) % CLIENT_ADDRESS_ACCOUNTS;
	params.account_id = account.len ? account : str_of(NULL, 0);
	buf_clear(&found->account);
	found->known = aws_endpoint_resolve(&found->endpoint, a->service, &params, err) && buf_put(&found->account, account);
	return found->known ? &found->endpoint : NULL;
}

const struct aws_endpoint *client_address_of(struct client_address *a, const struct credentials *who,
					     struct str resource_arn, struct err *err)
{
	struct str account;

	if (!who || a->given_by || a->params.account_id_mode == ACCOUNT_ID_DISABLED)
		return &a->endpoint;
	account = aws_arn_account(resource_arn, a->params.region);
	if (!account.len)
		account = buf_str(&who->account_id);
	if (!account.len && a->params.account_id_mode == ACCOUNT_ID_PREFERRED)
		return &a->endpoint;
	return of_account(a, account, err);
}
