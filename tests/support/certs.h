/* certs: certificates made on the fly, in a folder of their own. Files are called
 * <name>.pem and <name>.key:
 *
 *   ca, other_ca   two CAs; nobody's system trusts either
 *   good           by ca, for localhost, 127.0.0.1, ::1, service.test
 *   expired        by ca, until yesterday
 *   not_yet        by ca, from tomorrow on
 *   wrong_host     by ca, for other.test
 *   self_signed    for localhost, 127.0.0.1, by itself
 *   chained        by a CA between, which comes with it, below ca
 *   client         by ca, for clients
 *   foreign        by other_ca, for clients
 *   locked         client's again, with its key under a pass phrase
 */
#ifndef SLUICE_SUPPORT_CERTS_H
#define SLUICE_SUPPORT_CERTS_H

struct certs {
	char folder[64];
	char path[8][128];
	unsigned next;
};

void certs_make(struct certs *c);
void certs_remove(struct certs *c);

/* "<folder>/<name>"; good for the next seven calls. */
const char *certs_path(struct certs *c, const char *name);

#endif
