#include "support/test.h"

#include "sluice/http/proxy.h"

#include <string.h>

/* An environment: "NAME=value" one behind the other, NULL-terminated. */
static const char *get(void *ctx, const char *name)
{
	size_t len = strlen(name);

	for (const char *const *v = ctx; *v; v++)
		if (strncmp(*v, name, len) == 0 && (*v)[len] == '=')
			return *v + len + 1;
	return NULL;
}

struct choice {
	const char *vars[5];
	const char *url, *proxy, *shown, *from;   /* proxy NULL: none */
};

#define P "http://p:3128"

static const struct choice choices[] = {
	{ { NULL }, "https://h/", NULL, NULL, NULL },
	{ { "https_proxy=" P }, "https://h/", P, "p:3128", "https_proxy" },
	{ { "HTTPS_PROXY=" P }, "https://h/", P, "p:3128", "HTTPS_PROXY" },
	{ { "HTTPS_PROXY=" P }, "HTTPS://h/", P, "p:3128", "HTTPS_PROXY" },
	{ { "HTTPS_PROXY=" P }, "http://h/", NULL, NULL, NULL },
	{ { "http_proxy=" P }, "https://h/", NULL, NULL, NULL },
	{ { "http_proxy=" P }, "http://h/", P, "p:3128", "http_proxy" },
	{ { "HTTP_PROXY=" P }, "http://h/", P, "p:3128", "HTTP_PROXY" },
	{ { "HTTP_PROXY=" P, "REQUEST_METHOD=GET" }, "http://h/", NULL, NULL, NULL },
	{ { "HTTP_PROXY=" P, "REQUEST_METHOD=GET", "http_proxy=q" }, "http://h/", "http://q:80", "q:80", "http_proxy" },
	{ { "HTTP_PROXY=" P, "http_proxy=http://lower:1" }, "http://h/", "http://lower:1", "lower:1", "http_proxy" },
	{ { "HTTPS_PROXY=" P, "https_proxy= \t" }, "https://h/", P, "p:3128", "HTTPS_PROXY" },
	{ { "ALL_PROXY=" P }, "https://h/", P, "p:3128", "ALL_PROXY" },
	{ { "all_proxy=" P, "ALL_PROXY=http://q" }, "http://h/", P, "p:3128", "all_proxy" },
	{ { "ALL_PROXY=" P, "HTTPS_PROXY=http://q:1" }, "https://h/", "http://q:1", "q:1", "HTTPS_PROXY" },
	/* Addresses. */
	{ { "HTTPS_PROXY= p " }, "https://h/", "http://p:80", "p:80", "HTTPS_PROXY" },
	{ { "HTTPS_PROXY=p:8080/" }, "https://h/", "http://p:8080", "p:8080", "HTTPS_PROXY" },
	{ { "HTTPS_PROXY=https://p" }, "https://h/", "https://p:443", "p:443", "HTTPS_PROXY" },
	{ { "HTTPS_PROXY=SOCKS5H://p" }, "https://h/", "socks5h://p:1080", "p:1080", "HTTPS_PROXY" },
	{ { "HTTPS_PROXY=http://u:s%40cret@p:1/x" }, "https://h/", "http://u:s%40cret@p:1", "p:1", "HTTPS_PROXY" },
	{ { "HTTPS_PROXY=http://[fd00::1]:1" }, "https://h/", "http://[fd00::1]:1", "[fd00::1]:1", "HTTPS_PROXY" },
	{ { "HTTPS_PROXY=[fd00::1]" }, "https://h/", "http://[fd00::1]:80", "[fd00::1]:80", "HTTPS_PROXY" },
	/* Loopback. */
	{ { "ALL_PROXY=" P }, "https://localhost:8000/", NULL, NULL, NULL },
	{ { "ALL_PROXY=" P }, "https://a.LOCALHOST./", NULL, NULL, NULL },
	{ { "ALL_PROXY=" P }, "https://notlocalhost/", P, "p:3128", "ALL_PROXY" },
	{ { "ALL_PROXY=" P }, "https://127.1.2.3/", NULL, NULL, NULL },
	{ { "ALL_PROXY=" P }, "https://[::1]:8000/", NULL, NULL, NULL },
	{ { "ALL_PROXY=" P }, "https://[::ffff:127.0.0.1]/", NULL, NULL, NULL },
	{ { "ALL_PROXY=" P }, "https://u@localhost/", NULL, NULL, NULL },
	{ { "ALL_PROXY=" P }, "https://localhost@h/", P, "p:3128", "ALL_PROXY" },
	{ { "ALL_PROXY=" P }, "https://h/@localhost", P, "p:3128", "ALL_PROXY" },
};

static void test_the_environment_says_which_proxy(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(choices); i++) {
		const struct choice *c = &choices[i];
		const struct http_proxy *found;
		struct http_proxies p;
		struct err err = { 0 };

		assert_true(http_proxies_read(&p, get, (void *)c->vars, &err));
		found = http_proxies_for(&p, str_c(c->url));
		if (!found != !c->proxy)
			fail_msg("case %zu: %s", i, c->url);
		if (found) {
			assert_str_equal(buf_str(&found->url), c->proxy);
			assert_str_equal(buf_str(&found->shown), c->shown);
			assert_string_equal(found->from, c->from);
			assert_int_equal(found->tls, strncmp(c->proxy, "https:", 6) == 0);
		}
		http_proxies_release(&p);
	}
}

static const struct { const char *list, *url; bool excepted; } exceptions[] = {
	{ "*", "https://h/", true },
	{ "a, *", "https://h/", true },
	{ "*h", "https://xh/", false },
	{ "h", "https://h/", true },
	{ "H", "https://h./", true },
	{ "h.", "https://H/", true },
	{ "h", "https://xh/", false },
	{ "h", "https://h.x/", false },
	{ "example.com", "https://a.b.example.com/", true },
	{ ".example.com", "https://a.example.com/", true },
	{ ".example.com", "https://example.com/", true },
	{ "*.example.com", "https://a.example.com/", true },
	{ "example.com", "https://badexample.com/", false },
	{ "a b\tc,,d", "https://c/", true },
	{ "a b\tc,,d", "https://d/", true },
	{ ",, ,.,*.", "https://d/", false },
	{ "h:443", "https://h/", true },
	{ "h:443", "https://h:8443/", false },
	{ "h:8443", "https://h:8443/", true },
	{ "10.1.2.3", "https://10.1.2.3/", true },
	{ "10.1.2.3", "https://10.1.2.30/", false },
	{ "10.1.2.3:8443", "https://10.1.2.3/", false },
	{ "10.0.0.0/8", "https://10.1.2.3/", true },
	{ "10.0.0.0/8", "https://11.1.2.3/", false },
	{ "192.168.4.0/22", "https://192.168.7.255/", true },
	{ "192.168.4.0/22", "https://192.168.8.0/", false },
	{ "0.0.0.0/0", "https://192.168.8.0/", true },
	{ "0.0.0.0/0", "https://[fd00::1]/", false },
	{ "10.0.0.0/33", "https://10.0.0.0/", false },
	{ "10.0.0.0/-1", "https://10.0.0.0/", false },
	{ "10.0.0.0/", "https://10.0.0.0/", false },
	{ "10.0.0.0/8", "https://name10/", false },
	{ "fd00::/8", "https://[fd12::1]:8443/", true },
	{ "fd00::/9", "https://[fd80::1]/", false },
	{ "fd00::1", "https://[FD00:0::1]/", true },
	{ "[fd00::1]:443", "https://[fd00::1]/", true },
	{ "[fd00::1]:444", "https://[fd00::1]/", false },
	{ "2.3", "https://10.1.2.3/", false },
};

static void test_no_proxy_excepts_names_and_networks(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(exceptions); i++) {
		char no[128] = "NO_PROXY=";
		const char *vars[] = { "ALL_PROXY=" P, strcat(no, exceptions[i].list), NULL };
		struct http_proxies p;
		struct err err = { 0 };

		assert_true(http_proxies_read(&p, get, vars, &err));
		if (!http_proxies_for(&p, str_c(exceptions[i].url)) != exceptions[i].excepted)
			fail_msg("case %zu: %s and %s", i, exceptions[i].list, exceptions[i].url);
		http_proxies_release(&p);
	}
}

static void test_what_is_no_proxy_is_an_error_that_keeps_the_secret(void **state)
{
	static const char *const bad[] = {
		"HTTPS_PROXY=ftp://u:secret@p", "HTTPS_PROXY=http://u:secret@", "HTTPS_PROXY=http://u:secret@p:99999",
		"HTTPS_PROXY=http://u:secret@p:0", "HTTPS_PROXY=http://u:secret@p:x", "HTTPS_PROXY=http://u:sec\nret@p",
		"HTTPS_PROXY=http://u:secret of mine@p", "HTTPS_PROXY=://secret", "HTTPS_PROXY=http://:secret",
	};
	static char lengthy[6000];

	(void)state;
	memset(lengthy, 'a', sizeof(lengthy) - 1);
	memcpy(lengthy, "HTTPS_PROXY=", strlen("HTTPS_PROXY="));
	for (size_t i = 0; i <= COUNT_OF(bad); i++) {
		const char *vars[] = { i < COUNT_OF(bad) ? bad[i] : lengthy, NULL };
		struct http_proxies p;
		struct err err = { 0 };

		if (http_proxies_read(&p, get, vars, &err))
			fail_msg("case %zu", i);
		assert_int_equal(err.class, ERR_FATAL);
		assert_string_equal(err.code, "http.proxy");
		assert_non_null(strstr(err.text, "HTTPS_PROXY"));
		assert_null(strstr(err.text, "secret"));
		http_proxies_release(&p);
	}
}

static void test_an_origin_is_host_and_port(void **state)
{
	static const struct { const char *url, *host, *port; bool tls; } cases[] = {
		{ "http://h", "h", "80", false },         { "https://h?x=http://y:1/", "h", "443", true },
		{ "http://u:p@h:1/@x:2", "h", "1", false }, { "http://[::1]:8/", "::1", "8", false },
		{ "http://[::1", "[::1", "80", false },   { "http://", "", "80", false }, { "", "", "80", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct http_origin o = http_origin(str_c(cases[i].url));

		assert_str_equal(o.host, cases[i].host);
		assert_str_equal(o.port, cases[i].port);
		assert_int_equal(o.tls, cases[i].tls);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_environment_says_which_proxy),
		cmocka_unit_test(test_no_proxy_excepts_names_and_networks),
		cmocka_unit_test(test_what_is_no_proxy_is_an_error_that_keeps_the_secret),
		cmocka_unit_test(test_an_origin_is_host_and_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
