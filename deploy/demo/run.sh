#!/usr/bin/env bash
# run.sh: the demo, from a fresh machine on. make demo calls it; deploy/README.md tells what it shows.
#   DURATION=60   seconds of writing
#   RATE=8        writes a second
#   LIGHT=1       DynamoDB Local alone
#   KILL=1        kills the daemon again and again meanwhile
#   DYNAMODB_PORT, KAFKA_PORT, OPENSEARCH_PORT   fixed ports instead of free ones
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
mode=demo services=(dynamodb-local kafka opensearch)
[ "${LIGHT:-0}" = 0 ] || mode=demo-light services=(dynamodb-local)

deploy/bootstrap.sh "$mode"
echo "demo: building sluice"
"${MAKE:-make}" -s -j"$(nproc)" build/sluice

folder=$(mktemp -d "${TMPDIR:-/tmp}/sluice-demo.XXXXXX")
child=
# The driver stops what it started. Should it be killed itself, the services' watchers stop them
# within seconds; their folders go when they are down.
clean_up() {
	local service deadline=$((SECONDS + 60))
	for service in "${services[@]}"; do
		while [ -f "$folder/$service/$service.pid" ] && [ "$SECONDS" -lt "$deadline" ]; do sleep 0.2; done
	done
	rm -rf "$folder"
}
trap clean_up EXIT
trap '[ -z "$child" ] || kill -TERM "$child" 2>/dev/null || true' TERM HUP
trap : INT # the terminal tells the driver itself

export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$PWD/tests/e2e
"${SLUICE_VENV:-.venv}/bin/python" deploy/demo/demo.py "$folder" <&0 &
child=$!
status=0
# wait returns early when a signal was caught.
while :; do
	wait "$child" && status=0 || status=$?
	kill -0 "$child" 2>/dev/null || break
done
exit "$status"
