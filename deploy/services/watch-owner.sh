#!/usr/bin/env bash
# watch-owner.sh PID START SCRIPT PORT DIR PIDFILE: stops a service when its owner is gone.
# Started by watch_owner in lib.sh; ends by itself when the service does.
set -u
owner=$1 owner_start=$2 script=$3 port=$4 dir=$5 pidfile=$6

alive() { [ "$(sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20)" = "$2" ]; }

read -r pid start <"$pidfile" || exit 0
while alive "$owner" "$owner_start"; do
	alive "$pid" "$start" || exit 0
	sleep 1
done
alive "$pid" "$start" && "$script" stop "$port" "$dir"
