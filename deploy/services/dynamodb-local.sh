#!/usr/bin/env bash
# DynamoDB Local: dynamodb-local.sh start|stop|status PORT DIR
#   DYNAMODB_HEAP=256m   its largest heap
#   DYNAMODB_DISK=1      tables in DIR/data, kept over a restart; else in memory
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
service=dynamodb-local ready_s=60 stop_s=15
service_args "$@"

service_command() {
	local store=(-inMemory)
	need_jars dynamodb-local
	need_java
	# Every start unpacks SQLite's library into the temporary folder again.
	rm -rf "$dir/tmp"
	mkdir -p "$dir/tmp"
	if [ "${DYNAMODB_DISK:-0}" = 1 ]; then
		mkdir -p "$dir/data"
		store=(-dbPath "$dir/data")
	fi
	# -sharedDb: one set of tables whatever the key and the region a client signs with.
	command=("$java" "-Xmx${DYNAMODB_HEAP:-256m}" -XX:+UseSerialGC "-Djava.io.tmpdir=$dir/tmp"
		"-Dsqlite4java.library.path=$lib/dynamodb-local" -cp "$lib/dynamodb-local/*"
		com.amazonaws.services.dynamodbv2.local.main.ServerRunner
		-port "$port" -sharedDb -disableTelemetry "${store[@]}")
}

# ListTables. The signature is not verified, but one has to be there.
service_probe() {
	curl -sSf -m 5 -o /dev/null "http://127.0.0.1:$port/" -d '{}' \
		-H 'Content-Type: application/x-amz-json-1.0' -H 'X-Amz-Target: DynamoDB_20120810.ListTables' \
		-H 'X-Amz-Date: 20200101T000000Z' \
		-H 'Authorization: AWS4-HMAC-SHA256 Credential=probe/20200101/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=0'
}

service_main
