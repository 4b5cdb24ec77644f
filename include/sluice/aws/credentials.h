/* credentials: who signs. One file a provider (src/aws/credentials_*.c); a chain
 * asks them in order.
 */
#ifndef SLUICE_AWS_CREDENTIALS_H
#define SLUICE_AWS_CREDENTIALS_H

#include "sluice/core/buf.h"
#include "sluice/core/err.h"

/* Owned text; wiped on release. */
struct credentials {
	struct buf access_key_id, secret_access_key, session_token;  /* token: may be empty */
	int64_t expires_ms;        /* Unix time; 0: never */
	const char *source;        /* literal: "environment", "profile" */
};

void credentials_init(struct credentials *c);
void credentials_release(struct credentials *c);
void credentials_copy(struct credentials *to, const struct credentials *from);

/* Copies the three in. False: AUTH "credentials.size" or "credentials.malformed".
 * expires_ms and source are cleared. */
bool credentials_set(struct credentials *c, struct str id, struct str secret, struct str token, struct err *err);

/* What a provider gets to know of the process: injected, so that tests need no
 * real environment or home directory. */
struct process_env {
	const char *(*get)(void *ctx, const char *name);                       /* getenv() or NULL */
	/* Appends the file's bytes. False: code "file.absent" when there is none,
	 * another ("file.open", "file.read", "file.size") when it cannot be read. */
	bool (*read_file)(void *ctx, const char *path, struct buf *out, struct err *err);
	void *ctx;
};

/* The real one. */
extern const struct process_env process_env_real;

/* A variable's text without white space around it; empty when unset or blank. */
struct str process_env_value(const struct process_env *env, const char *name);

struct credentials_provider {
	/* Fills *out. False: AUTH with code "credentials.absent" when this provider
	 * has nothing to say (the chain asks the next), any other code when it
	 * should have but could not. May yield. */
	bool (*get)(struct credentials_provider *p, struct credentials *out, struct err *err);
	void (*free)(struct credentials_provider *p);
	/* What was remembered is asked for again at the next get(). NULL: remembers nothing. */
	void (*forget)(struct credentials_provider *p);
	const char *name;
};

/* The service refused the credentials: the next get() shall look again. */
void credentials_provider_forget(struct credentials_provider *p);

struct credentials_provider *credentials_environment_new(const struct process_env *env);

/* AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE, ~/.aws/…; profile NULL: AWS_PROFILE or "default". */
struct credentials_provider *credentials_profile_new(const struct process_env *env, struct str profile);

/* Takes the providers (NULL-terminated array of owned pointers). When none has
 * credentials the error lists what was tried. */
struct credentials_provider *credentials_chain_new(struct credentials_provider *const *providers);

/* Remembers the answer until 10 minutes before its expiry or until
 * credentials_provider_forget(). Takes inner. */
struct credentials_provider *credentials_cached_new(struct credentials_provider *inner, int64_t (*now_ms)(void *),
						    void *clock);

void credentials_provider_free(struct credentials_provider *p);

#endif
