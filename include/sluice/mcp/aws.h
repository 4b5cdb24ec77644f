/* aws: how tools call AWS. app fills it in; tests fill in their own.
 */
#ifndef SLUICE_MCP_AWS_H
#define SLUICE_MCP_AWS_H

#include "sluice/core/buf.h"
#include "sluice/core/err.h"

enum mcp_service { MCP_DYNAMODB, MCP_DYNAMODB_STREAMS };

struct mcp_aws {
	/* Yields. One call, signed and retried; a few run at a time, others wait. region empty: the
	 * default one. False with err: what the service said (code: the exception's short name; `answer`
	 * holds its body), or why nobody could be asked. */
	bool (*call)(struct mcp_aws *aws, enum mcp_service service, const char *operation, struct str region,
		     struct str body, struct buf *answer, struct err *err);
};

#endif
