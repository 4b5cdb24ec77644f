#include "support/traffic.h"

#include "support/vectors.h"

#include <stdio.h>

static const char *text(const struct json *j)
{
	struct str s = STR("");

	json_get_str(j, &s);
	return s.ptr;
}

/* Events are parts of exchanges; the connection's number says of which. */
static void add_event(struct traffic *t, const struct json *event)
{
	const struct json *action = json_get(event, "action"), *data = json_get(action, "Data");
	int64_t at = 0;

	json_get_int(json_get(event, "connection_id"), &at);
	if (at < 0 || at >= TRAFFIC_MOST)
		return;
	if ((size_t)at >= t->n)
		t->n = (size_t)at + 1;
	if (json_get(action, "Request")) {
		t->requests[at] = json_get(json_get(action, "Request"), "request");
	} else if (json_get(action, "Response")) {
		const struct json *ok = json_get(json_get(json_get(action, "Response"), "response"), "Ok");
		int64_t status = 0;

		json_get_int(json_get(ok, "status"), &status);
		t->steps[at].status = (int)status;
	} else if (data && strcmp(text(json_get(data, "direction")), "Response") == 0) {
		t->steps[at].body = text(json_get(json_get(data, "data"), "Utf8"));
	}
}

bool traffic_load(struct traffic *t, const char *name)
{
	char path[256];
	struct buf file;
	bool ok;

	*t = (struct traffic){ 0 };
	snprintf(path, sizeof(path), "credentials/default-credential-provider-chain/%s/http-traffic.json", name);
	buf_init(&file, 1 << 20);
	ok = vectors_read(path, &file);
	t->tree = ok ? json_parse(buf_str(&file), 1 << 20, NULL) : NULL;
	buf_release(&file);
	for (const struct json *e = json_first(json_get(t->tree, "events")); e; e = json_next(e))
		add_event(t, e);
	return t->tree != NULL;
}

void traffic_release(struct traffic *t)
{
	json_free(t->tree);
}

static bool header_matches(const struct json *headers, const struct transport_script *script, size_t nth, const char *name)
{
	struct str got = transport_script_header(script, nth, name);
	const char *want = text(json_at(json_get(headers, name), 0));

	if (str_eq(got, str_c(want)))
		return true;
	printf("request %zu: %s is '%.*s', not '%s'\n", nth, name, STR_ARG(got), want);
	return false;
}

bool traffic_matches(const struct traffic *t, const struct transport_script *script)
{
	static const char *const headers[] = {
		"x-aws-ec2-metadata-token", "x-aws-ec2-metadata-token-ttl-seconds", "accept", "x-amz-sso_bearer_token",
	};

	if (script->n_seen != t->n) {
		printf("%zu requests were sent, not %zu\n", script->n_seen, t->n);
		return false;
	}
	for (size_t i = 0; i < t->n; i++) {
		const struct http_request *r = &script->seen[i].request;

		if (!str_eq(r->url, str_c(text(json_get(t->requests[i], "uri")))) ||
		    strcmp(r->method, text(json_get(t->requests[i], "method"))) != 0) {
			printf("request %zu is %s %.*s\n", i, r->method, STR_ARG(r->url));
			return false;
		}
		for (size_t k = 0; k < sizeof(headers) / sizeof(*headers); k++)
			if (!header_matches(json_get(t->requests[i], "headers"), script, i, headers[k]))
				return false;
	}
	return true;
}
