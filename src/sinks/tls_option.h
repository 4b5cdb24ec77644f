/* tls_option: the settings of sinks that say how their server is trusted and who
 * asks: a CA's file, a client certificate with its key.
 */
#ifndef SLUICE_SINKS_TLS_OPTION_H
#define SLUICE_SINKS_TLS_OPTION_H

#include "sluice/core/option.h"
#include "sluice/http/transport.h"

struct tls_option {
	struct str ca_file, cert_file, key_file;
};

/* The table of a group `tls`. */
extern const struct option tls_options[];

/* True when any of them is set. */
bool tls_option_given(const struct tls_option *o);

/* Notes a key without a certificate. at: the group. */
void tls_option_check(const struct tls_option *o, const struct node *at, struct problems *problems);

/* The same for requests. Owned text. */
struct tls_files {
	char *ca_file, *cert_file, *key_file;
	struct http_tls tls;
};

void tls_files_init(struct tls_files *f, const struct tls_option *o);
void tls_files_release(struct tls_files *f);

/* What stands in a request: NULL where nothing was set. */
const struct http_tls *tls_files_of(const struct tls_files *f);

#endif
