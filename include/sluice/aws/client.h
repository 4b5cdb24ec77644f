/* client: one AWS service endpoint, called with signed requests and retried as
 * AWS's SDKs do. One client serves any number of tasks of one loop.
 */
#ifndef SLUICE_AWS_CLIENT_H
#define SLUICE_AWS_CLIENT_H

#include "sluice/aws/config.h"
#include "sluice/aws/service.h"
#include "sluice/aws/sigv4.h"
#include "sluice/core/json.h"

struct aws_settings {
	struct loop *loop;
	struct transport *transport;                 /* borrowed */
	struct credentials_provider *credentials;    /* borrowed */
	const struct aws_config *config;             /* borrowed; NULL: nothing is configured */
	struct str region;                           /* borrowed, as all text here; empty: config's */
	struct str endpoint_url;                     /* empty: config's, else the service's own for the region */
	const char *endpoint_from;                   /* for people: who gave it; NULL: aws.endpoint_url of the settings */
	unsigned max_attempts;                       /* 0: config's, else the service's own */
	int64_t connect_timeout_ms, timeout_ms;      /* of one attempt; 0: the transport's defaults */
	/* Asked before each attempt is signed; false (with err) stops the call: a
	 * worker that lost its lease signs nothing. NULL: always allowed. */
	bool (*may_sign)(void *ctx, struct err *err);
	void *may_sign_ctx;
};

struct aws_client;

/* FATAL "aws.region" / "aws.endpoint" when region or endpoint cannot be used. */
struct aws_client *aws_client_new(enum aws_service service, const struct aws_settings *settings, struct err *err);
void aws_client_free(struct aws_client *c);

struct aws_request {
	const char *operation;       /* "GetRecords" */
	struct str body;             /* JSON text; of a QUERY service the form's further fields ("&Name=value…") */
	const char *method;          /* REST; NULL: POST */
	struct str path;             /* REST: "/2015-03-31/functions/f/invocations", percent-encoded once; empty: "/" */
	struct str query;            /* REST: behind '?', percent-encoded */
	struct str resource_arn;     /* the stream or shard iterator that it is about: its account's host goes before the
	                                credentials'; empty: theirs */
	struct str host_label;       /* "bucket" puts "bucket." before the endpoint's host; empty: nothing */
	const struct http_header *headers;  /* more, signed too; may replace Content-Type and User-Agent */
	size_t n_headers;
	bool anonymous;              /* not signed */
	bool urgent;                 /* tried again whatever the quota says: a heartbeat, one at a time */
	struct aws_answer_head *head;  /* filled from the last answer; NULL: not wanted */
	size_t max_answer_bytes;     /* 0: 16 MiB */
	unsigned max_attempts;       /* 0: the client's */
	int64_t timeout_ms;          /* of one attempt; 0: the client's */
	bool once;                   /* what may have taken effect (timeouts, 5xx) is not sent again here */
};

/* What an answer says beside its body. */
struct aws_answer_head {
	int status;                  /* 0: there was no answer */
	const char *header;          /* which header is wanted, or NULL */
	char value[256];             /* its value, cut; empty when absent */
};

/* Yields. Signs, sends, checks x-amz-crc32, and tries again what may succeed in a
 * moment, up to max_attempts, after the pauses of aws/retry; all calls of a client
 * share its quota of repetitions, and where that is used up the first failure is the
 * last, which the text says.
 * Two refusals are answered with one more attempt at once, beside those: a signature
 * that came too early or late, when Date shows that it was 4 minutes off; and keys
 * that the provider has newer ones for.
 *
 * On success `answer` holds the body. On an answer that is an error `answer` holds
 * the error's body (for ALL_OLD items and cancellation reasons), err->code the
 * exception's short name ("ConditionalCheckFailedException") and its class from
 * the table of aws/error. What no service said: RETRY with the transport's code
 * ("http.timeout"), RETRY "aws.crc32", RETRY "aws.http_502" (a proxy's page); AUTH
 * "credentials.…"; FATAL "http.request", "sigv4.…"; what may_sign said. The text
 * names operation, endpoint, service message, request ids and number of attempts.
 * `answer` keeps its own cap where that is below max_answer_bytes. */
bool aws_call(struct aws_client *c, const struct aws_request *request, struct buf *answer, struct err *err);

/* Unix time in ms as the service tells it: this machine's clock plus the skew
 * seen in the latest answer's Date. */
int64_t aws_service_time_ms(const struct aws_client *c);

/* Whether an answer has told it; before that it is this machine's. */
bool aws_service_time_known(const struct aws_client *c);

/* The endpoint in use, for messages; calls may go to the account's own host. */
struct str aws_client_endpoint(const struct aws_client *c);

/* Counters since the start, for metrics. failed: calls that ended with an error
 * that is neither DATA nor CANCELLED. */
struct aws_client_stats {
	uint64_t calls, attempts, throttled, failed;
};
struct aws_client_stats aws_client_stats(const struct aws_client *c);

#endif
