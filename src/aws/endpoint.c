#include "sluice/aws/endpoint.h"

enum { MAX_URL_BYTES = 2048 };

void aws_endpoint_init(struct aws_endpoint *e)
{
	buf_init(&e->url, MAX_URL_BYTES);
	buf_init(&e->host, MAX_URL_BYTES);
	buf_init(&e->path, MAX_URL_BYTES);
	e->signing_region = NULL;
	e->of_account = false;
}

void aws_endpoint_release(struct aws_endpoint *e)
{
	buf_release(&e->url);
	buf_release(&e->host);
	buf_release(&e->path);
}

static bool refuse(struct str url, const char *why, struct err *err)
{
	size_t at = str_find_char(url, '@'); /* what is before it may be a password */

	return err_set(err, ERR_FATAL, "aws.endpoint",
		       "endpoint '%.*s' cannot be used: %s; expected something like http://127.0.0.1:8000",
		       STR_ARG(at == SIZE_MAX ? str_sub(url, 0, 200) : str_sub(str_from(url, at + 1), 0, 200)), why);
}

static bool is_host(struct str host)
{
	bool bracketed = str_starts(host, STR("[")) && str_ends(host, STR("]")) && host.len > 2;

	if (bracketed)
		host = str_sub(host, 1, host.len - 2);
	for (size_t i = 0; i < host.len; i++) {
		char c = host.ptr[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!letter && !(c != '\0' && strchr(bracketed ? ":." : ".-_", c)))
			return false;
	}
	return host.len != 0;
}

static bool is_path(struct str path)
{
	for (size_t i = 0; i < path.len; i++)
		if (path.ptr[i] <= ' ' || path.ptr[i] == 0x7f || strchr("?#\\\"<>", path.ptr[i]))
			return false;
	return true;
}

static bool split_port(struct str authority, struct str *host, struct str *port)
{
	size_t at = authority.len;
	uint64_t number;

	while (at > 0 && authority.ptr[at - 1] != ':' && authority.ptr[at - 1] != ']')
		at--;
	if (at == 0 || authority.ptr[at - 1] == ']') {
		*host = authority;
		*port = str_of(NULL, 0);
		return at == authority.len || at == 0;
	}
	*host = str_sub(authority, 0, at - 1);
	*port = str_from(authority, at);
	return str_to_u64(*port, &number) && number >= 1 && number <= 65535;
}

bool aws_endpoint_parse(struct aws_endpoint *e, struct str url, struct err *err)
{
	bool tls = str_eq_nocase(str_sub(url, 0, 8), STR("https://"));
	struct str rest = str_from(url, tls ? 8 : 7), host, port, path;
	size_t slash;

	if (!tls && !str_eq_nocase(str_sub(url, 0, 7), STR("http://")))
		return refuse(url, "it does not begin with http:// or https://", err);
	slash = str_find_char(rest, '/');
	path = str_from(rest, slash);
	rest = str_sub(rest, 0, slash);
	if (str_find_char(rest, '@') != SIZE_MAX)
		return refuse(url, "it holds a user name or password", err);
	if (!split_port(rest, &host, &port))
		return refuse(url, "its port is not a number from 1 to 65535", err);
	if (!is_host(host))
		return refuse(url, "its host is no host name or address", err);
	if (!is_path(path))
		return refuse(url, "it has a query, a fragment, or characters that belong escaped", err);
	while (path.len && path.ptr[path.len - 1] == '/')
		path.len--;
	e->signing_region = NULL;
	e->of_account = false;
	buf_clear(&e->url);
	buf_clear(&e->host);
	buf_clear(&e->path);
	buf_put(&e->path, path);
	buf_putc(&e->path, '/');
	buf_put(&e->host, host);
	if (port.len && !str_eq(port, tls ? STR("443") : STR("80")))
		buf_putf(&e->host, ":%.*s", STR_ARG(port));
	buf_puts(&e->url, tls ? "https://" : "http://");
	buf_put(&e->url, buf_str(&e->host));
	buf_put(&e->url, buf_str(&e->path));
	return buf_ok(&e->url) || refuse(url, "it is too long", err);
}

bool aws_region_valid(struct str region)
{
	for (size_t i = 0; i < region.len; i++) {
		char c = region.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      (c == '-' && i > 0 && i + 1 < region.len)))
			return false;
	}
	return region.len >= 1 && region.len <= 63;
}
