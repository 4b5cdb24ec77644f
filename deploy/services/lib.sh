# shellcheck shell=bash
# What the service scripts share; sourced, starts nothing by itself.
#
# A service script sets `service`, `ready_s`, `stop_s` and `ports`, defines
#   service_command   prepares $dir and fills the array `command`
#   service_probe     one real request to $port; its exit status says whether it was answered
# and may define service_ready (once, after the first good probe) and service_gone (after the end).
# Then it calls service_main "$@", which gives it start, stop and status.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
nobody=${SERVICES_UID:-65534} # whom OpenSearch runs as when root starts it

die() {
	echo "$(basename "$0"): $*" >&2
	exit 1
}

say() { echo "$(basename "$0" .sh): $*"; }

# as_nobody COMMAND...: the command as an unprivileged user.
as_nobody() { setpriv --reuid="$nobody" --regid="$nobody" --clear-groups "$@"; }

# Where the jars are. They stay beside the scripts, except under root in a place that an
# unprivileged user cannot enter (a checkout in /root): OpenSearch could not read them there.
services_lib() {
	if [ -n "${SERVICES_LIB:-}" ]; then
		echo "$SERVICES_LIB"
	elif [ "$(id -u)" != 0 ] || as_nobody test -r "$here/lib.sh" 2>/dev/null; then
		echo "$here/lib"
	else
		echo /var/cache/sluice/services
	fi
}
lib=$(services_lib)

# java_version JAVA: its major number, from the release file beside it or else by asking.
java_version() {
	local release
	release=$(dirname "$(dirname "$(readlink -f "$1")")")/release
	if [ -r "$release" ]; then
		sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$release"
	else
		"$1" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1
	fi
}

# find_java: a Java of 17 to 21 (OpenSearch 2 needs the security manager, which later ones
# lack). An unprivileged user must be able to run it when root starts the services.
find_java() {
	local java version
	for java in "${SERVICES_JAVA:-}" "${JAVA_HOME:+$JAVA_HOME/bin/java}" "$(command -v java)" /usr/lib/jvm/*/bin/java; do
		[ -n "$java" ] && [ -x "$java" ] || continue
		version=$(java_version "$java")
		[ "${version:-0}" -ge 17 ] && [ "$version" -le 21 ] || continue
		java=$(readlink -f "$java")
		[ "$(id -u)" != 0 ] || as_nobody test -x "$java" 2>/dev/null || continue
		echo "$java"
		return 0
	done
	return 1
}

need_java() { java=$(find_java) || die "no Java 17 to 21 is installed; run deploy/bootstrap.sh test, or set SERVICES_JAVA to a java program"; }

need_jars() {
	[ -f "$lib/$1/.complete" ] || die "the jars of $1 are not in $lib; run deploy/services/install.sh first"
}

# Ticks from boot to the start of a process: tells a service from a stranger that was given its pid later.
started_at() { sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20; }

# running PIDFILE
running() {
	local pid start
	[ -f "$1" ] && read -r pid start <"$1" || return 1
	[ -n "$start" ] && [ "$(started_at "$pid")" = "$start" ] && ! grep -q '^State:[[:space:]]*Z' "/proc/$pid/status" 2>/dev/null
}

# note_pid PID PIDFILE
note_pid() {
	echo "$1 $(started_at "$1")" >"$2.new"
	mv "$2.new" "$2"
}

# Descriptors above 2 do not go into a daemon: it would hold its caller's lock or pipe open.
close_inherited() {
	local fd
	for fd in /proc/self/fd/*; do
		fd=${fd##*/}
		[ "$fd" -le 2 ] || eval "exec $fd>&-" 2>/dev/null || true
	done
}

# launch COMMAND...: in a session of its own, noted in $pidfile, speaking to $log.
launch() {
	(
		close_inherited
		trap - EXIT INT TERM
		exec setsid "$@" >"$log" 2>&1 </dev/null
	) &
	note_pid $! "$pidfile"
	disown
}

# With SERVICES_OWNER set to a process id, the service does not outlive that process,
# however it ends: a watcher that polls once a second stops it.
watch_owner() {
	[ -n "${SERVICES_OWNER:-}" ] || return 0
	local start
	start=$(started_at "$SERVICES_OWNER")
	(
		close_inherited
		trap - EXIT INT TERM
		exec setsid "${BASH_SOURCE[0]%/*}/watch-owner.sh" "$SERVICES_OWNER" "$start" "$(readlink -f "$0")" "$port" "$dir" "$pidfile" \
			>/dev/null 2>&1 </dev/null
	) &
	disown
}

wait_ready() {
	local deadline=$((SECONDS + ready_s))
	until service_probe >/dev/null 2>&1; do
		if ! running "$pidfile"; then
			tail -n 30 "$log" >&2
			die "$service ended before it was ready; its log is $log"
		fi
		if [ "$SECONDS" -ge "$deadline" ]; then
			tail -n 30 "$log" >&2
			die "$service was not ready after $ready_s s; its log is $log"
		fi
		sleep 0.1
	done
}

# TERM, then KILL after stop_s; only that one process.
stop_service() {
	local pid start deadline=$((SECONDS + stop_s))
	if running "$pidfile"; then
		read -r pid start <"$pidfile"
		kill -TERM "$pid" 2>/dev/null || true
		while running "$pidfile"; do
			[ "$SECONDS" -lt "$deadline" ] || kill -KILL "$pid" 2>/dev/null || true
			sleep 0.05
		done
	fi
	rm -f "$pidfile"
	service_gone
}

port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

start_service() {
	local p
	mkdir -p "$dir"
	dir=$(cd "$dir" && pwd) && pidfile=$dir/$service.pid && log=$dir/$service.log
	if running "$pidfile"; then
		service_probe >/dev/null 2>&1 || die "$service runs (pid $(cut -d ' ' -f 1 "$pidfile")) but does not answer on port $port; its log is $log"
		say "already runs on 127.0.0.1:$port"
		return 0
	fi
	for p in "${ports[@]}"; do
		port_taken "$p" && die "port $p is taken; choose another"
	done
	service_command
	# A start that fails or is interrupted leaves nothing running.
	trap stop_service EXIT
	trap 'exit 130' INT TERM
	launch "${command[@]}"
	wait_ready
	service_ready || die "$service answers but could not be set up; its log is $log"
	watch_owner
	trap - EXIT INT TERM
	say "ready on 127.0.0.1:$port after $SECONDS s"
}

service_ready() { :; }
service_gone() { :; }

service_main() {
	case $action in
	start) start_service ;;
	stop)
		stop_service
		say stopped
		;;
	status)
		if running "$pidfile" && service_probe >/dev/null 2>&1; then
			echo up
		else
			echo down
			exit 1
		fi
		;;
	*) die "no action '$action'; it is start, stop or status" ;;
	esac
}

# service_args "$@": action, port, dir and what follows from them.
service_args() {
	[ $# -eq 3 ] || die "usage: $(basename "$0") start|stop|status PORT DIR"
	action=$1 port=$2 dir=$3
	[[ $port =~ ^[0-9]+$ ]] || die "'$port' is not a port number"
	pidfile=$dir/$service.pid log=$dir/$service.log ports=("$port")
}
