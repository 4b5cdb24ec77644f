#include "sluice/core/scan.h"

bool scan_member(struct str object, struct str name, struct str *out)
{
	struct scan_token key;
	struct str value;
	struct scan s;

	scan_init_trusted(&s, object);
	if (scan_next(&s, &key) != SCAN_OBJECT_BEGIN)
		return false;
	while (scan_next_member(&s, &key, &value) == SCAN_KEY)
		if (key.escaped ? scan_content_eq(key.text, name) : str_eq(key.text, name)) {
			*out = value;
			return true;
		}
	return false;
}

bool scan_element(struct str array, size_t index, struct str *out)
{
	struct scan_token begin;
	struct scan s;

	scan_init_trusted(&s, array);
	if (scan_next(&s, &begin) != SCAN_ARRAY_BEGIN)
		return false;
	do {
		if (!scan_value(&s, out))
			return false;
	} while (index-- > 0);
	return true;
}
