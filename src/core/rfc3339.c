#include "sluice/core/rfc3339.h"

static bool digits(struct str text, size_t at, size_t n, int64_t *out)
{
	uint64_t u;

	if (text.len < at + n || !str_to_u64(str_sub(text, at, n), &u))
		return false;
	*out = (int64_t)u;
	return true;
}

static bool is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t days_of_month(int64_t year, int64_t month)
{
	static const int64_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

static int64_t days_before(int64_t year, int64_t month, int64_t day)
{
	const int64_t before_1970 = 719162;
	int64_t y = year - 1, days = y * 365 + y / 4 - y / 100 + y / 400 + day - 1;

	for (int64_t m = 1; m < month; m++)
		days += days_of_month(year, m);
	return days - before_1970;
}

static bool parse_date(struct str t, int64_t *days)
{
	int64_t year, month, day;

	if (t.len < 20 || t.ptr[4] != '-' || t.ptr[7] != '-' || (t.ptr[10] != 'T' && t.ptr[10] != 't' && t.ptr[10] != ' '))
		return false;
	if (!digits(t, 0, 4, &year) || !digits(t, 5, 2, &month) || !digits(t, 8, 2, &day))
		return false;
	if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_of_month(year, month))
		return false;
	*days = days_before(year, month, day);
	return true;
}

static bool parse_time(struct str t, int64_t *seconds)
{
	int64_t hour, minute, second;

	if (t.ptr[13] != ':' || t.ptr[16] != ':')
		return false;
	if (!digits(t, 11, 2, &hour) || !digits(t, 14, 2, &minute) || !digits(t, 17, 2, &second))
		return false;
	*seconds = hour * 3600 + minute * 60 + second;
	return hour < 24 && minute < 60 && second <= 60;
}

/* ".250": the first three digits count; *at moves behind all of them. */
static bool parse_fraction(struct str t, size_t *at, int64_t *ms)
{
	int64_t unit = 100;
	size_t begin = *at + 1;

	*ms = 0;
	if (t.ptr[*at] != '.')
		return true;
	for (++*at; *at < t.len && t.ptr[*at] >= '0' && t.ptr[*at] <= '9'; ++*at, unit /= 10)
		*ms += unit * (t.ptr[*at] - '0');
	return *at > begin && *at < t.len;
}

static bool parse_offset(struct str zone, int64_t *seconds)
{
	int64_t hours, minutes;

	*seconds = 0;
	if (zone.len == 1)
		return zone.ptr[0] == 'Z' || zone.ptr[0] == 'z';
	if (zone.len != 6 || (zone.ptr[0] != '+' && zone.ptr[0] != '-') || zone.ptr[3] != ':')
		return false;
	if (!digits(zone, 1, 2, &hours) || !digits(zone, 4, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*seconds = (hours * 3600 + minutes * 60) * (zone.ptr[0] == '-' ? -1 : 1);
	return true;
}

bool rfc3339_parse(struct str text, int64_t *unix_ms)
{
	int64_t days, seconds, ms, offset;
	size_t at = 19;

	if (!parse_date(text, &days) || !parse_time(text, &seconds) || !parse_fraction(text, &at, &ms) ||
	    !parse_offset(str_from(text, at), &offset))
		return false;
	*unix_ms = (days * 86400 + seconds - offset) * 1000 + ms;
	return true;
}
