/* aws_endpoints <QUESTIONS: where services are called, for judges outside. A question
 * is a line: service id, region, FIPS (0, 1), dual stack (0, 1), account-id mode,
 * account id, ARN, STS's old hosts (0, 1), between tabs; "-" is not known. The answer is a line: URL, tab,
 * region to sign for; or "!", code and text of the error.
 */
#include "sluice/aws/endpoint.h"

#include <stdio.h>

enum { FIELDS = 8, MAX_LINE_BYTES = 8192 };

static bool find_service(struct str id, enum aws_service *out)
{
	for (int i = 0; i < AWS_SERVICES; i++)
		if (str_eq(id, str_c(aws_service_info((enum aws_service)i)->id))) {
			*out = (enum aws_service)i;
			return true;
		}
	return false;
}

static enum account_id_mode mode_of(struct str name)
{
	return str_eq(name, STR("preferred"))  ? ACCOUNT_ID_PREFERRED :
	       str_eq(name, STR("required")) ? ACCOUNT_ID_REQUIRED :
						 ACCOUNT_ID_DISABLED;
}

static struct str known(struct str field)
{
	return str_eq(field, STR("-")) ? str_of(NULL, 0) : field;
}

static void answer(enum aws_service service, const struct aws_endpoint_params *p)
{
	struct err err = { 0 };
	struct aws_endpoint e;

	aws_endpoint_init(&e);
	if (aws_endpoint_resolve(&e, service, p, &err))
		printf("%s\t%.*s\n", e.url.ptr, STR_ARG(e.signing_region ? str_c(e.signing_region) : p->region));
	else
		printf("!%s %s\n", err.code, err.text);
	aws_endpoint_release(&e);
}

static bool ask(struct str line)
{
	struct str fields[FIELDS];
	enum aws_service service;

	for (size_t i = 0; i < FIELDS; i++)
		fields[i] = str_split(&line, '\t');
	if (!fields[FIELDS - 1].len || line.ptr || !find_service(fields[0], &service))
		return false;
	answer(service, &(struct aws_endpoint_params){
				.region = known(fields[1]), .use_fips = str_eq(fields[2], STR("1")),
				.use_dual_stack = str_eq(fields[3], STR("1")), .account_id_mode = mode_of(fields[4]),
				.account_id = known(fields[5]), .resource_arn = known(fields[6]),
				.sts_global = str_eq(fields[7], STR("1")),
			});
	return true;
}

int main(void)
{
	char line[MAX_LINE_BYTES];

	while (fgets(line, sizeof(line), stdin))
		if (!ask(str_trim(str_c(line)))) {
			fprintf(stderr, "no question: %s", line);
			return 2;
		}
	return 0;
}
