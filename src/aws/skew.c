#include "sluice/aws/skew.h"

#include <time.h>

enum { LONGEST_EXCHANGE_MS = 15000 };

/* 9999-01-01: what is later, or before 1970, no signature can say, and nothing would ever be sent again. */
#define LATEST_S INT64_C(253370764800)

static bool number_at(struct str text, size_t at, size_t digits, int *out)
{
	uint64_t n;

	if (!str_to_u64(str_sub(text, at, digits), &n))
		return false;
	*out = (int)n;
	return true;
}

bool http_date_parse(struct str text, int64_t *unix_s)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	static const char shape[] = "aaa, 00 aaa 0000 00:00:00 GMT";
	struct tm at = { 0 };
	size_t month;

	if (text.len != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		bool free = shape[i] == 'a' || shape[i] == '0';

		if (!free && text.ptr[i] != shape[i])
			return false;
	}
	month = str_find(str_c(months), str_sub(text, 8, 3));
	if (month == SIZE_MAX || month % 3 != 0 || !number_at(text, 5, 2, &at.tm_mday) ||
	    !number_at(text, 12, 4, &at.tm_year) || !number_at(text, 17, 2, &at.tm_hour) ||
	    !number_at(text, 20, 2, &at.tm_min) || !number_at(text, 23, 2, &at.tm_sec))
		return false;
	if (at.tm_mday < 1 || at.tm_mday > 31 || at.tm_hour > 23 || at.tm_min > 59 || at.tm_sec > 60)
		return false;
	at.tm_mon = (int)(month / 3);
	at.tm_year -= 1900;
	*unix_s = (int64_t)timegm(&at);
	return true;
}

void aws_skew_observe(struct aws_skew *skew, const struct http_response *response, int64_t wall_ms)
{
	int64_t took_ms = response->received_ms - response->sent_ms, date_s;

	if (took_ms < 0 || took_ms > LONGEST_EXCHANGE_MS || http_response_header(response, "age").ptr ||
	    !http_date_parse(http_response_header(response, "date"), &date_s) || date_s < 0 || date_s >= LATEST_S)
		return;
	skew->ms = date_s * 1000 - (wall_ms - took_ms / 2);
	skew->known = true;
}
