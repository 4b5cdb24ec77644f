#include "sluice/app/stop_signals.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

static sigset_t stops(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	return set;
}

void stop_signals_block(sigset_t *before)
{
	sigset_t set = stops();

	pthread_sigmask(SIG_BLOCK, &set, before);
	signal(SIGPIPE, SIG_IGN);
}

static void on_ready(void *arg, uint32_t ready)
{
	struct stop_signals *s = arg;
	struct signalfd_siginfo info;

	(void)ready;
	while (read(s->watch.fd, &info, sizeof(info)) == sizeof(info))
		s->seen(s->ctx, (int)info.ssi_signo);
}

bool stop_signals_open(struct stop_signals *s, struct loop *loop, struct err *err)
{
	sigset_t set = stops();

	s->watch = (struct watch){ .events = EPOLLIN, .fn = on_ready, .arg = s };
	s->watch.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (s->watch.fd < 0)
		return err_set(err, ERR_FATAL, "signals", "the system refuses a signal descriptor");
	s->open = loop_watch(loop, &s->watch, err);
	if (!s->open)
		close(s->watch.fd);
	return s->open;
}

void stop_signals_close(struct stop_signals *s)
{
	if (!s->open)
		return;
	loop_unwatch(&s->watch);
	close(s->watch.fd);
	s->open = false;
}
