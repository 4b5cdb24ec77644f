#include "sluice/sinks/web_address.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { LONGEST_URL = 8000, LONGEST_HOST = 255 };

static bool says(const char **why, const char *text)
{
	*why = text;
	return false;
}

static bool is_clean(struct str url)
{
	for (size_t i = 0; i < url.len; i++)
		if ((unsigned char)url.ptr[i] <= ' ' || (unsigned char)url.ptr[i] >= 0x7f || strchr("\"<>\\^`{|}", url.ptr[i]))
			return false;
	return true;
}

static bool is_port(struct str text)
{
	uint64_t port;

	return str_to_u64(text, &port) && port >= 1 && port <= UINT16_MAX;
}

/* "host", "host:port", "[v6]", "[v6]:port". */
static bool split_authority(struct str authority, struct str *host)
{
	bool bracket = str_starts(authority, STR("["));
	size_t end = bracket ? str_find_char(authority, ']') : str_find_char(authority, ':');
	struct str rest;

	if (bracket && end == SIZE_MAX)
		return false;
	*host = bracket ? str_sub(authority, 1, end - 1) : str_sub(authority, 0, end);
	rest = str_from(authority, end == SIZE_MAX ? authority.len : end + bracket);
	if (host->len == 0 || host->len > LONGEST_HOST)
		return false;
	return rest.len == 0 || (rest.ptr[0] == ':' && is_port(str_from(rest, 1)));
}

static bool is_loopback(struct str host)
{
	char text[LONGEST_HOST + 1];
	struct in6_addr six;
	struct in_addr four;

	if (str_eq_nocase(host, STR("localhost")))
		return true;
	snprintf(text, sizeof(text), "%.*s", STR_ARG(host));
	if (inet_pton(AF_INET, text, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, text, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

bool web_address_parse(struct str url, struct web_address *out, const char **why)
{
	struct str rest, authority;
	size_t end = 0;

	*out = (struct web_address){ .tls = str_starts(url, STR("https://")) };
	if (!out->tls && !str_starts(url, STR("http://")))
		return says(why, "it begins with neither https:// nor http://");
	if (url.len > LONGEST_URL)
		return says(why, "it is longer than 8,000 bytes");
	if (!is_clean(url))
		return says(why, "it holds a character that must be percent-encoded in a URL");
	rest = str_from(url, out->tls ? 8 : 7);
	while (end < rest.len && !strchr("/?#", rest.ptr[end]))
		end++;
	authority = str_sub(rest, 0, end);
	if (str_find_char(authority, '@') != SIZE_MAX)
		return says(why, "it holds a user name; credentials have settings of their own");
	if (str_find_char(rest, '#') != SIZE_MAX)
		return says(why, "it holds a fragment (#), which no server gets to see");
	if (!split_authority(authority, &out->host))
		return says(why, "its host or port cannot be read");
	out->origin = str_sub(url, 0, url.len - rest.len + end);
	out->loopback = is_loopback(out->host);
	return true;
}
