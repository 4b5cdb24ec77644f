/* webhook_sink: the parts of the webhook sink. webhook.c keeps the order of
 * messages and decides what goes together; webhook_post.c makes one request of it
 * and judges the answer.
 */
#ifndef SLUICE_SINKS_WEBHOOK_SINK_H
#define SLUICE_SINKS_WEBHOOK_SINK_H

#include "breaker.h"
#include "sluice/core/budget.h"
#include "sluice/sinks/sink.h"
#include "tls_option.h"

enum {
	WEBHOOK_MOST_SECRETS = 4,
	WEBHOOK_MOST_HEADERS = 16,     /* of the sink's settings, and as many of a message */
	WEBHOOK_MOST_RECORDS = 50,     /* their ids stand in headers, which servers cap at 8 KiB or so */
	WEBHOOK_BODY_BYTES = 64 << 20,
};

struct webhook_settings {
	struct option_names secrets, headers;
	int64_t batch_records, concurrency, timeout_ms, breaker_failures;
	bool insecure;
	struct tls_option tls;
};

struct webhook {
	struct sink base;
	const struct webhook_settings *set;  /* secrets stay there: nothing here copies them */
	struct http_header headers[WEBHOOK_MOST_HEADERS];
	size_t n_headers;
	struct tls_files tls;
	struct breaker *hosts;         /* one a server; handlers' urls are few */
	struct budget turns;           /* requests under way, of all send()s; first come, first served */
};

/* The messages of one send() with the same url and key, in order. */
struct webhook_lane {
	struct webhook_message *first, *last;
	struct webhook_lane *next_ready;
	bool failed;                   /* what is left of it waits behind a failed one */
};

struct webhook_message {
	struct effect *effect;
	struct webhook_lane *lane;
	struct webhook_message *next;
};

/* Yields: posts these, all with the same url and the same headers of their own, as
 * one request. False when it was not accepted: DATA for what the answer blames on
 * the content, else as the table in webhook_post.c says; CANCELLED. */
bool webhook_post(struct webhook *w, struct webhook_message *const *messages, size_t n, struct err *err);

/* True for headers that webhook_post() makes into its own. */
bool webhook_header_is_ours(struct str name);

#endif
