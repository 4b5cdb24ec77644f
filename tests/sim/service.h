/* sim/service: what the simulated services of AWS have in common at their door:
 * they refuse signatures that are too old or of the future, and say in each
 * answer what time it is and what its checksum is. Nothing here yields.
 */
#ifndef SLUICE_SIM_SERVICE_H
#define SLUICE_SIM_SERVICE_H

#include "sluice/core/env.h"
#include "sluice/http/transport.h"

/* Whose signatures are taken. All 0: anybody's. */
struct sim_dates {
	bool check_date;        /* refuse what X-Amz-Date says is too old or not yet; without it: refuse */
	int64_t oldest_ms;      /* 0: 15 minutes behind the service's wall clock */
	int64_t ahead_ms;       /* 0: 5 minutes */
	unsigned refused;       /* so many were */
};

/* The first header of that name, ASCII case ignored; empty when absent. */
struct str sim_request_header(const struct http_request *request, const char *name);

/* False: err is the service's exception with its message, as AWS words it; to be
 * answered with status 400, as DynamoDB does. now_ms: the service's wall clock. */
bool sim_date_ok(struct sim_dates *d, const struct http_request *request, int64_t now_ms, struct err *err);

/* Fills the response: status, body, Date of the env's wall clock, and x-amz-crc32 of
 * `body`, as sent. False: the answer is larger than the caller takes; the response
 * is empty then, err RETRY "http.too_large". */
bool sim_answer_put(struct http_response *response, const struct http_request *request, struct env *env, int status,
		    struct str body, struct err *err);

#endif
