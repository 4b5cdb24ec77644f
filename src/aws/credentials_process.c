#include "sluice/aws/credentials_document.h"
#include "sluice/core/loop.h"
#include "sluice/core/mem.h"
#include "sluice/core/process.h"

enum {
	MAX_COMMAND_BYTES = 32 * 1024,
	MAX_OUTPUT_BYTES = 64 * 1024,
	TIMEOUT_MS = 60000,
};

struct process_provider {
	struct credentials_provider base;
	struct loop *loop;
	struct buf command;
};

static bool run(const struct process_provider *p, char *const *argv, struct buf *out, struct err *err)
{
	struct process_end end;
	struct err why = { 0 };

	if (!process_run(p->loop, argv, TIMEOUT_MS, out, &end, &why)) {
		if (why.class == ERR_CANCELLED && err)
			*err = why;
		else
			err_set(err, ERR_AUTH, why.code, "credential_process: %s", why.text);
		return false;
	}
	if (end.signal)
		return err_set(err, ERR_AUTH, "credentials.process", "credential_process '%s' was ended by signal %d", argv[0],
			       end.signal);
	return end.exit_code == 0 ||
	       err_set(err, ERR_AUTH, "credentials.process",
		       "credential_process '%s' failed with exit status %d; run it by hand to see what it says", argv[0],
		       end.exit_code);
}

/* What is already over would be asked for again at each call, a program each time. */
static bool take(const struct process_provider *p, const char *program, struct str text, struct credentials *out,
		 struct err *err)
{
	if (!credentials_document_read(text, CREDENTIALS_DOCUMENT_PROCESS, out, err))
		return err_prefix(err, "credential_process '%s'", program);
	if (out->expires_ms && out->expires_ms <= env_wall_ms(loop_env(p->loop))) {
		credentials_release(out);
		return err_set(err, ERR_AUTH, "credentials.process",
			       "credential_process '%s' gave credentials that have already expired", program);
	}
	buf_putf(&out->source, "credential_process %s", program);
	return true;
}

static bool process_get(struct credentials_provider *base, struct credentials *out, struct err *err)
{
	const struct process_provider *p = (struct process_provider *)base;
	struct arena arena;
	struct err why = { 0 };
	struct buf printed;
	char **argv;
	bool ok;

	if (!p->loop)
		return err_set(err, ERR_AUTH, "credentials.unsupported", "credential_process cannot be run here");
	arena_init(&arena, 4 * MAX_COMMAND_BYTES);
	buf_init(&printed, MAX_OUTPUT_BYTES);
	argv = process_split(buf_str(&p->command), &arena, &why);
	if (argv)
		ok = run(p, argv, &printed, err) && take(p, argv[0], buf_str(&printed), out, err);
	else
		ok = err_set(err, ERR_AUTH, why.code, "credential_process: %s", why.text);
	buf_wipe(&printed);
	arena_release(&arena);
	return ok;
}

static void process_free(struct credentials_provider *base)
{
	struct process_provider *p = (struct process_provider *)base;

	buf_wipe(&p->command); /* some stand with a password in them */
	mem_free(p);
}

struct credentials_provider *credentials_process_new(const struct credentials_site *site, struct str command)
{
	struct process_provider *p = mem_alloc(sizeof(*p));

	p->base = (struct credentials_provider){
		.get = process_get, .free = process_free, .name = "process",
	};
	p->loop = site->loop;
	buf_init(&p->command, MAX_COMMAND_BYTES + 1);
	buf_put(&p->command, str_sub(command, 0, MAX_COMMAND_BYTES + 1)); /* the splitter says that it is too long */
	return &p->base;
}
