#include "web_header.h"

#include "sluice/aws/skew.h"

bool web_header_name_ok(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      (c && strchr("!#$%&'*+-.^_`|~", c))))
			return false;
	}
	return name.len > 0;
}

bool web_header_value_ok(struct str value)
{
	for (size_t i = 0; i < value.len; i++)
		if (((unsigned char)value.ptr[i] < ' ' && value.ptr[i] != '\t') || value.ptr[i] == 0x7f)
			return false;
	return true;
}

bool web_header_split(struct str text, struct http_header *out)
{
	size_t equals = str_find_char(text, '=');

	if (equals == SIZE_MAX)
		return false;
	out->name = str_sub(text, 0, equals);
	out->value = str_trim(str_from(text, equals + 1));
	return web_header_name_ok(out->name) && web_header_value_ok(out->value);
}

bool web_header_reserved(struct str name)
{
	static const struct str names[] = {
		STR_INIT("host"),    STR_INIT("content-length"),  STR_INIT("transfer-encoding"), STR_INIT("connection"),
		STR_INIT("expect"),  STR_INIT("upgrade"),         STR_INIT("te"),                STR_INIT("trailer"),
		STR_INIT("keep-alive"), STR_INIT("content-encoding"), STR_INIT("idempotency-key"),
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq_nocase(name, names[i]))
			return true;
	return str_eq_nocase(str_sub(name, 0, 7), STR("sluice-"));
}

int64_t web_header_retry_after_ms(const struct http_response *response, int64_t wall_ms, int64_t most_ms)
{
	struct str text = http_response_header(response, "Retry-After");
	int64_t until_s, now_s;
	uint64_t seconds;

	if (str_to_u64(text, &seconds))
		return seconds > (uint64_t)most_ms / 1000 ? most_ms : (int64_t)seconds * 1000;
	if (!http_date_parse(text, &until_s))
		return 0;
	if (!http_date_parse(http_response_header(response, "Date"), &now_s))
		now_s = wall_ms / 1000;
	if (until_s <= now_s)
		return 0;
	return until_s - now_s > most_ms / 1000 ? most_ms : (until_s - now_s) * 1000;
}
