#!/usr/bin/env bash
# install.sh [--missing] [dynamodb-local] [kafka] [opensearch]: fetches the services' jars with
# Maven into lib/ beside this script (SERVICES_LIB overrides it). All three when none is named.
# Does nothing for a service that is there and whose recipe has not changed.
# --missing only says which are not there.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
modules=(transport-netty4 reindex analysis-common) # of OpenSearch: HTTP, _reindex, text analysis

# The recipe's fingerprint, kept beside the jars.
recipe() { cat "$here/install.sh" "$here/poms/pom.xml" "$here/poms/$1"*.xml | sha256sum | cut -d ' ' -f 1; }

installed() { [ "$(cat "$lib/$1/.complete" 2>/dev/null)" = "$(recipe "$1")" ]; }

# fetch MODULE...: one Maven run for all; once more when the registry failed it.
fetch() {
	local list try
	list=$(printf ',:%s' "$@")
	for try in 1 2; do
		if mvn -B -q -ntp -f "$here/poms/pom.xml" -pl "${list:1}" dependency:copy-dependencies "-Djars=$stage" >"$stage/mvn.log" 2>&1; then
			return 0
		fi
		[ "$try" = 2 ] || say "fetching failed; trying once more"
	done
	cat "$stage/mvn.log" >&2
	die "Maven could not fetch ${list//,:/ }; see above. It needs the network; a mirror is set in ~/.m2/settings.xml"
}

module_class() {
	case $1 in
	transport-netty4) echo org.opensearch.transport.Netty4Plugin ;;
	reindex) echo org.opensearch.index.reindex.ReindexPlugin ;;
	analysis-common) echo org.opensearch.analysis.common.CommonAnalysisPlugin ;;
	esac
}

# What a module's code may do under the security manager.
module_policy() {
	local sockets='permission java.net.SocketPermission "*", "accept,connect,resolve";'
	local backlog='permission java.io.FilePermission "/proc/sys/net/core/somaxconn", "read";'
	# Without these netty cannot end its threads, and a stop takes 30 s.
	local loader='permission java.lang.RuntimePermission "getClassLoader"; permission java.lang.RuntimePermission "setContextClassLoader";'
	case $1 in
	transport-netty4)
		printf 'grant {\n\t%s\n\t%s\n};\n' "$sockets" "$backlog"
		printf 'grant codeBase "${codebase.netty-common}" {\n\t%s\n\t%s\n\t%s\n};\n' "$sockets" "$backlog" "$loader"
		printf 'grant codeBase "${codebase.netty-transport}" {\n\t%s\n};\n' "$sockets"
		;;
	reindex) printf 'grant {\n\tpermission java.net.SocketPermission "*", "connect";\n};\n' ;;
	*) printf 'grant {\n};\n' ;;
	esac
}

# The registry has the server's parts as plain jars; this gives them the layout it starts from.
opensearch_layout() {
	local module jar name version
	version=$(sed -n 's:.*<opensearch.version>\(.*\)</.*:\1:p' "$here/poms/pom.xml")
	mkdir -p "$stage/home"/{bin,plugins,modules}
	mv "$stage/opensearch" "$stage/home/lib"
	for module in "${modules[@]}"; do
		mv "$stage/opensearch-$module" "$stage/home/modules/$module"
		# It refuses to start when a class is both in lib/ and in a module.
		for jar in "$stage/home/modules/$module"/*.jar; do
			name=${jar##*/}
			! compgen -G "$stage/home/lib/${name%%-[0-9]*}-[0-9]*.jar" >/dev/null || rm "$jar"
		done
		rm -f "$stage/home/modules/$module"/*-{osx,windows}-*.jar
		cat >"$stage/home/modules/$module/plugin-descriptor.properties" <<T
name=$module
description=$module
version=$version
opensearch.version=$version
java.version=11
classname=$(module_class "$module")
T
		module_policy "$module" >"$stage/home/modules/$module/plugin-security.policy"
	done
	mv "$stage/home" "$stage/opensearch"
}

find_missing() {
	local service
	missing=()
	for service in "$@"; do installed "$service" || missing+=("$service"); done
}

install_missing() {
	local service wanted
	find_missing "$@"
	[ ${#missing[@]} -gt 0 ] || return 0
	command -v mvn >/dev/null || die "Maven is not installed; run deploy/bootstrap.sh test"
	say "fetching ${missing[*]} into $lib"
	stage=$lib/.stage
	rm -rf "$stage"
	mkdir -p "$stage"
	wanted=("${missing[@]}")
	[[ " ${missing[*]} " != *" opensearch "* ]] || wanted+=("${modules[@]/#/opensearch-}")
	fetch "${wanted[@]}"
	for service in "${missing[@]}"; do
		[ "$service" != opensearch ] || opensearch_layout
		recipe "$service" >"$stage/$service/.complete"
		rm -rf "${lib:?}/$service"
		mv "$stage/$service" "$lib/$service"
		say "$service: $(find "$lib/$service" -name '*.jar' | wc -l) jars, $(du -sh "$lib/$service" | cut -f 1)"
	done
	rm -rf "$stage"
}

only_list=0
if [ "${1:-}" = --missing ]; then
	only_list=1
	shift
fi
[ $# -gt 0 ] || set -- dynamodb-local kafka opensearch
for service in "$@"; do
	case $service in
	dynamodb-local | kafka | opensearch) ;;
	*) die "no service '$service'; there are dynamodb-local, kafka and opensearch" ;;
	esac
done
if [ "$only_list" = 1 ]; then
	find_missing "$@"
	echo "${missing[*]}"
	exit 0
fi
mkdir -p "$lib"
# Two at a time would stage into one folder; the second finds the first one's work done.
exec 9>"$lib/.lock"
flock 9
install_missing "$@"
