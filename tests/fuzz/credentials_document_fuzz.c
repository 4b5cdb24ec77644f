/* The documents in which keys are handed out, on any bytes, as each kind. What is
 * taken can be signed with; what is not has a class, a code and a printable text
 * without the document's keys. */
#include "sluice/aws/credentials_document.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool held)
{
	if (!held)
		abort();
}

static void require_printable(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		require((unsigned char)text.ptr[i] >= ' ' && text.ptr[i] != 0x7f);
	require(str_utf8_valid(text));
}

static void require_usable(const struct credentials *c, enum credentials_document kind)
{
	require(c->access_key_id.len && c->secret_access_key.len && c->expires_ms >= 0);
	require(kind != CREDENTIALS_DOCUMENT_INSTANCE || (c->session_token.len && c->expires_ms > 0));
	require(c->account_id.len <= 64);
	for (size_t i = 0; i < c->account_id.len; i++)
		require(c->account_id.ptr[i] >= '0' && c->account_id.ptr[i] <= '9');
	require_printable(buf_str(&c->access_key_id));
	require_printable(buf_str(&c->secret_access_key));
	require_printable(buf_str(&c->session_token));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum credentials_document kinds[] = {
		CREDENTIALS_DOCUMENT_INSTANCE, CREDENTIALS_DOCUMENT_CONTAINER, CREDENTIALS_DOCUMENT_PROCESS,
	};
	struct str text = str_of((const char *)data, size);
	char said[256];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct credentials c;
		struct err err = { 0 };

		credentials_init(&c);
		if (credentials_document_read(text, kinds[i], &c, &err)) {
			require_usable(&c, kinds[i]);
		} else {
			require(err.class == ERR_AUTH && str_starts(str_c(err.code), STR("credentials.")));
			require(!c.secret_access_key.len && !c.session_token.len);
			require_printable(str_c(err.text));
		}
		credentials_release(&c);
	}
	credentials_document_refusal(text, said, sizeof(said));
	require_printable(str_c(said));
	return 0;
}
