#!/usr/bin/env bash
# OpenSearch, one node, without the security plugin: opensearch.sh start|stop|status PORT DIR
#   Takes PORT for HTTP and PORT+1 for its transport.
#   OPENSEARCH_HEAP=1g     its heap
#   OPENSEARCH_SETTINGS=F  a file of more opensearch.yml lines
#   SERVICES_UID=65534     whom it runs as when root starts it: it refuses to be root
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
service=opensearch ready_s=120 stop_s=30
service_args "$@"
ports=("$port" $((port + 1)))

# The node's folder: DIR/node, or under root, when the unprivileged user cannot enter DIR
# (a test's private temporary folder), one of its own in the temporary folder, named in DIR/node.at.
node_folder() {
	node=$dir/node
	mkdir -p "$node"
	[ "$(id -u)" = 0 ] || return 0
	if ! as_nobody test -x "$node"; then
		if [ ! -d "$(cat "$dir/node.at" 2>/dev/null)" ]; then
			mktemp -d "${TMPDIR:-/tmp}/sluice-opensearch.XXXXXX" >"$dir/node.at"
		fi
		node=$(cat "$dir/node.at")
	fi
}

settings() {
	cat <<T
cluster.name: sluice-$port
node.name: one
network.host: 127.0.0.1
http.port: $port
transport.port: $((port + 1))
discovery.type: single-node
path.data: $node/data
path.logs: $node/logs
cluster.routing.allocation.disk.threshold_enabled: false
T
	[ -z "${OPENSEARCH_SETTINGS:-}" ] || cat "$OPENSEARCH_SETTINGS"
}

log_settings() {
	cat <<'T'
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %c{1.} %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
T
}

service_command() {
	local as=() jars=$lib/opensearch
	need_jars opensearch
	need_java
	node_folder
	mkdir -p "$node"/{config,data,logs,tmp}
	settings >"$node/config/opensearch.yml"
	log_settings >"$node/config/log4j2.properties"
	if [ "$(id -u)" = 0 ]; then
		chown -R "$nobody:$nobody" "$node"
		as_nobody test -w "$node/data" -a -r "$jars/.complete" || die "uid $nobody cannot reach $node and $jars; set SERVICES_LIB to a folder that it can read"
		as=(setpriv "--reuid=$nobody" "--regid=$nobody" --clear-groups)
	fi
	command=("${as[@]}" "$java" "-Xms${OPENSEARCH_HEAP:-1g}" "-Xmx${OPENSEARCH_HEAP:-1g}" -XX:+UseG1GC
		"-Djava.io.tmpdir=$node/tmp" -Djava.awt.headless=true -Dfile.encoding=UTF-8
		-Dlog4j2.disable.jmx=true -Dlog4j.shutdownHookEnabled=false
		"-Dopensearch.path.home=$jars" "-Dopensearch.path.conf=$node/config"
		-cp "$jars/lib/*" org.opensearch.bootstrap.OpenSearch)
}

service_probe() {
	curl -sSf -m 5 "http://127.0.0.1:$port/_cluster/health?wait_for_status=yellow&timeout=3s" | grep -qE '"status":"(green|yellow)"'
}

# A folder outside DIR is ours to remove; what is in DIR is its owner's.
service_gone() {
	local at
	at=$(cat "$dir/node.at" 2>/dev/null) || return 0
	[[ $at == */sluice-opensearch.* ]] && rm -rf "$at"
	rm -f "$dir/node.at"
}

service_main
