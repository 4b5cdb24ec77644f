#!/usr/bin/env bash
# moto, the judge of signatures: moto.sh start|stop|status PORT DIR
#   An AWS that lives in memory and verifies every request's signature. start makes a user who
#   may do everything and writes its keys to DIR/credentials.env (mode 0600), as
#   AWS_ACCESS_KEY_ID=… and AWS_SECRET_ACCESS_KEY=…
#   SLUICE_VENV   the Python environment it is installed in (.venv at the project's root)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
service=moto ready_s=60 stop_s=10
service_args "$@"

service_command() {
	local python=${SLUICE_VENV:-$root/.venv}/bin/python
	"$python" -c 'import moto.server' 2>/dev/null || die "moto is not installed in ${python%/bin/python}; run deploy/bootstrap.sh test first"
	command=("$python" -m moto.server -H 127.0.0.1 -p "$port")
}

# Its own interface: no action of IAM is needed for an answer.
service_probe() { curl -sSf -m 5 -o /dev/null "http://127.0.0.1:$port/moto-api/data.json"; }

# iam PARAMETER...: one IAM call, while signatures are still taken on trust.
iam() {
	local p data=()
	for p in "$@"; do data+=(--data-urlencode "$p"); done
	curl -sSf -m 20 "http://127.0.0.1:$port/" --data Version=2010-05-08 "${data[@]}" \
		-H 'Authorization: AWS4-HMAC-SHA256 Credential=setup/20200101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0'
}

tag() { sed -n "s:.*<$1>\(.*\)</$1>.*:\1:p"; }

service_ready() {
	local answer id secret
	iam Action=CreateUser UserName=sluice >/dev/null || return 1
	iam Action=PutUserPolicy UserName=sluice PolicyName=all \
		'PolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}' >/dev/null || return 1
	answer=$(iam Action=CreateAccessKey UserName=sluice) || return 1
	id=$(tag AccessKeyId <<<"$answer") secret=$(tag SecretAccessKey <<<"$answer")
	[ -n "$id" ] && [ -n "$secret" ] || return 1
	(
		umask 077
		printf 'AWS_ACCESS_KEY_ID=%s\nAWS_SECRET_ACCESS_KEY=%s\n' "$id" "$secret" >"$dir/credentials.env"
	)
	# From here on no request goes unverified.
	curl -sSf -m 5 -o /dev/null "http://127.0.0.1:$port/moto-api/reset-auth" -H 'Content-Type: text/plain' -d 0
}

service_gone() { rm -f "$dir/credentials.env"; }

service_main
