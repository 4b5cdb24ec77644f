#include "sluice/item/attribute.h"

#include <inttypes.h>
#include <stdio.h>

static void put(struct json_writer *w, const char *name, struct str type, struct str text)
{
	json_key(w, str_c(name));
	json_begin_object(w);
	json_member_str(w, type, text);
	json_end_object(w);
}

void attribute_str(struct json_writer *w, const char *name, struct str text)
{
	put(w, name, STR("S"), text);
}

void attribute_uint(struct json_writer *w, const char *name, uint64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, n);
	put(w, name, STR("N"), str_c(text));
}

void attribute_int(struct json_writer *w, const char *name, int64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, n);
	put(w, name, STR("N"), str_c(text));
}

void attribute_bool(struct json_writer *w, const char *name, bool b)
{
	json_key(w, str_c(name));
	json_begin_object(w);
	json_member_bool(w, STR("BOOL"), b);
	json_end_object(w);
}

void attribute_begin_map(struct json_writer *w, struct str name)
{
	json_key(w, name);
	json_begin_object(w);
	json_key(w, STR("M"));
	json_begin_object(w);
}

void attribute_end_map(struct json_writer *w)
{
	json_end_object(w);
	json_end_object(w);
}
