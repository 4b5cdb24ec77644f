#include "sluice/aws/endpoint.h"

#include "partitions.h"

enum { MAX_URL_BYTES = 2048, SHOWN_BYTES = 100 };

/* Where FIPS endpoints (without dual stack) have the plain host: US government
 * regions are FIPS throughout. */
enum plain_fips { NOWHERE, IN_US_GOV, IN_ITS_TWO_REGIONS };

/* In what a service's hosts are not {host}[-fips].{region}.{suffix}, or with dual
 * stack {host}[-fips].{region}.{dual-stack suffix}. */
static const struct exceptions {
	enum plain_fips plain_fips;
	bool plain_fips_dual;          /* plain also with FIPS and dual stack, in US government regions */
	const char *dual_host;         /* NULL: as without; the "-fips" goes behind its first label */
	bool one_suffix;               /* dual-stack hosts are in the ordinary domain */
	const char *account_host;      /* NULL: no hosts of accounts */
} exceptions[AWS_SERVICES] = {
	[AWS_DYNAMODB] = { .plain_fips = IN_US_GOV, .account_host = "ddb" },
	[AWS_DYNAMODB_STREAMS] = { .plain_fips = IN_US_GOV, .dual_host = "streams-dynamodb", .account_host = "streams-ddb" },
	[AWS_STS] = { .plain_fips = IN_US_GOV },
	[AWS_SSO] = { .plain_fips = IN_US_GOV },
	[AWS_SSO_OIDC] = { .plain_fips = IN_US_GOV },
	[AWS_SQS] = { .plain_fips = IN_US_GOV },
	[AWS_SNS] = { .plain_fips = IN_ITS_TWO_REGIONS },
	[AWS_KINESIS] = { .plain_fips = IN_US_GOV },
	[AWS_EVENTBRIDGE] = { .plain_fips = IN_ITS_TWO_REGIONS, .plain_fips_dual = true },
	[AWS_S3] = { .one_suffix = true },
};

/* Regions that are none. */
static const struct pseudo_region {
	enum aws_service service;
	struct str region;
	const char *url;               /* without FIPS and dual stack */
	const char *signing_region;
	const char *instead;           /* with one of them: the region whose hosts are taken; NULL: its own name */
} pseudo_regions[] = {
	{ AWS_DYNAMODB, STR_INIT("local"), "http://localhost:8000", "us-east-1", NULL },
	{ AWS_STS, STR_INIT("aws-global"), "https://sts.amazonaws.com", "us-east-1", NULL },
	{ AWS_S3, STR_INIT("aws-global"), "https://s3.amazonaws.com", "us-east-1", "us-east-1" },
};

/* One resolution. */
struct resolving {
	struct aws_endpoint *e;
	enum aws_service service;
	const struct aws_endpoint_params *p;
	struct str region;             /* whose hosts are taken */
	const struct aws_partition *partition;
	struct str account;            /* empty: the region's host */
	struct err *err;
};

static bool in_partition(const struct resolving *r, const char *name)
{
	return strcmp(r->partition->name, name) == 0;
}

static bool cannot(const struct resolving *r, const char *why)
{
	return err_set(r->err, ERR_FATAL, "aws.endpoint", "there is no endpoint of %s in '%.*s': %s",
		       aws_service_info(r->service)->name, STR_ARG(str_sub(r->p->region, 0, SHOWN_BYTES)), why);
}

/* ---- an address that was given ---- */

/* DynamoDB's own dual-stack hosts are not to be called behind the SDK's back. */
static bool is_dual_stack_host(const struct resolving *r)
{
	static const char *const hosts[] = { "dynamodb", "search-dynamodb" };
	struct str region = r->p->region;
	bool same = false;

	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts) && region.len && r->service == AWS_DYNAMODB; i++) {
		struct buf host;

		buf_init(&host, MAX_URL_BYTES);
		buf_putf(&host, "%s.%.*s.%s", hosts[i], STR_ARG(region), aws_partition_of(region)->dual_stack_suffix);
		same = same || str_eq(buf_str(&host), buf_str(&r->e->host));
		buf_release(&host);
	}
	return same;
}

static bool take_custom(struct resolving *r)
{
	if (r->p->use_fips)
		return cannot(r, "FIPS (AWS_USE_FIPS_ENDPOINT, use_fips_endpoint) and a custom endpoint do not go together; "
				 "leave one of them out");
	if (r->p->use_dual_stack)
		return cannot(r, "dual stack (AWS_USE_DUALSTACK_ENDPOINT, use_dualstack_endpoint) and a custom endpoint do "
				 "not go together; leave one of them out");
	if (!aws_endpoint_parse(r->e, r->p->custom, r->err))
		return false;
	return !is_dual_stack_host(r) ||
	       cannot(r, "the custom endpoint is DynamoDB's dual-stack endpoint; leave it out and set "
			 "AWS_USE_DUALSTACK_ENDPOINT or use_dualstack_endpoint to true");
}

/* ---- accounts ---- */

/* arn:partition:service:region:account:resource */
struct str aws_arn_account(struct str arn, struct str region)
{
	struct str parts[5], none = { NULL, 0 };

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		parts[i] = str_split(&arn, ':');
	if (!str_eq(parts[0], STR("arn")) || !parts[1].len || !str_eq(parts[2], STR("dynamodb")) || !arn.len ||
	    !str_eq(parts[3], region) || !aws_region_valid(parts[4]))
		return none;
	return parts[4];
}

/* NULL: accounts have hosts there; else why not. */
static const char *no_account_hosts(const struct resolving *r)
{
	if (r->service == AWS_DYNAMODB && r->p->use_fips)
		return "account ids are required (account_id_endpoint_mode), and FIPS endpoints with account ids do not exist";
	if (!in_partition(r, "aws") &&
	    (r->service == AWS_DYNAMODB || (!in_partition(r, "aws-cn") && !in_partition(r, "aws-us-gov"))))
		return "account ids are required (account_id_endpoint_mode), and this partition has no endpoints with account ids";
	if (r->service == AWS_DYNAMODB_STREAMS &&
	    (str_eq(r->region, STR("me-central-1")) || str_eq(r->region, STR("me-south-1"))))
		return "account ids are required (account_id_endpoint_mode), and this region has no endpoints with account ids";
	return NULL;
}

static bool pick_account(struct resolving *r)
{
	const struct aws_endpoint_params *p = r->p;
	bool required = p->account_id_mode == ACCOUNT_ID_REQUIRED;
	const char *why_not;

	if (!exceptions[r->service].account_host || p->account_id_mode == ACCOUNT_ID_DISABLED)
		return true;
	why_not = no_account_hosts(r);
	if (why_not)
		return !required || cannot(r, why_not);
	r->account = aws_arn_account(p->resource_arn, p->region);
	if (!r->account.len)
		r->account = aws_arn_account(p->list_arn, p->region);
	if (r->account.len)
		return true;
	if (p->account_id.ptr && !aws_region_valid(p->account_id))
		return cannot(r, "the credentials' account id is none; see AWS_ACCOUNT_ID and aws_account_id");
	r->account = p->account_id;
	return r->account.len || !required ||
	       cannot(r, "account ids are required (account_id_endpoint_mode), and the credentials have no account id; set "
			 "AWS_ACCOUNT_ID, or aws_account_id in the profile");
}

/* ---- hosts ---- */

static bool is_plain_fips(const struct resolving *r)
{
	const struct exceptions *x = &exceptions[r->service];

	if (r->p->use_dual_stack)
		return x->plain_fips_dual && in_partition(r, "aws-us-gov");
	if (x->plain_fips == IN_ITS_TWO_REGIONS)
		return str_eq(r->region, STR("us-gov-east-1")) || str_eq(r->region, STR("us-gov-west-1"));
	return x->plain_fips == IN_US_GOV && in_partition(r, "aws-us-gov");
}

static void put_host(const struct resolving *r, struct buf *url)
{
	const struct exceptions *x = &exceptions[r->service];
	bool fips = r->p->use_fips, dual = r->p->use_dual_stack;
	const char *host = aws_service_info(r->service)->host;

	if (r->account.len) {
		buf_putf(url, "%.*s.", STR_ARG(r->account));
		host = x->account_host;
	} else {
		host = dual && x->dual_host ? x->dual_host : host;
		fips = fips && !is_plain_fips(r);
	}
	buf_putf(url, "%s%s%s", r->p->search && r->service == AWS_DYNAMODB ? "search-" : "", host, fips ? "-fips" : "");
	if (dual && x->one_suffix)
		buf_puts(url, ".dualstack");
}

static bool compose(struct resolving *r)
{
	bool dual_suffix = r->p->use_dual_stack && !exceptions[r->service].one_suffix;
	struct buf url;
	bool ok;

	buf_init(&url, MAX_URL_BYTES);
	buf_puts(&url, "https://");
	put_host(r, &url);
	buf_putf(&url, ".%.*s.%s", STR_ARG(r->region),
		 dual_suffix ? r->partition->dual_stack_suffix : r->partition->suffix);
	ok = aws_endpoint_parse(r->e, buf_str(&url), r->err);
	r->e->of_account = ok && r->account.len;
	buf_release(&url);
	return ok;
}

/* Regions older than STS's regional hosts. */
static bool is_sts_global(const struct resolving *r)
{
	static const char *const regions[] = {
		"ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1", "eu-central-1", "eu-north-1",
		"eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
	};

	if (r->service != AWS_STS || !r->p->sts_global || r->p->use_fips || r->p->use_dual_stack)
		return false;
	for (size_t i = 0; i < sizeof(regions) / sizeof(*regions); i++)
		if (str_eq(r->p->region, str_c(regions[i])))
			return true;
	return false;
}

static const struct pseudo_region *find_pseudo(const struct resolving *r)
{
	struct str region = is_sts_global(r) ? STR("aws-global") : r->p->region;

	for (size_t i = 0; i < sizeof(pseudo_regions) / sizeof(*pseudo_regions); i++)
		if (pseudo_regions[i].service == r->service && str_eq(pseudo_regions[i].region, region))
			return &pseudo_regions[i];
	return NULL;
}

static bool take_pseudo(struct resolving *r, const struct pseudo_region *pseudo)
{
	bool variant = r->p->use_fips || r->p->use_dual_stack, ok;

	if (variant && r->service == AWS_DYNAMODB)
		return cannot(r, r->p->use_fips ? "FIPS (AWS_USE_FIPS_ENDPOINT) and the region 'local' do not go together" :
						  "dual stack (AWS_USE_DUALSTACK_ENDPOINT) and the region 'local' do not go together");
	if (variant && pseudo->instead)
		r->region = str_c(pseudo->instead);
	ok = variant ? compose(r) : aws_endpoint_parse(r->e, str_c(pseudo->url), r->err);
	if (!variant || pseudo->instead)
		r->e->signing_region = pseudo->signing_region;
	return ok;
}

bool aws_region_check(struct str region, struct err *err)
{
	if (!region.len)
		return err_set(err, ERR_FATAL, "aws.region",
			       "no AWS region is set: give aws.region in the settings, AWS_REGION in the environment, or region "
			       "in the profile");
	return aws_region_valid(region) ||
	       err_set(err, ERR_FATAL, "aws.region", "'%.*s' is no AWS region: set aws.region, or AWS_REGION, to one like "
		       "eu-central-1", STR_ARG(str_sub(region, 0, SHOWN_BYTES)));
}

bool aws_endpoint_resolve(struct aws_endpoint *e, enum aws_service service, const struct aws_endpoint_params *p,
			  struct err *err)
{
	struct resolving r = { .e = e, .service = service, .p = p, .region = p->region, .err = err };
	const struct pseudo_region *pseudo;

	if (p->custom.len)
		return take_custom(&r);
	if (!aws_region_check(p->region, err))
		return false;
	r.partition = aws_partition_of(p->region);
	pseudo = find_pseudo(&r);
	if (pseudo)
		return take_pseudo(&r, pseudo);
	if (service == AWS_S3 && p->use_fips && in_partition(&r, "aws-cn"))
		return cannot(&r, "S3 has no FIPS endpoints in this partition; see AWS_USE_FIPS_ENDPOINT");
	return pick_account(&r) && compose(&r);
}
