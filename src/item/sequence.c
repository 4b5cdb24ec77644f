#include "sluice/item/sequence.h"

/* The service never writes fewer. */
enum { SEQUENCE_WIRE_DIGITS = 21 };

bool sequence_parse(struct str text, struct sequence *out, struct err *err)
{
	bool ok = text.len >= 1 && text.len <= SEQUENCE_DIGITS;

	for (size_t i = 0; ok && i < text.len; i++)
		ok = text.ptr[i] >= '0' && text.ptr[i] <= '9';
	if (!ok)
		return err_set(err, ERR_DATA, "sequence.malformed",
			       "\"%.*s\" is no sequence number: expected 1 to %d decimal digits",
			       (int)(text.len < 64 ? text.len : 64), text.ptr ? text.ptr : "", SEQUENCE_DIGITS);
	memset(out->digits, '0', SEQUENCE_DIGITS - text.len);
	memcpy(out->digits + SEQUENCE_DIGITS - text.len, text.ptr, text.len);
	out->digits[SEQUENCE_DIGITS] = '\0';
	return true;
}

int sequence_compare(const struct sequence *a, const struct sequence *b)
{
	if (sequence_is_none(a) || sequence_is_none(b))
		return (int)sequence_is_none(b) - (int)sequence_is_none(a);
	return memcmp(a->digits, b->digits, SEQUENCE_DIGITS);
}

struct str sequence_wire(const struct sequence *s)
{
	struct str wire = sequence_str(s);

	while (wire.len > SEQUENCE_WIRE_DIGITS && wire.ptr[0] == '0')
		wire = str_from(wire, 1);
	return wire;
}
