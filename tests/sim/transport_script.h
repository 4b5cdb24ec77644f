/* sim/transport_script: a transport that answers from a list, in the loop's time
 * (virtual in a simulated env), and keeps what it was sent.
 */
#ifndef SLUICE_SIM_TRANSPORT_SCRIPT_H
#define SLUICE_SIM_TRANSPORT_SCRIPT_H

#include "sluice/http/transport.h"

struct script_step {
	int status;            /* 0: no answer, but the transport's error */
	const char *error;     /* its code; NULL: "http.broken" */
	const char *fields;    /* "name: value\nname: value" */
	const char *body;
	int64_t after_ms;      /* how long the exchange takes */
	bool crc;              /* adds the body's x-amz-crc32 */
	bool hangs;            /* until cancelled */
};

enum { SCRIPT_MOST_HEADERS = 24 };

/* What one request was. */
struct script_seen {
	int64_t at_ms;         /* env's mono clock */
	struct http_request request;   /* headers and body: copies in `text` */
	struct http_header headers[SCRIPT_MOST_HEADERS];
	struct buf text;
};

enum { SCRIPT_MOST_SEEN = 32 };

struct transport_script {
	struct transport transport;
	struct loop *loop;
	const struct script_step *steps;
	size_t n_steps;        /* at the end: FATAL "script.end" */
	bool repeats;          /* the last step for ever instead */
	struct script_seen seen[SCRIPT_MOST_SEEN];
	size_t n_seen;
	bool dates;            /* answers have a Date: the env's wall clock and */
	int64_t ahead_ms;      /* this much */
};

void transport_script_init(struct transport_script *s, struct loop *loop, const struct script_step *steps, size_t n);
void transport_script_release(struct transport_script *s);

/* The header of the nth request (from 0); empty when absent. */
struct str transport_script_header(const struct transport_script *s, size_t nth, const char *name);

#endif
