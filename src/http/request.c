#include "sluice/http/transport.h"

enum { MAX_URL_BYTES = 16 * 1024 };

static bool refuse(const struct http_request *r, struct err *err, const char *why)
{
	return err_set(err, ERR_FATAL, "http.request", "%.16s request cannot be sent: %s", r->method, why);
}

static bool is_token(struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] <= ' ' || name.ptr[i] == 0x7f || name.ptr[i] == ':')
			return false;
	return name.len != 0;
}

static bool is_field_value(struct str value)
{
	for (size_t i = 0; i < value.len; i++)
		if (((unsigned char)value.ptr[i] < ' ' && value.ptr[i] != '\t') || value.ptr[i] == 0x7f)
			return false;
	return true;
}

bool http_request_check(const struct http_request *r, struct err *err)
{
	if (!is_token(str_c(r->method)))
		return refuse(r, err, "its method is no word");
	if (!str_eq_nocase(str_sub(r->url, 0, 7), STR("http://")) &&
	    !str_eq_nocase(str_sub(r->url, 0, 8), STR("https://")))
		return refuse(r, err, "its URL does not begin with http:// or https://");
	if (r->url.len > MAX_URL_BYTES)
		return refuse(r, err, "its URL is longer than 16 KiB");
	if (!is_field_value(r->url) || str_find_char(r->url, ' ') != SIZE_MAX)
		return refuse(r, err, "its URL holds a space or a control character");
	for (size_t i = 0; i < r->n_headers; i++)
		if (!is_token(r->headers[i].name) || !is_field_value(r->headers[i].value))
			return refuse(r, err, "a header's name or value holds a character that no header may have");
	return true;
}
