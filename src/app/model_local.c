#include "sluice/app/model_local.h"

#include "sluice/core/buf.h"
#include "sluice/core/file.h"
#include "sluice/core/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SAID_BYTES = 64 << 10, SAID_SHOWN = 300, PARENTS = 4, WALK_FILES = 16, OWNER_BYTES = 40, SAID_PATH_BYTES = 80 };

#define SCRIPT "dynamodb-local.sh"
#define OWNER "SERVICES_OWNER="
#define INSTALL "deploy/services/install.sh dynamodb-local"

/* ---- the script ---- */

static bool is_script(struct model_local *l, const char *folder, const char *below)
{
	int n = snprintf(l->script, sizeof(l->script), "%s%s/" SCRIPT, folder, below);

	return n > 0 && (size_t)n < sizeof(l->script) && access(l->script, X_OK) == 0;
}

/* build/sluice, build/san-1/sluice: the source tree is above. */
static bool find_above(struct model_local *l)
{
	char own[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);
	char *slash;

	if (n <= 0)
		return false;
	own[n] = '\0';
	for (int i = 0; i < PARENTS && (slash = strrchr(own, '/')); i++) {
		*slash = '\0';
		if (is_script(l, own, "/deploy/services"))
			return true;
	}
	return false;
}

static bool find_script(struct model_local *l, struct err *err)
{
	const char *folder = getenv("SLUICE_SERVICES_DIR");

	if (folder && *folder && is_script(l, folder, ""))
		return true;
	if (!(folder && *folder) && (find_above(l) || is_script(l, "/usr/share/sluice/services", "")))
		return true;
	l->script[0] = '\0';
	return err_set(err, ERR_FATAL, "local.script",
		       "there is no " SCRIPT " %s%s: set SLUICE_SERVICES_DIR to the folder deploy/services of sluice's source tree, "
		       "or give --endpoint", folder && *folder ? "in SLUICE_SERVICES_DIR, " : "beside this program or in ",
		       folder && *folder ? folder : "/usr/share/sluice/services");
}

/* ---- running it ---- */

/* In the child: nothing of ours but what the script needs. What it says goes into a file, since the service that it
 * starts would hold a pipe open. */
static void become(const struct model_local *l, const char *action, const char *said, char **env)
{
	char *const argv[] = { (char *)l->script, (char *)action, (char *)l->port, (char *)l->folder, NULL };
	int in = open("/dev/null", O_RDONLY), out = open(said, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	sigset_t none;

	setpgid(0, 0);
	if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		_exit(126);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(l->script, argv, env);
	_exit(127);
}

/* With our process as the service's owner: it ends with us. */
static char **environment_of(char owner[OWNER_BYTES])
{
	char **env;
	size_t n = 0, kept = 0;

	while (environ[n])
		n++;
	env = mem_array(n + 2, sizeof(*env));
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], OWNER, sizeof(OWNER) - 1) != 0)
			env[kept++] = environ[i];
	snprintf(owner, OWNER_BYTES, OWNER "%d", (int)getpid());
	env[kept] = owner;
	return env;
}

/* What it says goes into folder/said. */
static void said_path(const struct model_local *l, char said[SAID_PATH_BYTES])
{
	snprintf(said, SAID_PATH_BYTES, "%s/said", l->folder);
}

/* The script's process; -1: the system refuses one. */
static pid_t spawn_script(const struct model_local *l, const char *action)
{
	char owner[OWNER_BYTES], said[SAID_PATH_BYTES];
	char **env = environment_of(owner); /* before the fork: the child must not allocate */
	pid_t pid;

	said_path(l, said);
	pid = fork();
	if (pid == 0)
		become(l, action, said, env);
	mem_free(env);
	if (pid > 0)
		setpgid(pid, pid);           /* whoever is first: a kill must find the group */
	return pid;
}

/* WNOHANG: 0 while it runs. Else what waitpid() says. */
static pid_t wait_script(pid_t pid, int flags, bool *ok)
{
	int status = 0;
	pid_t ended;

	do
		ended = waitpid(pid, &status, flags);
	while (ended < 0 && errno == EINTR);
	*ok = ended > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	return ended;
}

/* The last lines of what the script said. */
static void refused(const struct model_local *l, struct err *err)
{
	char said[SAID_PATH_BYTES];
	struct buf text;
	struct str last;

	said_path(l, said);
	buf_init(&text, SAID_BYTES);
	file_read(said, &text, NULL);
	last = str_trim(buf_str(&text));
	if (last.len > SAID_SHOWN)
		last = str_from(last, last.len - SAID_SHOWN);
	err_set(err, ERR_FATAL, "local.start", "DynamoDB Local could not be started: %.*s; it is installed by `" INSTALL
		"` (Java 17 to 21 and Maven; its licence is for holders of an AWS account), or give --endpoint", STR_ARG(last));
	for (char *c = err->text; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
	buf_release(&text);
}

static bool free_port(struct model_local *l, struct err *err)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
		  getsockname(fd, (struct sockaddr *)&address, &len) == 0;

	if (fd >= 0)
		close(fd);
	snprintf(l->port, sizeof(l->port), "%u", (unsigned)ntohs(address.sin_port));
	snprintf(l->endpoint, sizeof(l->endpoint), "http://127.0.0.1:%s", l->port);
	return ok || err_set(err, ERR_FATAL, "local.start", "the system gives no free port on 127.0.0.1");
}

static bool make_folder(struct model_local *l, struct err *err)
{
	snprintf(l->folder, sizeof(l->folder), "/tmp/sluice-local-XXXXXX");
	if (mkdtemp(l->folder))
		return true;
	l->folder[0] = '\0';
	return err_set(err, ERR_FATAL, "local.start", "no temporary folder can be made in /tmp: %s", strerror(errno));
}

bool model_local_begin(struct model_local *l, struct err *err)
{
	*l = (struct model_local){ .script = "" };
	if (!find_script(l, err) || !make_folder(l, err) || !free_port(l, err))
		return false;
	l->starting = spawn_script(l, "start");
	if (l->starting > 0)
		return true;
	l->starting = 0;
	return err_set(err, ERR_FATAL, "local.start", "the system refuses a process for %s: %s", l->script, strerror(errno));
}

static enum model_local_state look(struct model_local *l, int flags, struct err *err)
{
	bool ok;

	if (wait_script(l->starting, flags, &ok) == 0)
		return MODEL_LOCAL_STARTING;
	l->starting = 0;
	if (!ok)
		refused(l, err);
	return ok ? MODEL_LOCAL_STARTED : MODEL_LOCAL_FAILED;
}

enum model_local_state model_local_look(struct model_local *l, struct err *err)
{
	return look(l, WNOHANG, err);
}

bool model_local_start(struct model_local *l, struct err *err)
{
	return model_local_begin(l, err) && look(l, 0, err) == MODEL_LOCAL_STARTED;
}

/* ---- the end ---- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	remove(path);
	return 0;
}

/* A start that is interrupted leaves nothing running: the script sees to that. */
static void end_service(struct model_local *l)
{
	pid_t pid = l->starting;
	bool ok;

	if (pid > 0)
		kill(-pid, SIGTERM);
	else
		pid = spawn_script(l, "stop");
	if (pid > 0)
		wait_script(pid, 0, &ok);
	l->starting = 0;
}

void model_local_stop(struct model_local *l)
{
	if (!l->folder[0])
		return;
	end_service(l);
	nftw(l->folder, remove_one, WALK_FILES, FTW_DEPTH | FTW_PHYS);
	l->folder[0] = '\0';
}
