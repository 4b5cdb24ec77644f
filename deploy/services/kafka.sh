#!/usr/bin/env bash
# Apache Kafka, one node that is broker and controller (KRaft): kafka.sh start|stop|status PORT DIR
#   Takes PORT for clients and PORT+1 for the controller.
#   KAFKA_HEAP=512m      its heap
#   KAFKA_PARTITIONS=1   partitions of a topic made on first use
#   KAFKA_PROPERTIES=F   a file of more server properties; they win over the ones here
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
service=kafka ready_s=90 stop_s=30
service_args "$@"
ports=("$port" $((port + 1)))

server_properties() {
	cat <<T
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$((port + 1))
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$((port + 1))
advertised.listeners=PLAINTEXT://127.0.0.1:$port
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs=$dir/data
num.network.threads=2
num.io.threads=4
num.partitions=${KAFKA_PARTITIONS:-1}
auto.create.topics.enable=true
group.initial.rebalance.delay.ms=0
T
	# One broker cannot hold the three replicas that Kafka's own topics have by default.
	local topic
	for topic in offsets.topic transaction.state.log share.coordinator.state.topic; do
		printf '%s.num.partitions=1\n%s.replication.factor=1\n' "$topic" "$topic"
	done
	printf '%s.min.isr=1\n' transaction.state.log share.coordinator.state.topic
	[ -z "${KAFKA_PROPERTIES:-}" ] || cat "$KAFKA_PROPERTIES"
}

log_settings() {
	cat <<'T'
status = error
appender.out.type = Console
appender.out.name = OUT
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %c %m%n
rootLogger.level = WARN
rootLogger.appenderRef.out.ref = OUT
T
}

service_command() {
	need_jars kafka
	need_java
	mkdir -p "$dir/tmp"
	server_properties >"$dir/server.properties"
	log_settings >"$dir/log4j2.properties"
	local jvm=("$java" "-Dlog4j2.configurationFile=$dir/log4j2.properties" "-Djava.io.tmpdir=$dir/tmp" -cp "$lib/kafka/*")
	if [ ! -f "$dir/data/meta.properties" ]; then
		# KRaft starts only on storage formatted with a cluster id: 16 bytes, URL-safe
		# base64. The leading letter keeps it from being read as an option.
		local id
		id=S$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c 2-22)
		"${jvm[@]}" -Xmx256m kafka.tools.StorageTool format -t "$id" -c "$dir/server.properties" >"$dir/format.log" 2>&1 || {
			cat "$dir/format.log" >&2
			die "the storage in $dir/data could not be formatted"
		}
	fi
	command=("${jvm[@]}" "-Xms${KAFKA_HEAP:-512m}" "-Xmx${KAFKA_HEAP:-512m}" -XX:+UseG1GC kafka.Kafka "$dir/server.properties")
}

# A Metadata request (key 3, version 0, all topics), written out: its answer names the live
# brokers. Ready means that it begins with one broker, whose id is 1.
service_probe() {
	local answer
	answer=$(
		exec 3<>"/dev/tcp/127.0.0.1/$port"
		printf '\0\0\0\x13\0\x03\0\0\0\0\0\x07\0\x05probe\0\0\0\0' >&3
		timeout 5 head -c 16 <&3 | od -An -v -tx1 | tr -d ' \n'
	) || return 1
	[ "${answer:8}" = 000000070000000100000001 ]
}

service_main
