#include "sluice/aws/credentials.h"

#include "sluice/core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	MAX_KEY_BYTES = 256,
	MAX_ACCOUNT_BYTES = 64,
	MAX_SOURCE_BYTES = 1024,
	MAX_SECRET_BYTES = 1024,
	MAX_TOKEN_BYTES = 16 * 1024,  /* session tokens have no published limit; those seen are under 3 KiB */
	SILENT_PIPE_MS = 1000,
};

void credentials_init(struct credentials *c)
{
	*c = (struct credentials){ 0 };
	buf_init(&c->access_key_id, MAX_KEY_BYTES);
	buf_init(&c->secret_access_key, MAX_SECRET_BYTES);
	buf_init(&c->session_token, MAX_TOKEN_BYTES);
	buf_init(&c->account_id, MAX_ACCOUNT_BYTES);
	buf_init(&c->source, MAX_SOURCE_BYTES);
}

void credentials_release(struct credentials *c)
{
	buf_wipe(&c->access_key_id);
	buf_wipe(&c->secret_access_key);
	buf_wipe(&c->session_token);
	buf_release(&c->account_id);
	buf_release(&c->source);
	c->expires_ms = 0;
}

/* Header values, and nothing else: this also catches a key that goes on in the
 * next line of a file. */
static bool printable(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < 0x21 || text.ptr[i] > 0x7e)
			return false;
	return true;
}

bool credentials_set(struct credentials *c, struct str id, struct str secret, struct str token, struct err *err)
{
	credentials_release(c);
	if (!printable(id) || !printable(secret) || !printable(token))
		return err_set(err, ERR_AUTH, "credentials.malformed",
			       "an access key, secret or session token holds white space, control or other characters "
			       "that no key has; look for a line break or a quote in it");
	buf_put(&c->access_key_id, id);
	buf_put(&c->secret_access_key, secret);
	buf_put(&c->session_token, token);
	if (buf_ok(&c->access_key_id) && buf_ok(&c->secret_access_key) && buf_ok(&c->session_token))
		return true;
	credentials_release(c);
	return err_set(err, ERR_AUTH, "credentials.size",
		       "an access key id may have %d bytes, a secret %d, a session token %d; these have more",
		       MAX_KEY_BYTES, MAX_SECRET_BYTES, MAX_TOKEN_BYTES);
}

bool credentials_set_account(struct credentials *c, struct str account_id, struct err *err)
{
	bool digits = true;

	buf_clear(&c->account_id);
	for (size_t i = 0; i < account_id.len; i++)
		digits = digits && account_id.ptr[i] >= '0' && account_id.ptr[i] <= '9';
	if (digits && buf_put(&c->account_id, account_id))
		return true;
	credentials_release(c);
	return err_set(err, ERR_AUTH, "credentials.malformed", "'%.*s' is no account id: those are digits, 12 of them",
		       STR_ARG(str_sub(account_id, 0, 40)));
}

void credentials_copy(struct credentials *to, const struct credentials *from)
{
	/* Cannot fail: `from` was held to the same caps. */
	credentials_set(to, buf_str(&from->access_key_id), buf_str(&from->secret_access_key),
			buf_str(&from->session_token), NULL);
	to->expires_ms = from->expires_ms;
	buf_clear(&to->account_id);
	buf_put(&to->account_id, buf_str(&from->account_id));
	buf_clear(&to->source);
	buf_put(&to->source, buf_str(&from->source));
}

void credentials_provider_free(struct credentials_provider *p)
{
	if (p)
		p->free(p);
}

void credentials_provider_forget(struct credentials_provider *p)
{
	if (p->forget)
		p->forget(p);
}

struct str process_env_value(const struct process_env *env, const char *name)
{
	return str_trim(str_c(env->get(env->ctx, name)));
}

static const char *real_get(void *ctx, const char *name)
{
	(void)ctx;
	return getenv(name);
}

/* A pipe whose other side says nothing would hold up all that this thread does. */
static bool wait_for_more(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n;

	do
		n = poll(&p, 1, SILENT_PIPE_MS);
	while (n < 0 && errno == EINTR);
	errno = n > 0 ? 0 : ETIMEDOUT;
	return n > 0;
}

/* Read straight into the caller's buffer, which has its size from the start:
 * nothing of a secret stays behind in stdio's buffers or outgrown memory. */
static bool read_all(int fd, const char *path, struct buf *out, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && st.st_size > 0 && (uint64_t)st.st_size < out->max - out->len)
		buf_reserve(out, (size_t)st.st_size + 1);
	for (;;) {
		size_t room = out->cap > out->len + 1 ? out->cap - out->len - 1 : 4096;
		char *to = buf_reserve(out, room < out->max - out->len ? room : out->max - out->len);
		ssize_t n;

		if (!to || out->len == out->max)
			return err_set(err, ERR_AUTH, "file.size", "%s is larger than %zu bytes", path, out->max);
		n = read(fd, to, room < out->max - out->len ? room : out->max - out->len);
		if (n < 0 && (errno == EINTR || (errno == EAGAIN && wait_for_more(fd))))
			continue;
		if (n < 0)
			return err_set(err, ERR_AUTH, "file.read", "cannot read %s: %s", path, strerror(errno));
		if (n == 0)
			return true;
		buf_commit(out, (size_t)n);
	}
}

static bool real_read_file(void *ctx, const char *path, struct buf *out, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool ok;

	(void)ctx;
	if (fd < 0) {
		bool absent = errno == ENOENT || errno == ENOTDIR;

		return err_set(err, ERR_AUTH, absent ? "file.absent" : "file.open", "cannot open %s: %s", path,
			       strerror(errno));
	}
	ok = read_all(fd, path, out, err);
	close(fd);
	return ok;
}

static bool write_all(int fd, struct str text)
{
	while (text.len) {
		ssize_t n = write(fd, text.ptr, text.len);

		if (n < 0 && errno != EINTR)
			return false;
		text = str_from(text, n > 0 ? (size_t)n : 0);
	}
	return true;
}

static bool real_write_file(void *ctx, const char *path, struct str text, struct err *err)
{
	char beside[4096];
	int fd, problem = 0;

	(void)ctx;
	if (snprintf(beside, sizeof(beside), "%s.XXXXXX", path) >= (int)sizeof(beside))
		return err_set(err, ERR_AUTH, "file.write", "cannot write %s: its name is too long", path);
	fd = mkostemp(beside, O_CLOEXEC); /* with mode 0600 */
	if (fd < 0)
		return err_set(err, ERR_AUTH, "file.write", "cannot write beside %s: %s", path, strerror(errno));
	if (!write_all(fd, text))
		problem = errno;
	if (close(fd) != 0 && !problem)
		problem = errno;
	if (!problem && rename(beside, path) != 0)
		problem = errno;
	if (!problem)
		return true;
	unlink(beside);
	return err_set(err, ERR_AUTH, "file.write", "cannot write %s: %s", path, strerror(problem));
}

const struct process_env process_env_real = {
	.get = real_get, .read_file = real_read_file, .write_file = real_write_file,
};
