#include "support/certs.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DAY_S = 24 * 60 * 60 };

/* What one certificate is to be. */
struct spec {
	const char *name;
	const char *issuer;       /* NULL: itself */
	const char *names;        /* subjectAltName; NULL: none */
	long from_days, to_days;
	int is_ca;
	int with_issuer;          /* the file holds the issuer's, too */
};

static const struct spec specs[] = {
	{ "ca", NULL, NULL, -1, 3650, 1, 0 },
	{ "other_ca", NULL, NULL, -1, 3650, 1, 0 },
	{ "between", "ca", NULL, -1, 3650, 1, 0 },
	{ "good", "ca", "DNS:localhost,DNS:service.test,IP:127.0.0.1,IP:::1", -1, 30, 0, 0 },
	{ "expired", "ca", "DNS:localhost,IP:127.0.0.1", -30, -1, 0, 0 },
	{ "not_yet", "ca", "DNS:localhost,IP:127.0.0.1", 1, 30, 0, 0 },
	{ "wrong_host", "ca", "DNS:other.test", -1, 30, 0, 0 },
	{ "self_signed", NULL, "DNS:localhost,IP:127.0.0.1", -1, 30, 0, 0 },
	{ "chained", "between", "DNS:localhost,IP:127.0.0.1", -1, 30, 0, 1 },
	{ "client", "ca", NULL, -1, 30, 0, 0 },
	{ "foreign", "other_ca", NULL, -1, 30, 0, 0 },
};

static void must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "certs: %s\n", what);
	abort();
}

const char *certs_path(struct certs *c, const char *name)
{
	char *path = c->path[c->next++ % 8], folder[sizeof(c->folder)];

	memcpy(folder, c->folder, sizeof(folder));
	snprintf(path, sizeof(c->path[0]), "%s/%s", folder, name);
	return path;
}

static FILE *open_file(struct certs *c, const char *name, const char *suffix, const char *mode)
{
	char file[64];
	FILE *f;

	snprintf(file, sizeof(file), "%s%s", name, suffix);
	f = fopen(certs_path(c, file), mode);
	must(f != NULL, file);
	return f;
}

static void write_key(struct certs *c, const char *name, EVP_PKEY *key, const char *pass)
{
	FILE *f = open_file(c, name, ".key", "w");

	must(PEM_write_PKCS8PrivateKey(f, key, pass ? EVP_aes_128_cbc() : NULL, pass, pass ? (int)strlen(pass) : 0, NULL,
				       NULL), "writing a key");
	fclose(f);
}

static EVP_PKEY *read_key(struct certs *c, const char *name)
{
	FILE *f = open_file(c, name, ".key", "r");
	EVP_PKEY *key = PEM_read_PrivateKey(f, NULL, NULL, NULL);

	fclose(f);
	must(key != NULL, "reading a key");
	return key;
}

static X509 *read_cert(struct certs *c, const char *name)
{
	FILE *f = open_file(c, name, ".pem", "r");
	X509 *cert = PEM_read_X509(f, NULL, NULL, NULL);

	fclose(f);
	must(cert != NULL, "reading a certificate");
	return cert;
}

static void write_cert(struct certs *c, const char *name, X509 *cert, X509 *also)
{
	FILE *f = open_file(c, name, ".pem", "w");

	must(PEM_write_X509(f, cert) && (!also || PEM_write_X509(f, also)), "writing a certificate");
	fclose(f);
}

static void add_extension(X509 *cert, X509V3_CTX *ctx, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, ctx, nid, value);

	must(e && X509_add_ext(cert, e, -1), "an extension");
	X509_EXTENSION_free(e);
}

static X509 *new_cert(const struct spec *s, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, long serial)
{
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);
	X509V3_CTX ctx;

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), serial);
	X509_gmtime_adj(X509_getm_notBefore(cert), s->from_days * DAY_S);
	X509_gmtime_adj(X509_getm_notAfter(cert), s->to_days * DAY_S);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)s->name, -1, -1, 0);
	X509_set_issuer_name(cert, issuer ? X509_get_subject_name(issuer) : name);
	X509_set_pubkey(cert, key);
	X509V3_set_ctx(&ctx, issuer ? issuer : cert, cert, NULL, NULL, 0);
	add_extension(cert, &ctx, NID_basic_constraints, s->is_ca ? "critical,CA:TRUE" : "CA:FALSE");
	if (s->names)
		add_extension(cert, &ctx, NID_subject_alt_name, s->names);
	must(X509_sign(cert, issuer ? issuer_key : key, EVP_sha256()), "signing");
	return cert;
}

static void make_one(struct certs *c, const struct spec *s, long serial)
{
	EVP_PKEY *key = EVP_EC_gen("P-256"), *issuer_key = s->issuer ? read_key(c, s->issuer) : NULL;
	X509 *issuer = s->issuer ? read_cert(c, s->issuer) : NULL, *cert = new_cert(s, key, issuer, issuer_key, serial);

	write_key(c, s->name, key, NULL);
	write_cert(c, s->name, cert, s->with_issuer ? issuer : NULL);
	X509_free(cert);
	X509_free(issuer);
	EVP_PKEY_free(issuer_key);
	EVP_PKEY_free(key);
}

void certs_make(struct certs *c)
{
	X509 *client;
	EVP_PKEY *key;

	*c = (struct certs){ .folder = "/tmp/sluice-certs.XXXXXX" };
	must(mkdtemp(c->folder) != NULL, "no folder");
	for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++)
		make_one(c, &specs[i], (long)i + 1);
	client = read_cert(c, "client");
	key = read_key(c, "client");
	write_cert(c, "locked", client, NULL);
	write_key(c, "locked", key, "pass phrase");
	X509_free(client);
	EVP_PKEY_free(key);
}

void certs_remove(struct certs *c)
{
	static const char *const suffixes[] = { ".pem", ".key" };
	char file[64];

	for (size_t i = 0; i <= sizeof(specs) / sizeof(*specs); i++)
		for (size_t k = 0; k < 2; k++) {
			snprintf(file, sizeof(file), "%s%s", i < sizeof(specs) / sizeof(*specs) ? specs[i].name : "locked",
				 suffixes[k]);
			unlink(certs_path(c, file));
		}
	must(rmdir(c->folder) == 0, "the folder is not empty");
}
