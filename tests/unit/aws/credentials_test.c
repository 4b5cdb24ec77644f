/* The providers together: environment, profile, chain, cache; with the cases of
 * ../shared/vectors/credentials that need no other provider. */
#include "support/fake_process.h"
#include "support/test.h"
#include "support/vectors.h"

#include "sluice/core/json.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct credentials_provider *default_chain(const struct process_env *env)
{
	const struct credentials_site site = { .env = env };

	return credentials_default_chain_new(&site);
}

static void run_chain_case(const char *name)
{
	struct credentials_provider *chain;
	struct fake_process process;
	struct json *env, *expected;
	const struct json *ok;
	struct credentials got;
	struct err err = { 0 };
	struct str want;
	struct buf text;
	char path[256], root[256];

	fake_process_init(&process);
	snprintf(root, sizeof(root), "credentials/default-credential-provider-chain/%s/fs", name);
	process.root = root;
	buf_init(&text, 1 << 20);
	snprintf(path, sizeof(path), "credentials/default-credential-provider-chain/%s/env.json", name);
	assert_true(vectors_read(path, &text));
	env = json_parse(buf_str(&text), text.len, NULL);
	for (const struct json *v = json_first(env); v; v = json_next(v)) {
		assert_true(json_get_str(v, &want));
		fake_process_set(&process, json_name(v).ptr, want.ptr);
	}
	buf_clear(&text);
	snprintf(path, sizeof(path), "credentials/default-credential-provider-chain/%s/test-case.json", name);
	assert_true(vectors_read(path, &text));
	expected = json_parse(buf_str(&text), text.len, NULL);
	ok = json_get(json_get(expected, "result"), "Ok");
	credentials_init(&got);
	chain = default_chain(&process.env);
	if (!chain->get(chain, &got, &err))
		fail_msg("%s: %s", name, err.text);
	assert_true(json_get_str(json_get(ok, "access_key_id"), &want));
	assert_str_equal(buf_str(&got.access_key_id), want.ptr);
	assert_true(json_get_str(json_get(ok, "secret_access_key"), &want));
	assert_str_equal(buf_str(&got.secret_access_key), want.ptr);
	credentials_provider_free(chain);
	credentials_release(&got);
	json_free(env);
	json_free(expected);
	buf_release(&text);
}

static void test_the_public_chain_cases_of_static_keys_hold(void **state)
{
	static const char *const names[] = {
		"prefer_environment", "environment_variables", "environment_variables_blank", "profile_static_keys",
		"profile_static_keys_case_insensitive", "profile_name",
	};

	(void)state;
	if (!vectors_have("credentials/default-credential-provider-chain"))
		return;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		run_chain_case(names[i]);
}

static void test_what_a_provider_finds_or_says(void **state)
{
	static const struct {
		const char *id, *secret, *token, *config, *credentials;
		const char *key;    /* found, or NULL */
		const char *source_or_code, *part;
	} cases[] = {
		{ "A", "B", "C", NULL, NULL, "A", "environment", NULL },
		{ "A", NULL, NULL, NULL, NULL, NULL, "credentials.partial", "AWS_SECRET_ACCESS_KEY is not" },
		{ NULL, "B", NULL, NULL, NULL, NULL, "credentials.partial", "AWS_ACCESS_KEY_ID is not" },
		{ "A", "B\nC", NULL, NULL, NULL, NULL, "credentials.malformed", "line break" },
		{ NULL, NULL, NULL, NULL, NULL, NULL, "credentials.absent", "environment: AWS_ACCESS_KEY_ID is not set; profile" },
		{ NULL, NULL, NULL, NULL, NULL, NULL, "credentials.absent",
		  "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or aws.profile" },
		{ NULL, NULL, NULL, "[default]\naws_access_key_id=K\naws_secret_access_key=S\n", NULL, "K", "profile", NULL },
		{ NULL, NULL, NULL, "[default]\naws_access_key_id=K\naws_secret_access_key=S\n",
		  "[default]\naws_access_key_id=K2\naws_secret_access_key=S2\n", "K2", "profile", NULL },
		{ NULL, NULL, NULL, "[default]\naws_access_key_id=K\n", NULL, NULL, "credentials.partial",
		  "no aws_secret_access_key" },
		{ NULL, NULL, NULL, "[default]\naws_access_key_id=K\naws_secret_access_key=S\n -more\n", NULL, NULL,
		  "credentials.malformed", "profile 'default'" },
		{ NULL, NULL, NULL, "[default]\nregion=r\n", NULL, NULL, "credentials.absent", "has no aws_access_key_id" },
		{ NULL, NULL, NULL, "[default]\nrole_arn=arn\nsource_profile=x\naws_access_key_id=K\naws_secret_access_key=S\n",
		  NULL, NULL, "credentials.unsupported", "role_arn" },
		{ NULL, NULL, NULL, "[default]\nsso_session=x\n", NULL, NULL, "credentials.unsupported", "sso_session" },
		{ NULL, NULL, NULL, "[default]\ncredential_process=/bin/x\n", NULL, NULL, "credentials.unsupported",
		  "credential_process" },
		{ NULL, NULL, NULL, "oops", NULL, NULL, "profile.syntax", "/h/.aws/config line 1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct credentials_provider *chain;
		struct fake_process process;
		struct credentials got;
		struct err err = { 0 };
		bool ok;

		fake_process_init(&process);
		fake_process_set(&process, "HOME", "/h");
		fake_process_set(&process, "AWS_ACCESS_KEY_ID", cases[i].id);
		fake_process_set(&process, "AWS_SECRET_ACCESS_KEY", cases[i].secret);
		fake_process_set(&process, "AWS_SESSION_TOKEN", cases[i].token);
		fake_process_add_file(&process, "/h/.aws/config", cases[i].config);
		fake_process_add_file(&process, "/h/.aws/credentials", cases[i].credentials);
		credentials_init(&got);
		chain = default_chain(&process.env);
		ok = chain->get(chain, &got, &err);
		if (ok != (cases[i].key != NULL))
			fail_msg("case %zu: %s", i, ok ? "found" : err.text);
		if (ok) {
			assert_str_equal(buf_str(&got.access_key_id), cases[i].key);
			assert_str_equal(buf_str(&got.source), cases[i].source_or_code);
		} else {
			assert_int_equal(err.class, ERR_AUTH);
			assert_string_equal(err.code, cases[i].source_or_code);
			if (!strstr(err.text, cases[i].part))
				fail_msg("case %zu: no '%s' in: %s", i, cases[i].part, err.text);
			assert_int_equal(got.secret_access_key.len, 0);
		}
		credentials_provider_free(chain);
		credentials_release(&got);
	}
}

static void test_a_named_profile_is_used(void **state)
{
	struct credentials_provider *p;
	struct fake_process process;
	struct credentials got;

	(void)state;
	fake_process_init(&process);
	fake_process_set(&process, "AWS_CONFIG_FILE", "/c");
	fake_process_set(&process, "AWS_PROFILE", "other");
	fake_process_add_file(&process, "/c", "[profile mine]\naws_access_key_id=M\naws_secret_access_key=S\n"
			      "aws_session_token=T\n[profile other]\naws_access_key_id=O\naws_secret_access_key=S\n");
	credentials_init(&got);
	p = credentials_profile_new(&(struct credentials_site){ .env = &process.env }, STR("mine"));
	assert_true(p->get(p, &got, NULL));
	assert_str_equal(buf_str(&got.access_key_id), "M");
	assert_str_equal(buf_str(&got.session_token), "T");
	credentials_provider_free(p);
	p = credentials_profile_new(&(struct credentials_site){ .env = &process.env }, STR(""));
	assert_true(p->get(p, &got, NULL));
	assert_str_equal(buf_str(&got.access_key_id), "O");
	assert_int_equal(got.session_token.len, 0);
	credentials_provider_free(p);
	credentials_release(&got);
}

/* A provider that counts and answers as told. */
struct scripted_provider {
	struct credentials_provider base;
	unsigned calls;
	int64_t expires_ms;
	bool fails;
};

static bool scripted_get(struct credentials_provider *base, struct credentials *out, struct err *err)
{
	struct scripted_provider *p = (struct scripted_provider *)base;
	char id[16];

	p->calls++;
	if (p->fails)
		return err_set(err, ERR_AUTH, "credentials.broken", "refused");
	snprintf(id, sizeof(id), "KEY%u", p->calls);
	credentials_set(out, str_c(id), STR("s"), STR(""), NULL);
	out->expires_ms = p->expires_ms;
	buf_puts(&out->source, "script");
	return true;
}

static void scripted_free(struct credentials_provider *base)
{
	(void)base;
}

static void test_the_chain_stops_at_one_that_should_have_known(void **state)
{
	struct scripted_provider first = { .base = { .get = scripted_get, .free = scripted_free, .name = "a" }, .fails = true };
	struct scripted_provider second = { .base = { .get = scripted_get, .free = scripted_free, .name = "b" } };
	struct credentials_provider *const links[] = { &first.base, &second.base, NULL };
	struct credentials_provider *chain = credentials_chain_new(links);
	struct credentials got;
	struct err err = { 0 };

	(void)state;
	credentials_init(&got);
	assert_false(chain->get(chain, &got, &err));
	assert_string_equal(err.code, "credentials.broken");
	assert_int_equal(second.calls, 0);
	credentials_provider_free(chain);
	credentials_release(&got);
}

static void test_the_real_process_reads_real_files(void **state)
{
	char path[] = "/tmp/sluice-credentials-XXXXXX";
	int fd = mkstemp(path);
	struct err err = { 0 };
	struct buf text;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "hello", 5), 5);
	close(fd);
	buf_init(&text, 100);
	assert_true(process_env_real.read_file(NULL, path, &text, &err));
	assert_str_equal(buf_str(&text), "hello");
	buf_release(&text);
	buf_init(&text, 4);
	assert_false(process_env_real.read_file(NULL, path, &text, &err));
	assert_string_equal(err.code, "file.size");
	unlink(path);
	buf_release(&text);
	assert_false(process_env_real.read_file(NULL, path, &text, &err));
	assert_string_equal(err.code, "file.absent");
	assert_false(process_env_real.read_file(NULL, "/tmp", &text, &err));
	assert_string_equal(err.code, "file.read");
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_public_chain_cases_of_static_keys_hold),
		cmocka_unit_test(test_what_a_provider_finds_or_says),
		cmocka_unit_test(test_a_named_profile_is_used),
		cmocka_unit_test(test_the_chain_stops_at_one_that_should_have_known),
		cmocka_unit_test(test_the_real_process_reads_real_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
