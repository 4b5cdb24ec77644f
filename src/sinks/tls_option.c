#include "tls_option.h"

#include "sluice/core/mem.h"

#define AT(field) offsetof(struct tls_option, field)
const struct option tls_options[] = {
	{ .name = "ca_file",
	  .type = OPTION_STR,
	  .offset = AT(ca_file),
	  .help = "PEM file of the authorities that the server's certificate is checked against; default: the system's." },
	{ .name = "cert_file",
	  .type = OPTION_STR,
	  .offset = AT(cert_file),
	  .help = "PEM file of the certificate that is shown to the server, with those between it and its authority." },
	{ .name = "key_file",
	  .type = OPTION_STR,
	  .offset = AT(key_file),
	  .help = "PEM file of the certificate's private key; default: `cert_file`, which then holds both." },
	{ 0 },
};

bool tls_option_given(const struct tls_option *o)
{
	return o->ca_file.len || o->cert_file.len || o->key_file.len;
}

void tls_option_check(const struct tls_option *o, const struct node *at, struct problems *problems)
{
	if (o->key_file.len && !o->cert_file.len)
		problems_add(problems, at, "key_file is the key of no certificate; set cert_file, too");
}

static char *path_of(struct str text)
{
	return text.len ? mem_dup(text.ptr, text.len) : NULL;
}

void tls_files_init(struct tls_files *f, const struct tls_option *o)
{
	f->ca_file = path_of(o->ca_file);
	f->cert_file = path_of(o->cert_file);
	f->key_file = path_of(o->key_file.len ? o->key_file : o->cert_file);
	f->tls = (struct http_tls){ .ca_file = f->ca_file, .cert_file = f->cert_file, .key_file = f->key_file };
}

void tls_files_release(struct tls_files *f)
{
	mem_free(f->ca_file);
	mem_free(f->cert_file);
	mem_free(f->key_file);
	*f = (struct tls_files){ 0 };
}

const struct http_tls *tls_files_of(const struct tls_files *f)
{
	return f->ca_file || f->cert_file ? &f->tls : NULL;
}
