/* credentials: who signs. One file a provider (src/aws/credentials_*.c); a chain
 * asks them in order.
 */
#ifndef SLUICE_AWS_CREDENTIALS_H
#define SLUICE_AWS_CREDENTIALS_H

#include "sluice/core/buf.h"
#include "sluice/core/err.h"

struct aws_config;
struct loop;
struct transport;

/* Owned text; wiped on release. */
struct credentials {
	struct buf access_key_id, secret_access_key, session_token;  /* token: may be empty */
	struct buf account_id;     /* empty: not known */
	int64_t expires_ms;        /* Unix time; 0: never */
	struct buf source;         /* for people: "environment", "profile dev: role arn:…, by IMDS"; no secret */
};

void credentials_init(struct credentials *c);
void credentials_release(struct credentials *c);
void credentials_copy(struct credentials *to, const struct credentials *from);

/* Copies the three in. False: AUTH "credentials.size" or "credentials.malformed".
 * expires_ms and source are cleared. */
bool credentials_set(struct credentials *c, struct str id, struct str secret, struct str token, struct err *err);

/* Behind credentials_set(); empty: not known. False (and *c is empty): AUTH
 * "credentials.malformed" for what is not digits: it becomes part of hosts' names. */
bool credentials_set_account(struct credentials *c, struct str account_id, struct err *err);

/* What a provider gets to know of the process: injected, so that tests need no
 * real environment or home directory. */
struct process_env {
	const char *(*get)(void *ctx, const char *name);                       /* getenv() or NULL */
	/* Appends the file's bytes. False: code "file.absent" when there is none,
	 * another ("file.open", "file.read", "file.size") when it cannot be read. */
	bool (*read_file)(void *ctx, const char *path, struct buf *out, struct err *err);
	/* Puts a file in the place of the one there, at once and as a whole; its owner
	 * alone may read it. False: AUTH "file.write". NULL: nothing can be written. */
	bool (*write_file)(void *ctx, const char *path, struct str text, struct err *err);
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

/* What providers may use; borrowed, lives longer than they. */
struct credentials_site {
	const struct process_env *env;
	struct loop *loop;             /* its env is the clock; NULL only for providers that do no I/O */
	struct transport *transport;
	const struct aws_config *config;
};

/* Serves a copy of these. */
struct credentials_provider *credentials_static_new(const struct credentials *c);

/* One file each, src/aws/credentials_<name>.c. Those that call a service or the metadata yield in get(). */
struct credentials_provider *credentials_environment_new(const struct credentials_site *site);
struct credentials_provider *credentials_profile_new(const struct credentials_site *site, struct str profile);
struct credentials_provider *credentials_web_identity_new(const struct credentials_site *site);
struct credentials_provider *credentials_container_new(const struct credentials_site *site);
struct credentials_provider *credentials_imds_new(const struct credentials_site *site);

/* `credential_process`: the command is split as the SDKs do, no shell sees it. */
struct credentials_provider *credentials_process_new(const struct credentials_site *site, struct str command);

/* Borrowed until _new() returns. */
struct assume_role {
	struct str role_arn, session_name, external_id;  /* session_name empty: made up */
	int64_t duration_s;                              /* 0: the service's default */
	struct str web_identity_token_file;              /* not empty: AssumeRoleWithWebIdentity; inner is NULL */
	struct str region;                               /* of STS; empty: config's */
};
/* Takes inner. */
struct credentials_provider *credentials_assume_role_new(const struct credentials_site *site,
							 const struct assume_role *role, struct credentials_provider *inner);

/* Borrowed until _new() returns. */
struct sso_role {
	struct str session;            /* of an sso-session section; empty: the legacy form */
	struct str start_url, region, account_id, role_name;
};
struct credentials_provider *credentials_sso_new(const struct credentials_site *site, const struct sso_role *role);

/* Takes the providers (NULL-terminated array of owned pointers). When none has
 * credentials the error lists what was tried. */
struct credentials_provider *credentials_chain_new(struct credentials_provider *const *providers);

/* The order of AWS's SDKs: environment, profile (with all it may name), web
 * identity, container, IMDS. The environment's keys are left out where the settings
 * choose a profile, as the AWS CLI does for --profile. */
struct credentials_provider *credentials_default_chain_new(const struct credentials_site *site);

/* Remembers the answer. Takes inner. Any number of tasks may ask at once: one
 * refresh serves all. From 15 minutes before the expiry on it is renewed in the
 * background, from 10 minutes before (both up to a minute earlier, by chance, so that
 * not all processes do so at once) before get() answers; where renewing fails, what
 * is not expired is served on, and renewing tried again ever more rarely, at most
 * every five minutes; while there is nothing to serve, every half a second at most.
 * credentials_provider_forget() has it asked anew, but not within a second of the
 * last time. Made and freed (which yields) in one task. */
struct credentials_provider *credentials_cached_new(struct credentials_provider *inner,
						    const struct credentials_site *site);

/* For another loop (thread): asks a cached provider that lives on `owner`'s loop, each
 * time: put another cache in front. What it asked for may still come back after it is
 * freed: free the cached one before `loop`, and both loops last. */
struct credentials_provider *credentials_remote_new(struct credentials_provider *cached, struct loop *owner,
						    struct loop *loop);

void credentials_provider_free(struct credentials_provider *p);

#endif
